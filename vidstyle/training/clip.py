"""The frames of a clip to learn from."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from itertools import islice

import numpy as np

from vidstyle.frame import Frame, Pixels
from vidstyle.media.address import Location
from vidstyle.media.reading import Reading
from vidstyle.media.spread import SHORT, can_seek, seconds_of, thinned
from vidstyle.media.video import Video

log = logging.getLogger(__name__)

_FRAMES, _FEWEST, _BYTES = 32, 8, 2**28
"""Frames that are taken, down to the fewest where they are so large that all would be more bytes than these."""

_DULL = 6.0
"""Contrast, the standard deviation in levels of 255, of a frame between two shots: black, or white."""


def clip_frames(
    path: Location, reading: Reading | None = None, *, stop: Callable[[], None] | None = None
) -> list[Pixels]:
    """Return frames (H, W, 3) uint8 from all over a clip, as they are painted; one at least, in their order.

    Args:
        path: a video, a picture, or numbered pictures; it is opened, and read, beside others who do.
        reading: what is read of it.
        stop: called often; raises to stop.

    Raises:
        InputError: no such file, or no video in it.
    """
    with Video.open(path, reading, stop=stop) as video:
        size = 3 * video.info.width * video.info.height
        frames = []
        for frame in _spread(video, max(_FEWEST, min(_FRAMES, _BYTES // size))):
            if stop:
                stop()
            pixels = frame.pixels
            frames.append(pixels if pixels.dtype == np.uint8 else (pixels >> 8).astype(np.uint8))
    frames = [frame for frame in frames if frame.std() > _DULL] or frames
    if len(frames) == 1:
        log.warning(
            "%s has one frame that tells something: what is fitted to it may not suit others", path
        )
    return frames


def _spread(video: Video, count: int) -> Iterable[Frame]:
    """Return up to so many frames, evenly over the time of a clip."""
    if not can_seek(video):
        return thinned(video.frames, count)
    seconds = seconds_of(video)
    if seconds <= SHORT:
        return islice(video.read(step=seconds / count), count)
    return _sought(video, [seconds * (2 * n + 1) / (2 * count) for n in range(count)])


def _sought(video: Video, times: Iterable[Fraction]) -> Iterator[Frame]:
    seen: set[int] = set()
    for time in times:
        frame = next(video.read(time), None)
        if frame is not None and frame.pts not in seen:
            seen.add(frame.pts)
            yield frame
    if not seen:
        yield next(video.frames)
