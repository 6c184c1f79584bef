"""Normalisation statistics pooled over a shot, so that who enters it does not recolor the rest."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vidstyle.runtime.engine import Given, Vector

_SETTLED = 32
"""Frames, about a second, after which what a shot looks like counts as known ..."""

_SLOW, _QUICK = 600, 8
"""... and a later frame counts one in so many, so that who walks in is not seen in the rest of the picture.
One in fewer, down to the latter, where the pool does not fit: a bright frame painted with the statistics
of a dark one is white."""

_MISFIT = 0.4
"""Distance of a frame's statistics from the pool's, over theirs, from which on the pool does not fit. Who
takes 40 % of the picture makes 0.4, twice the light 0.7, a fade from black more than 1.5."""

_YOUNG = 1
"""Frames, where it is to follow quickly."""

_MOST = 0.97
"""Share of the pool in a frame's statistics, at most: a rest of its own bounds what a pool that does
not fit can do."""


@dataclass(frozen=True, repr=False)
class Pool:
    """A running mean of the statistics of a shot's frames."""

    mean: Vector | None = None
    """(T,) channel means and standard deviations."""
    frames: int = 0

    @property
    def given(self) -> Given | None:
        """What the next frame is normalised with: the pool, with its own."""
        if self.mean is None:
            return None
        return self.mean, min(_MOST, self.frames / (self.frames + 1))

    def settled(self) -> Pool:
        """Return the pool as if it had been filled for long: what comes next hardly counts."""
        return Pool(self.mean, max(self.frames, _SETTLED))

    def loosened(self) -> Pool:
        """Return the pool as if it were young: what comes next counts more, as while the style changes."""
        return Pool(self.mean, min(self.frames, _YOUNG))

    def add(self, statistics: Vector) -> Pool:
        """Take the statistics of frames, (N, T)."""
        mean, frames = self.mean, self.frames
        for own in statistics:
            frames += 1
            mean = own if mean is None else mean + (own - mean) / _weight(own, mean, frames)
        return Pool(mean, frames)


def _weight(own: Vector, mean: Vector, frames: int) -> np.float32:
    """Return one over the share of a frame's statistics in a pool that has so many frames with it."""
    misfit = float(np.linalg.norm(own - mean) / (np.linalg.norm(mean) + 1e-6))
    slow = max(_QUICK, _SLOW / (1 + (misfit / _MISFIT) ** 6))
    return np.float32(frames if frames <= _SETTLED else slow)
