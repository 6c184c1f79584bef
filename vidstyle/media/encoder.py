"""The encoder of an output's video, set up for the source's facts and for what the container holds."""

from __future__ import annotations

import contextlib
import logging
import os
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from typing import Any

import av

from vidstyle.errors import UsageError
from vidstyle.frame import ColorTags, StreamInfo
from vidstyle.media.codecs import Encoding, same_scheduling
from vidstyle.media.color import bits_of, is_rgb
from vidstyle.media.containers import Container
from vidstyle.media.ffmpeg_log import listening
from vidstyle.media.hdr import Mastering
from vidstyle.media.oddsize import Fit, fit
from vidstyle.media.rehearsal import picture_refusal, reason_of

log = logging.getLogger(__name__)

_STORES_ASPECT = {"libx264", "libx265", "h264_nvenc", "hevc_nvenc", "mpeg4", "mpeg2video"}
"""Encoders that write the pixel aspect into the stream itself."""


_SETTINGS = (
    *("width", "height", "pix_fmt", "sample_aspect_ratio", "time_base", "framerate"),
    *("colorspace", "color_range", "color_primaries", "color_trc"),
    *("bit_rate_tolerance", "gop_size", "max_b_frames", "codec_tag", "flags"),
)
"""Attributes of a codec context that are set before it is opened."""

_KNOWN = {
    *("libx264", "libx265", "libsvtav1", "libvpx", "libvpx-vp9", "h264_nvenc", "hevc_nvenc"),
    *("mpeg4", "mpeg2video", "prores_ks", "ffv1", "ffvhuff", "huffyuv", "utvideo", "rawvideo"),
    *("mjpeg", "png", "apng", "bmp", "tiff", "gif", "libwebp", "libwebp_anim"),
}
"""Encoders that take every picture once they are open; of others one is tried, which takes time."""

_LARGEST = {"libx264": (16298, 16298), "libsvtav1": (16384, 8704), "mpeg4": (8191, 8191)}
"""Encoders that do not tell FFmpeg the width and height that they take at most."""

_SMALL = 256
"""Width and height that every encoder takes which takes more than a few."""

_DEEPEST = 16
"""Frames by which an encoder reorders them at most."""


class Encoder:
    """An open encoder and the output's stream for which it makes packets.

    Its packets come in pieces, which `divide` ends: each is the work of an encoder of its own, so none refers to
    another.
    """

    def __init__(
        self,
        output: Any,
        container: Container,
        codec: str,
        encoding: Encoding,
        info: StreamInfo,
        *,
        odd: str = "pad",
        mastering: Mastering | None = None,
        display_matrix: tuple[int, ...] | None = None,
        divided: bool = False,
    ) -> None:
        """Add a stream to an output and open its encoder.

        Args:
            output: open, and without a header yet.
            container: what the output can hold.
            codec: FFmpeg's name of the encoder.
            encoding: its quality and other options.
            info: of the frames that will come.
            odd: one of `oddsize.ODD`.
            mastering: of the display for which HDR video was made.
            display_matrix: how a player shall turn the video.
            divided: `divide` will be called.

        Raises:
            UsageError: the container or the encoder refuses what is asked of it.
        """
        self.codec = codec
        self.fit = _fit(container, codec, encoding, info, odd)
        """How frames get a size that the encoder takes."""
        self.pixel_format = self.fit.pixel_format
        self.color = _color(codec, self.pixel_format, info.color)
        """As which the pictures are encoded, and tagged."""
        rate, self.time_base = _timing(container, info)
        options = _options(codec, encoding, mastering)
        self.stream = _add_stream(output, container, codec, rate, options)
        self._durations: dict[int, int] = {}
        """Time of a picture -> how long it is shown, in units of the time base."""
        self._times: deque[int] = deque(maxlen=_DEEPEST)
        """The times of the last pictures."""
        self._lead: list[int] | None = None
        """Decoding times of the packets with which the current piece begins; None in the first piece, whose own are
        right."""
        self._first: int | None = None
        """Time of the first picture of the first piece."""
        self._delay = 0
        """Packets of the first piece that are decoded before the time of its first picture."""
        self.stream.height, self.stream.width = self.fit.size(info.height, info.width)
        self.stream.pix_fmt = self.pixel_format
        # Without this PyAV rounds every time to a multiple of 1/rate.
        self.stream.codec_context.time_base = self.stream.time_base = self.time_base
        self._tell_aspect(container, info.sample_aspect_ratio)
        if info.bits > 8 and bits_of(self.pixel_format) == 8:
            log.warning("%d bits become 8: %s in %s", info.bits, self.pixel_format, container.name)
        self._tag_color()
        self._suit_container(container, rate, options)
        if display_matrix:
            self.stream.set_display_matrix(display_matrix)
        self._options = options
        header: Any = self.stream.codec_context
        found = {name: getattr(header, name) for name in _SETTINGS}
        self._settings = {name: value for name, value in found.items() if value is not None}
        self._open(rate, options)
        if codec not in _KNOWN and (reason := picture_refusal(self._opened_anew())):
            raise UsageError(
                f"{codec} refused a picture of {self.pixel_format} {self.stream.width}x"
                f"{self.stream.height}: {reason}; choose another `codec`, `size` or `pixel_format`"
            )
        # The stream keeps its own encoder for ever, with all the frames that it ever held.
        self._context: Any = None if divided else header
        """The encoder of the current piece; None between two."""

    def _tell_aspect(self, container: Container, aspect: Fraction) -> None:
        self.stream.codec_context.sample_aspect_ratio = aspect
        # PyAV cannot tell Matroska's muxer the aspect; these encoders write it into their own data.
        stores_aspect = self.codec in _STORES_ASPECT or container.format not in {"matroska", "webm"}
        if aspect != 1 and not (stores_aspect and container.aspect):
            log.warning("pixel aspect %s is dropped: %s in %s", aspect, self.codec, container.name)

    def _tag_color(self) -> None:
        context, color = self.stream.codec_context, self.color
        if not is_rgb(self.pixel_format):
            context.colorspace = color.matrix
            context.color_range = color.range
        context.color_primaries = color.primaries
        context.color_trc = color.transfer

    def _suit_container(
        self, container: Container, rate: Fraction, options: dict[str, str]
    ) -> None:
        context = self.stream.codec_context
        if rate < 25 and "g" not in options:
            context.gop_size = max(1, round(10 * rate))  # ten seconds at most to seek
        if not container.variable_rate:
            context.max_b_frames = 0  # frames are shown in the order in which they lie there
        if self.codec == "libx265" and container.format in {"mp4", "mov"}:
            context.codec_tag = "hvc1"  # Apple's players know no other
        if self.pixel_format == "yuva420p" and self.codec == "libvpx-vp9":
            self.stream.metadata["alpha_mode"] = "1"

    def _open(self, rate: Fraction, options: dict[str, str]) -> None:
        context = self.stream.codec_context
        os.environ.setdefault("SVT_LOG", "1")  # errors alone: it prints by itself
        with listening(av.logging.ERROR) as said:
            try:
                with same_scheduling():
                    context.open()
            except av.FFmpegError as error:
                raise self._refused(rate, reason_of(error, said)) from error
        left = sorted(set(context.options) & set(options))
        if left:
            raise UsageError(
                f"{self.codec} does not know the options {left}; see ffmpeg -h encoder={self.codec}"
            )

    def _refused(self, rate: Fraction, reason: str) -> UsageError:
        """Return the error of an encoder that does not open: its size is at fault where another one opens."""
        size = f"{self.stream.width}x{self.stream.height}"
        with contextlib.suppress(av.FFmpegError):
            self._opened_anew(width=_SMALL, height=_SMALL)
            if self.codec in _LARGEST:
                across, down = _LARGEST[self.codec]
                reason = f"it takes {across}x{down} at most"
            return UsageError(
                f"{self.codec} refused a size of {size}: {reason}; "
                "choose another `size`, or another `codec`, such as ffv1"
            )
        return UsageError(
            f"{self.codec} refused its options {self._options} at {self.pixel_format} {size}, "
            f"{rate} frames and {1 / self.time_base} ticks a second: {reason}"
        )

    def encode(self, picture: av.VideoFrame | None, duration: int | None = None) -> Iterator[Any]:
        """Yield the packets that are ready once a picture is put in; None puts the end in.

        Args:
            picture: its time is in units of `time_base`.
            duration: how long it is shown, in the same units, where that is known.

        Raises:
            av.FFmpegError: the encoder refused.
        """
        if self._context is None:
            if picture is None:
                return
            self._context = self._opened_anew()
        if picture is not None and picture.pts is not None:
            self._first = picture.pts if self._first is None else self._first
            self._times.append(picture.pts)
            if duration:
                self._durations[picture.pts] = duration
        for packet in self._context.encode(picture):
            packet.stream = self.stream
            # Encoders forget durations, and the last frame's end can be told from nothing else.
            packet.duration = self._durations.pop(packet.pts or 0, packet.duration)
            self._give_decoding_time(packet)
            yield packet

    def own(self, packets: Iterable[Any]) -> Iterator[Any]:
        """Yield packets of an encoder with the same settings as its own."""
        for packet in packets:
            packet.stream, packet.time_base = self.stream, self.time_base
            yield packet

    def divide(self) -> Iterator[Any]:
        """End a piece: yield its last packets."""
        yield from self.encode(None)
        self._go_on_after(self._times)

    def resume(self, packets: Sequence[Any], times: Sequence[int]) -> None:
        """Go on after the pieces of another encoder with the same settings.

        Args:
            packets: of its first piece.
            times: of the frames of its last piece, sorted.
        """
        first = min(packet.pts for packet in packets)
        self._first = first
        self._delay = sum(packet.dts < first for packet in packets)
        self._times.extend(times)
        self._go_on_after(self._times)

    def _go_on_after(self, times: Sequence[int]) -> None:
        self._context = None
        self._lead = list(times)[-self._delay :] if self._delay else []

    def _give_decoding_time(self, packet: Any) -> None:
        """Let decoding times grow from piece to piece: an encoder makes up those before its first picture."""
        if self._lead is None:
            self._delay += packet.dts is not None and packet.dts < (self._first or 0)
        elif self._lead:
            packet.dts = self._lead.pop(0)

    def _opened_anew(self, **other: Any) -> Any:
        """Return another encoder with the same settings, but for some."""
        context: Any = av.CodecContext.create(self.codec, "w")
        for name, value in (self._settings | other).items():
            setattr(context, name, value)
        context.bit_rate = 0  # the options say it
        context.options = dict(self._options)
        with same_scheduling():
            context.open()
        return context


def _fit(container: Container, codec: str, encoding: Encoding, info: StreamInfo, odd: str) -> Fit:
    pixel_format = encoding.format_for(codec, info, container.pixel_formats)
    if container.is_picture:
        return Fit(pixel_format)
    return fit(info.height, info.width, codec, pixel_format, odd)


def _color(codec: str, pixel_format: str, color: ColorTags) -> ColorTags:
    if codec == "mjpeg":  # JFIF knows no other
        return ColorTags(6, 2, color.primaries, color.transfer)
    if pixel_format.startswith("yuva") and codec.startswith("libwebp"):
        return ColorTags(6, 1, color.primaries, color.transfer)
    return color


def _timing(container: Container, info: StreamInfo) -> tuple[Fraction, Fraction]:
    """Return frame rate and time base of the output."""
    rate = info.frame_rate or Fraction(25)
    if container.format == "gif":
        return rate, Fraction(1, 100)
    if not container.variable_rate:
        return info.even_rate, 1 / info.even_rate
    return rate, info.time_base


def _options(codec: str, encoding: Encoding, mastering: Mastering | None) -> dict[str, str]:
    options = encoding.arguments(codec)
    if mastering:
        stored = mastering.options(codec)
        if stored is None:
            log.warning("%s cannot hold the mastering display of HDR video", codec)
        for key, value in (stored or {}).items():
            options[key] = ":".join(filter(None, (value, options.get(key))))
    return options


def way_out(container: Container) -> str:
    """Say what to choose where a container cannot hold a codec."""
    other = "" if container.format == "matroska" else ", or an output name that ends in .mkv"
    return f"choose another `codec`{other}"


def _add_stream(
    output: Any, container: Container, codec: str, rate: Fraction, options: dict[str, str]
) -> Any:
    try:
        added = output.add_stream(codec, rate=rate, options=options)
    except ValueError as error:
        raise UsageError(
            f"{container.format} cannot hold {codec} video; {way_out(container)}"
        ) from error
    if not isinstance(added, av.VideoStream):
        raise UsageError(f"{codec} is no video encoder; try libx264 or ffv1")
    return added
