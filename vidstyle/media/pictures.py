"""The pass over a whole video: its pictures in order; what lies beside them goes to `Passthrough`."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
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
from vidstyle.media.side_data import side_data_of

log = logging.getLogger(__name__)

_SLACK = Fraction(1, 2)
"""Seconds by which a file may end before the end that it promises."""

_SAME_TIME = Fraction(1, 10)
"""Seconds at most over which pictures of one time are spread."""

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
    """Yield the pictures with times that grow: no encoder takes others.

    Those of one time are spread over the time until the next one. What fits nowhere is left out, and reported.
    """
    last: Fraction | None = None
    same: list[av.VideoFrame] = []  # behind the first one of the last time
    for picture in pictures:
        time = time_of(picture)
        if last is not None and time < last:
            on_disorder()
        elif time == last:
            same.append(picture)
        else:
            if last is not None and same:
                yield from _spread(same, last, min(time, last + _SAME_TIME), on_disorder)
            last, same = time, []
            yield picture
    if last is not None and same:
        yield from _spread(same, last, last + _SAME_TIME, on_disorder)


def _spread(
    pictures: list[av.VideoFrame], begin: Fraction, end: Fraction, on_disorder: Callable[[], None]
) -> Iterator[av.VideoFrame]:
    """Yield pictures at even times between two others, as far as there are different ones."""
    last = begin
    for number, picture in enumerate(pictures, 1):
        base = Fraction(picture.time_base or 0)
        picture.pts = round((begin + (end - begin) * number / (len(pictures) + 1)) / base)
        if last < time_of(picture) < end:
            last = time_of(picture)
            yield picture
        else:
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
        self._joined = False
        self._disordered = 0
        """Pictures so far whose times do not grow."""
        self._reached = Fraction(0)
        """The last time of any stream so far, seconds from the start."""
        self._last: Fraction | None = None
        """The last time of a picture so far, seconds of the input."""
        packets = Demuxer(container, stream, passthrough.streams, self.on_damage, self._on_join)
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

    def on_damage(self, how: str, places: int = 1) -> None:
        """Count places that are damaged.

        Raises:
            InputError: the reading is strict.
        """
        self._damage += places
        if self._reading.strict:
            raise InputError(f"{self._path} {how}; without `strict` it would be finished")
        log.info("%s %s", self._path, how)

    def on_change(self, how: str) -> None:
        """Tell of what changes on the way.

        Raises:
            InputError: the reading is strict.
        """
        if self._reading.strict:
            raise InputError(f"{self._path} {how}; `strict` refuses that")
        log.warning("%s %s", self._path, how)

    def __iter__(self) -> Iterator[av.VideoFrame]:
        """Yield the pictures between start and end."""
        begin = self._passthrough.origin if self._reading.start else None
        end = self._passthrough.end
        for picture in between(growing(self._checked(), self._on_disorder), begin, end):
            if picture.is_corrupt and self._reading.corrupt == "drop":
                self.on_damage("holds a damaged frame")
                continue
            yield picture
        if self._last is None:
            return
        self._count_lost(begin)
        if end is not None and self._last >= end:
            self._finish_sound(end)
        else:
            self._check_end()

    def _checked(self) -> Iterator[av.VideoFrame]:
        """Yield all pictures."""
        captioned = False
        for picture in self._decoder:
            time = time_of(picture)
            self._reach(time + (picture.duration or 0) * Fraction(picture.time_base or 0))
            self._last = time if self._last is None else max(self._last, time)
            if not captioned and side_data_of(picture, "A53_CC") is not None:
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

    def _on_join(self, time: float) -> None:
        log.warning(
            "times of %s jump at %.1f s, as where files were joined: they are made to run on",
            *(self._path, time - float(self._passthrough.origin)),
        )
        self._joined = True
        self._decoder.begin_anew()

    def _on_disorder(self) -> None:
        self._disordered += 1
        self.on_damage("holds a frame whose time does not grow")

    def _count_lost(self, begin: Fraction | None) -> None:
        """Count the frames of the file that are not among the pictures."""
        if self._disordered:
            message = "frames of %s are dropped, %d in all: their times do not grow"
            log.warning(message, self._path, self._disordered)
        lost = self._decoder.lost(begin)
        if lost:
            message = "frames of %s are lost, %d in all: they cannot be decoded"
            log.warning(message, self._path, lost)
        if lost > self._decoder.refused:  # which were counted already
            how = f"holds {lost} frames that cannot be decoded"
            self.on_damage(how, lost - self._decoder.refused)

    def _check_end(self) -> None:
        """Notice a file that was cut off: it promises more time or frames than it holds."""
        if self._joined:
            return  # FFmpeg takes the duration from the first time and the last one
        stream, end = self._stream, self._decoder.reached
        promised, reached = duration_of(self._container), self._reached
        if stream.duration and end is not None:
            # Another stream may be the longest, or one that is not read.
            promised = ((stream.start_time or 0) + stream.duration) * stream.time_base
            promised, reached = promised - self._start, end * stream.time_base - self._start
        elif len([s for s in self._container.streams.video if kind_of(s) == "video"]) > 1:
            # What is promised may be the end of a stream that is not read.
            read = [s for s in (stream, *self._passthrough.streams) if s.duration]
            promised = max((s.duration * s.time_base for s in read), default=Fraction(0))
        missing = self._missing()
        if missing:
            message = f"{missing} of {stream.frames} frames are missing"
        elif reached < promised - _SLACK:
            message = f"it ends at {float(reached):.1f} of {float(promised):.1f} s"
        else:
            return
        log.warning("%s is truncated: %s", self._path, message)
        self.on_damage(f"is truncated: {message}", max(1, missing))

    def _missing(self) -> int:
        """Return how many frames the file counts and does not hold."""
        stream, count = self._stream, self._stream.frames - self._decoder.packets
        if self._reading.start or count <= 0 or not (stream.duration and stream.average_rate):
            return 0
        # An edit list leaves frames out as well, and with them their time.
        gap = (stream.duration - self._decoder.span) * stream.time_base * stream.average_rate
        return count if gap > Fraction(count, 2) else 0
