"""Sizes that the network takes: frames are padded by reflection and cropped back."""

from __future__ import annotations

import cv2
import numpy as np

from vidstyle.frame import Pixels

MULTIPLE = 8
"""Of the any-style network; a test holds it to `nets.arbitrary`, which needs torch to import."""

_LEAST = 16
"""Below two cells at 1/8 the network could not reflect at its own borders."""


def padded_size(side: int) -> int:
    """Return the next size up that the network takes."""
    return max(_LEAST, -(-side // MULTIPLE) * MULTIPLE)


def pad(frames: Pixels) -> Pixels:
    """Pad frames (N, H, W, 3) below and to the right, by reflection."""
    _, height, width, _ = frames.shape
    below, right = padded_size(height) - height, padded_size(width) - width
    if not below and not right:
        return frames
    border = cv2.BORDER_REFLECT_101  # repeats where a side is shorter than its padding
    padded = [cv2.copyMakeBorder(f, 0, below, 0, right, border) for f in frames]
    return np.stack(padded).astype(frames.dtype)


def crop(frames: Pixels, height: int, width: int) -> Pixels:
    """Undo `pad`."""
    return frames[:, :height, :width]
