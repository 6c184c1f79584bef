"""The facts of a video that its first decoded picture tells; none of them changes later."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import av

from vidstyle.errors import InputError
from vidstyle.frame import ColorTags, Frame, StreamInfo
from vidstyle.media.address import Location
from vidstyle.media.color import bits_of, is_guessed, tags_of
from vidstyle.media.orientation import UPRIGHT, Orientation, orientation_of
from vidstyle.media.reading import Reading

log = logging.getLogger(__name__)

_INTERLACED = {2, 3, 4, 5}
"""FFmpeg's field orders other than unknown and progressive."""

_OF_THE_OLD_PIXELS = {
    "DOVI_METADATA": "Dolby Vision metadata",
    "DYNAMIC_HDR_PLUS": "HDR10+ metadata",
}
"""FFmpeg's names of side data -> what they are: they would describe the painting wrongly."""


def start_of(container: Any) -> Fraction:
    """Return the time of an input's first packet in seconds, 0 where it has none."""
    return Fraction(container.start_time or 0, av.time_base)


def duration_of(container: Any) -> Fraction:
    """Return the duration in seconds that an input declares, 0 where it declares none."""
    return Fraction(container.duration or 0, av.time_base)


@dataclass(frozen=True)
class PictureFacts:
    """The facts that the first picture of a video tells of all its pictures."""

    width: int
    """Pixels of a picture as it is stored."""
    height: int
    pixel_format: str
    """FFmpeg's name."""
    color: ColorTags
    """Unspecified tags are resolved already."""
    color_is_guessed: bool
    """The file does not say its matrix or range."""
    orientation: Orientation
    """How the file asks the player to turn the pictures."""
    interlaced: bool

    @classmethod
    def of(cls, first: av.VideoFrame, stream: Any) -> PictureFacts:
        """Read them from the first decoded picture of a stream."""
        return cls(
            width=first.width,
            height=first.height,
            pixel_format=first.format.name,
            color=tags_of(first),
            color_is_guessed=is_guessed(first),
            orientation=orientation_of(first),
            interlaced=stream.codec_context.field_order in _INTERLACED or first.interlaced_frame,
        )

    @property
    def turned(self) -> bool:
        """True where the file asks the player to turn or mirror the pictures."""
        return self.orientation != UPRIGHT

    def painted_orientation(self, reading: Reading) -> Orientation:
        """Return the orientation by which the pictures are turned before they are painted."""
        return UPRIGHT if reading.keep_rotation else self.orientation


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
    if reading.deinterlace == "field" and facts.interlaced and rate:
        rate, count = 2 * rate, count and 2 * count
    if reading.fps:
        rate, count = reading.fps, round(seconds * reading.fps) or None
    if seconds and rate and (reading.start or reading.end is not None):
        last = seconds if reading.end is None else min(seconds, reading.end)
        count = max(1, round((last - (reading.start or 0)) * rate))
    transposed = facts.painted_orientation(reading).transposed
    aspect = Fraction(stream.sample_aspect_ratio or 1)
    if reading.size:
        # A player shows the same shape as before.
        across, down = reading.stored_size(stream.width, stream.height, transposed=transposed)
        aspect *= Fraction(stream.width * down, stream.height * across)
    return StreamInfo(
        width=width,
        height=height,
        time_base=first.time_base,
        frame_rate=Fraction(rate) if rate else None,
        frames=count,
        even_rate=Fraction(reading.fps or stream.guessed_rate or rate or 25),
        color=first.color,
        sample_aspect_ratio=1 / aspect if transposed else aspect,
        pixel_format=facts.pixel_format,
        bits=bits_of(facts.pixel_format),
        alpha=first.alpha is not None,
    )


def check_colors(
    path: Location, reading: Reading, facts: PictureFacts, first: av.VideoFrame
) -> None:
    """Refuse HDR video unless it is wanted, and say which data about its colors are dropped."""
    if facts.color.is_hdr and reading.hdr == "refuse":
        raise InputError(
            f"{path} is HDR video, whose colors the networks do not know; choose "
            "`hdr` tonemap (to BT.709) or `hdr` passthrough"
        )
    for name, what in _OF_THE_OLD_PIXELS.items():
        if first.side_data.get(name) is not None:
            log.warning("%s is dropped: it describes the pixels before painting", what)
