"""Frames into a video file that appears under its name only when it is whole."""

from __future__ import annotations

import contextlib
import errno
import logging
import os
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import av
import numpy as np

from vidstyle.errors import ClosedPipeError, OutputError, UsageError
from vidstyle.frame import ColorTags, Frame, StreamInfo
from vidstyle.media.codecs import Encoding, same_scheduling
from vidstyle.media.color import ColorConverter, bits_of, has_alpha, is_rgb, over_black
from vidstyle.media.containers import container_for, is_sequence
from vidstyle.media.filters import FilterChain
from vidstyle.media.oddsize import ODD, Fit, fit
from vidstyle.media.parts import Part, check_output, part_for
from vidstyle.media.passthrough import Passthrough
from vidstyle.media.pipes import PartPipe, is_pipe

log = logging.getLogger(__name__)

_TELLS_ASPECT = {"libx264", "libx265", "h264_nvenc", "hevc_nvenc", "mpeg4", "mpeg2video"}
"""Encoders that write the pixel aspect into the stream itself."""


@dataclass(frozen=True)
class Converted:
    """A frame as the encoder takes it."""

    pictures: list[av.VideoFrame]
    """One; none as long as a filter holds it back."""
    duration: int | None
    """In units of the output's time base."""


class FileSink:
    """Encodes frames beside what is passed through; `commit` gives the output its name.

    Use it as a context manager: leaving without `commit` deletes what was written. Frames go through
    `convert`, then `write`, each in its order; the two may run in two threads.
    """

    def __init__(
        self,
        path: Path,
        info: StreamInfo,
        *,
        encoding: Encoding | None = None,
        passthrough: Passthrough | None = None,
        overwrite: bool = False,
        odd: str = "pad",
        part: Part | None = None,
    ) -> None:
        """Open the output and the encoder.

        Args:
            path: the file to make, or a sequence such as frames/%05d.png; its ending chooses the
                container.
            info: of the source: size, time base, depth and color are kept.
            encoding: the codec and its quality.
            passthrough: what to carry beside the video.
            overwrite: replace a file of that name.
            odd: one of `ODD`.
            part: where to write to, if not to a file of that name.

        Raises:
            UsageError: see `check_output`; or options that the encoder refuses.
            OutputError: the file cannot be made.
        """
        self.encoding = encoding or Encoding()
        if part is None:
            check_output(path, overwrite=overwrite, container=self.encoding.container)
        if odd not in ODD:
            raise UsageError(f"expected `odd` {' or '.join(ODD)}, got {odd}")
        self.path = path
        self.info = info
        self._passthrough = passthrough
        self._container = container_for(path, self.encoding.container)
        self._codec = self.encoding.encoder(self._container, info)
        self._overwrite = overwrite
        self._odd = odd
        self._durations: dict[int, int] = {}
        self._committed = False
        self._frames = 0
        self._last: int | None = None
        self._phase = Fraction(0)
        self._told_alpha = False
        self._palette: FilterChain | None = None
        self._convert = ColorConverter().from_rgb
        try:
            self._part = part or part_for(path)
        except OSError as error:
            raise self._failed(error) from error
        try:
            self._open()
        except BaseException:
            self._discard()
            raise

    def _open(self) -> None:
        options = dict(self._container.options)
        if is_pipe(self.path):
            options["flush_packets"] = "1"  # whoever reads gets each frame at once
        if self._container.is_picture:
            options = {} if is_sequence(self.path) else {"update": "1"}
        self._output: Any = None
        try:
            self._output = av.open(
                self._part.target, "w", format=self._container.format, options=options
            )
        except (av.FFmpegError, OSError) as error:
            raise self._failed(error) from error
        if self._passthrough:
            self._passthrough.open(self._output, self._container, self._open_encoder)
        else:
            self._open_encoder()
        self._write_header()

    # --- the encoder

    def _timing(self) -> tuple[Fraction, Fraction]:
        """Return frame rate and time base of the output."""
        rate = self.info.frame_rate or Fraction(25)
        if self._container.format == "gif":
            return rate, Fraction(1, 100)
        if not self._container.variable_rate:
            return self.info.even_rate, 1 / self.info.even_rate
        return rate, self.info.time_base

    def _output_color(self, pixel_format: str) -> ColorTags:
        if self._codec == "mjpeg":  # JFIF knows no other
            return ColorTags(6, 2, self.info.color.primaries, self.info.color.transfer)
        if pixel_format.startswith("yuva") and self._codec.startswith("libwebp"):
            return ColorTags(6, 1, self.info.color.primaries, self.info.color.transfer)
        return self.info.color

    def _open_encoder(self) -> Any:
        info, codec, container = self.info, self._codec, self._container
        pixel_format = self.encoding.format_for(codec, info, container.pixel_formats)
        self._fit = Fit(pixel_format)
        if not container.is_picture:
            self._fit = fit(info.height, info.width, codec, pixel_format, self._odd)
            pixel_format = self._fit.pixel_format
        rate, time_base = self._timing()
        options = self._options()
        try:
            added = self._output.add_stream(codec, rate=rate, options=options)
        except ValueError as error:
            raise UsageError(
                f"{container.format} cannot hold {codec} video; "
                "choose another `codec`, or an output name that ends in .mkv"
            ) from error
        if not isinstance(added, av.VideoStream):
            raise UsageError(f"{codec} is no video encoder; try libx264 or ffv1")
        self._stream: Any = added
        context = added.codec_context
        self._stream.height, self._stream.width = self._fit.size(info.height, info.width)
        self._stream.pix_fmt = self._pixel_format = pixel_format
        # Without this PyAV rounds every time to a multiple of 1/rate.
        context.time_base = self._stream.time_base = self._time_base = time_base
        aspect = context.sample_aspect_ratio = info.sample_aspect_ratio
        # PyAV cannot tell Matroska's muxer the aspect; these encoders write it into their own data.
        told = codec in _TELLS_ASPECT or container.format not in {"matroska", "webm"}
        if aspect != 1 and not (told and container.aspect):
            log.warning("pixel aspect %s is dropped: %s in %s", aspect, codec, container.name)
        if info.bits > 8 and bits_of(pixel_format) == 8:
            log.warning("%d bits become 8: %s in %s", info.bits, pixel_format, container.name)
        self._tag(context)
        if rate < 25 and "g" not in options:
            context.gop_size = max(1, round(10 * rate))  # ten seconds at most to seek
        if not container.variable_rate:
            context.max_b_frames = 0  # frames are shown in the order in which they lie there
        if codec == "libx265" and container.format in {"mp4", "mov"}:
            context.codec_tag = "hvc1"  # Apple's players know no other
        if self._passthrough and self._passthrough.display_matrix:
            self._stream.set_display_matrix(self._passthrough.display_matrix)
        if pixel_format == "yuva420p" and codec == "libvpx-vp9":
            self._stream.metadata["alpha_mode"] = "1"
        os.environ.setdefault("SVT_LOG", "1")  # errors alone: it prints by itself
        try:
            with same_scheduling():
                context.open()
        except av.FFmpegError as error:
            raise UsageError(
                f"{codec} refused its options {options} at {pixel_format} "
                f"{self._stream.width}x{self._stream.height}, {rate} frames and {1 / time_base} ticks "
                f"a second: {error.strerror}"
            ) from error
        left = sorted(set(context.options) & set(options))
        if left:
            raise UsageError(
                f"{codec} does not know the options {left}; see ffmpeg -h encoder={codec}"
            )
        return added

    def _options(self) -> dict[str, str]:
        options = self.encoding.arguments(self._codec)
        mastering = self._passthrough.mastering if self._passthrough else None
        if mastering:
            told = mastering.options(self._codec)
            if told is None:
                log.warning("%s cannot hold the mastering display of HDR video", self._codec)
            for key, value in (told or {}).items():
                options[key] = ":".join(filter(None, (value, options.get(key))))
        return options

    def _tag(self, context: Any) -> None:
        color = self._color = self._output_color(self._pixel_format)
        if not is_rgb(self._pixel_format):
            context.colorspace = color.matrix
            context.color_range = color.range
        context.color_primaries = color.primaries
        context.color_trc = color.transfer

    def _write_header(self) -> None:
        # Some muxers refuse a copied stream only here; a frame later it would look like the disk.
        try:
            self._output.start_encoding()
        except (av.FFmpegError, OSError) as error:
            if error.errno != errno.EINVAL:
                raise self._failed(error) from error
            names = [s.codec_context.name for s in self._output.streams if s.codec_context]
            raise OutputError(
                f"{self._output.format.name} cannot hold {' and '.join(names)} together "
                f"({error.strerror}); choose an output name that ends in .mkv"
            ) from error

    # --- frames

    def convert(self, frame: Frame) -> Converted:
        """Turn the next frame into what the encoder takes; may run while `write` encodes others.

        Raises:
            OutputError: the filters refused.
            UsageError: frames that this kind of output cannot hold.
        """
        height, width, _ = frame.pixels.shape
        if (width, height) != (self.info.width, self.info.height):
            # PyAV would stretch it in silence.
            raise ValueError(f"expected {self.info.width}x{self.info.height}, got {width}x{height}")
        if self._frames and self._container.is_picture and not is_sequence(self.path):
            raise UsageError(
                f"{self.path.name} holds one picture, the video has more; name the output "
                f"{self.path.stem}_%05d{self.path.suffix} for numbered ones"
            )
        pts = self._time(frame)
        held = frame.duration * frame.time_base / self._time_base if frame.duration else None
        try:
            pictures = list(self._pictures(frame))
        except (av.FFmpegError, OSError) as error:
            raise self._failed(error) from error
        for picture in pictures:
            picture.pts, picture.time_base = pts, self._time_base
        self._frames += 1
        return Converted(pictures, None if held is None else max(1, round(held)))

    def write(self, converted: Converted) -> None:
        """Encode the next frame and copy what other streams have before it.

        Raises:
            OutputError: the encoder or the disk refused.
        """
        for picture in converted.pictures:
            if converted.duration and picture.pts is not None:
                self._durations[picture.pts] = converted.duration
            try:
                self._mux(picture)
            except (av.FFmpegError, OSError) as error:
                raise self._failed(error) from error

    def _time(self, frame: Frame) -> int:
        """Return a frame's time in units of the output, where that is coarser than the input's."""
        if self._container.is_picture:
            return self._frames
        exact = frame.pts * frame.time_base / self._time_base
        pts = round(exact)
        kind = self._container.format
        if not self._container.variable_rate:
            if self._last is None:
                self._phase = exact % 1  # the grid may begin anywhere
            exact -= self._phase
            pts = round(exact)
        if self._last is not None and pts <= self._last:
            raise UsageError(f"{kind} cannot hold frames that close together; choose a lower `fps`")
        if not self._container.variable_rate and abs(exact - pts) > Fraction(1, 5):
            raise UsageError(
                f"{kind} holds frames at one even rate only; choose `fps` "
                f"{float(self.info.even_rate):g} or an output name that ends in .mkv"
            )
        self._last = pts
        return pts

    def _pictures(self, frame: Frame) -> Iterator[av.VideoFrame]:
        pixels, alpha, color = frame.pixels, frame.alpha, self._color
        if alpha is not None and not has_alpha(self._pixel_format):
            if not self._told_alpha and alpha.min() < np.iinfo(alpha.dtype).max:
                self._told_alpha = True
                log.warning(
                    "%s in %s holds no transparency: the picture is put before black",
                    self._codec,
                    self._container.format,
                )
            pixels, alpha = over_black(pixels, alpha), None
        pixels = self._fit.apply(pixels)
        alpha = None if alpha is None else self._fit.apply(alpha)
        if self._codec == "gif":
            yield from self._with_palette(self._convert(pixels, color, "bgra", alpha))
        else:
            yield self._convert(pixels, color, self._pixel_format, alpha)

    def _with_palette(self, picture: av.VideoFrame) -> Iterator[av.VideoFrame]:
        """Give each picture of a GIF its own 256 colors, as ffmpeg's palette filters choose them."""
        picture.pts, picture.time_base = self._frames, Fraction(1, 100)
        if self._palette is None:
            self._palette = FilterChain.with_palette(picture)
        yield from self._palette.push(picture)

    def _mux(self, encoded: av.VideoFrame | None) -> None:
        for packet in self._stream.encode(encoded):
            # Encoders forget durations, and the last frame's end can be told from nothing else.
            packet.duration = self._durations.pop(packet.pts or 0, packet.duration)
            self._output.mux(packet)
        if self._passthrough:
            self._passthrough.flush(self._output)

    # --- the end

    def commit(self) -> None:
        """Finish the file and give it its name.

        Raises:
            OutputError: no frame was written, or the disk refused.
        """
        if not self._frames:
            raise OutputError(f"nothing to write to {self.path}: not one frame came")
        try:
            self._mux(None)
            if self._passthrough:
                self._passthrough.finish(self._output)
            self._output.close()
            if self._passthrough and self._container.has_streams and not is_pipe(self.path):
                self._passthrough.check(self._part.target, self._container)
            self._part.commit(overwrite=self._overwrite)
        except (av.FFmpegError, OSError) as error:
            raise self._failed(error) from error
        self._committed = True

    def give_up(self) -> None:
        """End a write that waits for the reader of a pipe; from another thread."""
        if isinstance(self._part, PartPipe):
            self._part.target.give_up()

    def _failed(self, error: Exception) -> OutputError:
        if isinstance(error, BrokenPipeError) and is_pipe(self.path):
            return ClosedPipeError("nobody reads standard output any more")
        reason = getattr(error, "strerror", None) or str(error)
        return OutputError(f"cannot write {self.path}: {reason}")

    def _discard(self) -> None:
        # Closing writes a trailer even now, and fails again where writing failed.
        if self._output is not None:
            with contextlib.suppress(av.FFmpegError, OSError, ValueError):
                self._output.close()
        self._part.discard()

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
