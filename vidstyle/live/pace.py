"""How large frames are painted, so that a rate is kept."""

from __future__ import annotations

import statistics
from collections import deque

STEPS = (1.0, 0.85, 0.72, 0.61, 0.52, 0.44, 0.38, 0.32)
"""Sizes to choose from, of the frame's own: each has some 0.72 of the pixels of the one before."""

_MIN_SIDE = 64
"""Pixels of the short side, at least."""

_FEWEST, _LOOK = 5, 15
"""Frames whose median time says how fast it is, at least and at most."""

_FULL, _GOOD, _EASY = 0.97, 0.85, 0.75
"""Shares of the time that a frame may take: above the first the size falls, to one that is thought to take
the second; it rises where the next larger one would take the third, for `_CALM` frames."""

_CALM = 90

_PATIENCE, _LONGEST = 2.0, 30 * _CALM
"""How much longer it waits to rise each time that a rise was a mistake, and frames that it waits at most."""


class Pace:
    """Watches how long frames take, and lowers and raises the size.

    To go down is quick, to go up slow, and slower after each rise that had to be taken back: a size that
    changes all the time would be seen.
    """

    def __init__(self, rate: float | None, height: int, width: int) -> None:
        """Take the frames a second to keep, None for as many as can be, and the frames' size."""
        self._interval = 1 / rate if rate else None
        self._sides = height, width
        self._step = 0
        self._took: deque[float] = deque(maxlen=_LOOK)
        self._calm = 0
        self._needed = float(_CALM)
        self._since = _LONGEST
        """Frames since it rose."""

    @property
    def full(self) -> tuple[int, int]:
        """Height and width of the frames."""
        return self._sides

    def anew(self, height: int, width: int) -> Pace:
        """Return one for frames of another size."""
        return Pace(1 / self._interval if self._interval else None, height, width)

    @property
    def size(self) -> tuple[int, int]:
        """Height and width at which to paint."""
        return self._at(self._step)

    def _at(self, step: int) -> tuple[int, int]:
        if step == 0:
            return self._sides
        min_scale = min(1.0, _MIN_SIDE / min(self._sides))
        height, width = (round(side * max(STEPS[step], min_scale) / 8) * 8 for side in self._sides)
        return height, width

    def _pixels(self, step: int) -> int:
        height, width = self._at(step)
        return height * width

    def took(self, seconds: float) -> bool:
        """Take the time that a frame of `size` took; True where the size has changed by it."""
        self._took.append(seconds)
        self._since += 1
        if self._interval is None or len(self._took) < _FEWEST:
            return False
        each = statistics.median(self._took) / self._pixels(self._step)
        if each * self._pixels(self._step) > _FULL * self._interval:
            if self._step == len(STEPS) - 1:
                return False
            # A rise that did not last was a mistake; one that did makes up for earlier ones.
            if self._since < 2 * _CALM:
                self._needed = min(_LONGEST, _PATIENCE * self._needed)
            elif self._since >= self._needed:
                self._needed = max(_CALM, self._needed / _PATIENCE)
            fitting = (
                step
                for step in range(self._step + 1, len(STEPS))
                if each * self._pixels(step) <= _GOOD * self._interval
            )
            return self._go(next(fitting, len(STEPS) - 1))
        if self._step and each * self._pixels(self._step - 1) <= _EASY * self._interval:
            self._calm += 1
            return self._calm >= self._needed and self._go(self._step - 1)
        self._calm = 0
        return False

    def _go(self, step: int) -> bool:
        self._since = 0 if step < self._step else self._since
        self._step, self._calm = step, 0
        self._took.clear()
        return True
