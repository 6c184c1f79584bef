"""The facts of a video that its first decoded picture tells, by which all its frames are made."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import av

from vidstyle.errors import InputError
from vidstyle.frame import ColorTags, Frame, StreamInfo
from vidstyle.media.address import Location
from vidstyle.media.color import bits_of, is_approximate, is_guessed, tags_of, unreadable_matrix
from vidstyle.media.hdr import dolby_vision_profile
from vidstyle.media.orientation import UPRIGHT, Orientation, orientation_of
from vidstyle.media.projection import Projection, projection_of
from vidstyle.media.reading import Reading
from vidstyle.media.side_data import side_data_of, stream_side_data

log = logging.getLogger(__name__)

_INTERLACED = {2, 3, 4, 5}
"""FFmpeg's field orders other than unknown and progressive."""

_TELLS_OF_EACH = {"cavs", "h264", "hevc", "mpeg2video", "mpeg4", "vc1", "vvc", "wmv3"}
"""FFmpeg's names of codecs that say of each picture whether it is interlaced."""

_OF_THE_OLD_PIXELS = {
    "DOVI_METADATA": "Dolby Vision metadata",
    "DYNAMIC_HDR_PLUS": "HDR10+ metadata",
    "DYNAMIC_HDR_VIVID": "HDR Vivid metadata",
}
"""FFmpeg's names of side data -> what they are: they would describe the painting wrongly."""

_OF_THE_OLD_STREAM = {
    "DOVI configuration record": "Dolby Vision metadata",
    "HDR Dynamic Metadata SMPTE2094-40 (HDR10+)": "HDR10+ metadata",
    "Ambient viewing environment": "ambient viewing environment",
    "Frame Cropping": "cropping by the container",
    "ICC Profile": "ICC profile",
    "3D Reference Displays": "3D reference displays",
    "LCEVC NAL data": "LCEVC enhancement",
}
"""The same for side data of the stream, by the names that FFmpeg prints."""

_OF_HDR = {
    "Mastering display metadata": "mastering display",
    "Content light level metadata": "light level",
}
"""Side data of the stream that HDR video keeps, and others have no use for."""


def start_of(container: Any) -> Fraction:
    """Return the time of an input's first packet in seconds, 0 where it has none."""
    return Fraction(container.start_time or 0, av.time_base)


def duration_of(container: Any) -> Fraction:
    """Return the duration in seconds that an input declares, 0 where it declares none."""
    return Fraction(container.duration or 0, av.time_base)


def aspect_of(stream: Any) -> Fraction:
    """Return width over height of a pixel of the picture that was decoded last; 1 where it is open."""
    return Fraction(stream.codec_context.sample_aspect_ratio or 1)


@dataclass(frozen=True)
class PictureFacts:
    """The facts that the first picture of a video tells; frames are made as it is, whatever follows."""

    width: int
    """Pixels of a picture as it is stored."""
    height: int
    pixel_format: str
    """FFmpeg's name."""
    color: ColorTags
    """Unspecified tags are resolved already."""
    color_is_guessed: bool
    """The file does not say its matrix or range."""
    aspect: Fraction
    """Width over height of a pixel, as the codec says it; the container may say otherwise."""
    orientation: Orientation
    """How the file asks the player to turn the pictures."""
    interlaced: bool
    """The file says so of all pictures, or the first says it of itself; later ones may differ."""
    projection: Projection
    """360 degree and 3D."""
    dolby_vision: int | None
    """Profile of Dolby Vision without whose metadata the pictures mean nothing; None: none of these."""
    lost: tuple[str, ...]
    """What the file says of the old pixels, and no output will."""
    unflagged: bool
    """It is for the file alone to say that: the pictures say nothing of themselves."""

    @classmethod
    def of(cls, first: av.VideoFrame, stream: Any) -> PictureFacts:
        """Read them from the first decoded picture of a stream."""
        color = tags_of(first)
        side_data = stream_side_data(stream.container, stream.index)
        codec = stream.codec_context
        said = codec.field_order in _INTERLACED
        flagged = bool(first.interlaced_frame)
        return cls(
            width=first.width,
            height=first.height,
            pixel_format=first.format.name,
            color=color,
            color_is_guessed=is_guessed(first),
            aspect=aspect_of(stream),
            orientation=orientation_of(first) or UPRIGHT,
            interlaced=said or flagged,
            unflagged=said and not flagged and codec.name not in _TELLS_OF_EACH,
            projection=projection_of(first),
            dolby_vision=dolby_vision_profile(side_data),
            lost=tuple(_lost(first, side_data, color)),
        )

    @property
    def unpaintable(self) -> str | None:
        """What the video is, and the way out, where its colors cannot be converted; else None."""
        if self.dolby_vision is not None:
            return (
                f"Dolby Vision of profile {self.dolby_vision}, whose colors (IPTPQc2) nothing but "
                "its own metadata explains; convert it to HDR10 or SDR first, as ffmpeg's filter "
                "libplacebo does"
            )
        if matrix := unreadable_matrix(self.color):
            return (
                f"video in {matrix}, which cannot be converted here; convert it first, as "
                "ffmpeg -vf zscale=matrix=709 does"
            )
        return None

    @property
    def turned(self) -> bool:
        """True where the file asks the player to turn or mirror the pictures."""
        return self.orientation != UPRIGHT

    def painted_orientation(self, reading: Reading) -> Orientation:
        """Return the orientation by which the pictures are turned before they are painted."""
        return UPRIGHT if reading.keep_rotation else self.orientation


def _lost(first: av.VideoFrame, side_data: Mapping[str, str], color: ColorTags) -> dict[str, None]:
    of_stream = _OF_THE_OLD_STREAM if color.is_hdr else _OF_THE_OLD_STREAM | _OF_HDR
    return dict.fromkeys(
        [what for name, what in _OF_THE_OLD_PIXELS.items() if side_data_of(first, name)]
        + [what for name, what in of_stream.items() if name in side_data]
    )


def describe(
    container: Any,
    stream: Any,
    reading: Reading,
    facts: PictureFacts,
    first: Frame,
    made_rate: Fraction | None,
) -> StreamInfo:
    """Describe a video as it comes out of a read.

    Args:
        container: the open input.
        stream: its stream that is painted.
        reading: what is read of it, and how.
        facts: of its pictures.
        first: the first frame that came out.
        made_rate: frames a second of a stream without times.
    """
    height, width, _ = first.pixels.shape
    rate = made_rate or stream.average_rate or stream.guessed_rate
    seconds = duration_of(container)
    count = stream.frames or (round(seconds * rate) if rate and seconds else None)
    even = stream.guessed_rate or rate or 25
    if reading.deinterlace == "field" and facts.interlaced and rate:
        rate, even, count = 2 * rate, 2 * even, count and 2 * count
    if reading.fps:
        rate, count = reading.fps, round(seconds * reading.fps) or None
    if seconds and rate and (reading.start or reading.end is not None):
        last = seconds if reading.end is None else min(seconds, reading.end)
        count = max(1, round((last - (reading.start or 0)) * rate))
    transposed = facts.painted_orientation(reading).transposed
    aspect = Fraction(stream.sample_aspect_ratio or 1)
    if reading.size:
        # A player shows the same shape as before.
        across, down = reading.stored_size(facts.width, facts.height, transposed=transposed)
        aspect *= Fraction(facts.width * down, facts.height * across)
    return StreamInfo(
        width=width,
        height=height,
        time_base=first.time_base,
        frame_rate=Fraction(rate) if rate else None,
        frames=count,
        even_rate=Fraction(reading.fps or even),
        color=first.color,
        sample_aspect_ratio=1 / aspect if transposed else aspect,
        pixel_format=facts.pixel_format,
        bits=bits_of(facts.pixel_format),
        alpha=first.alpha is not None,
    )


def check_colors(
    path: Location, reading: Reading, facts: PictureFacts, first: av.VideoFrame
) -> None:
    """Refuse colors that cannot be painted, or HDR that is not wanted; say which data are dropped."""
    if why := facts.unpaintable:
        raise InputError(f"{path} is {why}")
    if facts.color.is_hdr and reading.hdr == "refuse":
        raise InputError(
            f"{path} is HDR video, whose colors the networks do not know; choose "
            "`hdr` tonemap (to BT.709) or `hdr` passthrough"
        )
    if is_approximate(facts.color):
        log.warning("a matrix of constant luminance is read as its other kind: colors are near")
    for what in facts.lost:
        log.warning("%s is dropped: it belongs to the video before painting", what)
