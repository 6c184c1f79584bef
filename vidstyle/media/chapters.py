"""Chapters of a part of an input."""

from __future__ import annotations

from fractions import Fraction
from typing import Any


def chapters_between(container: Any, begin: Fraction, end: Fraction | None) -> list[Any]:
    """Return an input's chapters, as PyAV gives them, cut to a part of it and counted from there.

    Args:
        container: the open input.
        begin: of the part, seconds of the input.
        end: likewise; None: where the input ends.
    """
    chapters = []
    for chapter in container.chapters():
        base = chapter["time_base"]
        if base is None:
            continue
        first, last = (round((chapter[k] * base - begin) / base) for k in ("start", "end"))
        if end is not None:
            last = min(last, round((end - begin) / base))
        if last > max(first, 0):
            chapters.append({**chapter, "start": max(first, 0), "end": last})
    return chapters
