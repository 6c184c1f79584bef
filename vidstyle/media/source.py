"""Frames out of a video file, each with its own time; other streams go to `Passthrough`."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import av
import av.stream
import numpy as np

from vidstyle.errors import InputError
from vidstyle.frame import Frame, Pixels, StreamInfo
from vidstyle.media.color import tags_of, to_rgb
from vidstyle.media.passthrough import Passthrough

log = logging.getLogger(__name__)

_SLACK = Fraction(1, 2)
"""Seconds by which a file may end before the end that it promises."""


def check_input(path: Path) -> None:
    """Refuse what is no file, before any work is done.

    Raises:
        InputError: no such file, or a folder.
    """
    try:
        if not path.is_file():
            what = "is a folder" if path.is_dir() else "does not exist"
            raise InputError(f"cannot read {path}: it {what}")
        with path.open("rb"):
            pass
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from error


def _quarter_turns(picture: av.VideoFrame) -> int:
    """Return how often to turn a picture counter-clockwise to have it upright, 0 to 3."""
    return round(picture.rotation / 90) % 4


class FileSource:
    """A video file as an iterable of `Frame`, upright, in presentation order.

    Use it as a context manager. Everything needed later is in `info`: nothing of the container may
    be touched after it is closed.
    """

    def __init__(self, path: Path, *, precise: bool = False) -> None:
        """Open the file and decode its first frame.

        Args:
            path: the file.
            precise: convert colors exactly, at some ten times the time (see `media.color`).

        Raises:
            InputError: no such file, no video in it, or one that is refused (HDR).
        """
        self.path = path
        self.precise = precise
        self.damage = 0
        """Places so far where something of the video was lost."""
        check_input(path)
        try:
            # "file:" keeps a colon in the name from being read as a protocol.
            self._container = av.open(f"file:{path}", metadata_errors="replace")
        except (av.FFmpegError, OSError) as error:
            reason = getattr(error, "strerror", None) or error
            raise InputError(f"cannot read {path}: not a media file ({reason})") from error
        try:
            self._open()
        except BaseException:
            self._container.close()
            raise

    def _open(self) -> None:
        cover = av.stream.Disposition.attached_pic
        videos = [
            s
            for s in self._container.streams.video
            if s.codec_context and not s.disposition & cover
        ]
        if not videos:
            kinds = {s.type for s in self._container.streams if not s.disposition & cover}
            found = ", ".join(sorted(kinds)) or "nothing"
            raise InputError(f"cannot stylize {self.path}: no video in it, only {found}")
        stream = videos[0]
        stream.thread_type = "AUTO"
        start = Fraction(self._container.start_time or 0, av.time_base)
        self.passthrough = Passthrough(self._container, stream, start)
        self._frames = self._decode(stream, start)
        self._first = next(self._frames, None)
        if self._first is None:
            raise InputError(f"cannot stylize {self.path}: not one frame could be decoded")
        first = self._first
        height, width, _ = first.pixels.shape
        turned = (width, height) != (stream.width, stream.height)
        rate = stream.average_rate or stream.guessed_rate
        count = stream.frames or None
        if count is None and rate and self._container.duration:
            count = round(Fraction(self._container.duration, av.time_base) * rate)
        aspect = stream.sample_aspect_ratio or Fraction(1)
        self.info = StreamInfo(
            width=width,
            height=height,
            time_base=first.time_base,
            frame_rate=Fraction(rate) if rate else None,
            frames=count,
            color=first.color,
            sample_aspect_ratio=1 / aspect if turned else Fraction(aspect),
            pixel_format=stream.codec_context.pix_fmt or "yuv420p",
        )

    def _decode(self, video: av.VideoStream, start: Fraction) -> Iterator[Frame]:
        size: tuple[int, int] | None = None
        last: Frame | None = None
        reached = Fraction(0)
        for packet in self._packets(video):
            if packet.stream is not video:
                if packet.pts is not None and packet.time_base:
                    end = (packet.pts + (packet.duration or 0)) * packet.time_base - start
                    reached = max(reached, end)
                self.passthrough.put(packet)
                continue
            try:
                decoded = video.decode(packet)
            except av.FFmpegError:
                self.damage += 1
                continue
            for picture in decoded:
                size = size or (picture.width, picture.height)
                if (picture.width, picture.height) != size:
                    raise InputError(
                        f"{self.path} changes its size from {size[0]}x{size[1]} to "
                        f"{picture.width}x{picture.height} on the way; cut it there first"
                    )
                frame = self._frame(picture, start)
                if last and frame.pts <= last.pts:  # no encoder takes a time that does not grow
                    self.damage += 1
                    continue
                last = frame
                reached = max(reached, (frame.pts + (frame.duration or 0)) * frame.time_base)
                yield frame
        self._check_end(reached)

    def _packets(self, video: av.VideoStream) -> Iterator[av.Packet[Any]]:
        try:
            yield from self._container.demux(video, *self.passthrough.streams)
        except av.FFmpegError as error:
            self.damage += 1
            log.warning("%s cannot be read further: %s", self.path, error.strerror)

    def _check_end(self, reached: Fraction) -> None:
        """Notice a file that was cut off: it promises more time than any of its streams reached."""
        promised = Fraction(self._container.duration or 0, av.time_base)
        if reached < promised - _SLACK:
            self.damage += 1
            log.warning("%s ends at %.1f of %.1f s", self.path, float(reached), float(promised))

    def _frame(self, picture: av.VideoFrame, start: Fraction) -> Frame:
        color = tags_of(picture)
        if color.is_hdr:
            raise InputError(
                f"{self.path} is HDR video, whose colors the networks do not know; "
                "convert it to SDR (BT.709) first"
            )
        if picture.pts is None or picture.time_base is None:
            raise InputError(f"{self.path} holds frames without a time; put it into a container")
        pixels: Pixels = to_rgb(picture, color, precise=self.precise)
        if turns := _quarter_turns(picture):
            pixels = np.ascontiguousarray(np.rot90(pixels, turns))
        return Frame(
            pixels=pixels,
            pts=picture.pts - round(start / picture.time_base),
            time_base=Fraction(picture.time_base),
            color=color,
            duration=picture.duration or None,
            damaged=picture.is_corrupt,
        )

    def __iter__(self) -> Iterator[Frame]:
        """Yield the frames, once."""
        if self._first is not None:
            first, self._first = self._first, None
            yield first
        yield from self._frames

    def close(self) -> None:
        """Close the file."""
        self._frames.close()  # type: ignore[attr-defined]
        self._container.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
