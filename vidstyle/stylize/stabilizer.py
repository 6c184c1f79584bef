"""Steadies painted frames by the motion of the frames they were painted from.

The result is mostly the last result, moved along the optical flow, where that flow can be trusted,
and the new painting elsewhere (in the manner of Ruder et al. 2016, and of Bonneel et al. 2015).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import DTypeLike

from vidstyle.errors import UsageError
from vidstyle.flow.types import Finder, Floats
from vidstyle.flow.warp import LONGEST, consistent, warp, warp_bicubic
from vidstyle.frame import Pixels

FLOW_SIDE = 180
"""Short side, pixels, of the frames that the flow is sought in: half of 640x360."""

_MAX_SHARE = 0.97
"""Share of the last result at stability 1. A rest of the new painting keeps it from drifting."""

_LIGHT = 30.0
"""Levels of 255 by which the input may change along the flow before that is hardly trusted."""

_PAINT = 24.0
"""The same for the paint, averaged over `_STROKE`: what was painted for something that has gone."""

_STROKE = 15
"""Side, pixels, over which strokes that flicker even out."""

_MAX_SHARPENING, _DETAIL = 1.0, 0.8
"""Greatest strength, and radius, pixels, of the sharpening that is shown, and not fed back."""

_COARSE, _AROUND = 4, 9
"""Fine detail is measured at 1 / `_COARSE` of the size, over squares of `_AROUND` pixels there."""

_FAINT = 0.5
"""Fine detail, levels of 255, that counts as hardly any."""


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
    return np.asarray(small if whole else cv2.convertScaleAbs(small, alpha=1 / 257), np.uint8)


def find_motion(now: Pixels, before: Pixels, find: Finder) -> Motion:
    """Find the motion between two frames (h, w, 3), and where it can be trusted.

    Not where the flow back does not return (occlusions), nor where the light along the flow has
    changed: flow that is wrong, shadows, flashes.
    """
    flow, back = find(now, before), find(before, now)
    visible = consistent(flow, back).astype(np.float32)
    light, then = (cv2.cvtColor(p, cv2.COLOR_RGB2GRAY) for p in (now, before))
    change = cv2.blur(cv2.absdiff(light, warp(then, flow)), (3, 3)).astype(np.float32)
    confidence = visible * np.exp(-((change / _LIGHT) ** 2))
    # What borders on a mistake is one in part; a soft edge does not show.
    confidence = cv2.blur(cv2.erode(confidence, np.ones((3, 3), np.uint8)), (3, 3))
    return Motion(flow, np.asarray(confidence, np.float32))


def follow(painted: Floats, last: Floats, motion: Motion, share: float) -> Floats:
    """Mix a painted frame with the last result, moved to it.

    Args:
        painted: (H, W, 3), levels of 255.
        last: the last result, likewise.
        motion: between the frames they were painted from, or smaller versions of them.
        share: of the last result where the motion is reliable, 0 to below 1.

    Returns:
        The result (H, W, 3).
    """
    height, width, _ = painted.shape
    small_height, small_width, _ = motion.flow.shape
    flow = cv2.resize(motion.flow, (width, height), interpolation=cv2.INTER_LINEAR)
    flow *= np.array([width / small_width, height / small_height], np.float32)
    moved = warp_bicubic(last, np.asarray(flow, np.float32))
    size = (small_width, small_height)
    mismatch = cv2.resize(moved - painted, size, interpolation=cv2.INTER_AREA)
    side = max(1, round(_STROKE * small_height / height)) | 1
    mismatch = np.abs(cv2.blur(mismatch, (side, side))).reshape(small_height, small_width, 3).max(2)
    confidence = share * motion.confidence * np.exp(-((mismatch / _PAINT) ** 2))
    weight = cv2.resize(confidence, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(cv2.blendLinear(moved, painted, weight, 1 - weight), np.float32)


def fine_detail(picture: Floats) -> Floats:
    """Return the fine detail, levels of 255, of a picture (H, W, 3) around each place of a coarse grid (h, w)."""
    height, width, _ = picture.shape
    gray = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    fine = cv2.absdiff(gray, cv2.GaussianBlur(gray, (0, 0), _DETAIL))
    size = max(1, width // _COARSE), max(1, height // _COARSE)
    coarse = cv2.resize(fine, size, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.blur(coarse, (_AROUND, _AROUND)), np.float32)


def sharpen(picture: Floats, due: Floats) -> Floats:
    """Give a picture (H, W, 3) back the fine detail that moving and mixing have taken.

    `due` is the `fine_detail` of the new painting. Where the picture has as much, because nothing moves,
    it stays as it is, and nowhere is it made sharper than the painting.
    """
    height, width, _ = picture.shape
    lost = np.clip((due + _FAINT) / (fine_detail(picture) + _FAINT) - 1, 0, _MAX_SHARPENING)
    strength = cv2.resize(lost, (width, height), interpolation=cv2.INTER_LINEAR)
    soft = cv2.GaussianBlur(picture, (0, 0), _DETAIL)
    return np.asarray(cv2.blendLinear(picture, soft, 1 + strength, -strength), np.float32)


@dataclass(frozen=True, repr=False)
class Steadied:
    """A picture that follows the last one."""

    picture: Floats
    """(H, W, 3), levels of 255, not rounded: the next painting follows it."""
    detail: Floats | None
    """`fine_detail` of the new painting, where it was mixed with the last result."""

    def shown(self, dtype: DTypeLike) -> Pixels:
        """Return it sharpened and rounded, as uint8 or uint16."""
        picture = self.picture if self.detail is None else sharpen(self.picture, self.detail)
        max_value = np.iinfo(dtype).max
        levels = np.round(picture * np.float32(max_value / 255))
        return np.clip(levels, 0, max_value).astype(dtype)


class Steadying:
    """The results of one call: they wait for the paintings and the motions, and for the call before."""

    def __init__(
        self,
        paint: Callable[[], Sequence[Pixels]],
        motions: Sequence[Future[Motion] | None],
        stability: float,
        before: Callable[[], Floats | None],
    ) -> None:
        """Take the functions that it waits for.

        Args:
            paint: waits for the painted frames (H, W, 3).
            motions: of each frame from the one before; None where none is followed.
            stability: 0 to 1.
            before: waits for the last result of the call before.
        """
        self._work: (
            tuple[
                Callable[[], Sequence[Pixels]],
                Sequence[Future[Motion] | None],
                Callable[[], Floats | None],
            ]
            | None
        ) = paint, motions, before
        self._share = _MAX_SHARE * stability
        self._results: list[Steadied] = []

    def results(self) -> list[Steadied]:
        """Wait for the results."""
        if self._work:
            # What came before is not held longer than it is needed.
            (paint, motions, before), self._work = self._work, None
            last = before()
            for pixels, motion in zip(paint(), motions, strict=True):
                scale = np.float32(np.iinfo(pixels.dtype).max / 255)
                picture, detail = (pixels / scale).astype(np.float32), None
                if last is not None and motion is not None:
                    detail = fine_detail(picture)
                    picture = follow(picture, last, motion.result(), self._share)
                last = picture
                self._results.append(Steadied(picture, detail))
        return self._results

    def last(self) -> Floats:
        """Wait for the last result (H, W, 3), levels of 255."""
        return self.results()[-1].picture


@dataclass(frozen=True, repr=False)
class MotionState:
    """The state that the stabilizer hands from one call to the next."""

    frame: Pixels
    """The last frame, small."""
    size: tuple[int, int]
    """Height and width of the results."""
    last: Callable[[], Floats]
    """Waits for the last result."""

    def resized(self, size: tuple[int, int]) -> MotionState:
        """Return it for frames of another height and width: they go on from what was shown."""
        if size == self.size:
            return self
        moved = cv2.resize(self.last(), size[::-1], interpolation=cv2.INTER_LINEAR)
        last = np.asarray(moved, np.float32)
        height, width = small_size(*size)
        frame = cv2.resize(self.frame, (width, height), interpolation=cv2.INTER_AREA)
        return MotionState(np.asarray(frame, np.uint8), size, lambda: last)


class Stabilizer:
    """Steadies painted frames, with threads of its own that seek the motion while frames are painted."""

    def __init__(self, find: Finder) -> None:
        """Take a function that finds the flow."""
        self._find = find
        self._pool = ThreadPoolExecutor(2, thread_name_prefix="motion")

    def start(
        self,
        frames: Sequence[Pixels],
        paint: Callable[[], Sequence[Pixels]],
        stability: float,
        state: MotionState | None,
    ) -> tuple[Callable[[], list[Pixels]], MotionState]:
        """Begin to steady the paintings of frames (H, W, 3) of one size and shot, in order.

        Args:
            frames: the frames that are painted.
            paint: waits for the paintings.
            stability: above 0, to 1.
            state: of the call before in the same shot, if any.

        Returns:
            A function that waits for the steadied frames, and the state for the next call.

        Raises:
            UsageError: they are larger than can be warped.
        """
        if max(frames[0].shape) > LONGEST:
            raise UsageError(
                f"expected sides of {LONGEST} pixels at most with a `stability` above 0"
            )
        size = frames[0].shape[:2]
        state = state.resized(size) if state else None
        smalls = [small_frame(frame) for frame in frames]
        before = [state.frame if state else None, *smalls[:-1]]
        motions = [
            None if then is None else self._pool.submit(find_motion, now, then, self._find)
            for now, then in zip(smalls, before, strict=True)
        ]
        call = Steadying(paint, motions, stability, state.last if state else lambda: None)
        dtype = frames[0].dtype

        def finish() -> list[Pixels]:
            return [result.shown(dtype) for result in call.results()]

        return finish, MotionState(smalls[-1], size, call.last)

    def close(self) -> None:
        """End its threads."""
        self._pool.shutdown()
