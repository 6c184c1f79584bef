"""Frames from all over a clip: whether they can be sought, and how they are taken where they cannot."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from vidstyle.frame import Frame
from vidstyle.media.containers import is_sequence
from vidstyle.media.facts import duration_of
from vidstyle.media.video import Video

SHORT = 20
"""Seconds of a clip that is rather decoded from end to end than sought in."""


def can_seek(video: Video) -> bool:
    """Return whether frames of a video can be sought: it can be read again, and its duration is known."""
    once = video.is_read_once or is_sequence(video.path) or video.reading.is_raw
    return bool(seconds_of(video)) and not once


def seconds_of(video: Video) -> Fraction:
    """Return the duration of what is read of a video, 0 where it is not known."""
    reading, seconds = video.reading, duration_of(video.container)
    if seconds and reading.end is not None:
        seconds = min(seconds, reading.end)
    return max(Fraction(0), seconds - (reading.start or 0))


def thinned(frames: Iterator[Frame], number: int) -> list[Frame]:
    """Return up to `number` frames, evenly from all over what has no known end."""
    kept: list[Frame] = []
    every = 1
    for index, frame in enumerate(frames):
        if index % every == 0:
            if len(kept) == number:
                kept, every = kept[::2], 2 * every
            if index % every == 0:
                kept.append(frame)
    return kept
