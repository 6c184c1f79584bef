"""The frames of a clip that its painter gets, and those that are learned with his."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

import numpy as np

from vidstyle.errors import UsageError
from vidstyle.frame import Pixels
from vidstyle.images.files import load_picture
from vidstyle.media.address import Location
from vidstyle.media.reading import Reading
from vidstyle.media.spread import SHORT, can_seek
from vidstyle.media.video import Video
from vidstyle.moments import Moment, find_moments
from vidstyle.stylize.shots import CUT_AHEAD, Shot, thumbnail

_TICK = Fraction(1, 1000)
"""Seconds by which rounding may put a frame behind the time at which it is asked for."""

_SAMPLES, _BYTES = 24, 2**28
"""Unpainted frames that are learned with, and about as many bytes of them."""


def frames_at(
    source: Location,
    times: Sequence[Fraction],
    reading: Reading | None = None,
    *,
    named: str = "at",
    stop: Callable[[], None] | None = None,
) -> list[Moment]:
    """Return the frames that are shown at times, to the bit as a network gets them.

    Args:
        source: the video; of standard input, all up to the last time is read.
        times: seconds, in time of the input.
        reading: what is read, and how: it decides size, rotation, fields and colors.
        named: the field that times are given as, for messages.
        stop: called often; raises to stop.

    Raises:
        UsageError: a time is not in the video.
        InputError: it cannot be read.
    """
    with Video.open(source, reading, stop=stop) as video:
        woven = video.picture.interlaced and video.reading.deinterlace != "off"
        if not (woven or video.reading.fps):
            return find_moments(video, len(times), times, stop, named=named)
        # Fields become frames, and times even ones, by what came before: only a read from the beginning makes the same.
        start = video.reading.start or Fraction(0)
        found: dict[Fraction, Moment] = {}
        last = Fraction(0)
        for frame in video.frames:
            if stop:
                stop()
            now = frame.pts * frame.time_base
            moment = Moment(frame, now + start)
            found |= {t: moment for t in times if now <= t - start + _TICK or t not in found}
            last = now + (frame.duration or 0) * frame.time_base
            if all(now > t - start + _TICK for t in times):
                break
        for time in times:
            if not start <= time <= start + last:
                raise UsageError(
                    f"expected `{named}` from {float(start):g} to {float(start + last):g} s, where {source} ends, "
                    f"got {float(time):g} s"
                )
        return [found[t] for t in times]


@dataclass(frozen=True, repr=False)
class Shots:
    """Frames of a clip, parted at its cuts."""

    parts: list[list[Pixels]]
    """(H, W, 3) uint8: those of each shot, in their order."""
    of: list[int]
    """The shot of each frame that was asked for."""


def shots_of(
    source: Location,
    keyframes: Sequence[Moment],
    reading: Reading | None = None,
    *,
    stop: Callable[[], None] | None = None,
) -> Shots:
    """Return frames from all over a clip by its shots, with some given ones among them.

    Raises:
        UsageError: it has but one frame.
        InputError: it cannot be read.
    """
    with Video.open(source, reading, stop=stop) as video:
        pixels = video.info.width * video.info.height
        samples = find_moments(video, max(4, min(_SAMPLES, _BYTES // (3 * pixels))), stop=stop)
        given = {k.time for k in keyframes}
        others = [m for m in samples if m.time is not None and m.time not in given]
        if len(given) + len(others) < 2:
            raise _one_frame(source)
        moments = sorted([*others, *keyframes], key=lambda moment: moment.time or 0)
        parts = [[moments[0]]]
        for before, moment in pairwise(moments):
            if stop:
                stop()
            if _is_cut(video, before, moment):
                parts.append([])
            parts[-1].append(moment)
    places = {id(moment): n for n, part in enumerate(parts) for moment in part}
    pictures = [[load_picture(moment.frame.pixels) for moment in part] for part in parts]
    return Shots(pictures, [places[id(k)] for k in keyframes])


def _is_cut(video: Video, before: Moment, after: Moment) -> bool:
    """Return whether a cut lies between two frames of an open video, which change too in a shot whose camera moves."""
    first, last = (thumbnail(moment.frame.pixels) for moment in (before, after))
    if np.abs(last - first).mean() <= CUT_AHEAD:
        return False
    start = video.reading.start or Fraction(0)
    since, until = ((moment.time or Fraction(0)) - start for moment in (before, after))
    if until - since > SHORT or not can_seek(video):
        return True
    shot = Shot.first(first)
    for frame in video.read(since, until + _TICK):
        shot, same = shot.follow(thumbnail(frame.pixels), rises=False)
        if not same:
            return True
    return False


def spread(source: Location, count: int, reading: Reading | None = None) -> list[Fraction]:
    """Return the times, seconds in time of the input, of frames of a clip that are worth being painted.

    Raises:
        UsageError: it has but one frame.
        InputError: it cannot be read.
    """
    with Video.open(source, reading) as video:
        found = find_moments(video, max(2, count))
    if len(found) < 2:
        raise _one_frame(source)
    return [moment.time or Fraction(0) for moment in found[:count]]


def _one_frame(source: Location) -> UsageError:
    return UsageError(
        f"expected a clip, got one frame in {source}: there is nothing that could follow a keyframe"
    )
