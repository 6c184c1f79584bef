"""Moving pictures along a flow, and where a flow can be trusted."""

from __future__ import annotations

from typing import Any, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from vidstyle.flow.types import Floats, Mask

LONGEST = 2**15 - 2
"""The longest side, pixels, that OpenCV can warp."""


def _sampling_grid(flow: Floats) -> tuple[Floats, Floats]:
    """Return the columns and rows (H, W) that a flow points at."""
    height, width, _ = flow.shape
    x = flow[..., 0] + np.arange(width, dtype=np.float32)
    y = flow[..., 1] + np.arange(height, dtype=np.float32)[:, None]
    return cast(Floats, x), cast(Floats, y)


def warp(image: NDArray[Any], flow: Floats, interpolation: int = cv2.INTER_LINEAR) -> NDArray[Any]:
    """Sample an image (H, W) or (H, W, C) at the places that a flow (H, W, 2), in pixels, points at."""
    x, y = _sampling_grid(flow)
    return cv2.remap(image, x, y, interpolation, borderMode=cv2.BORDER_REPLICATE)


_CUBIC = 0.75
"""Share of cubic in the interpolation."""


def warp_bicubic(picture: NDArray[Any], flow: Floats) -> NDArray[Any]:
    """Warp a picture (H, W, 3) so that it neither blurs nor sharpens when that is done again and again.

    OpenCV's cubic kernel (a = -0.75) raises fine detail by 3 % each time, which grows without end in a
    loop; the bilinear one blurs. Their mixture is near the kernel of Keys (1981, a = -0.5) that does
    neither.
    """
    cubic = warp(picture, flow, cv2.INTER_CUBIC)
    return cv2.addWeighted(cubic, _CUBIC, warp(picture, flow), 1 - _CUBIC, 0)


def consistent(flow: Floats, back: Floats) -> Mask:
    """Return the mask (H, W) of places where a flow points inside the frame and the flow back returns.

    |w + w'|^2 < 0.01 (|w|^2 + |w'|^2) + 0.5 (Sundaram et al. 2010; Ruder et al. 2016, eq. 5), w' being
    the flow back, fetched from where w points.
    """
    height, width, _ = flow.shape
    there = warp(back, flow)
    lengths = (flow**2).sum(2) + (there**2).sum(2)
    returns = ((flow + there) ** 2).sum(2) < 0.01 * lengths + 0.5
    x, y = _sampling_grid(flow)
    inside = (x >= 0) & (x <= width - 1) & (y >= 0) & (y <= height - 1)
    return cast(Mask, returns & inside)


def reliable(flow: Floats, back: Floats) -> Mask:
    """Return the mask (H, W) of places where a flow is consistent and that lie on no border of a moving object.

    |grad u|^2 + |grad v|^2 <= 0.01 |w|^2 + 0.002 (Ruder et al. 2016, eq. 6).
    """
    steep = sum(np.square(np.gradient(flow[..., n], axis=a)) for n in (0, 1) for a in (0, 1))
    inner = np.asarray(steep) <= 0.01 * (flow**2).sum(2) + 0.002
    return cast(Mask, consistent(flow, back) & inner)
