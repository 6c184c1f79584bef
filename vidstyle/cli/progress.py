"""Progress on stderr: a bar on a terminal, a line every few seconds elsewhere."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING, Self

from vidstyle.batch.step import Step
from vidstyle.cli import terminal
from vidstyle.cli.spelling import spelled
from vidstyle.pipeline import Progress

if TYPE_CHECKING:
    from rich.progress import Progress as Bar

_SECONDS = 5.0
"""Between two lines."""


class ProgressDisplay:
    """Shows `Progress`, of one file or of many; use it as a context manager."""

    def __init__(self, *, quiet: bool = False) -> None:
        self._quiet = quiet
        self._bar: Bar | None = None
        if sys.stderr.isatty() and not quiet:
            from rich.console import Console
            from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
            from rich.progress import Progress as Bar

            self._bar = Bar(
                TextColumn("{task.description}", markup=False),
                BarColumn(),
                TextColumn("{task.fields[frames]}"),
                TimeRemainingColumn(),
                console=Console(file=terminal.drawing),
                transient=True,
            )
        self._task = (
            self._bar.add_task("painting", total=None, frames="0 frames") if self._bar else None
        )
        self._last: float | None = None

    def __call__(self, progress: Progress) -> None:
        """Show how far a file is."""
        if self._bar:
            self._draw(progress, "painting", progress.frames, progress.total)
        elif self._due():
            terminal.say(f"{_frames(progress)}{_left(progress.left)}")

    def of_many(self, step: Step) -> None:
        """Show how far one of many files is, and the whole."""
        which = f"{step.number} of {step.count}, {step.item}"
        if self._bar:
            self._draw(step.progress, terminal.printable(which), step.share, 1.0)
        elif self._due():
            left = _left(step.left)
            terminal.say(f"{which}: {_frames(step.progress)}{left}{left and ' in all'}")

    def say(self, text: str) -> None:
        """Print a line for people, above the bar if there is one."""
        if self._bar:
            line = f"vidstyle: {terminal.printable(spelled(text))}"
            self._bar.console.print(line, markup=False, highlight=False, soft_wrap=True)
        else:
            terminal.say(text)

    def _draw(self, progress: Progress, what: str, completed: float, total: float | None) -> None:
        if self._bar and self._task is not None:
            self._bar.start()  # not before: a network may be made first, which has displays of its own
            self._bar.update(
                self._task,
                description=what,
                completed=completed,
                total=total,
                frames=_frames(progress),
            )

    def _due(self) -> bool:
        """Return whether it is time for a line."""
        now = time.monotonic()
        if self._last is None:  # of the first frame no rate is known, whatever was made before it
            self._last = now
        due = not self._quiet and now - self._last >= _SECONDS
        if due:
            self._last = now
        return due

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bar:
            self._bar.stop()


def _frames(progress: Progress) -> str:
    of = f"/{progress.total}" if progress.total else ""
    rate = "" if progress.rate is None else f", {progress.rate:.1f} fps"
    return f"{progress.frames}{of} frames{rate}"


def _left(seconds: float | None) -> str:
    return "" if not seconds else f", {seconds:.0f} s left"
