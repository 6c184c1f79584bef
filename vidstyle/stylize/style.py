"""Style pictures: any picture that OpenCV reads, at the size at which the network knows strokes."""

from __future__ import annotations

import cv2
import numpy as np

from vidstyle.frame import Pixels

STYLE_SIDE = 320
"""Short side, pixels, to which a style picture is scaled: the height of the training pictures."""

_LONGEST = 4
"""Long side over the short one, at most."""


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
