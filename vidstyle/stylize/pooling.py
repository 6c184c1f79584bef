"""Normalisation statistics pooled over a shot, so that who enters it does not recolor the rest."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vidstyle.runtime.engine import Given, Vector

_SETTLED = 32
"""Frames, about a second, after which what a shot looks like counts as known ..."""

_MEMORY = 600
"""... and a later frame counts one in so many: a pan from light to dark is followed in 20 seconds, so that
who walks in is not seen in the rest of the picture."""

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
        """What the next frame is normalised with: the mean of all so far, with its own."""
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
            weight = frames if frames <= _SETTLED else _MEMORY
            mean = own if mean is None else mean + (own - mean) / np.float32(weight)
        return Pool(mean, frames)
