"""Optical flow between frames of a video, and what is seen in both."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from vidstyle.errors import MissingPackageError, UsageError
from vidstyle.frame import Pixels

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]
Gray = NDArray[np.uint8]


_LEAST = 12
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
    if min(now.shape) < _LEAST:
        return np.zeros((*now.shape, 2), np.float32)
    # One for each call: it keeps buffers, and calls may come from several threads.
    medium = cv2.DISOPTICAL_FLOW_PRESET_MEDIUM
    dis = _quick() if quick else cv2.DISOpticalFlow.create(medium)
    return cast(Floats, dis.calc(now, before, np.zeros((*now.shape, 2), np.float32)))


FLOWS = "auto", "dis", "raft"

Finder = Callable[[Pixels, Pixels], Floats]
"""From frames (H, W, 3) uint8 RGB, `now` and `before`, to the flow (H, W, 2) between them."""


def _raft_at_hand(device: Any) -> bool:
    """Tell whether RAFT is quick on a device, and has its weights here."""
    if str(device).startswith("cpu"):
        return False
    try:
        from vidstyle.raft import has_weights
    except ImportError:
        return False
    return has_weights()


def flow_finder(name: str, device: Any = "cpu", *, quick: bool = False) -> Finder:
    """Return what finds the flow between frames: one of `FLOWS`.

    "dis" is `find_flow`, `quick` or not; "raft" RAFT (Teed and Deng 2020), the small one of torchvision, with
    its weights, which it downloads when they are first asked for; "auto" is "raft" on a GPU where they have
    been downloaded, else "dis".

    Raises:
        UsageError: there is none of that name.
        InputError: the weights cannot be had.
        MissingPackageError: torch or torchvision is missing.
    """
    if name == "auto":
        name = "raft" if _raft_at_hand(device) else "dis"
    if name == "raft":
        try:
            from vidstyle.raft import load_raft
        except ImportError as error:
            raise MissingPackageError(
                "flow by raft needs torch: pip install 'vidstyle[torch]' torchvision"
            ) from error
        return load_raft(device)
    if name != "dis":
        raise UsageError(f"expected flow {' or '.join(FLOWS)}, got {name}")

    def find(now: Pixels, before: Pixels) -> Floats:
        gray = (cv2.cvtColor(p, cv2.COLOR_RGB2GRAY) for p in (now, before))
        return find_flow(*cast(Iterator[Gray], gray), quick=quick)

    return find


LONGEST = 2**15 - 2
"""The longest side, pixels, that OpenCV can warp."""


def _sampling_grid(flow: Floats) -> tuple[Floats, Floats]:
    """Return the columns and rows (H, W) that a flow points at."""
    height, width, _ = flow.shape
    x = flow[..., 0] + np.arange(width, dtype=np.float32)
    y = flow[..., 1] + np.arange(height, dtype=np.float32)[:, None]
    return cast(Floats, x), cast(Floats, y)


def warp(image: NDArray[Any], flow: Floats, interpolation: int = cv2.INTER_LINEAR) -> NDArray[Any]:
    """Fetch from an image (H, W) or (H, W, C) what a flow (H, W, 2) points at."""
    x, y = _sampling_grid(flow)
    return cv2.remap(image, x, y, interpolation, borderMode=cv2.BORDER_REPLICATE)


_CUBIC = 0.75
"""Share of cubic in the interpolation."""


def carry(picture: NDArray[Any], flow: Floats) -> NDArray[Any]:
    """Warp a picture (H, W, 3) so that it neither blurs nor sharpens when that is done again and again.

    OpenCV's cubic kernel (a = -0.75) raises fine detail by 3 % each time, which grows without end in a
    loop; the bilinear one blurs. Their mixture is near the kernel of Keys (1981, a = -0.5) that does
    neither.
    """
    cubic = warp(picture, flow, cv2.INTER_CUBIC)
    return cv2.addWeighted(cubic, _CUBIC, warp(picture, flow), 1 - _CUBIC, 0)


def consistent(flow: Floats, back: Floats) -> Mask:
    """Tell where (H, W) a flow is certain: it points inside, and the flow back returns.

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


def certain(flow: Floats, back: Floats) -> Mask:
    """Tell where (H, W) a flow is consistent, and not at the border of something that moves.

    |grad u|^2 + |grad v|^2 <= 0.01 |w|^2 + 0.002 (Ruder et al. 2016, eq. 6).
    """
    steep = sum(np.square(np.gradient(flow[..., n], axis=a)) for n in (0, 1) for a in (0, 1))
    inner = np.asarray(steep) <= 0.01 * (flow**2).sum(2) + 0.002
    return cast(Mask, consistent(flow, back) & inner)
