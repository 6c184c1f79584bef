"""The pass over a whole video: its pictures in order; what lies beside them goes to `Passthrough`."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from functools import partial
from typing import Any

import av

from vidstyle.errors import InputError
from vidstyle.media.address import Location
from vidstyle.media.decoder import PictureDecoder
from vidstyle.media.demuxer import Demuxer
from vidstyle.media.facts import duration_of, start_of
from vidstyle.media.passthrough import Passthrough
from vidstyle.media.pipes import is_pipe
from vidstyle.media.reading import Reading
from vidstyle.media.routes import kind_of

log = logging.getLogger(__name__)

_SLACK = Fraction(1, 2)
"""Seconds by which a file may end before the end that it promises."""

_READ_ON = 5
"""Seconds behind the end at which sound before it is no longer expected."""


def time_of(picture: av.VideoFrame) -> Fraction:
    """Return a picture's time in seconds."""
    return (picture.pts or 0) * Fraction(picture.time_base or 0)


def between(
    pictures: Iterable[av.VideoFrame], begin: Fraction | None, end: Fraction | None
) -> Iterator[av.VideoFrame]:
    """Yield the pictures from a time on and before another, in seconds; None sets no bound."""
    for picture in pictures:
        time = time_of(picture)
        if end is not None and time >= end:
            return
        if begin is None or time >= begin:
            yield picture


def apart(step: Fraction, pictures: Iterable[av.VideoFrame]) -> Iterator[av.VideoFrame]:
    """Leave out the pictures that come sooner than `step` seconds after the last one yielded."""
    due: Fraction | None = None
    for picture in pictures:
        time = time_of(picture)
        if due is None or time >= due:
            due = time + step
            yield picture


def growing(
    pictures: Iterable[av.VideoFrame], on_disorder: Callable[[], None]
) -> Iterator[av.VideoFrame]:
    """Yield the pictures whose times grow: no encoder takes others. The first other is reported."""
    last: Fraction | None = None
    in_order = True
    for picture in pictures:
        time = time_of(picture)
        if last is None or time > last:
            last = time
            yield picture
        elif in_order:
            in_order = False
            on_disorder()


class Pictures:
    """Reads a video from its first to its last picture, once, and counts what is damaged."""

    def __init__(
        self,
        path: Location,
        reading: Reading,
        container: Any,
        stream: Any,
        passthrough: Passthrough,
    ) -> None:
        """Take an open input, and go to where reading begins.

        Args:
            path: of the input.
            reading: what is read of it.
            container: the input itself.
            stream: its stream that is painted.
            passthrough: takes the packets of other streams; knows the first and last time.
        """
        self._path = path
        self._reading = reading
        self._container = container
        self._stream = stream
        self._passthrough = passthrough
        self._start = start_of(container)
        self._damage = 0
        self._reached = Fraction(0)
        """The last time of any stream so far, seconds from the start."""
        self._last: Fraction | None = None
        """The last time of a picture so far, seconds of the input."""
        packets = Demuxer(container, stream, passthrough.streams, self.on_damage)
        if reading.start and not is_pipe(path):
            packets.seek(passthrough.origin, self._start)
        self._packets = iter(packets)
        self._decoder = PictureDecoder(
            container, stream, self._packets, self._pass, self.on_damage, rate=reading.fps
        )

    @property
    def made_rate(self) -> Fraction | None:
        """Frames a second of a stream without times; None where it has times."""
        return self._decoder.made_rate

    @property
    def damage(self) -> int:
        """Places so far where something of the file was lost."""
        return self._damage + self._passthrough.lost

    def on_damage(self, how: str) -> None:
        """Count a place that is damaged.

        Raises:
            InputError: the reading is strict.
        """
        self._damage += 1
        if self._reading.strict:
            raise InputError(f"{self._path} {how}; without `strict` it would be finished")
        log.info("%s %s", self._path, how)

    def __iter__(self) -> Iterator[av.VideoFrame]:
        """Yield the pictures between start and end."""
        begin = self._passthrough.origin if self._reading.start else None
        end = self._passthrough.end
        warn = partial(log.warning, "frames of %s are dropped: their times do not grow", self._path)
        for picture in between(growing(self._checked(), warn), begin, end):
            if picture.is_corrupt and self._reading.corrupt == "drop":
                self.on_damage("holds a damaged frame")
                continue
            yield picture
        if self._last is None:
            return
        if end is not None and self._last >= end:
            self._finish_sound(end)
        else:
            self._check_end()

    def _checked(self) -> Iterator[av.VideoFrame]:
        """Yield all pictures, which must be of one size."""
        size: tuple[int, int] | None = None
        captioned = False
        for picture in self._decoder:
            size = size or (picture.width, picture.height)
            if (picture.width, picture.height) != size:
                raise InputError(
                    f"{self._path} changes its size from {size[0]}x{size[1]} to "
                    f"{picture.width}x{picture.height} on the way; cut it there first"
                )
            time = time_of(picture)
            self._reach(time + (picture.duration or 0) * Fraction(picture.time_base or 0))
            self._last = time if self._last is None else max(self._last, time)
            if not captioned and picture.side_data.get("A53_CC") is not None:
                captioned = True
                log.warning("closed captions inside the video are dropped: no encoder takes them")
            yield picture

    def _pass(self, packet: Any) -> None:
        """Take a packet of another stream."""
        if packet.pts is not None and packet.time_base and kind_of(packet.stream) != "cover":
            self._reach((packet.pts + (packet.duration or 0)) * packet.time_base)
        self._passthrough.put(packet)

    def _reach(self, time: Fraction) -> None:
        self._reached = max(self._reached, time - self._start)

    def _finish_sound(self, end: Fraction) -> None:
        """Read on for what sounds before the end and lies behind it in the file."""
        waiting = {s.index for s in self._passthrough.streams if s.type == "audio"}
        for packet in self._packets:
            if not waiting:
                return
            if packet.pts is None or not packet.time_base:
                continue
            time = packet.pts * packet.time_base
            if packet.stream is not self._stream:
                self._passthrough.put(packet)
            if time >= end:
                waiting.discard(packet.stream.index)
            if time > end + _READ_ON:
                return

    def _check_end(self) -> None:
        """Notice a file that was cut off: it promises more time than any of its streams reached."""
        promised = duration_of(self._container)
        if len([s for s in self._container.streams.video if kind_of(s) == "video"]) > 1:
            # What is promised may be the end of a stream that is not read.
            read = [s for s in (self._stream, *self._passthrough.streams) if s.duration]
            promised = max((s.duration * s.time_base for s in read), default=Fraction(0))
        if self._reached < promised - _SLACK:
            reached, expected = float(self._reached), float(promised)
            log.warning("%s is truncated: it ends at %.1f of %.1f s", self._path, reached, expected)
            self.on_damage(f"is truncated: it ends at {reached:.1f} of {expected:.1f} s")
