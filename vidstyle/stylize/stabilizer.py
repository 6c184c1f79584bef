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

from vidstyle.errors import UsageError
from vidstyle.flow.finder import flow_finder
from vidstyle.flow.types import Finder, Floats
from vidstyle.flow.warp import LONGEST, carry, consistent, warp
from vidstyle.frame import Pixels
from vidstyle.pipeline import Stylizer
from vidstyle.stylize.wrapper import Beginner, Wrapper

FLOW_SIDE = 180
"""Short side, pixels, of the frames that the flow is sought in: half of 640x360."""

_MOST = 0.97
"""Share of the last result at stability 1. A rest of the new painting keeps it from drifting."""

_LIGHT = 30.0
"""Levels of 255 by which the input may change along the flow before that is hardly trusted."""

_PAINT = 24.0
"""The same for the paint, averaged over `_STROKE`: what was painted for something that has gone."""

_STROKE = 15
"""Side, pixels, over which strokes that flicker even out."""

_SHARPEN, _DETAIL = 1.0, 0.8
"""Greatest strength, and radius, pixels, of the sharpening that is shown, and not fed back."""

_COARSE, _AROUND = 4, 9
"""Fine detail is measured at a fraction of the size, over squares of so many pixels there, ..."""

_FAINT = 0.5
"""... and this, levels of 255, is hardly any."""


@dataclass(frozen=True, repr=False)
class Motion:
    """Where a frame comes from, at the size in which the flow was sought."""

    flow: Floats
    """(h, w, 2), pixels of that size, from the frame to the one before."""
    confidence: Floats
    """(h, w), 0 to 1."""


def small_size(height: int, width: int) -> tuple[int, int]:
    """Return height and width at which the flow is sought for frames of a size."""
    scale = min(1.0, FLOW_SIDE / min(height, width))
    return max(1, round(height * scale)), max(1, round(width * scale))


def small_frame(frame: Pixels) -> Pixels:
    """Return a frame (H, W, 3) in 8 bits, short side at most `FLOW_SIDE`."""
    height, width = small_size(*frame.shape[:2])
    small = cv2.resize(frame, (width, height), interpolation=cv2.INTER_AREA)
    whole = small.dtype == np.uint8
    return cast(Pixels, small if whole else cv2.convertScaleAbs(small, alpha=1 / 257))


def find_motion(now: Pixels, before: Pixels, find: Finder) -> Motion:
    """Find the motion between two frames (h, w, 3), and where it can be trusted.

    Not where the flow back does not return (occlusions), nor where the light along the flow has
    changed: flow that is wrong, shadows, flashes.
    """
    flow, back = find(now, before), find(before, now)
    seen = consistent(flow, back).astype(np.float32)
    light, then = (cv2.cvtColor(p, cv2.COLOR_RGB2GRAY) for p in (now, before))
    change = cv2.blur(cv2.absdiff(light, warp(then, flow)), (3, 3)).astype(np.float32)
    confidence = seen * np.exp(-((change / _LIGHT) ** 2))
    # What borders on a mistake is one in part; a soft edge does not show.
    confidence = cv2.blur(cv2.erode(confidence, np.ones((3, 3), np.uint8)), (3, 3))
    return Motion(flow, cast(Floats, confidence))


def follow(painted: Floats, last: Floats, motion: Motion, share: float) -> Floats:
    """Mix a painted frame with the last result, moved to it.

    Args:
        painted: (H, W, 3), levels of 255.
        last: the last result, likewise.
        motion: between the frames they were painted from, or smaller versions of them.
        share: of the last result where the motion is certain, 0 to below 1.

    Returns:
        The result (H, W, 3).
    """
    height, width, _ = painted.shape
    small_height, small_width, _ = motion.flow.shape
    flow = cv2.resize(motion.flow, (width, height), interpolation=cv2.INTER_LINEAR)
    flow *= np.array([width / small_width, height / small_height], np.float32)
    moved = carry(last, cast(Floats, flow))
    size = (small_width, small_height)
    mismatch = cv2.resize(moved - painted, size, interpolation=cv2.INTER_AREA)
    side = max(1, round(_STROKE * small_height / height)) | 1
    mismatch = np.abs(cv2.blur(mismatch, (side, side))).reshape(small_height, small_width, 3).max(2)
    confidence = share * motion.confidence * np.exp(-((mismatch / _PAINT) ** 2))
    weight = cv2.resize(confidence, (width, height), interpolation=cv2.INTER_LINEAR)
    return cast(Floats, cv2.blendLinear(moved, painted, weight, 1 - weight))


def fine_detail(picture: Floats) -> Floats:
    """Return how much fine detail a picture (H, W, 3) has around each place of a coarse grid (h, w)."""
    height, width, _ = picture.shape
    gray = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    fine = cv2.absdiff(gray, cv2.GaussianBlur(gray, (0, 0), _DETAIL))
    size = max(1, width // _COARSE), max(1, height // _COARSE)
    coarse = cv2.resize(fine, size, interpolation=cv2.INTER_AREA)
    return cast(Floats, cv2.blur(coarse, (_AROUND, _AROUND)))


def sharpen(picture: Floats, due: Floats) -> Floats:
    """Give a picture (H, W, 3) back the fine detail that moving and mixing have taken.

    `due` is the `fine_detail` of the new painting. Where the picture has as much, because nothing moves,
    it stays as it is, and nowhere is it made sharper than the painting.
    """
    height, width, _ = picture.shape
    lost = np.clip((due + _FAINT) / (fine_detail(picture) + _FAINT) - 1, 0, _SHARPEN)
    strength = cv2.resize(lost, (width, height), interpolation=cv2.INTER_LINEAR)
    soft = cv2.GaussianBlur(picture, (0, 0), _DETAIL)
    return cast(Floats, cv2.blendLinear(picture, soft, 1 + strength, -strength))


_Results = list[tuple[Floats, Floats | None]]
"""Pictures (H, W, 3), levels of 255, not rounded, and the `fine_detail` due to those that are mixed."""


class _Once:
    """The result of a function that runs when first asked for, and is not held longer than that."""

    def __init__(self, work: Callable[[], _Results]) -> None:
        self._work: Callable[[], _Results] | None = work
        self._result: _Results = []

    def __call__(self) -> _Results:
        if self._work:
            self._result, self._work = self._work(), None
        return self._result


@dataclass(frozen=True, repr=False)
class SteadyState:
    """What one call leaves to the next."""

    inner: Any
    frame: Pixels | None = None
    """The last frame, small; None: the next frame is the first ..."""
    results: Callable[[], _Results] | None = None
    """... which follows no result. Waits for the call's results."""

    def resized(self, size: tuple[int, int]) -> SteadyState:
        """Return the state for frames of another height and width: it goes on from what was shown."""
        if self.frame is None or self.results is None:
            return self
        last = cv2.resize(self.results()[-1][0], size[::-1], interpolation=cv2.INTER_LINEAR)
        height, width = small_size(*size)
        frame = cv2.resize(self.frame, (width, height), interpolation=cv2.INTER_AREA)
        return SteadyState(self.inner, cast(Pixels, frame), lambda: [(cast(Floats, last), None)])


class SteadyStylizer(Wrapper):
    """Steadies what another stylizer paints."""

    def __init__(self, inner: Stylizer, stability: float, find: Finder | None = None) -> None:
        """Take the stylizer, a stability from above 0 to 1, and what finds the flow, DIS if none is given."""
        super().__init__(inner)
        self.stability = stability
        self._find = find or flow_finder("dis", quick=True)
        # The motion needs the frames alone, so it is sought while they are painted.
        self._pool = ThreadPoolExecutor(2, thread_name_prefix="motion")

    @property
    def depth(self) -> int:
        """The inner one's depth; at least one, to seek motion ahead."""
        return max(1, self.inner.depth)

    def begin(self, frames: Sequence[Pixels], prepared: Any) -> SteadyState:
        """Return a state for a shot of which frames (H, W, 3) are known; see `Beginner`."""
        return SteadyState(cast(Beginner, self.inner).begin(frames, prepared))

    def start(
        self, frames: Sequence[Pixels], prepared: Any, state: SteadyState | None = None
    ) -> tuple[Callable[[], list[Pixels]], SteadyState]:
        """Begin to paint frames (H, W, 3) of one size, in order.

        Raises:
            UsageError: they are larger than can be warped.
        """
        if max(frames[0].shape) > LONGEST:
            raise UsageError(f"expected sides of {LONGEST} pixels at most with a stability above 0")
        paint, inner = self.inner.start(frames, prepared, state.inner if state else None)
        smalls = [small_frame(frame) for frame in frames]
        before = [state.frame if state else None, *smalls[:-1]]
        motions: list[Future[Motion] | None] = [
            None if then is None else self._pool.submit(find_motion, now, then, self._find)
            for now, then in zip(smalls, before, strict=True)
        ]
        earlier = state.results if state else None
        kind = frames[0].dtype
        most = np.iinfo(kind).max
        scale = np.float32(most / 255)

        def stabilize() -> _Results:
            last = earlier()[-1][0] if earlier else None
            results: _Results = []
            for pixels, motion in zip(paint(), motions, strict=True):
                picture, due = (pixels / scale).astype(np.float32), None
                if last is not None and motion is not None:
                    due = fine_detail(picture)
                    picture = follow(picture, last, motion.result(), _MOST * self.stability)
                last = picture
                results.append((picture, due))
            return results

        def finish() -> list[Pixels]:
            shown = (p if due is None else sharpen(p, due) for p, due in results())
            return [cast(Pixels, np.clip(np.round(s * scale), 0, most).astype(kind)) for s in shown]

        results = _Once(stabilize)
        return finish, SteadyState(inner, smalls[-1], results)
