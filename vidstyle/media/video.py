"""An opened video: its facts, which do not change, and reads of it, as many as are wanted."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import chain, islice
from typing import Any, Self

import av

from vidstyle.errors import InputError
from vidstyle.frame import Frame, StreamInfo
from vidstyle.media.address import Location
from vidstyle.media.decoder import PictureDecoder
from vidstyle.media.demuxer import Demuxer
from vidstyle.media.facts import PictureFacts, check_colors, describe, start_of
from vidstyle.media.frames import FrameMaker
from vidstyle.media.hdr import mastering_of
from vidstyle.media.inputs import PIPED_MP4, feed_of, open_input
from vidstyle.media.passthrough import Passthrough
from vidstyle.media.pictures import Pictures, apart, between, growing, time_of
from vidstyle.media.pipes import Feed, is_pipe
from vidstyle.media.reading import Reading
from vidstyle.media.routes import kind_of

log = logging.getLogger(__name__)

_TICK = Fraction(1, 1000)
"""Seconds by which rounding may put a frame before the time at which it is asked for."""


@dataclass(frozen=True, repr=False, eq=False)
class Video:
    """A video that is open. Use it as a context manager: once closed, only plain values remain.

    Opening begins the one read that yields all of it, `frames`, and decodes the first of them for
    the facts. `read` begins another read of a file; each may run in a thread of its own.
    """

    path: Location
    reading: Reading
    """The options of the read."""
    container: Any
    """The open input."""
    stream: Any
    """The stream that is painted."""
    picture: PictureFacts
    accelerated: bool
    """Hardware decodes it."""
    info: StreamInfo
    """Of the frames as they come."""
    passthrough: Passthrough
    """Takes the packets of other streams while `frames` is read."""
    frames: Iterator[Frame]
    """All frames, once: upright, in presentation order."""
    _pictures: Pictures
    _rest: Generator[Frame, None, None]
    _feed: Feed | None
    _of_thread: threading.local = field(default_factory=threading.local)
    """What the reads of one thread, but for `frames`, hand on."""

    @classmethod
    def open(
        cls,
        path: Location,
        reading: Reading | None = None,
        *,
        stop: Callable[[], None] | None = None,
        look_only: bool = False,
    ) -> Self:
        """Open a video and decode its first frame.

        Args:
            path: the file, a sequence such as frames/%05d.png, an address, or `-` for standard input.
            reading: the options of the read.
            stop: called while a pipe or a server is waited for; raises to stop.
            look_only: nothing is painted, and so colors are not refused.

        Raises:
            InputError: no such file, no video in it, or one that is refused.
        """
        reading = reading or Reading()
        feed = feed_of(path, stop)
        try:
            container = open_input(path, reading, feed)
            try:
                with _told_as_input_error(path):
                    return cls._begin(path, reading, container, feed, look_only=look_only)
            except BaseException:
                container.close()
                raise
        except BaseException:
            if feed:
                feed.give_up()
                if feed.stopped:
                    raise feed.stopped from None
            raise

    @classmethod
    def _begin(
        cls,
        path: Location,
        asked: Reading,
        container: Any,
        feed: Feed | None,
        *,
        look_only: bool,
    ) -> Self:
        stream = _painted_stream(path, container)
        asked.check_size(path, stream.width, stream.height)
        # Threads that decode a frame each hold back as many frames.
        stream.thread_type = "SLICE" if asked.low_latency else "AUTO"
        reading = asked.once_open()
        start = start_of(container)
        origin = start + (reading.start or 0)
        end = None if reading.end is None else start + reading.end
        passthrough = Passthrough(container, stream, origin, end, strict=reading.strict)
        pictures = Pictures(path, reading, container, stream, passthrough)
        remaining = iter(pictures)
        first_picture = next(remaining, None)
        if first_picture is None:
            raise _no_frame(path, reading, container, feed)
        accelerated = bool(reading.hwaccel and stream.codec_context.is_hwaccel)
        if reading.hwaccel and not accelerated:
            log.warning("`hwaccel` %s cannot be used here; decoding on the CPU", reading.hwaccel)
        facts = PictureFacts.of(first_picture, stream)
        if not look_only:
            check_colors(path, reading, facts, first_picture)
        if facts.color.is_hdr and reading.hdr == "passthrough":
            passthrough.mastering = mastering_of(first_picture)
        passthrough.projection = facts.projection
        if reading.keep_rotation:
            passthrough.display_matrix = facts.orientation.matrix
        maker = FrameMaker(path, reading, facts, origin, stream)
        shown = chain([first_picture], remaining)
        rest = maker.frames(shown, pictures.on_damage, pictures.on_change)
        first = next(rest, None)
        if first is None:
            raise _no_frame(path, reading, container, feed)
        return cls(
            path=path,
            reading=asked,
            container=container,
            stream=stream,
            picture=facts,
            accelerated=accelerated,
            info=describe(container, stream, reading, facts, first, pictures.made_rate),
            passthrough=passthrough,
            frames=chain([first], rest, _lost(feed, pictures.on_damage)),
            _pictures=pictures,
            _rest=rest,
            _feed=feed,
        )

    @property
    def damage(self) -> int:
        """Places so far where `frames` lost something of the file."""
        return self._pictures.damage

    @property
    def is_read_once(self) -> bool:
        """True where there is no `read` beside `frames`: a pipe, or a stream without times."""
        return is_pipe(self.path) or self._pictures.made_rate is not None

    def read(
        self,
        since: Fraction = Fraction(0),
        until: Fraction | None = None,
        *,
        step: Fraction = Fraction(0),
        referenced_only: bool = False,
        alpha: bool = True,
        max_pictures: int | None = None,
    ) -> Iterator[Frame]:
        """Read a part once more, beside `frames`: each picture as a frame, upright and scaled.

        The pictures keep their times and their fields: none is made for another frame rate. The CPU
        decodes them. Damaged ones are left out, since `frames` tells of them.

        Args:
            since: seconds, on the clock of `frames`, of the first frame.
            until: the read ends before this time; None: where `frames` ends.
            step: seconds at least from one frame to the next.
            referenced_only: leave out the pictures that no other refers to, which is faster.
            alpha: keep transparency, if `reading` does.
            max_pictures: the most pictures that are decoded; None: all.

        Raises:
            InputError: the video cannot be read again: a pipe, or a stream without times.
        """
        origin = self.passthrough.origin
        ends = (self.passthrough.end, None if until is None else origin + until)
        end = min((e for e in ends if e is not None), default=None)
        with self._decoding(since, alpha=alpha, referenced_only=referenced_only) as (
            decoder,
            maker,
        ):
            pictures = growing(islice(decoder, max_pictures), _ignore)
            pictures = between(pictures, origin + since - _TICK, end)
            whole = (picture for picture in pictures if not picture.is_corrupt)
            yield from maker.frames(apart(step, whole), _ignore, _ignore)

    def keyframe(self, time: Fraction) -> Frame | None:
        """Read the keyframe from which the picture at a time is decoded: soon, however far from each other they are.

        Args:
            time: seconds, on the clock of `frames`.

        Returns:
            None where it lies before what `frames` yields, or cannot be decoded.

        Raises:
            InputError: see `read`.
        """
        begin = self.passthrough.origin - _TICK
        with self._decoding(time, keyframes_only=True) as (decoder, maker):
            first = (p for p in islice(decoder, 1) if time_of(p) >= begin and not p.is_corrupt)
            return next(maker.frames(first, _ignore, _ignore), None)

    @contextlib.contextmanager
    def _decoding(
        self,
        since: Fraction,
        *,
        alpha: bool = True,
        referenced_only: bool = False,
        keyframes_only: bool = False,
    ) -> Iterator[tuple[PictureDecoder, FrameMaker]]:
        """Open the file once more, and go to the last keyframe before a time."""
        if self._pictures.made_rate:
            raise InputError(f"{self.path} holds no times by which to find a frame")
        reading = replace(
            self.reading.once_open(),
            fps=None,
            deinterlace="off",
            alpha=self.reading.alpha and alpha,
        )
        origin = self.passthrough.origin
        with _told_as_input_error(self.path), self.again() as container:
            stream = container.streams[self.stream.index]
            stream.thread_type = "AUTO"
            # The other streams tell whether a gap is a pause.
            others = [container.streams[s.index] for s in self.passthrough.streams]
            packets = Demuxer(container, stream, others, _ignore, _ignore)
            if since or reading.start:
                packets.seek(origin + since, start_of(container))
            decoder = PictureDecoder(
                *(container, stream, iter(packets), _ignore, _ignore),
                alpha=alpha,
                referenced_only=referenced_only,
                keyframes_only=keyframes_only,
            )
            # Tables for HDR take seconds to make.
            converters = vars(self._of_thread).setdefault("converters", {})
            yield (
                decoder,
                FrameMaker(self.path, reading, self.picture, origin, stream, converters),
            )

    def packet_times(self, max_packets: int) -> list[int]:
        """Return the times of the first `max_packets` packets, sorted, in units of the stream; none is decoded.

        Raises:
            InputError: the video cannot be read again.
        """
        times: list[int] = []
        # What damage there is, decoding finds.
        with self.again() as container, contextlib.suppress(av.FFmpegError):
            for packet in islice(
                container.demux(container.streams[self.stream.index]), max_packets
            ):
                times += [packet.pts] if packet.pts is not None else []
        return sorted(times)

    @contextlib.contextmanager
    def again(self) -> Iterator[Any]:
        """Open the input once more, for a read beside `frames`.

        Raises:
            InputError: it can be read only once: a pipe.
        """
        if is_pipe(self.path):
            raise InputError("standard input can be read only once")
        feed = feed_of(self.path)
        try:
            # A hardware decoder would be set up anew for every read.
            with open_input(self.path, replace(self.reading, hwaccel=None), feed) as container:
                yield container
        finally:
            if feed:
                feed.give_up()

    def give_up(self) -> None:
        """End a read that waits for a pipe or a server; from another thread."""
        if self._feed:
            self._feed.give_up()

    def close(self) -> None:
        """Close the input, and with it `frames`."""
        self.give_up()
        self._rest.close()
        self.container.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@contextlib.contextmanager
def _told_as_input_error(path: Location) -> Iterator[None]:
    try:
        yield
    except av.FFmpegError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from error


def _painted_stream(path: Location, container: Any) -> Any:
    for stream in container.streams.video:
        if stream.codec_context and kind_of(stream) == "video":
            return stream
    found = ", ".join(sorted({kind_of(s) for s in container.streams} - {"cover"})) or "nothing"
    raise InputError(f"cannot stylize {path}: no video in it, only {found}")


def _no_frame(path: Location, reading: Reading, container: Any, feed: Feed | None) -> InputError:
    if feed and feed.failure:
        return InputError(f"cannot read {path}: {feed.failure}")
    cut = reading.start or reading.end is not None
    where = " between `start` and `end`" if cut else ""
    if is_pipe(path) and "mp4" in container.format.name and not cut:
        where = f"; if its index comes last, write mp4 for a pipe with {PIPED_MP4}"
    return InputError(f"cannot stylize {path}: not one frame could be decoded{where}")


def _lost(feed: Feed | None, on_damage: Callable[[str], None]) -> Iterator[Frame]:
    """Tell, behind the last frame, of a feed that failed before its end; yield none."""
    if feed and feed.failure:
        log.warning("the rest of %s is lost: %s", feed.name, feed.failure)
        on_damage(f"cannot be read further: {feed.failure}")
    return
    yield


def _ignore(*_: object) -> None:
    """Do nothing: the read of `frames` handles it."""
