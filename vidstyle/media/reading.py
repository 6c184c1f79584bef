"""How a video is read: the wishes of a user, as one value."""

from __future__ import annotations

import operator
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Annotated, Any

import av

from vidstyle.errors import InputError, UsageError
from vidstyle.fields import INPUT, MACHINE, Between, OneOf, check, documented
from vidstyle.media.address import Location
from vidstyle.media.containers import format_name
from vidstyle.media.whitelist import FORMATS

MAX_PIXELS = 8192 * 4096
"""Largest frame by default: a small file may declare a huge one."""

_LONGEST = 10**8
"""Seconds, some three years: what is more would not fit FFmpeg's clock."""


@INPUT
@documented
@dataclass(frozen=True)
class Reading:
    """What is read of a video, and how."""

    start: Fraction | None = None
    """Begin at this time, in seconds from the input's beginning."""
    end: Fraction | None = None
    """End at this time of the input."""
    fps: Fraction | None = None
    """Constant frame rate; by default every frame keeps its own time."""
    size: tuple[int, int] | None = None
    """Scale to this width and height before painting; -1 for one of them keeps the aspect ratio."""
    hdr: Annotated[str, OneOf("refuse", "tonemap", "passthrough")] = "refuse"
    """HDR video: refuse, tonemap (to BT.709) or passthrough (paint its code values)."""
    deinterlace: Annotated[str, OneOf("auto", "off", "field")] = "auto"
    """Interlaced video: auto (a frame for a frame), field (a frame for a field), off."""
    alpha: bool = True
    """Keep transparency where the output can hold it."""
    keep_rotation: bool = False
    """Paint the picture as it is stored, and leave the rotation to the player."""
    max_pixels: Annotated[int, Between(1)] = MAX_PIXELS
    """Refuse larger frames."""
    corrupt: Annotated[str, OneOf("keep", "drop", "repeat")] = "keep"
    """Damaged frames: keep, drop, or repeat the last good one."""
    strict: bool = False
    """Stop at the first damage of the input instead of going on."""
    hwaccel: Annotated[str | None, MACHINE] = None
    """Decode on this kind of hardware, for example cuda; on the CPU where that is not possible."""
    format: str | None = None
    """Format of the input, by FFmpeg's name, if it cannot be detected; rawvideo needs `size`,
    `pixel_format` and `fps`."""
    pixel_format: str | None = None
    """Pixel format of rawvideo, whose `size` and `fps` are the input's own too."""
    low_latency: bool = False
    """Hold back no frame to decode faster."""
    precise: bool = False
    """Convert colors exactly, at some ten times the time (see `vidstyle.media.color`)."""

    def __post_init__(self) -> None:
        check(self)
        if max(self.start or 0, self.end or 0) > _LONGEST:
            raise UsageError(f"expected times below {_LONGEST} s for start and end")
        if self.start is not None and self.start < 0:
            raise UsageError(f"expected a start of 0 or later, got {float(self.start):g} s")
        if self.end is not None and self.end <= (self.start or 0):
            raise UsageError(
                f"expected an end after the start, got {float(self.start or 0):g} to "
                f"{float(self.end):g} s"
            )
        if self.fps is not None and not 0 < self.fps <= 1000:
            raise UsageError(
                f"expected more than 0 and at most 1000 frames a second, got {self.fps}"
            )
        if self.size is not None and not _is_size(self.size):
            raise UsageError(f"expected a size such as 1280x720 or 1280x-1, got {self.size}")
        self._check_format()

    def _check_format(self) -> None:
        if self.format is None:
            return
        try:
            names = av.ContainerFormat(format_name(self.format), "r").name.split(",")
        except ValueError as error:
            raise UsageError(f"no format is called {self.format}; try nut or matroska") from error
        if FORMATS.isdisjoint(names):
            raise UsageError(
                f"{self.format} is not read: it refers to other files or devices, or holds no video"
            )
        if self.is_raw and not (self.size and min(self.size) > 0 and self.pixel_format):
            raise UsageError(
                "rawvideo does not say what it holds: tell `size` 1280x720, `pixel_format` rgb24 and `fps`"
            )

    @property
    def is_raw(self) -> bool:
        """True for video without a header."""
        return self.format is not None and format_name(self.format) == "rawvideo"

    def once_open(self) -> Reading:
        """Return the options that still apply once the input is open: size and rate of raw video only say how it is stored."""
        return replace(self, format=None, size=None, fps=None) if self.is_raw else self

    def check_size(self, path: Location, width: int, height: int) -> None:
        """Refuse frames of more than `max_pixels`.

        Raises:
            InputError: the video is larger.
        """
        if width * height > self.max_pixels:
            raise InputError(
                f"{path} is {width}x{height}, more than the {self.max_pixels} pixels "
                "that are allowed; raise `max_pixels` if you trust it"
            )

    def stored_size(self, width: int, height: int, *, transposed: bool) -> tuple[int, int]:
        """Return the wished size as it is before turning; the picture's own where none is wished.

        Args:
            width: of a picture as it is stored.
            height: likewise.
            transposed: turning it swaps them.
        """
        if self.size is None:
            return width, height
        across, down = self.size
        if transposed:
            across, down = down, across
        if across == -1:
            across = max(2, 2 * round(width * down / height / 2))
        if down == -1:
            down = max(2, 2 * round(height * across / width / 2))
        return across, down


def _is_size(size: Any) -> bool:
    """Return whether something is a width and a height in pixels, one of which may be -1."""
    try:
        width, height = map(operator.index, size)
    except (TypeError, ValueError):
        return False
    return max(width, height) > 0 and all(side > 0 or side == -1 for side in (width, height))
