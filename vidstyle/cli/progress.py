"""Progress on stderr: a bar on a terminal, a line every few seconds elsewhere."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING, Self

from vidstyle.cli import terminal
from vidstyle.pipeline import Progress

if TYPE_CHECKING:
    from rich.progress import Progress as Bar

_SECONDS = 5.0
"""Between two lines."""


class ProgressDisplay:
    """Shows `Progress`; use it as a context manager."""

    def __init__(self, *, quiet: bool = False) -> None:
        self._quiet = quiet
        self._bar: Bar | None = None
        if sys.stderr.isatty() and not quiet:
            from rich.console import Console
            from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
            from rich.progress import Progress as Bar

            self._bar = Bar(
                TextColumn("{task.description}"),
                BarColumn(),
                TextColumn("{task.fields[frames]} frames  {task.fields[fps]:.1f} fps"),
                TimeRemainingColumn(),
                console=Console(file=terminal.drawing),
                transient=True,
            )
        self._task = (
            self._bar.add_task("painting", total=None, frames=0, fps=0.0) if self._bar else None
        )
        self._last = time.monotonic()

    def __call__(self, progress: Progress) -> None:
        """Show how far it is."""
        fps = (progress.frames - progress.resumed) / max(progress.seconds, 1e-6)
        count = f"{progress.frames}/{progress.total}" if progress.total else f"{progress.frames}"
        if self._bar and self._task is not None:
            self._bar.update(
                self._task, completed=progress.frames, total=progress.total, frames=count, fps=fps
            )
        elif not self._quiet and time.monotonic() - self._last >= _SECONDS:
            self._last = time.monotonic()
            left = ""
            if progress.total and progress.total > progress.frames and fps:
                left = f", {(progress.total - progress.frames) / fps:.0f} s left"
            terminal.say(f"{count} frames, {fps:.1f} fps{left}")

    def __enter__(self) -> Self:
        if self._bar:
            self._bar.start()
        return self

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bar:
            self._bar.stop()
