"""The files that the commands for pictures write: the picture, and the losses as a table or a plot."""

from __future__ import annotations

import csv
import io
import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from vidstyle.disk.pending import write_whole
from vidstyle.errors import MissingPackageError, UsageError
from vidstyle.media.overwriting import check_apart, check_replaceable
from vidstyle.optimize.pictures import check_picture, write_picture

if TYPE_CHECKING:
    from vidstyle.optimize.descent import StepResult

__all__ = [
    "check_curve",
    "check_picture",
    "write_curve",
    "write_picture",
]

CURVES = {".csv", ".png"}
"""Endings of a file of losses."""


def check_curve(curve: Path, target: Path, inputs: list[Path], *, overwrite: bool) -> None:
    """Refuse a file of losses that cannot be written, or is the picture, or an input."""
    if curve.suffix.lower() not in CURVES:
        raise UsageError(f"expected a `curve` that ends in .csv or .png, got {curve.name}")
    check_replaceable(curve, overwrite=overwrite, named="curve")
    if curve.resolve() == target.resolve():
        raise UsageError(f"{curve} is the picture itself; choose another `curve`")
    check_apart(curve, inputs, named="curve")
    if curve.suffix.lower() == ".png":
        try:
            import matplotlib  # noqa: F401 - asked for before hours of work, not after
        except ImportError as error:
            raise MissingPackageError(
                "a curve as PNG needs matplotlib: pip install matplotlib; or name it .csv"
            ) from error


def write_curve(target: Path, steps: Sequence[StepResult], *, overwrite: bool) -> None:
    """Write losses as a table, or as a plot."""
    data = _plot(steps) if target.suffix.lower() == ".png" else _table(steps)
    write_whole(target, data, overwrite=overwrite)


def _table(steps: Sequence[StepResult]) -> bytes:
    text = io.StringIO(newline="")
    lines = csv.writer(text)
    names = list(steps[0].energies) if steps else []
    lines.writerow(["step", "width", "height", *names, "loss"])
    lines.writerows(
        [s.step, s.size[1], s.size[0], *(s.energies[name] for name in names), s.loss] for s in steps
    )
    return text.getvalue().encode()


def _plot(steps: Sequence[StepResult]) -> bytes:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 5), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    numbers = [s.step for s in steps]
    axes.semilogy(numbers, [s.loss for s in steps], "k", linewidth=2, label="loss")
    for name in steps[0].energies if steps else []:
        axes.semilogy(numbers, [s.energies[name] for s in steps], linewidth=1, label=name)
    for before, after in itertools.pairwise(steps):
        if before.size != after.size:
            axes.axvline(after.step, color="0.7", linewidth=1)
    axes.set_xlabel("step")
    axes.legend()
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=120)
    return file.getvalue()
