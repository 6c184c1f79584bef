"""Less than all painting: painted frames mixed with the frames themselves."""

from __future__ import annotations

import cv2
import numpy as np

from vidstyle.frame import Pixels


def blend(frame: Pixels, painted: Pixels, strength: float) -> Pixels:
    """Mix a frame (H, W, 3) and its painting of the same dtype, by the share of the painting, 0 to 1."""
    if strength == 1:
        return painted
    return np.asarray(cv2.addWeighted(frame, 1 - strength, painted, strength, 0), frame.dtype)
