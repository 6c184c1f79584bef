"""Pictures in files, as OpenCV reads them."""

from __future__ import annotations

import contextlib
import re
from pathlib import Path
from typing import Any, TypeAlias, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from vidstyle.errors import InputError
from vidstyle.frame import Pixels
from vidstyle.images.arrays import Picture, to_pixels
from vidstyle.images.header import (
    MAX_INFLATED,
    inflates_too_much,
    is_opaque,
    is_upright_png,
    read_header,
)

PictureSource: TypeAlias = "str | Path | Picture"
"""A picture: a file, or RGB pixels; see `images.arrays.Picture`."""


def load_picture(picture: PictureSource) -> Pixels:
    """Return the pixels of a picture, (H, W, 3) uint8 RGB; see `read_picture` for a file's.

    Raises:
        InputError: the file cannot be read, or what is given is neither a file nor pixels.
    """
    if isinstance(picture, str | Path):
        return read_picture(Path(picture))
    pixels, _ = to_pixels(picture)
    if pixels.dtype == np.uint16:
        return np.round(pixels / np.float32(257)).astype(np.uint8)
    return pixels


_MEMORY = 2**30
"""That decoding a picture may take, bytes. A file of some hundred kilobytes may hold a picture of any size."""

MAX_PIXELS = _MEMORY // 8
"""Of a picture in a file, some 134 million: more than cameras make. Fewer where a pixel takes more than 8 bytes to decode, as in
one of more than 8 bits; see `header.Header`."""

_MAX_WORK = 2**31
"""Scans of a JPEG times its pixels: 16 of the largest; a progressive one has some 10."""

_LEAST_PIXELS = 2**20
"""As which a smaller picture counts there: a scan takes time whatever its size."""

_MAX_BYTES = 2**29
"""Of the file itself."""


def read_picture(path: Path, ground: int = 255) -> Pixels:
    """Read a picture as RGB (H, W, 3), turned as its EXIF says; transparency becomes gray of level `ground`.

    Raises:
        InputError: see `read_encoded`.
    """
    picture, alpha = _decoded(read_encoded(path))
    if picture is None:
        raise InputError(_NO_PICTURE.format(path))
    if alpha is not None and alpha.shape == picture.shape[:2]:
        _lay_on(picture, alpha, ground)
    return cast(Pixels, picture.astype(np.uint8, copy=False))


def read_layer(path: Path) -> tuple[Pixels, NDArray[np.float32] | None]:
    """Read a picture as RGB (H, W, 3) and how opaque it is, (H, W) from 0 to 1; None: it has no transparency.

    Raises:
        InputError: see `read_encoded`.
    """
    picture, alpha = _decoded(read_encoded(path))
    if picture is None:
        raise InputError(_NO_PICTURE.format(path))
    if alpha is not None and alpha.shape == picture.shape[:2]:
        opaque = alpha.astype(np.float32) / np.iinfo(alpha.dtype).max
        return cast(Pixels, picture.astype(np.uint8, copy=False)), opaque
    return cast(Pixels, picture.astype(np.uint8, copy=False)), None


def read_encoded(path: Path) -> bytes:
    """Read the file of a picture, and refuse what would take too much memory or time to decode.

    Raises:
        InputError: no such file; no picture; one of more than `MAX_PIXELS`, or fewer of a kind that takes more memory; one of
            too many scans, or of texts that grow to too much.
    """
    try:
        with path.open("rb") as file:
            data = file.read(_MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        named = "" if path.suffix else "; nor is it a name of vidstyle styles"
        name = str(path)
        if found := re.match(r"([a-z][a-z0-9+.-]+):/", name, re.IGNORECASE):
            name = f"{found[0]}/{name[found.end() :]}"  # a path has lost one of the slashes
            named = "; an address is not read here: download it first"
        reason = error.strerror if isinstance(error, OSError) else error
        raise InputError(f"cannot read the picture {name}: {reason}{named}") from error
    if len(data) > _MAX_BYTES:
        raise InputError(
            f"expected a picture of {_MAX_BYTES >> 20} MiB at most, got more in {path}"
        )
    _check(data, path)
    return data


_NO_PICTURE = "{} is no picture that can be read; expected a JPEG, PNG, WebP, ..."


def _check(data: bytes, path: Path) -> None:
    header = read_header(data)
    if header is None:
        raise InputError(_NO_PICTURE.format(path))
    pixels, limit = header.width * header.height, _MEMORY // header.pixel_bytes
    if pixels > limit:
        raise InputError(
            f"expected a picture of {limit / 1e6:.3g} million pixels at most where one takes "
            f"{header.pixel_bytes} bytes to decode, got {header.width}x{header.height} in {path}; make it smaller"
        )
    most = _MAX_WORK // max(pixels, _LEAST_PIXELS)
    if header.scans > most:
        raise InputError(
            f"expected {most} scans at most in a JPEG of {header.width}x{header.height}, got {header.scans} in {path}; "
            "save it anew"
        )
    if inflates_too_much(data):
        raise InputError(
            f"expected {MAX_INFLATED >> 20} MiB at most of texts and color profiles, got more in {path}; "
            "save it without them"
        )


def _decoded(data: bytes) -> tuple[Any, Any]:
    """Return the colors of a picture, (H, W, 3) uint8, and how opaque it is, (H, W) uint8 or uint16; None for what it has not."""
    encoded = np.frombuffer(data, np.uint8)
    alpha: Any = None
    with contextlib.suppress(cv2.error):
        if not is_opaque(data):
            whole: Any = cv2.imdecode(encoded, cv2.IMREAD_UNCHANGED)
            if whole is not None and whole.shape[2:] == (4,) and whole.dtype.kind == "u":
                alpha = whole[..., 3].copy()
                if is_upright_png(data):  # it need not be decoded once more for its colors
                    return _bytes(whole[..., 2::-1]), alpha
            del whole  # of a deep picture it takes much memory
        return cv2.imdecode(encoded, cv2.IMREAD_COLOR_RGB), alpha
    return None, None


def _bytes(levels: Any) -> Any:
    """Return levels of 8 or 16 bits as bytes, as OpenCV makes them of a PNG."""
    if levels.dtype == np.uint8:
        return np.ascontiguousarray(levels)
    pixels = np.empty(levels.shape, np.uint8)
    return np.right_shift(levels, 8, out=pixels, casting="unsafe")


_ROWS = 256
"""Laid on a ground at a time: floats of a whole picture take four times its memory."""


def _lay_on(picture: Any, alpha: Any, ground: int) -> None:
    """Lay a picture on a gray ground where it is transparent, in place."""
    for top in range(0, len(picture), _ROWS):
        rows = picture[top : top + _ROWS]
        opacity = alpha[top : top + _ROWS, :, None].astype(np.float32) / np.iinfo(alpha.dtype).max
        rows[:] = (rows * opacity + ground * (1 - opacity)).round()
