"""What commands that make a picture write."""

from __future__ import annotations

import csv
import io
import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vidstyle.errors import MissingPackageError, OutputError, UsageError
from vidstyle.media.parts import PartFile, check_output

if TYPE_CHECKING:
    from vidstyle.optimize.descent import Step

CURVES = {".csv", ".png"}
"""Endings of a file of losses."""


def check_picture(target: Path, inputs: list[Path], *, overwrite: bool) -> None:
    """Refuse an output that is no picture, exists, or is an input, before any work is done."""
    if target.suffix.lower() not in {".png", ".jpg", ".jpeg"}:
        raise UsageError(f"expected an output that ends in .png or .jpg, got {target.name}")
    check_output(target, overwrite=overwrite)
    check_other(target, inputs)


def check_other(target: Path, inputs: list[Path]) -> None:
    """Refuse an output that is an input."""
    if any(target.exists() and p.exists() and target.samefile(p) for p in inputs):
        raise UsageError(f"{target} is an input itself; choose another `output`")


def check_curve(curve: Path, target: Path, inputs: list[Path], *, overwrite: bool) -> None:
    """Refuse a file of losses that cannot be written, or is the picture, or an input."""
    if curve.suffix.lower() not in CURVES:
        raise UsageError(f"expected a `curve` that ends in .csv or .png, got {curve.name}")
    if not curve.parent.is_dir() or curve.is_dir() or (curve.exists() and not overwrite):
        raise UsageError(
            f"cannot write {curve}: no such folder, or it exists already (`overwrite`)"
        )
    if curve.absolute() == target.absolute():
        raise UsageError(f"{curve} is the picture itself; choose another name for the curve")
    check_other(curve, inputs)
    if curve.suffix.lower() == ".png":
        try:
            import matplotlib  # noqa: F401 - asked for before hours of work, not after
        except ImportError as error:
            raise MissingPackageError(
                "a curve as PNG needs matplotlib: pip install matplotlib; or name it .csv"
            ) from error


def write_picture(target: Path, pixels: Any) -> None:
    """Write pixels (H, W, 3) RGB to a file that appears under its name when it is whole."""
    import cv2

    done, encoded = cv2.imencode(target.suffix, pixels[..., ::-1])
    if not done:
        raise OutputError(f"cannot write {target}: it could not be encoded")
    keep(target, encoded.tobytes())


def write_curve(target: Path, steps: Sequence[Step]) -> None:
    """Write losses as a table, or as a plot."""
    data = _plot(steps) if target.suffix.lower() == ".png" else _table(steps)
    keep(target, data)


def _table(steps: Sequence[Step]) -> bytes:
    text = io.StringIO(newline="")
    lines = csv.writer(text)
    names = list(steps[0].energies) if steps else []
    lines.writerow(["step", "width", "height", *names, "loss"])
    lines.writerows(
        [s.step, s.size[1], s.size[0], *(s.energies[name] for name in names), s.loss] for s in steps
    )
    return text.getvalue().encode()


def _plot(steps: Sequence[Step]) -> bytes:
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


def keep(target: Path, data: bytes) -> None:
    """Write a file that appears under its name when it is whole."""
    part = PartFile(target)
    try:
        part.file.write_bytes(data)
        part.commit(overwrite=True)
    except OSError as error:
        part.discard()
        raise OutputError(f"cannot write {target}: {error.strerror}") from error
