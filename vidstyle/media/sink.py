"""Frames into a video file that appears under its name only when it is whole."""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import secrets
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Self

import av
import numpy as np

from vidstyle.errors import OutputError, UsageError
from vidstyle.frame import Frame, StreamInfo
from vidstyle.media.codecs import Encoding, container_for
from vidstyle.media.color import from_rgb, is_rgb
from vidstyle.media.passthrough import Passthrough

log = logging.getLogger(__name__)


def check_output(path: Path, *, overwrite: bool) -> None:
    """Refuse an output that cannot or must not be written, before any work is done.

    Raises:
        UsageError: no such folder, an unknown ending, a folder, or a file that exists.
    """
    container_for(path.suffix)
    try:
        if not path.parent.is_dir():
            raise UsageError(f"cannot write {path}: the folder {path.parent} does not exist")
        if path.is_dir():
            raise UsageError(f"cannot write {path}: it is a folder")
        if path.exists() and not overwrite:
            raise UsageError(f"{path} exists already; overwrite it with -y or choose another -o")
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror}") from error


class FileSink:
    """Encodes frames beside copied streams into `.<name>.part`; `commit` gives it its name.

    Use it as a context manager: leaving without `commit` deletes what was written.
    """

    def __init__(
        self,
        path: Path,
        info: StreamInfo,
        *,
        encoding: Encoding | None = None,
        passthrough: Passthrough | None = None,
        overwrite: bool = False,
    ) -> None:
        """Open the output and the encoder.

        Args:
            path: the file to make; its ending chooses the container.
            info: of the source: size, time base and color are kept.
            encoding: the codec and its quality.
            passthrough: streams to copy.
            overwrite: replace a file of that name.

        Raises:
            UsageError: see `check_output`; or options that the encoder refuses.
            OutputError: the file cannot be made.
        """
        check_output(path, overwrite=overwrite)
        self.path = path
        self.info = info
        self.encoding = encoding or Encoding()
        self._passthrough = passthrough
        # Not one name for all: two runs to the same output would write into one file.
        self._part = path.with_name(f".{path.name[:40]}.{secrets.token_hex(4)}.part")
        self._overwrite = overwrite
        self._durations: dict[int, int] = {}
        self._committed = False
        self._frames = 0
        container = container_for(path.suffix)
        movie = container in {"mp4", "mov"}
        try:
            self._output = av.open(
                f"file:{self._part}",
                "w",
                format=container,
                options={"movflags": "+faststart"} if movie else {},
            )
        except (av.FFmpegError, OSError) as error:
            raise self._failed(error) from error
        try:
            self._open_encoder()
            if passthrough:
                passthrough.open(self._output)
            self._write_header()
        except BaseException:
            self._discard()
            raise

    def _open_encoder(self) -> None:
        encoding, info = self.encoding, self.info
        pixel_format = encoding.pixel_format(info.pixel_format)
        halved = pixel_format.startswith(("yuv420", "yuv422"))
        self._pad = (
            info.height % 2 if pixel_format.startswith("yuv420") else 0,
            info.width % 2 if halved else 0,
        )
        if any(self._pad):
            log.warning(
                "%dx%d is odd, which %s cannot hold: the last row or column is repeated",
                info.width,
                info.height,
                pixel_format,
            )
        rate = info.frame_rate or Fraction(25)
        try:
            added = self._output.add_stream(encoding.codec, rate=rate, options=encoding.options())
        except ValueError as error:
            raise UsageError(
                f"{self._output.format.name} cannot hold {encoding.codec} video; "
                "choose another --codec, or an output name that ends in .mkv"
            ) from error
        if not isinstance(added, av.VideoStream):
            raise UsageError(f"{encoding.codec} is no video encoder; try libx264 or ffv1")
        self._stream = added
        stream, context = self._stream, self._stream.codec_context
        stream.width, stream.height = info.width + self._pad[1], info.height + self._pad[0]
        stream.pix_fmt = pixel_format
        # Without this PyAV rounds every time to a multiple of 1/rate.
        context.time_base = info.time_base
        stream.time_base = info.time_base
        context.sample_aspect_ratio = info.sample_aspect_ratio
        if not is_rgb(pixel_format):
            context.colorspace = info.color.matrix
            context.color_range = info.color.range
        context.color_primaries = info.color.primaries
        context.color_trc = info.color.transfer
        wanted = encoding.options()
        try:
            context.open()
        except av.FFmpegError as error:
            raise UsageError(
                f"{encoding.codec} refused its options {wanted} at "
                f"{stream.width}x{stream.height}: {error.strerror}"
            ) from error
        left = sorted(set(context.options) & set(wanted))
        if left:
            raise UsageError(f"{encoding.codec} does not know the options {left}")

    def _write_header(self) -> None:
        # Some muxers refuse a copied stream only here; a frame later it would look like the disk.
        try:
            self._output.start_encoding()
        except av.FFmpegError as error:
            if error.errno != errno.EINVAL:
                raise self._failed(error) from error
            names = [s.codec_context.name for s in self._output.streams if s.codec_context]
            raise OutputError(
                f"{self._output.format.name} cannot hold {' and '.join(names)} together "
                f"({error.strerror}); choose an output name that ends in .mkv"
            ) from error

    def write(self, frame: Frame) -> None:
        """Encode one frame and copy what other streams have before it.

        Raises:
            OutputError: the encoder or the disk refused.
        """
        height, width, _ = frame.pixels.shape
        if (width, height) != (self.info.width, self.info.height):
            # PyAV would stretch it in silence.
            raise ValueError(f"expected {self.info.width}x{self.info.height}, got {width}x{height}")
        pixels = frame.pixels
        if any(self._pad):
            pixels = np.pad(pixels, ((0, self._pad[0]), (0, self._pad[1]), (0, 0)), mode="edge")
        encoded = from_rgb(pixels, self.info.color, self._stream.pix_fmt or "yuv420p")
        encoded.pts, encoded.time_base = frame.pts, frame.time_base
        try:
            if frame.duration:
                self._durations[frame.pts] = frame.duration
            self._mux(encoded)
        except (av.FFmpegError, OSError) as error:
            raise self._failed(error) from error
        self._frames += 1

    def _mux(self, encoded: av.VideoFrame | None) -> None:
        for packet in self._stream.encode(encoded):
            # Encoders forget durations, and the last frame's end can be told from nothing else.
            packet.duration = self._durations.pop(packet.pts or 0, packet.duration)
            self._output.mux(packet)
        if self._passthrough:
            self._passthrough.flush(self._output)

    def commit(self) -> None:
        """Finish the file and give it its name.

        Raises:
            OutputError: no frame was written, or the disk refused.
        """
        if not self._frames:
            raise OutputError(f"nothing to write to {self.path}: not one frame came")
        try:
            self._mux(None)
            self._output.close()
            with self._part.open("rb+") as file:
                os.fsync(file.fileno())
            check_output(self.path, overwrite=self._overwrite)  # it may have come meanwhile
            self._part.replace(self.path)
        except (av.FFmpegError, OSError) as error:
            raise self._failed(error) from error
        self._committed = True

    def _failed(self, error: Exception) -> OutputError:
        reason = getattr(error, "strerror", None) or str(error)
        return OutputError(f"cannot write {self.path}: {reason}")

    def _discard(self) -> None:
        # Closing writes a trailer even now, and fails again where writing failed.
        with contextlib.suppress(av.FFmpegError, OSError, ValueError):
            self._output.close()
        with contextlib.suppress(OSError):
            self._part.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if not self._committed:
            self._discard()
