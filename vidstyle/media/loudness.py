"""How loud the sound of an input is over time, in a pass of its own that decodes nothing else."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from vidstyle.errors import InputError
from vidstyle.media.demuxer import Demuxer
from vidstyle.media.facts import start_of
from vidstyle.media.video import Video

RATE = 100
"""Values a second."""

_ATTACK, _RELEASE = 0.02, 0.3
"""Seconds in which the level rises, and falls, by 63 % of the way: a drum is seen at once, and no picture flickers
between two beats."""

_LOUDEST = 99
"""Percentile of the clip's level that counts as loudest: one click must not make the rest silent."""

_SAMPLES = 8000
"""Samples a second that are measured: beats and voices lie below half of it."""

Floats = NDArray[np.float32]


def levels(video: Video, stop: Callable[[], None] | None = None) -> Floats:
    """Return how loud the first sound of an open video is: (N,) from 0 to 1, `RATE` a second from the input's beginning.

    It is the root of the mean square, smoothed, over that of the loudest hundredth of the clip.

    Args:
        video: a file, or an address; its `reading` does not matter but for the format.
        stop: called often; raises to stop.

    Raises:
        InputError: there is no sound, or it cannot be read a second time, as a pipe.
    """
    power: list[float] = []
    for begin, samples in _samples(video, stop):
        first = begin * RATE // _SAMPLES
        numbers = (begin + np.arange(len(samples))) * RATE // _SAMPLES - first
        sums = np.bincount(numbers, samples.astype(np.float64) ** 2)
        power += [0.0] * (first + len(sums) - len(power))
        for number, part in enumerate(sums, first):
            if number >= 0:
                power[number] += part
    mean = np.sqrt(np.asarray(power) * RATE / _SAMPLES)
    smooth = _smoothed(mean)
    loudest = np.percentile(smooth, _LOUDEST) if len(smooth) else 0.0
    return np.asarray(np.clip(smooth / max(loudest, 1e-6), 0, 1), np.float32)


def _smoothed(level: NDArray[np.float64]) -> NDArray[np.float64]:
    rise, fall = (1 - np.exp(-1 / (RATE * seconds)) for seconds in (_ATTACK, _RELEASE))
    now, smooth = 0.0, np.empty_like(level)
    for number, value in enumerate(level.tolist()):
        now += (rise if value > now else fall) * (value - now)
        smooth[number] = now
    return smooth


def _samples(video: Video, stop: Callable[[], None] | None) -> Iterator[tuple[int, Floats]]:
    """Yield runs of samples (N,), mono, `_SAMPLES` a second, and the place of the first."""
    with video.again() as container:
        stream: Any = container.streams.best("audio")
        if stream is None:
            raise InputError(
                f"{video.path} has no sound that a number of the timeline could follow"
            )
        start = start_of(container)
        resampler = av.AudioResampler("flt", "mono", _SAMPLES)
        shape: tuple[Any, ...] | None = None
        # The video tells where recordings were joined, and is not decoded.
        for packet in Demuxer(
            container, container.streams[video.stream.index], [stream], _ignore, _ignore
        ):
            if stop:
                stop()
            if packet.stream.index != stream.index:
                continue
            with contextlib.suppress(av.FFmpegError):  # what is damaged is silent
                for frame in stream.codec_context.decode(packet if packet.size else None):
                    now = frame.format.name, frame.layout.name, frame.sample_rate
                    if now != shape:
                        resampler, shape = av.AudioResampler("flt", "mono", _SAMPLES), now
                    time = Fraction(frame.pts or 0) * Fraction(frame.time_base or 1) - start
                    # Each frame lies at its own time, so that gaps stay gaps.
                    begin = round(time * _SAMPLES)
                    for part in resampler.resample(frame):
                        run = np.asarray(part.to_ndarray(), np.float32).reshape(-1)
                        yield begin, run
                        begin += len(run)


def _ignore(*_: object) -> None:
    """Do nothing: the read that paints tells of damage."""
