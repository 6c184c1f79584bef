"""Sizes that the network takes: frames are padded by reflection and cropped back."""

from __future__ import annotations

from typing import cast

import cv2

from vidstyle.frame import Pixels

MULTIPLE = 8
"""Multiple of our networks' sides, pixels; a test holds it to `nets.arbitrary`, which needs torch to import."""


def padded_size(side: int, multiple: int = MULTIPLE) -> int:
    """Return the next size up that a network takes: a multiple, and three of it at least.

    With fewer, the coarsest grid, of twice the multiple, had one cell, and could not reflect at its own borders.
    """
    return max(3 * multiple, -(-side // multiple) * multiple) if multiple > 1 else side


def pad(frame: Pixels, multiple: int = MULTIPLE) -> Pixels:
    """Pad a frame (H, W, 3) below and to the right, by reflection, to multiples."""
    height, width, _ = frame.shape
    below, right = (padded_size(side, multiple) - side for side in (height, width))
    if not below and not right:
        return frame
    border = cv2.BORDER_REFLECT_101  # repeats where a side is shorter than its padding
    return cast(Pixels, cv2.copyMakeBorder(frame, 0, below, 0, right, border))


def crop(frame: Pixels, height: int, width: int) -> Pixels:
    """Undo `pad`."""
    return frame[:height, :width]
