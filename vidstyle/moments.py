"""Some moments of a video: those that are asked for, or some from all over its shots."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import chain

import cv2
import numpy as np

from vidstyle.errors import InputError, UsageError
from vidstyle.frame import Frame, Pixels
from vidstyle.media.spread import SHORT, can_seek, seconds_of, thinned
from vidstyle.media.video import Video
from vidstyle.stylize.shots import CUT_AHEAD, thumbnail

_LOOKED_AT = 4
"""Frames that are looked at for each moment; so many in all at most, if it is not for more moments."""

_MOST = 48

_DULL = 6.0
"""Contrast, the standard deviation in levels of 255, of a frame between two shots: black, or white."""

_BACK = Fraction(1, 4), Fraction(4)
"""Seconds before a time in which the frame that is shown then is sought first."""

_TICK = Fraction(1, 1000)
"""Seconds by which rounding may put a frame behind the time at which it is asked for."""


@dataclass(frozen=True, repr=False)
class Moment:
    """A frame and its time."""

    frame: Frame
    time: Fraction | None
    """Seconds, in time of the input; None: there is but one frame."""


def find_moments(
    video: Video,
    count: int,
    at: Sequence[Fraction] = (),
    stop: Callable[[], None] | None = None,
    *,
    named: str = "at",
) -> list[Moment]:
    """Return moments of an open video, whose `frames` are used up where it cannot be read again.

    Args:
        video: the video.
        count: how many, at most, from all over its shots; in their order.
        at: seconds, in time of the input: these instead, in the order in which they are given.
        stop: called often; raises to stop.
        named: the field that times are given as, for messages.

    Raises:
        UsageError: a time is not in the video.
    """
    start = video.reading.start or Fraction(0)
    frames: Iterable[Frame] = (
        _at(video, [time - start for time in at], named) if at else _candidates(video, count)
    )
    found = []
    for frame in frames:
        if stop:
            stop()
        found.append(frame)
    if not at:
        found = _spread(found, count)
    if can_seek(video) and _is_combed(video):
        found = [replace(frame, pixels=_one_field(frame.pixels)) for frame in found]
    alone = len(found) == 1 and not at
    return [Moment(f, None if alone else f.pts * f.time_base + start) for f in found]


def _is_combed(video: Video) -> bool:
    """Return whether the rows of a frame that `read` gives are of two moments: it makes no new ones, unlike `frames`."""
    reading, picture = video.reading, video.picture
    as_stored = reading.size is None and not picture.painted_orientation(reading).transposed
    return picture.interlaced and reading.deinterlace != "off" and as_stored


def _one_field(pixels: Pixels) -> Pixels:
    height, width, _ = pixels.shape
    rows = cv2.resize(pixels[::2], (width, height), interpolation=cv2.INTER_LINEAR)
    return rows.astype(pixels.dtype, copy=False)


def _candidates(video: Video, count: int) -> Iterable[Frame]:
    """Return frames from all over a video, in their order."""
    number = max(count, min(_LOOKED_AT * count, _MOST))
    if not can_seek(video):
        return thinned(video.frames, number)
    seconds = seconds_of(video)
    step = seconds / number
    if seconds <= SHORT:
        return video.read(step=step, referenced_only=True)
    times = [step * (2 * n + 1) / 2 for n in range(number)]
    keyframes = {frame.pts: frame for time in times if (frame := video.keyframe(time))}
    if len(keyframes) >= count:
        return keyframes.values()
    middles = [seconds * (2 * n + 1) / (2 * count) for n in range(count)]
    return (frame for time in middles if (frame := next(video.read(time), None)))


def _spread(frames: Sequence[Frame], count: int) -> list[Frame]:
    """Return up to `count` of some frames: of each shot, more of a long one, and the richest."""
    thumbnails = [thumbnail(frame.pixels) for frame in frames]
    rich = [n for n, now in enumerate(thumbnails) if now.std() > _DULL]
    if len(rich) >= count:
        frames, thumbnails = [frames[n] for n in rich], [thumbnails[n] for n in rich]
    shots: list[list[int]] = []
    for index, now in enumerate(thumbnails):
        if index and np.abs(now - thumbnails[index - 1]).mean() <= CUT_AHEAD:
            shots[-1].append(index)
        else:
            shots.append([index])
    if len(shots) > count:
        shots = [shots[(2 * n + 1) * len(shots) // (2 * count)] for n in range(count)]
    shares = [1] * len(shots)
    for _ in range(min(count, sum(map(len, shots))) - len(shots)):
        longest = max(range(len(shots)), key=lambda n: len(shots[n]) / shares[n])
        shares[longest] += 1
    parts = (
        shot[n * len(shot) // share : (n + 1) * len(shot) // share]
        for shot, share in zip(shots, shares, strict=True)
        for n in range(share)
    )
    return [frames[max(part, key=lambda n: float(thumbnails[n].std()))] for part in parts]


def _at(video: Video, times: Sequence[Fraction], named: str) -> Iterable[Frame]:
    """Return the frames that are shown at times, seconds from where the read begins."""
    if can_seek(video):
        _check(times, seconds_of(video), video, named)
        return (_shown(video, time) for time in times)
    shown: dict[Fraction, Frame] = {}
    first = last = next(video.frames)
    for last in chain([first], video.frames):
        coming = [time for time in times if time + _TICK >= last.pts * last.time_base]
        if not coming:
            break
        shown |= dict.fromkeys(coming, last)
    else:
        lasts = last.duration * last.time_base if last.duration else 1 / video.info.even_rate
        _check(times, last.pts * last.time_base + lasts, video, named)
    return [shown.get(time, first) for time in times]


def _check(times: Sequence[Fraction], end: Fraction, video: Video, named: str) -> None:
    start = video.reading.start or Fraction(0)
    for time in times:
        if not 0 <= time < end:
            raise UsageError(
                f"expected `{named}` from {float(start):g} to {float(start + end):g} s, where {video.path} ends, "
                f"got {float(start + time):g} s"
            )


def _shown(video: Video, time: Fraction) -> Frame:
    """Read the frame that is shown at a time, which may have begun long before."""
    for back in (*_BACK, time):
        reads = video.read(max(Fraction(0), time - back), time + _TICK)
        if last := deque(reads, maxlen=1):
            return last[0]
    found = next(video.read(time), None)  # nothing is shown before it
    if found is None:
        raise InputError(f"cannot read {video.path} at {float(time):g} s")
    return found
