"""Optical flow by dense inverse search (Kroeger et al. 2016)."""

from __future__ import annotations

from typing import Any, cast

import cv2
import numpy as np

from vidstyle.flow.types import Floats, Gray

_MIN_SIDE = 12
"""Shortest side, pixels, in which patches can be sought."""


def _quick() -> Any:
    """Sparse patches and little refinement, but down to the finest scale: for small pictures."""
    dis = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
    dis.setFinestScale(0)
    dis.setPatchStride(5)
    dis.setVariationalRefinementIterations(3)
    return dis


def find_flow(now: Gray, before: Gray, *, quick: bool = False) -> Floats:
    """Return the flow (H, W, 2), pixels in x and y, from gray (H, W) `now` to `before`.

    What is at p now was at p + flow[p] before. By dense inverse search (Kroeger et al. 2016), `quick`
    or with OpenCV's medium settings. Pictures too small for it have no flow.
    """
    if min(now.shape) < _MIN_SIDE:
        return np.zeros((*now.shape, 2), np.float32)
    # One for each call: it keeps buffers, and calls may come from several threads.
    medium = cv2.DISOPTICAL_FLOW_PRESET_MEDIUM
    dis = _quick() if quick else cv2.DISOpticalFlow.create(medium)
    return cast(Floats, dis.calc(now, before, np.zeros((*now.shape, 2), np.float32)))
