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


def read_picture(path: Path, ground: int = 255) -> Pixels:
    """Read a picture as RGB (H, W, 3), turned as its EXIF says; transparency becomes gray of level `ground`.

    Raises:
        InputError: no such file, or no picture.
    """
    try:
        encoded = np.frombuffer(path.read_bytes(), np.uint8)
    except OSError as error:
        named = "" if path.suffix else "; nor is it a name of vidstyle styles"
        if re.match(r"[a-z][a-z0-9+.-]+:/", str(path), re.IGNORECASE):
            named = "; an address is not read here: download it first"
        raise InputError(f"cannot read the picture {path}: {error.strerror}{named}") from error
    picture: Any = None
    alpha: Any = None
    if encoded.size:
        with contextlib.suppress(cv2.error):
            picture = cv2.imdecode(encoded, cv2.IMREAD_COLOR_RGB)
            alpha = cv2.imdecode(encoded, cv2.IMREAD_UNCHANGED)
    if picture is None:
        raise InputError(f"{path} is no picture that can be read; expected a JPEG, PNG, WebP, ...")
    if alpha is not None and alpha.shape == (*picture.shape[:2], 4):
        opacity = alpha[..., 3:].astype(np.float32) / np.iinfo(alpha.dtype).max
        picture = (picture * opacity + ground * (1 - opacity)).round()
    return cast(Pixels, picture.astype(np.uint8))
