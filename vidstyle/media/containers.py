"""Containers by file name ending: what each can hold, and what goes into it by default."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeGuard

from vidstyle.errors import InputError, UsageError
from vidstyle.media.address import Address, Location
from vidstyle.media.pipes import is_pipe


@dataclass(frozen=True)
class Container:
    """One kind of output."""

    format: str
    """FFmpeg's name of the muxer."""
    codec: str
    """Video encoder where the user names none."""
    alpha_codec: str | None = None
    """The same for a video with transparency; None: `codec` itself may or may not take it."""
    deep_codec: str | None = None
    """The same for more than 8 bits."""
    audio: frozenset[str] | None = frozenset()
    """Codecs of sound that are copied; None: all that the muxer says it takes."""
    refused: frozenset[str] = frozenset()
    """Codecs that the muxer says it takes, and then refuses."""
    unfamiliar: frozenset[str] = frozenset()
    """Codecs that the muxer takes, and few players know there."""
    audio_encoder: str | None = None
    """The encoder that other sound is converted by."""
    subtitles: frozenset[str] = frozenset()
    """Codecs of subtitles that are copied."""
    text: str | None = None
    """The codec that other text subtitles are converted to."""
    attachments: bool = False
    """Fonts and other files."""
    covers: bool = False
    """Attached pictures."""
    data: bool = False
    """Streams of data that nobody need understand."""
    telemetry: bool = False
    """Tracks of a camera's measurements (gpmd), as in mp4 and mov; FFmpeg's name of them is that of all unknown data."""
    timecode: bool = False
    """A timecode tag of the video becomes a track."""
    rotation: bool = False
    """A display matrix."""
    chapters: bool = False
    tags: bool = False
    """Metadata of the file and of streams."""
    aspect: bool = True
    """Pixels need not be square."""
    variable_rate: bool = True
    """Frames may come at uneven times."""
    pixel_formats: frozenset[str] | None = None
    """Pixel formats that its video may have; None: all that the encoder takes."""
    options: tuple[tuple[str, str], ...] = ()
    """The muxer's."""

    @property
    def name(self) -> str:
        """For people."""
        return "a picture" if self.is_picture else self.format

    @property
    def is_picture(self) -> bool:
        """True for still pictures: one, or a numbered sequence."""
        return self.format == "image2"

    @property
    def has_streams(self) -> bool:
        """True where anything besides the video can be held at all."""
        return bool(self.audio is None or self.audio or self.subtitles)


# The length of a track is stored in ticks of the movie: coarse ones would cut off a short last frame.
_MP4_OPTIONS = (("movflags", "+faststart"), ("movie_timescale", "90000"))
# MP4 got PCM in 2020 (ISO/IEC 23003-5): players from before hear noise, and the muxer refuses a
# layout without names when it writes the index.
_PCM = frozenset(
    f"pcm_{kind}{order}" for kind in ("s16", "s24", "s32", "f32", "f64") for order in ("be", "le")
)

_MP4 = Container(
    "mp4",
    "libx264",
    audio=None,
    refused=frozenset({"truehd"}),
    unfamiliar=_PCM,
    audio_encoder="aac",
    subtitles=frozenset({"mov_text", "dvd_subtitle"}),
    text="mov_text",
    covers=True,
    telemetry=True,
    timecode=True,
    rotation=True,
    chapters=True,
    tags=True,
    options=_MP4_OPTIONS,
)
_MOV = Container(
    "mov",
    "libx264",
    alpha_codec="prores_ks",
    audio=None,
    refused=frozenset({"truehd", "opus", "flac", "vorbis"}),
    audio_encoder="aac",
    subtitles=frozenset({"mov_text"}),
    text="mov_text",
    telemetry=True,
    timecode=True,
    rotation=True,
    chapters=True,
    tags=True,
    options=_MP4_OPTIONS,
)
_MATROSKA = Container(
    "matroska",
    "libx264",
    audio=None,
    audio_encoder="flac",
    subtitles=frozenset(
        {"subrip", "ass", "ssa", "webvtt", "hdmv_pgs_subtitle", "dvd_subtitle", "dvb_subtitle"}
    ),
    text="subrip",
    attachments=True,
    covers=True,
    timecode=True,
    rotation=True,
    chapters=True,
    tags=True,
)
_WEBM = Container(
    "webm",
    "libvpx-vp9",
    deep_codec="libsvtav1",
    audio=frozenset({"opus", "vorbis"}),
    audio_encoder="libopus",
    subtitles=frozenset({"webvtt"}),
    text="webvtt",
    rotation=True,
    chapters=True,
    tags=True,
)
_TS = Container(
    "mpegts",
    "libx264",
    data=True,
    audio=frozenset({"aac", "mp2", "mp3", "ac3", "eac3", "dts", "truehd", "opus"}),
    audio_encoder="aac",
    subtitles=frozenset({"dvb_subtitle"}),
)
# Frames have no times in AVI, only an order.
_AVI = Container(
    "avi",
    "libx264",
    audio=frozenset({"mp3", "mp2", "ac3", "pcm_s16le", "pcm_s24le", "pcm_u8"}),
    audio_encoder="libmp3lame",
    tags=True,
    variable_rate=False,
)
_GIF = Container("gif", "gif", options=(("loop", "0"),))
_WEBP = Container("webp", "libwebp_anim", aspect=False, options=(("loop", "0"),))

CONTAINERS = {
    ".mp4": _MP4,
    ".m4v": _MP4,
    ".mov": _MOV,
    ".mkv": _MATROSKA,
    ".webm": _WEBM,
    ".ts": _TS,
    ".avi": _AVI,
    ".gif": _GIF,
    ".webp": _WEBP,
}
"""File name ending -> container of video."""

PICTURES = {
    ".png": Container("image2", "png"),
    ".jpg": Container("image2", "mjpeg"),
    ".jpeg": Container("image2", "mjpeg"),
    ".bmp": Container("image2", "bmp", aspect=False),
    ".tif": Container("image2", "tiff"),
    ".tiff": Container("image2", "tiff"),
}
"""File name ending -> still pictures."""

_NUT = Container("nut", "rawvideo", audio=None, audio_encoder="flac", chapters=True, tags=True)
_Y4M = Container(
    "yuv4mpegpipe",
    "rawvideo",
    variable_rate=False,
    pixel_formats=frozenset(
        f"{name}{depth}"
        for name in ("gray", "yuv420p", "yuv422p", "yuv444p")
        for depth in ("", "10le", "12le")
    ),
    options=(("strict", "-1"),),  # else it refuses more than 8 bits
)
_RAW = Container("rawvideo", "rawvideo", aspect=False, variable_rate=False)

PIPES = {
    "nut": _NUT,
    "matroska": _MATROSKA,
    "mpegts": _TS,
    "mp4": replace(
        _MP4,
        covers=False,
        chapters=False,
        timecode=False,
        options=(("movflags", "+frag_keyframe+empty_moov+default_base_moof"),),
    ),
    "yuv4mpegpipe": _Y4M,
    "rawvideo": _RAW,
}
"""FFmpeg's name of a format that needs no seeking -> the container, as a pipe can carry it."""

_SHORT = {"mkv": "matroska", "ts": "mpegts", "y4m": "yuv4mpegpipe", "raw": "rawvideo"}


def format_name(name: str) -> str:
    """Return FFmpeg's name of a format that may be called by its usual ending."""
    return _SHORT.get(name, name)


ONLY_READ = {".dpx", ".exr", ".jp2", ".ppm", ".tga"}
"""File name endings of still pictures that are read, and not written."""

_READ_IN_NUMBERS = {*PICTURES, *ONLY_READ, ".webp"}

_NUMBER = re.compile(r"%(?:0\d+)?d")


def is_sequence(path: Location) -> TypeGuard[Path]:
    """Return whether a name stands for numbered pictures, as frames/%05d.png does."""
    if isinstance(path, Address):
        return False
    return path.suffix.lower() in _READ_IN_NUMBERS and _is_numbered(path)


def check_sequence(path: Path) -> None:
    """Refuse a name of numbered pictures of a kind that is not read.

    Raises:
        InputError: it is one.
    """
    if _is_numbered(path) and not is_sequence(path):
        endings = " ".join(sorted(_READ_IN_NUMBERS))
        raise InputError(
            f"cannot read {path}: numbered pictures may be {endings}; convert them to .png first"
        )


def _is_numbered(path: Path) -> bool:
    only = path.name.count("%") == 1 and bool(_NUMBER.search(path.name))
    return only and not path.exists()


def number_pattern(path: Path) -> re.Pattern[str]:
    """Return a pattern that matches the names of a sequence's files; its group is the number."""
    before, after = _NUMBER.split(path.name)
    return re.compile(re.escape(before) + r"(\d+)" + re.escape(after))


def container_for(path: Location, name: str | None = None) -> Container:
    """Choose the container of an output by its name.

    Args:
        path: its ending chooses the container.
        name: one of `PIPES`, which the user named instead; None: none.

    Raises:
        UsageError: an ending or a name that vidstyle does not write, or standard output without one.
    """
    if name is not None:
        if format_name(name) not in PIPES:
            raise UsageError(f"cannot write {name}; expected `container` {', '.join(PIPES)}")
        return PIPES[format_name(name)]
    if is_pipe(path):
        raise UsageError(f"say what to write to standard output: `container` {', '.join(PIPES)}")
    suffix = Path(path.name).suffix.lower()
    known = CONTAINERS.get(suffix) or PICTURES.get(suffix)
    if suffix in ONLY_READ or (is_sequence(path) and suffix not in PICTURES):
        numbered = "numbered " if is_sequence(path) else ""
        raise UsageError(
            f"cannot write {path}: {numbered}{suffix} pictures are only read; choose .png or .tif"
        )
    if known is None:
        endings = " ".join((*CONTAINERS, *PICTURES))
        raise UsageError(
            f"cannot tell the container from the ending {Path(path.name).suffix!r}; expected one of {endings}"
        )
    return known
