"""How far a batch is, and how long it will take."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from vidstyle.batch.plan import Item
from vidstyle.pipeline import SETTLED, Progress


@dataclass(frozen=True)
class Step:
    """How far a batch is."""

    item: Item
    """It is being painted."""
    number: int
    """Of the item, from 1 on, in the order of the work."""
    count: int
    """All items."""
    progress: Progress
    """Of the item."""
    share: float
    """0 to 1 of the whole work, by the size of the inputs: an estimate."""
    left: float | None
    """Seconds to the end of all, an estimate; None: nothing is known yet."""


class Pace:
    """Estimates of the whole work, by the size of the inputs."""

    def __init__(self, items: Iterable[Item]) -> None:
        """Take the items that are to be painted."""
        self._weights = {item: max(1, item.source.bytes) for item in items}
        self._work = sum(self._weights.values())
        self._done = 0
        """Weight of those that are over."""
        self._within: dict[Item, float] = {}
        """Weight of what is done of those that are being painted."""
        self._first: tuple[float, float] | None = None
        """Seconds and share when the first frames were painted: what was before does not grow with the work, and what an
        earlier run had painted is there at once."""

    def end(self, item: Item) -> None:
        """Note that an item is over."""
        self._within.pop(item, None)
        self._done += self._weights[item]

    def of(self, item: Item, progress: Progress, seconds: float) -> tuple[float, float | None]:
        """Note how far an item is; return the share that is done, and the seconds that are left, of all, if known.

        Args:
            item: it is being painted.
            progress: of the item.
            seconds: since the beginning of the work.
        """
        within = min(1.0, progress.frames / progress.total) if progress.total else 0.0
        self._within[item] = within * self._weights[item]
        share = (self._done + sum(self._within.values())) / self._work
        if share == 1:
            return share, 0.0
        if progress.frames <= progress.resumed:
            return share, None
        began, before = self._first = self._first or (seconds, share)
        known = share > before and seconds - began >= SETTLED
        return share, (seconds - began) * (1 - share) / (share - before) if known else None
