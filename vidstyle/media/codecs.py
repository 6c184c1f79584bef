"""Encoders: their options by vidstyle's names, and the pixel formats that they are given."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any

import av
import cv2

from vidstyle.cores import cores
from vidstyle.errors import UsageError
from vidstyle.fields import OUTPUT, QUALITY, Between, check, documented
from vidstyle.frame import StreamInfo
from vidstyle.media.color import can_make, has_alpha, is_rgb
from vidstyle.media.containers import Container

_CRF = {"libx264": 18, "libx265": 18, "libsvtav1": 24, "libvpx-vp9": 24, "h264_nvenc": 18}
"""Encoders with a constant rate factor, and a kind one: stylized video has much texture."""

_MAX_CRF = {"libx264": 51, "libx265": 51, "libsvtav1": 63, "libvpx-vp9": 63, "h264_nvenc": 51}
"""The worst; FFmpeg itself would take a larger one for it in silence."""

_CAPPED = {"h264_nvenc", "libvpx-vp9"}
"""Encoders whose quality a bit rate, which they have by default, would limit."""

_MPEG4_LIKE = (
    "mpeg4",
    "msmpeg4",
    "msmpeg4v2",
    "wmv1",
    "wmv2",
    "flv",
    "h263p",
    "mpeg1video",
    "mpeg2video",
)

_HELD_BY = {
    **dict.fromkeys(_MPEG4_LIKE, ("maxrate", "bufsize")),
    "libvpx-vp9": ("minrate", "maxrate", "bufsize"),
}
"""Encoder -> options, a buffer of a second, without which it misses a bit rate: the first ones by a multiple where times are
finer than the frames, the last by up to a quarter."""

_RATED_ALONE = {"dnxhd"}
"""Encoders that keep to a bit rate though they make each frame alone."""

_SPEEDS = [
    "ultrafast",
    "superfast",
    "veryfast",
    "faster",
    "fast",
    "medium",
    "slow",
    "slower",
    "veryslow",
    "placebo",
]
_PRESETS = {
    "libx264": _SPEEDS,
    "libx265": _SPEEDS,
    "libsvtav1": [str(n) for n in range(14)],
    "libvpx-vp9": [str(n) for n in range(9)],
}
"""Encoder -> its presets: x264 itself would print a line of its own about a wrong one."""

_DEFAULT_PRESETS = {"libx264": "veryfast", "libx265": "veryfast", "libvpx-vp9": "5"}

_FIXED = {
    "libx265": {"x265-params": "log-level=error"},  # it would print some 25 lines of its own
    "libvpx-vp9": {"row-mt": "1", "deadline": "good"},
    "libwebp_anim": {"quality": "85"},
    "mjpeg": {"qmin": "2", "qmax": "2"},
    "vc2": {"b": "600000000"},  # FFmpeg's own: without a rate it refuses its first picture
}
"""Encoder -> options that it always gets, unless the user says otherwise."""

_LOSSLESS = {"ffv1", "ffvhuff", "huffyuv", "rawvideo", "utvideo"}

_OPAQUE = {"libx265"}
"""Encoders that list a format with alpha and then refuse it."""

_PICTURES = {
    "png": ("rgb24",),
    "tiff": ("rgb24",),
    "bmp": ("bgr24",),
    "mjpeg": ("yuvj444p", "yuv444p"),
    "gif": ("pal8",),
}
"""Encoders of still pictures, which need no chroma halved, and of palettes -> their format without alpha."""

_HIGH_BIT_DEPTH_ALPHA = ("yuva444p10le", "yuva444p12le", "rgba64be", "rgba64le", "gbrap16le")
_ALPHA = ("yuva420p", "rgba", "bgra", "gbrap", "yuva444p10le", "yuva444p12le")
_HIGH_BIT_DEPTH = ("yuv420p10le", "yuv422p10le", "yuv444p10le", "rgb48be", "rgb48le", "gbrp16le")
_PLAIN = (
    *("yuv420p", "yuv422p", "yuv444p", "rgb24", "bgr24", "gbrp", "bgr0"),
    *("yuv422p10le", "yuv444p10le"),
)


_AVX_512 = 256
"""OpenCV's number of AVX-512 as Skylake-X has it, which is what x264 asks for."""

_REPEATABLE = "asm=AVX2,FMA3,BMI2"
"""With AVX-512, x264's macroblock tree reads memory that it has not written: the same frames give other packets each
time, from the second encoder of a process on. That was seen with x264 165, and costs 5 % of its time."""


def _keeps_rate(codec: str) -> bool:
    """Return whether an encoder can keep to a bit rate: not where it loses nothing, or makes each frame alone."""
    known = av.codec.Codec(codec, "w")
    return codec in _RATED_ALONE or (known.lossy and not known.intra_only)


HARDWARE_KINDS = {"cuda": "h264_nvenc", "qsv": "h264_qsv", "d3d11va": "h264_amf"}
"""Kind of hardware -> its encoder of H.264."""


def hardware_encoder(kind: str) -> str | None:
    """Return the encoder of a kind of hardware, if it is there and can be opened."""
    name = HARDWARE_KINDS.get(kind)
    if name is None:
        return None
    try:
        context: Any = av.CodecContext.create(name, "w")
        context.width, context.height, context.pix_fmt = 256, 256, "yuv420p"
        context.time_base = Fraction(1, 25)
        context.open()
    except (ValueError, av.FFmpegError, OSError):
        return None
    return name


@QUALITY
@documented
@dataclass(frozen=True)
class Encoding:
    """How the frames are encoded."""

    codec: str | None = None
    """Video encoder, by FFmpeg's name: libx264, libx265, ffv1, ...; by default chosen for the output."""
    crf: Annotated[int | None, Between(0, 63)] = None
    """Quality (constant rate factor), lower is better and larger; by default 18, or 24 for VP9 and AV1."""
    bitrate: Annotated[int | None, Between(1000)] = None
    """Average bit rate of the video, instead of `crf`."""
    preset: str | None = None
    """Speed of the encoder; by default veryfast for libx264 and libx265. For libvpx-vp9 its cpu-used."""
    pixel_format: str | None = None
    """Pixel format, by FFmpeg's name: yuv420p, yuv444p10le, ...; by default the source's depth, and 4:2:0 if the encoder supports it."""
    options: tuple[tuple[str, str], ...] = ()
    """A private option of the encoder."""
    container: Annotated[str | None, OUTPUT] = None
    """Format of the output if no file name determines it: nut, matroska, mpegts, mp4 (fragmented), yuv4mpegpipe,
    rawvideo."""
    low_latency: bool = False
    """Hold back no frame to encode it better."""

    def __post_init__(self) -> None:
        check(self)
        given = self.options.items() if isinstance(self.options, Mapping) else self.options
        try:
            pairs = [(str(name), str(value)) for name, value in given]
        except (TypeError, ValueError) as error:
            raise UsageError(
                f"expected `options` of names and values such as {{'g': '30'}}, got {self.options!r}"
            ) from error
        object.__setattr__(self, "options", tuple(pairs))
        if self.codec is not None:
            try:
                known = av.codec.Codec(self.codec, "w")
            except (ValueError, av.FFmpegError) as error:
                raise UsageError(
                    f"no encoder is called {self.codec}; try libx264 or ffv1"
                ) from error
            self._check(known.name)
        if self.pixel_format is not None:
            try:
                av.VideoFormat(self.pixel_format)
            except ValueError as error:
                raise UsageError(
                    f"no pixel format is called {self.pixel_format}; try yuv420p or yuv444p10le"
                ) from error

        rated = self._rate is not None
        if rated and (self.crf is not None or "crf" in dict(self.options)):
            raise UsageError("expected `crf` or a bit rate, got both; leave one out")

    @property
    def _rate(self) -> str | None:
        """The bit rate that is asked for, as FFmpeg writes it."""
        return dict(self.options).get("b", None if self.bitrate is None else str(self.bitrate))

    @property
    def _quality(self) -> float | None:
        """The rate factor that is asked for; None, too, where it is no number."""
        with contextlib.suppress(ValueError):
            return float(dict(self.options)["crf"]) if "crf" in dict(self.options) else self.crf
        return None

    def _check(self, codec: str) -> None:
        if self.bitrate is not None and not _keeps_rate(codec):
            raise UsageError(f"{codec} keeps to no `bitrate`; leave it out")
        if codec in _MAX_CRF and (self._quality or 0) > _MAX_CRF[codec]:
            raise UsageError(
                f"expected `crf` from 0 to {_MAX_CRF[codec]} for {codec}, got {self._quality:g}"
            )
        for name, value, takers in (
            ("crf", self.crf, _CRF),
            ("preset", self.preset, _PRESETS),
        ):
            if value is not None and codec not in takers:
                raise UsageError(f"{codec} takes no `{name}`; leave it out")
        if self.preset is not None and self.preset not in _PRESETS[codec]:
            known = " ".join(_PRESETS[codec])
            raise UsageError(f"{codec} has no preset {self.preset}; expected one of {known}")

    def encoder(self, container: Container, info: StreamInfo) -> str:
        """Choose the encoder for a container and for what the video needs."""
        if self.codec is not None:
            return av.codec.Codec(self.codec, "w").name  # hevc is a name of libx265, too
        special = container.alpha_codec if info.alpha else None
        if special is None and info.bits > 8 and not info.alpha:
            special = container.deep_codec
        codec = special or container.codec
        self._check(codec)
        return codec

    def arguments(self, codec: str) -> dict[str, str]:
        """Return an encoder's options as FFmpeg names them."""
        options = dict(_FIXED.get(codec, {}))
        if codec == "h264_nvenc":
            options["rc"] = "vbr"
        if self._rate is not None:
            options["b"] = self._rate
            options |= dict.fromkeys(_HELD_BY.get(codec, ()), self._rate)
        elif codec in _CRF:
            quality = str(_CRF[codec] if self.crf is None else self.crf)
            options["cq" if codec == "h264_nvenc" else "crf"] = quality
            if codec in _CAPPED:
                options["b"] = "0"
        if codec == "libx264":
            # Its own choice is half as many again, for an encoder alone on the machine: that costs 9 %
            # of a painted 1280x720 run on two cores. Each holds a frame, so there is an end to it.
            options["threads"] = str(min(16, cores("encoders")))
            # PyAV asks for threads that share a frame: they wait for each other, and slices cost bits.
            if not self.low_latency:
                options["thread_type"] = "frame"
            if cv2.checkHardwareSupport(_AVX_512):
                options["x264-params"] = _REPEATABLE
        if self.low_latency and codec in {"libx264", "libx265"}:
            options["tune"] = "zerolatency"
        elif self.low_latency and codec == "libvpx-vp9":
            options |= {"deadline": "realtime", "lag-in-frames": "0"}
        preset = self.preset or _DEFAULT_PRESETS.get(codec)
        if preset is not None:
            options["cpu-used" if codec == "libvpx-vp9" else "preset"] = preset
        for key, value in self.options:
            joined = key in {"x264-params", "x265-params"} and options.get(key)
            options[key] = f"{options[key]}:{value}" if joined else value
        return options

    def format_for(self, codec: str, info: StreamInfo, held: frozenset[str] | None = None) -> str:
        """Choose the pixel format: lossless codecs keep the source's, others play everywhere.

        Args:
            codec: the encoder.
            info: of the source.
            held: formats that the container can hold; None: all.
        """
        offered = {f.name for f in av.codec.Codec(codec, "w").video_formats or ()}
        if held is not None:
            offered = offered & held if offered else set(held)
        if self.pixel_format is not None:
            if offered and self.pixel_format not in offered:
                some = " ".join(sorted(offered)[:12])
                raise UsageError(f"{codec} takes no {self.pixel_format}; expected one of {some}")
            if self.pixel_format not in _PICTURES.get(codec, ()) and not can_make(
                self.pixel_format
            ):
                raise UsageError(
                    f"vidstyle makes no pictures of {self.pixel_format} for {codec}; leave `pixel_format` out"
                )
            return self.pixel_format
        source = info.pixel_format
        high_bit_depth, alpha = info.bits > 8, info.alpha and codec not in _OPAQUE
        candidates: list[str] = []
        if codec in _LOSSLESS and not av.VideoFormat(source).has_palette:
            # The full-range yuvj names are the same formats with a tag, which is set apart.
            same = source.replace("yuvj", "yuv")
            if info.alpha or not has_alpha(same):
                candidates.append(same)
            if is_rgb(source) and not high_bit_depth:
                candidates += ["bgra", "gbrap"] if alpha else ["gbrp", "bgr0"]
        if alpha:
            candidates += (*_HIGH_BIT_DEPTH_ALPHA, *_ALPHA) if high_bit_depth else _ALPHA
        if high_bit_depth:
            candidates += _HIGH_BIT_DEPTH
        candidates += _PICTURES.get(codec, ())
        for name in (*candidates, *_PLAIN):
            if name in offered or not offered:  # none: the encoder takes all
                return name
        raise UsageError(
            f"{codec} takes none of the pixel formats that vidstyle makes, only "
            f"{' '.join(sorted(offered)[:8])}; try libx264 or ffv1"
        )


@contextlib.contextmanager
def same_scheduling() -> Iterator[None]:
    """Undo what an encoder does to the scheduling of this process's threads as it is opened.

    Run by root, SVT-AV1 takes Linux's highest real-time priority for the thread that opens it and for
    every thread after that, which starves the rest of the machine.
    """
    known = hasattr(os, "sched_getscheduler")
    before = os.sched_getscheduler(0) if known else None
    try:
        yield
    finally:
        if before is not None and os.sched_getscheduler(0) != before:
            for task in Path("/proc/self/task").iterdir():
                with contextlib.suppress(OSError):  # a thread may have ended since
                    os.sched_setscheduler(int(task.name), before, os.sched_param(0))
