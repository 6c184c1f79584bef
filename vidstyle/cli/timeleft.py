"""The time that is left of a run, by the share of it that is done."""

from __future__ import annotations

import time


class TimeLeft:
    """Measures from its first call on: what came before, as loading and an earlier run, does not count."""

    def __init__(self) -> None:
        self._began: tuple[float, float] | None = None

    def __call__(self, done: float) -> str:
        """Return such as "3 min 20 s left" at a share of 0 to 1; "" where it is not known, or nothing is left."""
        now = time.monotonic()
        if self._began is None:
            self._began = now, done
        began, before = self._began
        if not before < done < 1:
            return ""
        return f"{said((now - began) * (1 - done) / (done - before))} left"


def said(seconds: float) -> str:
    """Return a duration for people: its two largest units."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
