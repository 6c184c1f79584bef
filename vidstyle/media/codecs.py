"""Encoders: their options by vidstyle's names, and the pixel formats that they are given."""

from __future__ import annotations

from dataclasses import dataclass

import av

from vidstyle.errors import UsageError
from vidstyle.media.color import is_rgb

CONTAINERS = {
    ".mp4": "mp4",
    ".m4v": "mp4",
    ".mov": "mov",
    ".mkv": "matroska",
    ".ts": "mpegts",
}
"""File name ending -> FFmpeg's name of the container."""

_CRF_ENCODERS = {"libx264", "libx265", "libsvtav1", "libvpx-vp9"}
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
}
"""Encoder -> its presets: x264 itself would print a line of its own about a wrong one."""
_LOSSLESS = {"ffv1", "ffvhuff", "huffyuv", "utvideo"}


@dataclass(frozen=True)
class Encoding:
    """How the frames are encoded."""

    codec: str = "libx264"
    """FFmpeg's name of the encoder."""
    crf: int | None = None
    """Constant rate factor, lower is better; None is 18 where the encoder takes one."""
    preset: str | None = None
    """Speed preset; None is veryfast for libx264 and libx265."""

    def __post_init__(self) -> None:
        try:
            av.codec.Codec(self.codec, "w")
        except (ValueError, av.FFmpegError) as error:
            raise UsageError(f"no encoder is called {self.codec}; try libx264 or ffv1") from error
        for name, value, takers in (
            ("crf", self.crf, _CRF_ENCODERS),
            ("preset", self.preset, _PRESETS),
        ):
            if value is not None and self.codec not in takers:
                raise UsageError(f"{self.codec} takes no --{name}; leave it out")
        if self.preset is not None and self.preset not in _PRESETS[self.codec]:
            known = " ".join(_PRESETS[self.codec])
            raise UsageError(f"{self.codec} has no preset {self.preset}; expected one of {known}")

    def options(self) -> dict[str, str]:
        """Return the encoder's options as FFmpeg names them."""
        options = {}
        if self.codec in _CRF_ENCODERS:
            options["crf"] = str(18 if self.crf is None else self.crf)
        if self.preset is not None:
            options["preset"] = self.preset
        elif self.codec in {"libx264", "libx265"}:
            options["preset"] = "veryfast"
        if self.codec == "libx265":  # it would print some 25 lines of its own
            options["x265-params"] = "log-level=error"
        return options

    def pixel_format(self, source: str) -> str:
        """Choose the pixel format: a lossless codec keeps the source's, others play everywhere.

        Args:
            source: the input's pixel format.
        """
        offered = {f.name for f in av.codec.Codec(self.codec, "w").video_formats or ()}
        wanted: tuple[str, ...] = ()
        if self.codec in _LOSSLESS:
            # The full-range yuvj names are the same formats with a tag, which is set apart.
            wanted = (source.replace("yuvj", "yuv"), *(("gbrp", "bgr0") if is_rgb(source) else ()))
        ten_bits = ("yuv422p10le", "yuv444p10le")
        for name in (*wanted, "yuv420p", "yuv422p", "yuv444p", *ten_bits, "rgb24", "gbrp", "bgr0"):
            if name in offered:
                return name
        raise UsageError(
            f"{self.codec} takes none of the pixel formats that vidstyle makes, only "
            f"{' '.join(sorted(offered)[:8])}; try libx264 or ffv1"
        )


def container_for(suffix: str) -> str:
    """Return FFmpeg's name of the container for a file name ending such as ".mp4"."""
    try:
        return CONTAINERS[suffix.lower()]
    except KeyError:
        known = " ".join(CONTAINERS)
        raise UsageError(
            f"cannot tell the container from the ending {suffix!r}; expected one of {known}"
        ) from None
