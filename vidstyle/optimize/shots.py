"""Finds the starts of a clip's shots, as the fast stylizer does."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from vidstyle.frame import Pixels
from vidstyle.stylize.shots import Shot, thumbnail


def find_shots(frames: Iterable[Pixels]) -> Iterator[bool]:
    """Yield of each frame whether it begins a shot."""
    shot: Shot | None = None
    for frame in frames:
        now = thumbnail(frame)
        if shot is None:
            shot, same = Shot.first(now), False
        else:
            shot, same = shot.follow(now)
        yield not same
