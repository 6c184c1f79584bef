"""Frames out of a video file, each with its own time; other streams go to `Passthrough`."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Self

import av
import numpy as np

from vidstyle.errors import InputError
from vidstyle.frame import Frame, Pixels, StreamInfo
from vidstyle.media.color import tags_of, to_rgb
from vidstyle.media.passthrough import Passthrough


def check_input(path: Path) -> None:
    """Refuse what is no file, before any work is done.

    Raises:
        InputError: no such file, or a folder.
    """
    if not path.is_file():
        what = "is a folder" if path.is_dir() else "does not exist"
        raise InputError(f"cannot read {path}: it {what}")


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
        self.damaged_packets = 0
        """Packets so far that the decoder refused."""
        check_input(path)
        try:
            self._container = av.open(str(path))
        except (av.FFmpegError, OSError) as error:
            reason = getattr(error, "strerror", None) or error
            raise InputError(f"cannot read {path}: not a media file ({reason})") from error
        try:
            self._open()
        except BaseException:
            self._container.close()
            raise

    def _open(self) -> None:
        if not self._container.streams.video:
            kinds = ", ".join(sorted({s.type for s in self._container.streams})) or "nothing"
            raise InputError(f"cannot stylize {self.path}: no video in it, only {kinds}")
        stream = self._container.streams.video[0]
        stream.thread_type = "AUTO"
        start = Fraction(self._container.start_time or 0, av.time_base)
        self.passthrough = Passthrough(self._container, start)
        self._frames = self._decode(start)
        self._first = next(self._frames, None)
        if self._first is None:
            raise InputError(f"cannot stylize {self.path}: not one frame could be decoded")
        first = self._first
        height, width, _ = first.pixels.shape
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
            sample_aspect_ratio=1 / aspect if self._turned else Fraction(aspect),
            pixel_format=stream.codec_context.pix_fmt or "yuv420p",
        )

    def _decode(self, start: Fraction) -> Iterator[Frame]:
        video = self._container.streams.video[0]
        size: tuple[int, int] | None = None
        for packet in self._container.demux(video, *self.passthrough.streams):
            if packet.stream is not video:
                self.passthrough.put(packet)
                continue
            try:
                decoded = video.decode(packet)
            except av.InvalidDataError:
                self.damaged_packets += 1
                continue
            for frame in decoded:
                size = size or (frame.width, frame.height)
                if (frame.width, frame.height) != size:
                    raise InputError(
                        f"{self.path} changes its size from {size[0]}x{size[1]} to "
                        f"{frame.width}x{frame.height} on the way; cut it there first"
                    )
                yield self._frame(frame, start)

    def _frame(self, frame: av.VideoFrame, start: Fraction) -> Frame:
        color = tags_of(frame)
        if color.is_hdr:
            raise InputError(
                f"{self.path} is HDR video, whose colors the networks do not know; "
                "convert it to SDR (BT.709) first"
            )
        if frame.pts is None or frame.time_base is None:
            raise InputError(f"{self.path} holds frames without a time; put it into a container")
        turns = round(frame.rotation / 90) % 4
        self._turned = turns % 2 == 1
        pixels: Pixels = to_rgb(frame, color, precise=self.precise)
        if turns:
            pixels = np.ascontiguousarray(np.rot90(pixels, turns))
        return Frame(
            pixels=pixels,
            pts=frame.pts - round(start / frame.time_base),
            time_base=Fraction(frame.time_base),
            color=color,
            damaged=frame.is_corrupt,
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
