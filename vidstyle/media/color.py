"""Conversion between a video's own samples and full-range RGB; the only place that does it."""

from __future__ import annotations

from typing import Any, cast

import av
import numpy as np
from av.video.reformatter import (
    ColorPrimaries,
    ColorRange,
    Colorspace,
    ColorTrc,
    Interpolation,
    VideoReformatter,
)

from vidstyle.frame import ColorTags, Pixels, Plane

PRECISE = (
    Interpolation.BICUBIC
    | Interpolation.ACCURATE_RND
    | Interpolation.FULL_CHR_H_INT
    | Interpolation.FULL_CHR_H_INP
)
"""Swscale's exact path: 60 dB for there and back instead of 47, at some ten times the time."""

_MATRICES = {
    1: Colorspace.ITU709,
    4: Colorspace.FCC,
    5: Colorspace.ITU601,
    6: Colorspace.ITU601,
    7: Colorspace.SMPTE240M,
    9: Colorspace.BT2020,
    10: Colorspace.BT2020,
}

_OF_PRIMARIES = {
    1: Colorspace.ITU709,
    4: Colorspace.FCC,
    5: Colorspace.ITU601,
    6: Colorspace.ITU601,
    7: Colorspace.SMPTE240M,
    9: Colorspace.BT2020,
}
"""Primaries -> the matrix that is derived of them, rounded as its standard rounds it."""

_DERIVED = {12, 13}
"""Code points of matrices that follow from the primaries."""

_CONSTANT_LUMINANCE = {10, 13}
"""Code points of matrices that are read as those of non-constant luminance."""

_UNREADABLE = {
    8: "YCgCo",
    11: "SMPTE ST 2085",
    14: "ICtCp",
    15: "IPT-C2",
    16: "YCgCo-Re",
    17: "YCgCo-Ro",
}
"""Code points of matrices that swscale does not know -> their names."""


def unreadable_matrix(tags: ColorTags) -> str | None:
    """Return the name of a matrix that cannot be converted; None where it can."""
    if tags.matrix in _DERIVED and tags.primaries not in _OF_PRIMARIES:
        return "a matrix of primaries that are not known"
    return _UNREADABLE.get(tags.matrix)


def is_approximate(tags: ColorTags) -> bool:
    """Return whether a matrix is converted nearly: by some levels of 255, where colors are strong."""
    return tags.matrix in _CONSTANT_LUMINANCE


def tags_of(frame: av.VideoFrame, height: int | None = None) -> ColorTags:
    """Read the tags of a decoded frame, with what is unspecified resolved.

    Args:
        frame: as decoded, or scaled since.
        height: of the video as it is stored, by which players guess.
    """
    height = height or frame.height
    if is_rgb(frame.format.name):  # no matrix yet: take the one that players expect of the output
        return ColorTags(2, 1, int(frame.color_primaries), int(frame.color_trc)).resolved(height)
    color_range = int(frame.color_range)
    if frame.format.name.startswith("yuvj"):  # the old names of full-range formats
        color_range = 2
    tags = ColorTags(
        int(frame.colorspace), color_range, int(frame.color_primaries), int(frame.color_trc)
    )
    return tags.resolved(height)


def is_guessed(frame: av.VideoFrame) -> bool:
    """Return whether a decoded frame leaves its matrix or range to be guessed."""
    if is_rgb(frame.format.name):
        return False
    named = frame.format.name.startswith("yuvj")
    return int(frame.colorspace) == 2 or (int(frame.color_range) == 0 and not named)


def is_rgb(pixel_format: str) -> bool:
    """Return whether a pixel format, by FFmpeg's name, holds RGB rather than luma and chroma."""
    known = av.VideoFormat(pixel_format)
    return bool(known.is_rgb or known.has_palette)


def _matrix(tags: ColorTags) -> Colorspace:
    if tags.matrix in _DERIVED:
        return _OF_PRIMARIES.get(tags.primaries, Colorspace.ITU709)
    return _MATRICES.get(tags.matrix, Colorspace.ITU709)


def bits_of(pixel_format: str) -> int:
    """Return the bits of a sample of a pixel format, by FFmpeg's name."""
    return max(c.bits for c in av.VideoFormat(pixel_format).components)


def has_alpha(pixel_format: str) -> bool:
    """Return whether a pixel format, by FFmpeg's name, holds alpha; a palette may."""
    known = av.VideoFormat(pixel_format)
    return known.has_palette or any(c.is_alpha for c in known.components)


_SDR = {"dst_color_trc": ColorTrc.BT709, "dst_color_primaries": ColorPrimaries.BT709}


class ColorConverter:
    """Converts frames of one video; keeps swscale's tables, whose making costs more than a frame.

    Not for two threads at once.
    """

    def __init__(self) -> None:
        self._reformatter = VideoReformatter()

    def to_rgb(
        self,
        frame: av.VideoFrame,
        tags: ColorTags,
        *,
        high_bit_depth: bool,
        precise: bool,
        alpha: bool = False,
        tonemap: bool = False,
    ) -> tuple[Pixels, Plane | None]:
        """Convert a decoded frame to pixels and alpha.

        Args:
            frame: as decoded.
            tags: its own, resolved.
            high_bit_depth: give 16 bits instead of 8.
            precise: for results that must come back unchanged.
            alpha: give the alpha apart.
            tonemap: convert HDR to BT.709; what is too bright is clipped.
        """
        layout = (
            ("rgba64le" if high_bit_depth else "rgba")
            if alpha
            else ("rgb48le" if high_bit_depth else "rgb24")
        )
        wishes: dict[str, Any] = {
            "format": layout,
            "interpolation": PRECISE if precise else Interpolation.BICUBIC,
            "threads": 1,
        }
        if not is_rgb(frame.format.name):
            wishes |= {
                "src_colorspace": _matrix(tags),
                "src_color_range": ColorRange(tags.range),
                **(_SDR if tonemap else {}),
            }
        pixels = cast(Pixels, self._reformatter.reformat(frame, **wishes).to_ndarray())
        if not alpha:
            return pixels, None
        return np.ascontiguousarray(pixels[..., :3]), np.ascontiguousarray(pixels[..., 3])

    def from_rgb(
        self, pixels: Pixels, tags: ColorTags, pixel_format: str, alpha: Plane | None = None
    ) -> av.VideoFrame:
        """Convert pixels, and alpha, to a frame in the matrix and range of the tags."""
        high_bit_depth = pixels.dtype == np.uint16
        if alpha is None:
            layout, packed = "rgb48le" if high_bit_depth else "rgb24", np.ascontiguousarray(pixels)
        else:
            layout, packed = "rgba64le" if high_bit_depth else "rgba", np.dstack([pixels, alpha])
        frame = av.VideoFrame.from_ndarray(cast(Any, packed), format=layout)
        if is_rgb(pixel_format) or pixel_format.startswith("gray"):
            return self._reformatter.reformat(frame, format=pixel_format, threads=1)
        return self._reformatter.reformat(
            frame,
            format=pixel_format,
            src_colorspace=_matrix(tags),
            dst_colorspace=_matrix(tags),
            dst_color_range=ColorRange(tags.range),
            interpolation=PRECISE,
            threads=1,
        )


def can_make(pixel_format: str) -> bool:
    """Return whether swscale can turn pixels into a pixel format: it makes no palettes, for one."""
    gray = np.zeros((16, 16, 3), np.uint8)
    try:
        ColorConverter().from_rgb(gray, ColorTags(1, 1, 1, 1), pixel_format)
    except (av.FFmpegError, OSError):
        return False
    return True


def over_black(pixels: Pixels, alpha: Plane) -> Pixels:
    """Show pixels before a black ground, where alpha cannot be kept."""
    peak = np.iinfo(alpha.dtype).max
    product = pixels.astype(np.uint32) * alpha[..., None]
    return ((product + peak // 2) // peak).astype(pixels.dtype)
