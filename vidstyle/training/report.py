"""Reports of a training run."""

from __future__ import annotations

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
