"""Statistics pooled over a shot, so that an object that enters it does not recolor the rest."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from vidstyle.frame import Pixels
from vidstyle.runtime.engine import Following, Painting, Statistics, Vector

_EVERY = 8
"""Rows and columns from one pixel to the next of those that tell whether a frame is even: all would take 4 % of a run's time."""


@dataclass(frozen=True, repr=False)
class _Uneven:
    """A painting of frames some of which are even, and count as not described."""

    painting: Painting
    followed: tuple[bool, ...]

    def frames(self) -> list[Pixels]:
        """See `Painting.frames`."""
        return self.painting.frames()

    def statistics(self) -> list[Vector | None]:
        """See `Painting.statistics`."""
        owns = zip(self.painting.statistics(), self.followed, strict=True)
        return [own if followed else None for own, followed in owns]


def uneven(painting: Painting, frames: Sequence[Pixels], following: Following | None) -> Painting:
    """Return a painting of frames (H, W, 3) such that the statistics of even ones are not followed.

    A network divides by deviations that are near zero in such a frame; followed, each frame's error would be the next one's
    statistics, and the colors of a black screen would wander.
    """
    if following is None or not following.least:
        return painting
    followed = tuple(
        float(cv2.meanStdDev(f[::_EVERY, ::_EVERY].copy())[1].max()) * 255 / np.iinfo(f.dtype).max
        >= following.least
        for f in frames
    )
    return painting if all(followed) else _Uneven(painting, followed)


@dataclass(frozen=True, repr=False)
class Pool:
    """A running mean of the statistics of a shot's frames, followed as an engine wants it."""

    following: Following
    mean: Vector | None = None
    """(T,), the mean of the statistics of the described frames."""
    shown: Vector | None = None
    """(T,), followed towards the mean: the statistics that the next frame is painted with."""
    described: float = 0.0
    """Frames in the mean; fewer than there were while the style changes."""
    frames: int = 0
    """Frames of the shot."""

    @property
    def statistics(self) -> Statistics | None:
        """The statistics (T,) that the next frame is painted with, and their share; the rest is its own."""
        if self.shown is None:
            return None
        return self.shown, min(self.following.share, self.described / (self.described + 1))

    def due(self, count: int) -> bool:
        """Return whether one of the next `count` frames is to be described."""
        return -self.frames % self.following.every < count

    def settled(self) -> Pool:
        """Return the pool as if it had been filled for long: what comes next hardly counts."""
        return replace(self, described=max(self.described, self.following.settled))

    def loosened(self, frames: int) -> Pool:
        """Return the pool as it is after some frames, at least 1, while the style changes.

        Statistics behind the first layer are those of a style, and depend on those that were used before them. So frames come
        to be painted with their own alone: within some frames, lest that is seen, and entirely, since what is left of the old
        style's would come back through the statistics of each frame that is painted with it.
        """
        described = min(self.described, self.following.settled)
        for _ in range(frames):
            described = max(0.0, described - 1) / 4
        return replace(self, described=described)

    def add(self, statistics: Iterable[Vector | None]) -> Pool:
        """Take the statistics (T,) of frames; None where one was not described."""
        mean, shown, described, frames = self.mean, self.shown, self.described, self.frames
        for own in statistics:
            frames += 1
            if own is not None:
                described += 1
                mean = (
                    own
                    if mean is None
                    else mean + (own - mean) / self._weight(own, mean, described)
                )
            if mean is not None:
                fade = np.float32(self.following.fade)
                shown = mean if shown is None or fade == 1 else shown + fade * (mean - shown)
        return Pool(self.following, mean, shown, described, frames)

    def _weight(self, own: Vector, mean: Vector, described: float) -> np.float32:
        """Return one over the share of a frame's statistics in a pool that has so many frames with it."""
        following = self.following
        misfit = float(np.linalg.norm(own - mean) / (np.linalg.norm(mean) + 1e-6))
        slow = following.slow / (1 + (misfit / following.misfit) ** 6)
        late = max(following.quick, slow)
        return np.float32(described if described <= following.settled else late)
