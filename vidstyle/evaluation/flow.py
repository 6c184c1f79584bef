"""Optical flow between frames of a video, and what is seen in both."""

from __future__ import annotations

from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]

_DIS = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
"""Dense inverse search (Kroeger et al. 2016)."""


def find_flow(now: NDArray[np.uint8], before: NDArray[np.uint8]) -> Floats:
    """Return the flow (H, W, 2), pixels in x and y, from gray (H, W) `now` to `before`.

    What is at p now was at p + flow[p] before.
    """
    still = np.zeros((*now.shape, 2), np.float32)
    return cast(Floats, _DIS.calc(now, before, still))


def _places(flow: Floats) -> Floats:
    height, width, _ = flow.shape
    y, x = np.mgrid[:height, :width].astype(np.float32)
    return cast(Floats, flow + np.dstack([x, y]))


def warp(image: Floats, flow: Floats) -> Floats:
    """Fetch from an image (H, W) or (H, W, C) what a flow (H, W, 2) points at, bilinearly."""
    x, y = cv2.split(_places(flow))
    border = cv2.BORDER_REPLICATE
    return cast(Floats, cv2.remap(image, x, y, cv2.INTER_LINEAR, borderMode=border))


def seen_in_both(flow: Floats, back: Floats) -> Mask:
    """Tell where (H, W) a flow is certain: it points inside, and the flow back returns.

    |w + w'|^2 < 0.01 (|w|^2 + |w'|^2) + 0.5 (Sundaram et al. 2010; Ruder et al. 2016, eq. 5), w' being
    the flow back, fetched from where w points.
    """
    height, width, _ = flow.shape
    there = warp(back, flow)
    lengths = (flow**2).sum(2) + (there**2).sum(2)
    returns = ((flow + there) ** 2).sum(2) < 0.01 * lengths + 0.5
    x, y = cv2.split(_places(flow))
    inside = (x >= 0) & (x <= width - 1) & (y >= 0) & (y <= height - 1)
    return cast(Mask, returns & inside)
