"""How far a painting by optimization is, on stderr: a bar on a terminal, a line every few seconds elsewhere."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Self

from vidstyle.cli import terminal
from vidstyle.cli.timeleft import TimeLeft

if TYPE_CHECKING:
    from rich.progress import Progress as Bar

    from vidstyle.optimize.descent import StepResult
    from vidstyle.optimize.video import FrameStep

_SECONDS = 5.0
"""Between two lines."""


class StepDisplay:
    """Shows steps; use it as a context manager."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet, self._reported = quiet, time.monotonic()
        self._left = TimeLeft()
        self._draws = sys.stderr.isatty()
        self._bar: Bar | None = None

    def step(
        self,
        step: StepResult,
        before: str = "",
        *,
        done: float | None = None,
        last: bool = True,
    ) -> None:
        """Report a step.

        Args:
            step: it.
            before: what is said before it.
            done: share of all that is done after it; None: not known.
            last: whether the last step is told by all means.
        """
        left = "" if done is None else self._left(done)
        if self._quiet:
            return
        height, width = step.size
        where = f"{before}step {step.step}/{step.steps} at {width}x{height}"
        ends = last and step.step == step.steps
        if self._draws and not ends:
            self._bar = (
                self._bar or self._begun()
            )  # not before: messages of what is read come first
            self._bar.update(
                self._bar.task_ids[0],
                description=where,
                completed=done,
                total=done and 1,
                left=left,
            )
        elif ends or time.monotonic() - self._reported >= _SECONDS:
            self.close()
            self._reported = time.monotonic()
            energies = ", ".join(f"{name} {value:.4g}" for name, value in step.energies.items())
            terminal.say(f"{where}: {energies}{left and '; '}{left}")

    def _begun(self) -> Bar:
        """Return a bar that is drawn."""
        from rich.console import Console
        from rich.progress import BarColumn, TextColumn
        from rich.progress import Progress as Bar

        bar = Bar(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[left]}"),
            console=Console(file=terminal.drawing),
            transient=True,
        )
        bar.add_task("painting", total=None, left="")
        bar.start()
        return bar

    def picture(self, step: StepResult) -> None:
        """Report a step of a picture."""
        self.step(step, done=step.done)

    def frame(self, step: FrameStep) -> None:
        """Report a step of a frame."""
        prefix = f"style {step.painting}, " if step.paintings > 1 else ""
        prefix += f"pass {step.pass_number}, " if step.pass_number > 1 else ""
        before = f"{prefix}frame {step.number + 1}/{step.frames}, "
        self.step(step.step, before, done=step.done, last=False)

    def end(self, target: Path) -> None:
        """Report the output."""
        self.close()
        if not self._quiet:
            terminal.say(str(target))

    def close(self) -> None:
        """Take the bar away; lines may follow."""
        if self._bar:
            self._bar.stop()
            self._bar = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
