"""Many results of one `vidstyle run`: a line for each, and one at the end."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import typer

from vidstyle.batch.plan import Source
from vidstyle.batch.report import Outcome, Report
from vidstyle.batch.work import Batch
from vidstyle.cli.progress import ProgressDisplay
from vidstyle.cli.signals import StopOnSignal
from vidstyle.cli.terminal import say
from vidstyle.cluster.options import Spreading
from vidstyle.errors import Interrupted
from vidstyle.files import Result


def paint_many(batch: Batch, spreading: Spreading, stop: StopOnSignal, *, quiet: bool) -> None:
    """Paint all, tell what became of each, and exit with the worst code."""
    settled: list[Outcome] = []

    with ProgressDisplay(quiet=quiet) as display:

        def tell(outcome: Outcome) -> None:
            settled.append(outcome)
            if outcome.status == "failed":
                display.say(f"{outcome.item}: {outcome.reason}")
            elif outcome.reason:
                display.say(f"{outcome.output} is finished, but {outcome.reason}")
            elif not quiet:
                display.say(_told(outcome))

        try:
            paint = partial(_spread, batch, spreading) if spreading.on else batch.paint
            report = paint(on_progress=display.of_many, on_outcome=tell, stop=stop)
        except Interrupted:
            display.say(f"{len(settled)} of {len(batch.plan.items)} results were settled")
            raise
    if not quiet:
        counts = ", ".join(f"{report.count(s)} {s}" for s in ("done", "skipped", "failed"))
        say(f"{counts} in {report.seconds:.1f} s")
    raise typer.Exit(report.exit_code)


def _spread(batch: Batch, spreading: Spreading, **told: Any) -> Report:
    from vidstyle.cluster import spread

    return spread.paint_many(batch, spreading, **told)


def _told(outcome: Outcome) -> str:
    if outcome.result is None:
        return f"{outcome.output} is there already, made of the same"
    return told(outcome.item.source, outcome.result)


def told(source: Source, result: Result) -> str:
    """Tell of a result: frames, time, and size."""
    summary = result.summary
    rate = (summary.frames - summary.resumed) / max(summary.seconds, 1e-6)
    frames = "1 frame" if summary.frames == 1 else f"{summary.frames} frames"
    earlier = f" ({summary.resumed} of them before)" if summary.resumed else ""
    return (
        f"{result.output}: {frames}{earlier} in {summary.seconds:.1f} s "
        f"({rate:.1f} fps) on {result.engine}{_size(source, result)}"
    )


def _size(source: Source, result: Result) -> str:
    """Say how large a file has become, beside the input where that is a file."""
    if not isinstance(result.output, Path) or not result.output.is_file():
        return ""
    size, read = result.output.stat().st_size, source.bytes
    said = f"{size / 1e6:.1f} MB" if size >= 1e6 else f"{size / 1e3:.0f} kB"
    return f", {said}" + (f", {size / read:.2g} times the input's" if read else "")
