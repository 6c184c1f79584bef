"""What a training run reports and writes on its way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Report:
    """The losses and the progress of one step."""

    step: int
    steps: int
    losses: dict[str, float]
    images_per_second: float
    """0 where none were learned from: in a report on pictures that were held out."""
    skipped: int
    """Steps left out so far because the loss or the gradient was not finite."""


@dataclass(frozen=True)
class Recording:
    """Where a run's reports go, and how often it writes what it has learned; every recipe takes it."""

    on_report: Callable[[Report], None] | None = None
    """Called after so many steps, and once more at the end with the losses in pictures that were held out, if any; what it raises
    ends the run."""
    report_every: int = 10
    """Steps between reports."""
    save_every: int = 200
    """Steps between checkpoints; the last step is kept too."""
    sheet_every: int = 200
    """Steps between contact sheets, for recipes that draw them; the last step has one too."""
