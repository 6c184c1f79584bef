"""How pictures whose size or shape changes on the way become frames of one size."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

_ALIKE = Fraction(3, 100)
"""Shapes that differ by less than this part are taken for the same: senders round sizes."""


def fitted(shape: Fraction, width: int, height: int) -> tuple[int, int]:
    """Return the largest size of a shape inside a frame.

    Args:
        shape: width over height, in proportion to the frame's own: 1 fills it.
        width: of the frame.
        height: likewise.
    """
    if abs(shape - 1) < _ALIKE:
        return width, height
    if shape > 1:
        return width, max(1, round(height / shape))
    return max(1, round(width * shape)), height


def placed(pixels: np.ndarray, width: int, height: int) -> np.ndarray:
    """Return (H, W, ...) in the middle of a frame, before black, or what is transparent."""
    rows, columns = pixels.shape[:2]
    if (columns, rows) == (width, height):
        return pixels
    frame = np.zeros((height, width, *pixels.shape[2:]), pixels.dtype)
    top, left = (height - rows) // 2, (width - columns) // 2
    frame[top : top + rows, left : left + columns] = pixels
    return frame
