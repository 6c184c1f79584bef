"""What is told of a fit while it is made, and when it is there."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from vidstyle.cli.terminal import say
from vidstyle.cli.timeleft import TimeLeft

if TYPE_CHECKING:
    from vidstyle.training.report import Report
    from vidstyle.zoo.fits import Fit

_SECONDS = 5.0
"""Between two lines."""

_TOLD = ("style", "nearest", "content", "temporal")
"""Losses that people are told: the first two say how near it is to the style, the others to the clip, in space and in time."""


class FitDisplay:
    """Shows the reports of a fit, and its end."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self._left = TimeLeft()
        self._last: float | None = None

    def report(self, step: Report) -> None:
        """Show the losses every few seconds."""
        now = time.monotonic()
        left = self._left(step.step / step.steps)
        if self._quiet or (self._last is not None and now - self._last < _SECONDS):
            return
        self._last = now
        say(f"fitting, step {step.step}: {_losses(step.losses)}{left and ', ' + left}")

    def made(self, fit: Fit) -> None:
        """Show what the fit has brought, or that it was there."""
        if self._quiet:
            return
        if not fit.is_new:
            say(f"the fit is kept already: {fit.folder}")
            return
        before, after = fit.facts["before"], fit.facts["after"]
        losses = ", ".join(f"{n} {before[n]:.3g} -> {after[n]:.3g}" for n in _TOLD if n in before)
        say(f"fitted in {fit.facts['seconds']:.0f} s: {losses}; before and after: {fit.strip}")


def _losses(losses: dict[str, float]) -> str:
    return ", ".join(f"{name} {losses[name]:.3g}" for name in _TOLD if name in losses)
