"""Steadies painted frames by the motion of the frames they were painted from.

The result is mostly the last result, moved along the optical flow, where that flow can be trusted,
and the new painting elsewhere (in the manner of Ruder et al. 2016, and of Bonneel et al. 2015).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, cast

import cv2
import numpy as np

from vidstyle.flow import Floats, Gray, find_flow, seen_in_both, warp
from vidstyle.frame import Pixels
from vidstyle.pipeline import Stylizer

FLOW_SIDE = 180
"""Short side, pixels, of the frames that the flow is sought in: half of 640x360."""

_MOST = 0.95
"""Share of the last result at stability 1. A rest of the new painting keeps it from drifting."""

_LIGHT = 30.0
"""Levels of 255 by which the input may change along the flow before that is hardly trusted."""

_PAINT = 24.0
"""The same for the paint, averaged over `_STROKE`: what was painted for something that has gone."""

_STROKE = 15
"""Side, pixels, over which strokes that flicker even out."""


@dataclass(frozen=True, repr=False)
class Motion:
    """Where a frame comes from, at the size in which the flow was sought."""

    flow: Floats
    """(h, w, 2), pixels of that size, from the frame to the one before."""
    trust: Floats
    """(h, w), 0 to 1."""


def small_gray(frame: Pixels) -> Gray:
    """Return a frame (H, W, 3) in gray, 8 bits, short side at most `FLOW_SIDE`."""
    height, width, _ = frame.shape
    scale = min(1.0, FLOW_SIDE / min(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    small = cv2.resize(frame, size, interpolation=cv2.INTER_AREA)
    gray = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY)
    return cast(Gray, gray if gray.dtype == np.uint8 else cv2.convertScaleAbs(gray, alpha=1 / 257))


def find_motion(now: Gray, before: Gray) -> Motion:
    """Find the motion between two frames, and where it can be trusted.

    Not where the flow back does not return (occlusions), nor where the light along the flow has
    changed: flow that is wrong, shadows, flashes.
    """
    flow, back = find_flow(now, before, quick=True), find_flow(before, now, quick=True)
    seen = seen_in_both(flow, back).astype(np.float32)
    change = cv2.blur(cv2.absdiff(now, warp(before, flow)), (3, 3)).astype(np.float32)
    trust = seen * np.exp(-((change / _LIGHT) ** 2))
    # What borders on a mistake is one in part; a soft edge does not show.
    trust = cv2.blur(cv2.erode(trust, np.ones((3, 3), np.uint8)), (3, 3))
    return Motion(flow, cast(Floats, trust))


def follow(painted: Floats, last: Floats, motion: Motion, share: float) -> Floats:
    """Mix a painted frame with the last result, moved to it.

    Args:
        painted: (H, W, 3), any range.
        last: the last result, likewise.
        motion: between the frames they were painted from, or smaller versions of them.
        share: of the last result where the motion is certain, 0 to below 1.
    """
    height, width, _ = painted.shape
    small_height, small_width, _ = motion.flow.shape
    flow = cv2.resize(motion.flow, (width, height), interpolation=cv2.INTER_LINEAR)
    flow *= np.array([width / small_width, height / small_height], np.float32)
    # Cubic: bilinear interpolation, frame after frame, would blur.
    moved = warp(last, cast(Floats, flow), cv2.INTER_CUBIC)
    size = (small_width, small_height)
    gone = cv2.resize(moved - painted, size, interpolation=cv2.INTER_AREA)
    side = max(1, round(_STROKE * small_height / height)) | 1
    gone = np.abs(cv2.blur(gone, (side, side))).max(2)
    trust = share * motion.trust * np.exp(-((gone / _PAINT) ** 2))
    weight = cv2.resize(trust, (width, height), interpolation=cv2.INTER_LINEAR)
    return cast(Floats, cv2.blendLinear(moved, painted, weight, 1 - weight))


class _Once:
    """The result of a function that runs when it is first asked for, and is forgotten then."""

    def __init__(self, work: Callable[[], list[Floats]]) -> None:
        self._work: Callable[[], list[Floats]] | None = work
        self._result: list[Floats] = []

    def __call__(self) -> list[Floats]:
        if self._work:
            self._result, self._work = self._work(), None
        return self._result


@dataclass(frozen=True, repr=False)
class SteadyState:
    """What one call leaves to the next."""

    inner: Any
    gray: Gray
    """The last frame, small."""
    results: Callable[[], Sequence[Floats]]
    """Waits for the call's results, in the range of its pixels, not rounded."""


class SteadyStylizer:
    """Steadies what another stylizer paints."""

    def __init__(self, inner: Stylizer, stability: float) -> None:
        """Take the stylizer and a stability from above 0 to 1."""
        self.inner = inner
        self._share = _MOST * stability
        # The motion needs the frames alone, so it is sought while they are painted.
        self._pool = ThreadPoolExecutor(2, thread_name_prefix="motion")

    def batch(self, height: int, width: int) -> int:
        """Return the inner one's batch."""
        return self.inner.batch(height, width)

    @property
    def depth(self) -> int:
        """The inner one's depth; at least one, to seek motion ahead."""
        return max(1, self.inner.depth)

    def start(
        self, frames: Sequence[Pixels], prepared: Any, state: SteadyState | None = None
    ) -> tuple[Callable[[], list[Pixels]], SteadyState]:
        """Begin to paint frames (H, W, 3) of one size, in order."""
        paint, inner = self.inner.start(frames, prepared, state.inner if state else None)
        grays = [small_gray(frame) for frame in frames]
        before = [state.gray if state else None, *grays[:-1]]
        motions: list[Future[Motion] | None] = [
            None if then is None else self._pool.submit(find_motion, now, then)
            for now, then in zip(grays, before, strict=True)
        ]
        earlier = state.results if state else None

        def steady() -> list[Floats]:
            last = earlier()[-1] if earlier else None
            results = []
            for pixels, motion in zip(paint(), motions, strict=True):
                scale = np.iinfo(pixels.dtype).max / 255
                painted = (pixels / np.float32(scale)).astype(np.float32)
                if last is not None and motion is not None:
                    painted = follow(painted, last, motion.result(), self._share)
                last = painted
                results.append(painted)
            return results

        results = _Once(steady)
        kind = frames[0].dtype

        def finish() -> list[Pixels]:
            scale = np.iinfo(kind).max / 255
            return [
                cast(Pixels, np.clip(np.round(r * scale), 0, np.iinfo(kind).max).astype(kind))
                for r in results()
            ]

        return finish, SteadyState(inner, grays[-1], results)
