"""Normalisation statistics pooled over a shot, so that who enters it does not recolor the rest."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vidstyle.runtime.engine import Given, Vector

_MEMORY = 64
"""Samples after which old ones fade: a pan from light to dark is followed in two or three seconds."""

_MOST = 0.95
"""Share of the pool in a frame's statistics, at most. A rest of its own bounds what a pool that does
not fit can do, and tells what its own are."""


@dataclass(frozen=True, repr=False)
class Pool:
    """A running mean of the statistics of a shot's frames."""

    mean: Vector | None = None
    """(T,) channel means and standard deviations."""
    samples: int = 0

    @property
    def given(self) -> Given | None:
        """What the next frame is normalised with: the mean of all so far, with its own."""
        if self.mean is None:
            return None
        return self.mean, min(_MOST, self.samples / (self.samples + 1))

    def add(self, used: Vector, given: Given | None) -> Pool:
        """Take the statistics that a frame was normalised with, (T,), where it was given `given`."""
        own = used
        if given is not None:
            mean, weight = given
            own = ((used - weight * mean) / (1 - weight)).astype(np.float32)
        if self.mean is None:
            return Pool(own, 1)
        mean = self.mean + (own - self.mean) / np.float32(min(self.samples + 1, _MEMORY))
        return Pool(mean, self.samples + 1)
