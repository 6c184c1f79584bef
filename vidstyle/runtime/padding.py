"""Sizes that the network takes: frames are padded by reflection and cropped back."""

from __future__ import annotations

from typing import cast

import cv2

from vidstyle.frame import Pixels

MULTIPLE = 8
"""Of the any-style network; a test holds it to `nets.arbitrary`, which needs torch to import."""

_LEAST = 16
"""Below two cells at 1/8 the network could not reflect at its own borders."""


def padded_size(side: int) -> int:
    """Return the next size up that the network takes."""
    return max(_LEAST, -(-side // MULTIPLE) * MULTIPLE)


def pad(frame: Pixels) -> Pixels:
    """Pad a frame (H, W, 3) below and to the right, by reflection."""
    height, width, _ = frame.shape
    below, right = padded_size(height) - height, padded_size(width) - width
    if not below and not right:
        return frame
    border = cv2.BORDER_REFLECT_101  # repeats where a side is shorter than its padding
    return cast(Pixels, cv2.copyMakeBorder(frame, 0, below, 0, right, border))


def crop(frame: Pixels, height: int, width: int) -> Pixels:
    """Undo `pad`."""
    return frame[:height, :width]
