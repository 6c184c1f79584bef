"""Pictures in files, as OpenCV reads them."""

from __future__ import annotations

import contextlib
import re
from pathlib import Path
from typing import Any, TypeAlias, cast

import cv2
import numpy as np

from vidstyle.errors import InputError
from vidstyle.frame import Pixels
from vidstyle.images.arrays import Picture, to_pixels
from vidstyle.images.header import is_deep, is_opaque, is_upright_png, read_size

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


MAX_PIXELS = 2**27
"""Of a picture in a file, some 134 million: more than cameras make. A file of a few hundred kilobytes can hold many more.
Half as many where levels may have more than 8 bits: what such pictures take a pixel is up to 23 bytes (HDR)."""

_MAX_BYTES = 2**29
"""Of the file itself."""


def read_picture(path: Path, ground: int = 255) -> Pixels:
    """Read a picture as RGB (H, W, 3), turned as its EXIF says; transparency becomes gray of level `ground`.

    Raises:
        InputError: no such file, no picture, or one of more than `MAX_PIXELS`, half of them if it is deep, which is not decoded.
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
    size = read_size(data)
    limit = MAX_PIXELS // 2 if is_deep(data) else MAX_PIXELS
    if size and size[0] * size[1] > limit:
        raise InputError(
            f"expected a picture of {limit // 10**6} million pixels at most, "
            f"got {size[0]}x{size[1]} in {path}; make it smaller"
        )
    picture, alpha = _decoded(data) if size else (None, None)
    if picture is None:
        raise InputError(f"{path} is no picture that can be read; expected a JPEG, PNG, WebP, ...")
    if alpha is not None and alpha.shape == picture.shape[:2]:
        _lay_on(picture, alpha, ground)
    return cast(Pixels, picture.astype(np.uint8, copy=False))


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
