"""Style pictures: any picture that OpenCV reads, at the size at which the network knows strokes."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any, cast

import cv2
import numpy as np

from vidstyle.errors import InputError
from vidstyle.frame import Pixels

STYLE_SIDE = 320
"""Short side, pixels, to which a style picture is scaled: the height of the training pictures."""

_LONGEST = 4
"""Long side over the short one, at most."""


def read_picture(path: Path) -> Pixels:
    """Read a picture as RGB (H, W, 3), turned as its EXIF says; transparency becomes white.

    Raises:
        InputError: no such file, or no picture.
    """
    try:
        encoded = np.frombuffer(path.read_bytes(), np.uint8)
    except OSError as error:
        raise InputError(f"cannot read the style {path}: {error.strerror}") from error
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
        picture = (picture * opacity + 255 * (1 - opacity)).round()
    return cast(Pixels, picture.astype(np.uint8))


def fit_style(picture: Pixels, scale: float = 1.0) -> Pixels:
    """Scale a picture (H, W, 3) to a short side of `scale * STYLE_SIDE`; a long one is center-cut."""
    most = _LONGEST * min(picture.shape[:2])
    top, left = (max(0, side - most) // 2 for side in picture.shape[:2])
    picture = picture[top : top + most, left : left + most]
    height, width, _ = picture.shape
    short = round(scale * STYLE_SIDE)
    factor = short / min(height, width)
    size = (max(short, round(width * factor)), max(short, round(height * factor)))
    way = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    return np.ascontiguousarray(cv2.resize(picture, size, interpolation=way))
