"""Frames out of a video, each with its own time; everything else goes to `Passthrough`."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import av

from vidstyle.errors import InputError
from vidstyle.frame import ColorTags, Frame, StreamInfo
from vidstyle.media.color import bits_of, has_alpha, is_guessed, tags_of
from vidstyle.media.containers import is_sequence
from vidstyle.media.decoder import PictureDecoder
from vidstyle.media.demuxer import Demuxer
from vidstyle.media.filters import FilterChain, Steps
from vidstyle.media.hdr import mastering_of
from vidstyle.media.inputs import PIPED_MP4, open_input
from vidstyle.media.orientation import UPRIGHT, orientation_of
from vidstyle.media.passthrough import Passthrough
from vidstyle.media.pipes import InputPipe, is_pipe
from vidstyle.media.pixels import PixelConverter
from vidstyle.media.reading import Reading
from vidstyle.media.routes import kind_of

log = logging.getLogger(__name__)

_SLACK = Fraction(1, 2)
"""Seconds by which a file may end before the end that it promises."""

_READ_ON = 5
"""Seconds behind the end at which sound before it is no longer expected."""

_FINEST = 1_000_000
"""Ticks per second at most."""

_INTERLACED = {2, 3, 4, 5}
"""FFmpeg's field orders other than unknown and progressive."""


def _time(picture: av.VideoFrame) -> Fraction:
    """Return a picture's time in seconds."""
    return (picture.pts or 0) * Fraction(picture.time_base or 0)


_OF_THE_OLD_PIXELS = {
    "DOVI_METADATA": "Dolby Vision metadata",
    "DYNAMIC_HDR_PLUS": "HDR10+ metadata",
}


class FileSource:
    """A video file as an iterable of `Frame`, upright, in presentation order.

    Use it as a context manager. Everything needed later is in `info` and `passthrough`: nothing of
    the container may be touched after it is closed.
    """

    def __init__(
        self,
        path: Path,
        reading: Reading | None = None,
        *,
        stop: Callable[[], None] | None = None,
    ) -> None:
        """Open the file and decode its first frame.

        Args:
            path: the file, a sequence such as frames/%05d.png, or `-` for standard input.
            reading: what to read of it, and how.
            stop: called while a pipe is waited for; raises to stop.

        Raises:
            InputError: no such file, no video in it, or one that is refused.
        """
        self.path = path
        self.reading = reading or Reading()
        self._damage = 0
        self._pipe = InputPipe(stop) if is_pipe(path) else None
        self.container = open_input(path, self.reading, self._pipe)
        """The open input; `video` is its stream that is painted."""
        try:
            self._open()
        except av.FFmpegError as error:
            self.container.close()
            raise InputError(f"cannot read {path}: {error.strerror}") from error
        except BaseException:
            self.container.close()
            raise

    def _open(self) -> None:
        container, reading = self.container, self.reading
        videos = [s for s in container.streams.video if s.codec_context and kind_of(s) == "video"]
        if not videos:
            kinds = {kind_of(s) for s in container.streams} - {"cover"}
            found = ", ".join(sorted(kinds)) or "nothing"
            raise InputError(f"cannot stylize {self.path}: no video in it, only {found}")
        self.video: Any = videos[0]
        stream = self.video
        self._check_size(stream.width, stream.height)
        # Threads that decode a frame each hold back as many frames.
        stream.thread_type = "SLICE" if reading.low_latency else "AUTO"
        if reading.is_raw:
            self.reading = reading = replace(reading, format=None, size=None, fps=None)
        self._start = Fraction(container.start_time or 0, av.time_base)
        origin = self._start + (reading.start or 0)
        self._end = None if reading.end is None else self._start + reading.end
        self.passthrough = Passthrough(container, stream, origin, self._end, strict=reading.strict)
        packets = Demuxer(container, stream, self.passthrough.streams, self._damaged)
        if reading.start and not is_pipe(self.path):
            packets.seek(origin, self._start)
        self._reached = Fraction(0)
        self._captions = False
        self._packets = iter(packets)
        self._decoder = PictureDecoder(
            container, stream, self._packets, self._pass, self._damaged, rate=reading.fps
        )
        self._frames = self._read()
        self._first = next(self._frames, None)
        if self._first is None:
            cut = reading.start or reading.end is not None
            where = " between `start` and `end`" if cut else ""
            if is_pipe(self.path) and "mp4" in container.format.name and not cut:
                where = f"; if its index comes last, write mp4 for a pipe with {PIPED_MP4}"
            raise InputError(f"cannot stylize {self.path}: not one frame could be decoded{where}")
        self.info = self._describe(self._first)

    def _check_size(self, width: int, height: int) -> None:
        if width * height > self.reading.max_pixels:
            raise InputError(
                f"{self.path} is {width}x{height}, more than the {self.reading.max_pixels} pixels "
                "that are allowed; raise `max_pixels` if you trust it"
            )

    def _describe(self, first: Frame) -> StreamInfo:
        stream, reading, container = self.video, self.reading, self.container
        height, width, _ = first.pixels.shape
        rate = self._decoder.made_rate or stream.average_rate or stream.guessed_rate
        seconds = Fraction(container.duration or 0, av.time_base)
        count = stream.frames or (round(seconds * rate) if rate and seconds else None)
        if reading.deinterlace == "field" and self.interlaced and rate:
            rate, count = 2 * rate, count and 2 * count
        if reading.fps:
            rate, count = reading.fps, round(seconds * reading.fps) or None
        if seconds and rate and (reading.start or reading.end is not None):
            last = seconds if reading.end is None else min(seconds, reading.end)
            count = max(1, round((last - (reading.start or 0)) * rate))
        aspect = Fraction(stream.sample_aspect_ratio or 1)
        if reading.size:
            # A player shows the same shape as before.
            across, down = reading.stored_size(
                stream.width, stream.height, transposed=self.converter.orientation.transposed
            )
            aspect *= Fraction(stream.width * down, stream.height * across)
        return StreamInfo(
            width=width,
            height=height,
            time_base=first.time_base,
            frame_rate=Fraction(rate) if rate else None,
            frames=count,
            even_rate=Fraction(reading.fps or stream.guessed_rate or rate or 25),
            color=first.color,
            sample_aspect_ratio=1 / aspect if self.converter.orientation.transposed else aspect,
            pixel_format=self.converter.format,
            bits=bits_of(self.converter.format),
            alpha=first.alpha is not None,
        )

    # --- damage and the end

    def _damaged(self, how: str) -> None:
        self._damage += 1
        if self.reading.strict:
            raise InputError(f"{self.path} {how}; without `strict` it would be finished")
        log.info("%s %s", self.path, how)

    @property
    def damage(self) -> int:
        """Places so far where something of the file was lost."""
        return self._damage + self.passthrough.lost

    def _pass(self, packet: Any) -> None:
        """Take a packet of another stream."""
        if packet.pts is not None and packet.time_base and kind_of(packet.stream) != "cover":
            self._reach((packet.pts + (packet.duration or 0)) * packet.time_base)
        self.passthrough.put(packet)

    def _reach(self, time: Fraction) -> None:
        self._reached = max(self._reached, time - self._start)

    def _chosen(self) -> Iterator[av.VideoFrame]:
        """Yield the pictures between start and end, once their size and times are checked."""
        size: tuple[int, int] | None = None
        last: Fraction | None = None
        disordered = False
        for picture in self._decoder:
            size = size or (picture.width, picture.height)
            if (picture.width, picture.height) != size:
                raise InputError(
                    f"{self.path} changes its size from {size[0]}x{size[1]} to "
                    f"{picture.width}x{picture.height} on the way; cut it there first"
                )
            time = _time(picture)
            self._reach(time + (picture.duration or 0) * Fraction(picture.time_base or 0))
            if last is not None and time <= last:  # no encoder takes a time that does not grow
                if not disordered:
                    log.warning("frames of %s are dropped: their times do not grow", self.path)
                disordered = True
                continue
            last = time
            if not self._captions and picture.side_data.get("A53_CC") is not None:
                self._captions = True
                log.warning("closed captions inside the video are dropped: no encoder takes them")
            if time < self.passthrough.origin and self.reading.start:
                continue
            if self._end is not None and time >= self._end:
                self._finish_sound(self._end)
                return
            if picture.is_corrupt and self.reading.corrupt == "drop":
                self._damaged("holds a damaged frame")
                continue
            yield picture
        if last is not None:
            self._check_end()

    def _finish_sound(self, end: Fraction) -> None:
        """Read on for what sounds before the end and lies behind it in the file."""
        waiting = {s.index for s in self.passthrough.streams if s.type == "audio"}
        for packet in self._packets:
            if not waiting:
                return
            if packet.pts is None or not packet.time_base:
                continue
            time = packet.pts * packet.time_base
            if packet.stream is not self.video:
                self.passthrough.put(packet)
            if time >= end:
                waiting.discard(packet.stream.index)
            if time > end + _READ_ON:
                return

    def _check_end(self) -> None:
        """Notice a file that was cut off: it promises more time than any of its streams reached."""
        promised = Fraction(self.container.duration or 0, av.time_base)
        if len([s for s in self.container.streams.video if kind_of(s) == "video"]) > 1:
            # What is promised may be the end of a stream that is not read.
            read = [s for s in (self.video, *self.passthrough.streams) if s.duration]
            promised = max((s.duration * s.time_base for s in read), default=Fraction(0))
        if self._reached < promised - _SLACK:
            reached, wanted = float(self._reached), float(promised)
            log.warning("%s is truncated: it ends at %.1f of %.1f s", self.path, reached, wanted)
            self._damaged(f"is truncated: it ends at {reached:.1f} of {wanted:.1f} s")

    # --- pictures as they are painted

    def _read(self) -> Iterator[Frame]:
        chain: FilterChain | None = None
        first = True
        last: Frame | None = None
        for picture in self._chosen():
            if first:
                first = False
                self._meet(picture)
                steps = self.steps(picture)
                if steps:
                    chain = FilterChain(picture, Fraction(picture.time_base or 1), steps)
            for result in chain.push(picture) if chain else (picture,):
                last = self._frame(result, last)
                yield last
        if chain:
            for result in chain.push(None):
                last = self._frame(result, last)
                yield last

    def _meet(self, first: av.VideoFrame) -> None:
        """Learn from the first picture what holds for all."""
        reading = self.reading
        self.accelerated = bool(reading.hwaccel and self.video.codec_context.is_hwaccel)
        if reading.hwaccel and not self.accelerated:
            log.warning("`hwaccel` %s cannot be used here; decoding on the CPU", reading.hwaccel)
        orientation = orientation_of(first)
        self.turned = orientation != UPRIGHT
        self.color_is_guessed = is_guessed(first)
        if reading.keep_rotation:
            self.passthrough.display_matrix = orientation.matrix
            orientation = UPRIGHT
        fields = self.video.codec_context.field_order
        self.interlaced = fields in _INTERLACED or first.interlaced_frame
        color = tags_of(first)
        self.converter = PixelConverter(
            format=first.format.name,
            height=first.height,
            orientation=orientation,
            alpha=reading.alpha and has_alpha(first.format.name),
            tonemap=color.is_hdr and reading.hdr == "tonemap",
            precise=reading.precise,
        )
        if color.is_hdr and reading.hdr == "refuse":
            raise InputError(
                f"{self.path} is HDR video, whose colors the networks do not know; choose "
                "`hdr` tonemap (to BT.709) or `hdr` passthrough"
            )
        for name, what in _OF_THE_OLD_PIXELS.items():
            if first.side_data.get(name) is not None:
                log.warning("%s is dropped: it describes the pixels before painting", what)
        if color.is_hdr and reading.hdr == "passthrough":
            self.passthrough.mastering = mastering_of(first)

    def steps(self, first: av.VideoFrame) -> Steps:
        """Return what the pictures pass before they are converted, given one of them."""
        reading, steps = self.reading, []
        if self.interlaced and reading.deinterlace != "off":
            mode = "send_field" if reading.deinterlace == "field" else "send_frame"
            steps.append(("bwdif", f"mode={mode}"))
        if reading.fps and not is_sequence(self.path):
            steps.append(("fps", f"fps={reading.fps}"))
        if reading.size:
            across, down = reading.stored_size(
                first.width, first.height, transposed=self.converter.orientation.transposed
            )
            self._check_size(across, down)
            steps.append(("scale", f"{across}:{down}:flags=bicubic"))
        return steps

    def _frame(self, picture: av.VideoFrame, last: Frame | None) -> Frame:
        converter = self.converter
        color = tags_of(picture, converter.height)
        pixels, alpha = converter.convert(picture)
        damaged = picture.is_corrupt
        if damaged:
            if self.reading.strict:
                self._damaged("holds a damaged frame")
            if self.reading.corrupt == "repeat" and last is not None:
                pixels, alpha = last.pixels, last.alpha
        time_base = Fraction(picture.time_base or 1)
        # Where the origin lies between two ticks, finer ones keep picture and sound together.
        parts = (self.passthrough.origin / time_base).denominator
        parts = parts if time_base.denominator * parts <= _FINEST else 1
        fine = time_base / parts
        return Frame(
            pixels=pixels,
            pts=(picture.pts or 0) * parts - round(self.passthrough.origin / fine),
            time_base=fine,
            color=ColorTags(1, 1, 1, 1) if converter.tonemap else color,
            duration=picture.duration * parts if picture.duration else None,
            damaged=damaged,
            alpha=alpha,
        )

    def __iter__(self) -> Iterator[Frame]:
        """Yield the frames, once."""
        if self._first is not None:
            first, self._first = self._first, None
            yield first
        yield from self._frames

    def give_up(self) -> None:
        """End a read that waits for a pipe; from another thread."""
        if self._pipe:
            self._pipe.give_up()

    def close(self) -> None:
        """Close the file."""
        self._frames.close()  # type: ignore[attr-defined]
        self.container.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
