"""Strokes of another size: what is painted larger or smaller than the frame has other strokes in the end.

A network's strokes are so many pixels wide, whatever the picture's size. At a stroke of 1 they are as large a share of the
picture's height as in one of `_ROWS` rows, at 2 twice as large.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from vidstyle.frame import Pixels

_ROWS = 480
"""Rows at which a picture is painted at a stroke of 1."""

_LEAST = 64
"""Rows and columns at which anything is painted, at least."""

_NEAR = 0.12
"""Share by which sizes may differ and count as the same: a picture is not scaled for that."""

_RADIUS, _FLAT = 3, 0.004
"""Pixels to each side, and the variance of levels from 0 to 1, of the slopes of `enlarged`, as in a guided filter."""

_STEEPEST = 1.0
"""Largest slope: a painting is no sharper than its frame."""


def working_size(picture: Pixels, stroke: float | None) -> tuple[int, int]:
    """Return the height and width at which a picture (H, W, 3) is painted for its strokes; see `size_for`."""
    height, width, _ = picture.shape
    return size_for(height, width, stroke)


def size_for(height: int, width: int, stroke: float | None) -> tuple[int, int]:
    """Return the height and width at which a picture is painted for its strokes; None: its own.

    Args:
        height: of the picture, pixels.
        width: likewise.
        stroke: size of the strokes, as a share of the height; 1 as in a picture of 480 rows.
    """
    if stroke is None:
        return height, width
    scale = max(_ROWS / stroke / height, _LEAST / min(height, width))
    if abs(scale - 1) < _NEAR:
        return height, width
    return round(height * scale), round(width * scale)


def scaled(picture: Pixels, size: tuple[int, int]) -> Pixels:
    """Scale a picture (H, W, 3) to a height and width."""
    smaller = size[0] < picture.shape[0]
    way = cv2.INTER_AREA if smaller else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(picture, size[::-1], interpolation=way), picture.dtype)


def enlarged(painted: Pixels, small: Pixels, frame: Pixels) -> Pixels:
    """Enlarge a painting along the edges of its frame.

    It gets the detail that the frame lost when it was scaled down, as steep as the painting follows the frame near there: the
    slope of the guided filter (He et al. 2013, eq. 5), whose rest here is the painting itself, with its strokes.

    Args:
        painted: (h, w, 3), uint8 or uint16.
        small: what it was painted of.
        frame: (H, W, 3), of which that was made.
    """
    most = np.float32(np.iinfo(frame.dtype).max)
    size = frame.shape[1], frame.shape[0]
    below, made = (picture.astype(np.float32) / most for picture in (small, painted))

    def mean(values: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.asarray(cv2.blur(values, (2 * _RADIUS + 1, 2 * _RADIUS + 1)), np.float32)

    middle = mean(below)
    slope = (mean(below * made) - middle * mean(made)) / (mean(below**2) - middle**2 + _FLAT)
    slope = slope.clip(-_STEEPEST, _STEEPEST)
    up = [cv2.resize(x, size, interpolation=cv2.INTER_LINEAR) for x in (slope, below)]
    lost = frame.astype(np.float32) / most - up[1]
    whole = cv2.resize(made, size, interpolation=cv2.INTER_CUBIC) + up[0] * lost
    return np.asarray(whole.clip(0, 1) * most + 0.5, frame.dtype)
