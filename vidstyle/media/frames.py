"""From decoded pictures to frames: filtered, upright, in RGB, their times counted from the origin."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from fractions import Fraction

import av

from vidstyle.frame import ColorTags, Frame
from vidstyle.media.address import Location
from vidstyle.media.color import has_alpha, tags_of
from vidstyle.media.containers import is_sequence
from vidstyle.media.facts import PictureFacts
from vidstyle.media.filters import Steps, filtered
from vidstyle.media.pixels import PixelConverter
from vidstyle.media.reading import Reading

_FINEST = 1_000_000
"""Ticks per second at most."""


class FrameMaker:
    """Makes frames of the pictures of one read, in one thread."""

    def __init__(
        self, path: Location, reading: Reading, facts: PictureFacts, origin: Fraction
    ) -> None:
        """Take the facts of the video.

        Args:
            path: of the video.
            reading: how it is read.
            facts: of its pictures.
            origin: the time that becomes 0, seconds of the input.

        Raises:
            InputError: the wished size has more pixels than are allowed.
        """
        self._reading = reading
        self._origin = origin
        self._converter = PixelConverter(
            format=facts.pixel_format,
            height=facts.height,
            orientation=facts.painted_orientation(reading),
            alpha=reading.alpha and has_alpha(facts.pixel_format),
            tonemap=facts.color.is_hdr and reading.hdr == "tonemap",
            precise=reading.precise,
        )
        self._steps = _steps(path, reading, facts)

    def frames(
        self, pictures: Iterable[av.VideoFrame], on_damage: Callable[[str], None]
    ) -> Generator[Frame, None, None]:
        """Yield the frames that come of pictures; a damaged one is reported to `on_damage` if strict."""
        last: Frame | None = None
        for picture in filtered(pictures, self._steps):
            if picture.is_corrupt and self._reading.strict:
                on_damage("holds a damaged frame")
            last = self._frame(picture, last)
            yield last

    def _frame(self, picture: av.VideoFrame, last: Frame | None) -> Frame:
        converter = self._converter
        pixels, alpha = converter.convert(picture)
        if picture.is_corrupt and self._reading.corrupt == "repeat" and last is not None:
            pixels, alpha = last.pixels, last.alpha
        color = tags_of(picture, converter.height)
        time_base = Fraction(picture.time_base or 1)
        # Where the origin lies between two ticks, finer ones keep picture and sound together.
        parts = (self._origin / time_base).denominator
        parts = parts if time_base.denominator * parts <= _FINEST else 1
        fine = time_base / parts
        return Frame(
            pixels=pixels,
            pts=(picture.pts or 0) * parts - round(self._origin / fine),
            time_base=fine,
            color=ColorTags(1, 1, 1, 1) if converter.tonemap else color,
            duration=picture.duration * parts if picture.duration else None,
            damaged=picture.is_corrupt,
            alpha=alpha,
        )


def _steps(path: Location, reading: Reading, facts: PictureFacts) -> Steps:
    """Return the filters that the pictures pass before they are converted."""
    steps: Steps = []
    if facts.interlaced and reading.deinterlace != "off":
        mode = "send_field" if reading.deinterlace == "field" else "send_frame"
        steps.append(("bwdif", f"mode={mode}"))
    if reading.fps and not is_sequence(path):
        steps.append(("fps", f"fps={reading.fps}"))
    if reading.size:
        transposed = facts.painted_orientation(reading).transposed
        across, down = reading.stored_size(facts.width, facts.height, transposed=transposed)
        reading.check_size(path, across, down)
        steps.append(("scale", f"{across}:{down}:flags=bicubic"))
    return steps
