"""How long a training goes on, and how fast it learns on the way: by a number of steps, or by the clock."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Protocol

_WARM_UP = 100
"""Steps in which the learning rate of a long training rises."""

_SHORT_WARM_UP = 10
"""The same of a short one, which begins with a network that paints already."""

_LONGEST = 300.0
"""Seconds after which a training ends whose losses never stop falling."""

_WINDOW = 20
"""Steps whose mean loss is compared with that of as many before."""

_LEAST_FALL = 0.005
"""Share by which a mean must be below the one before, or the losses have stopped falling."""


class Pace(Protocol):
    """Tells a `Run` when it is over, and its learning rate."""

    def steps(self, done: int) -> int:
        """Return how many steps there will be in all, as far as is known after `done`; as many: it is over."""
        ...

    def rate(self, step: int) -> float:
        """Return the share, 0 to 1, of the peak learning rate at a step, from 0."""
        ...

    def note(self, loss: float) -> None:
        """Take the loss of a step."""
        ...


class Steps:
    """A number of steps: the rate is warmed up, then a cosine to zero."""

    def __init__(self, count: int, *, is_short: bool = False) -> None:
        self._count = count
        self._warm_up = _SHORT_WARM_UP if is_short else _WARM_UP

    def steps(self, done: int) -> int:
        """Return the number; see `Pace`."""
        return self._count

    def rate(self, step: int) -> float:
        """Return the share of the peak; see `Pace`."""
        return min(1.0, (step + 1) / self._warm_up) * _falling(step / self._count)

    def note(self, loss: float) -> None:
        """Take the loss of a step, which changes nothing."""


class FirstSteps(Steps):
    """The first steps of a training of seconds: the rate is warmed up, and stays."""

    def rate(self, step: int) -> float:
        """Return the share of the peak; see `Pace`."""
        return min(1.0, (step + 1) / _SHORT_WARM_UP)


class Seconds:
    """A time, or until the losses stop falling; it begins with the first step."""

    def __init__(self, seconds: float | None, clock: Callable[[], float] = time.monotonic) -> None:
        """Take the time; None: the losses tell.

        The rate then stays at its peak until they have stopped falling, and sinks for half as long as it took until then.
        """
        self._clock = clock
        self._began: float | None = None
        self._falls, self._end = (0.0, seconds) if seconds else (_LONGEST / 1.5, _LONGEST)
        self._watching = not seconds
        self._losses: list[float] = []

    def steps(self, done: int) -> int:
        """Return an estimate; see `Pace`."""
        elapsed = self._elapsed()
        if done and elapsed >= self._end:
            return done
        return max(done + 1, round(done * self._end / elapsed)) if done and elapsed else done + 1

    def rate(self, step: int) -> float:
        """Return the share of the peak; see `Pace`."""
        progress = (self._elapsed() - self._falls) / (self._end - self._falls)
        return min(1.0, (step + 1) / _SHORT_WARM_UP) * _falling(progress)

    def note(self, loss: float) -> None:
        """Take the loss of a step, and watch whether they fall."""
        self._losses.append(loss)
        count = len(self._losses)
        if not self._watching or count < 2 * _WINDOW or count % (_WINDOW // 2):
            return
        before = sum(self._losses[-2 * _WINDOW : -_WINDOW])
        if sum(self._losses[-_WINDOW:]) > (1 - _LEAST_FALL) * before:
            self._watching = False
            now = self._elapsed()
            if now < self._falls:
                self._falls, self._end = now, 1.5 * now

    def _elapsed(self) -> float:
        now = self._clock()
        if self._began is None:
            self._began = now
        return now - self._began


def _falling(progress: float) -> float:
    """Return a cosine from 1 to 0 over a progress of 0 to 1."""
    return 0.5 * (1 + math.cos(math.pi * min(1.0, max(0.0, progress))))
