"""How steady a clip is in time: warping error, and flicker where nothing moves."""

from __future__ import annotations

import cv2
import numpy as np

from vidstyle.flow.types import Floats, Mask
from vidstyle.flow.warp import warp

_MIN_SHARE = 0.01
"""Share of the frame below which a mask is too small to say anything."""

_STILL = 2 / 255
"""Change of the input below which a place is still."""


def error_map(now: Floats, before: Floats, flow: Floats) -> Floats:
    """Return the squared difference (H, W), mean over channels, of `now` and `before` warped to it.

    Args:
        now: (H, W, 3) in [0, 1].
        before: likewise, an earlier frame.
        flow: (H, W, 2) from `now` to `before`, of the input.
    """
    squares: Floats = ((now - warp(before, flow)) ** 2).mean(2)
    return squares


def warping_error(errors: Floats, visible: Mask) -> float | None:
    """Return 100 x RMSE over the places that both frames show (Lai et al. 2018, eq. 10, as a root).

    Args:
        errors: (H, W) from `error_map`.
        visible: (H, W); None is returned where it is nearly empty.
    """
    if visible.mean() < _MIN_SHARE:
        return None
    return 100 * float(np.sqrt(errors[visible].mean()))


def find_still(now: Floats, before: Floats) -> Mask:
    """Return the mask (H, W) of places where two frames (H, W, 3) in [0, 1] of the input are alike, with their surroundings."""
    change = np.abs(now - before).max(2)
    return cv2.dilate(change, np.ones((9, 9), np.uint8)) <= _STILL


def flicker(now: Floats, before: Floats, still: Mask) -> float | None:
    """Return the mean absolute change, in levels of 255, where the input is still (H, W)."""
    if still.mean() < _MIN_SHARE:
        return None
    return 255 * float(np.abs(now - before)[still].mean())
