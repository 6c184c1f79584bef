"""From decoded pictures to frames: filtered, upright, in RGB, their times counted from the origin."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, cast

import av

from vidstyle.errors import InputError
from vidstyle.frame import ColorTags, Frame
from vidstyle.media.address import Location
from vidstyle.media.color import has_alpha, tags_of
from vidstyle.media.containers import is_sequence
from vidstyle.media.facts import PictureFacts, aspect_of
from vidstyle.media.filters import Steps, deinterlaced, evened, filtered
from vidstyle.media.framing import fitted, placed
from vidstyle.media.linear import FLOATS, is_linear
from vidstyle.media.orientation import UPRIGHT, Orientation, orientation_of
from vidstyle.media.pixels import PixelConverter
from vidstyle.media.reading import Reading

_FINEST = 1_000_000
"""Ticks per second at most."""


@dataclass(frozen=True)
class _Shown:
    """How a picture is to be shown."""

    aspect: Fraction
    """Width over height of its pixels."""
    turn: Orientation

    def shape(self, width: int, height: int) -> Fraction:
        """Return the width over the height at which a picture is shown that is stored in a size."""
        shape = Fraction(width, height) * self.aspect
        return 1 / shape if self.turn.transposed else shape


class FrameMaker:
    """Makes frames of the pictures of one read, in one thread.

    All frames are as large as the first picture makes them. A picture of another size is scaled to
    fit, in its own shape, turned as it says itself.
    """

    def __init__(
        self,
        path: Location,
        reading: Reading,
        facts: PictureFacts,
        origin: Fraction,
        stream: Any,
        converters: dict[PixelConverter, PixelConverter] | None = None,
    ) -> None:
        """Take the facts of the video.

        Args:
            path: of the video.
            reading: how it is read.
            facts: of its first picture.
            origin: the time that becomes 0, seconds of the input.
            stream: from which the pictures are decoded, each just before it is taken.
            converters: of earlier reads in this thread, whose tables are taken over; the own one is added.

        Raises:
            InputError: the wished size has more pixels than are allowed.
        """
        self._path = path
        self._reading = reading
        self._facts = facts
        self._origin = origin
        self._stream = stream
        self._usual = _Shown(facts.aspect, facts.painted_orientation(reading))
        transposed = self._usual.turn.transposed
        self._stored = reading.stored_size(facts.width, facts.height, transposed=transposed)
        if reading.size:
            reading.check_size(path, *self._stored)
        self._size = _turned(self._stored, transposed)
        """Width and height of the frames."""
        converter = PixelConverter(
            format=facts.pixel_format,
            alpha=reading.alpha and has_alpha(facts.pixel_format),
            tonemap=reading.hdr == "tonemap",
            precise=reading.precise,
        )
        self._converter = converter
        if converters is not None:
            self._converter = converters.setdefault(converter, converter)

    def frames(
        self,
        pictures: Iterable[av.VideoFrame],
        on_damage: Callable[[str], None],
        on_change: Callable[[str], None],
    ) -> Generator[Frame, None, None]:
        """Yield the frames that come of pictures.

        Args:
            pictures: as decoded.
            on_damage: is told of damaged pictures if the reading is strict.
            on_change: is told once if later pictures are of another size, shape or kind of color.

        Raises:
            InputError: later pictures are too large, or HDR where that is refused.
        """
        last: Frame | None = None
        hdr = self._facts.color.is_hdr
        for picture in self._filtered(self._watched(pictures, on_change)):
            # By the first picture's height players guess what it leaves open.
            color = tags_of(picture, self._facts.height)
            if color.is_hdr != hdr:
                hdr = color.is_hdr
                self._check_hdr(picture, on_change, hdr=hdr)
            if picture.is_corrupt and self._reading.strict:
                on_damage("holds a damaged frame")
            last = self._frame(picture, color, last)
            yield last

    def _watched(
        self, pictures: Iterable[av.VideoFrame], on_change: Callable[[str], None]
    ) -> Iterator[av.VideoFrame]:
        """Yield the pictures; one that is to be shown in another way than the first says it as `opaque`."""
        facts, codec = self._facts, self._stream.codec_context
        as_before = not codec.codec.intra_only  # H.264 says a turn once for many pictures
        shown = self._usual
        last: Any = None
        told, usual = False, True
        for picture in pictures:
            said = None if self._reading.keep_rotation else orientation_of(picture)
            now = picture.width, picture.height, codec.sample_aspect_ratio, said
            if now != last:
                last = now
                turn = said or (shown.turn if as_before else UPRIGHT)
                shown = _Shown(aspect_of(self._stream), turn)
                self._reading.check_size(self._path, *now[:2])
                usual = shown == self._usual
                if not (told or (usual and now[:2] == (facts.width, facts.height))):
                    told = True
                    on_change(self._change(picture, shown))
            if not usual:
                picture.opaque = shown
            yield picture

    def _change(self, picture: av.VideoFrame, shown: _Shown) -> str:
        """Say how a picture differs from the first, when, and what becomes of it."""
        facts = self._facts
        if (picture.width, picture.height) != (facts.width, facts.height):
            sizes = f"{facts.width}x{facts.height} to {picture.width}x{picture.height}"
            what = f"its size from {sizes}"
        elif shown.aspect != facts.aspect:
            what = f"its pixel aspect from {facts.aspect} to {shown.aspect}".replace("/", ":")
        else:
            what = "how it is turned"
        width, height = self._size
        return f"changes {what} at {self._time(picture)}: from there it is fitted into {width}x{height}"

    def _time(self, picture: av.VideoFrame) -> str:
        """Return the time of a picture as `start` counts it."""
        time = (picture.pts or 0) * Fraction(picture.time_base or 1) - self._origin
        return f"{float(time + (self._reading.start or 0)):.2f} s"

    def _check_hdr(
        self, picture: av.VideoFrame, on_change: Callable[[str], None], *, hdr: bool
    ) -> None:
        time = self._time(picture)
        if hdr and self._reading.hdr == "refuse":
            raise InputError(
                f"{self._path} becomes HDR video at {time}, whose colors the networks do not know; "
                "choose `hdr` tonemap (to BT.709) or an `end` before it"
            )
        if self._reading.hdr == "passthrough":
            kinds = "SDR to HDR" if hdr else "HDR to SDR"
            on_change(f"changes from {kinds} at {time}: the output is tagged as it begins")

    def _filtered(self, pictures: Iterable[av.VideoFrame]) -> Iterator[av.VideoFrame]:
        reading = self._reading
        if reading.deinterlace != "off":
            fields = reading.deinterlace == "field"
            pictures = deinterlaced(pictures, fields=fields, unflagged=self._facts.unflagged)
        if reading.fps and not is_sequence(self._path):
            pictures = evened(pictures, reading.fps)
        return filtered(pictures, self._scale)

    def _scale(self, picture: av.VideoFrame) -> Steps:
        """Return the filter that scales a picture to fit the frames."""
        across, down = self._fitted(picture)
        if (across, down) == (picture.width, picture.height):
            return []
        scale = "scale", f"{across}:{down}:flags=bicubic"
        return [scale, ("format", FLOATS)] if is_linear(picture) else [scale]

    def _fitted(self, picture: av.VideoFrame) -> tuple[int, int]:
        """Return the size at which a picture fits the frames, before it is turned."""
        facts, shown = self._facts, self._shown(picture)
        size = picture.width, picture.height
        if size == (facts.width, facts.height) and shown is self._usual:
            return self._stored
        shape = shown.shape(*size) / self._usual.shape(facts.width, facts.height)
        return _turned(fitted(shape, *self._size), shown.turn.transposed)

    def _shown(self, picture: av.VideoFrame) -> _Shown:
        return cast(_Shown | None, picture.opaque) or self._usual

    def _frame(self, picture: av.VideoFrame, color: ColorTags, last: Frame | None) -> Frame:
        pixels, alpha = self._converter.convert(picture, color, self._shown(picture).turn)
        pixels = placed(pixels, *self._size)
        alpha = None if alpha is None else placed(alpha, *self._size)
        if picture.is_corrupt and self._reading.corrupt == "repeat" and last is not None:
            pixels, alpha = last.pixels, last.alpha
        time_base = Fraction(picture.time_base or 1)
        # Where the origin lies between two ticks, finer ones keep picture and sound together.
        parts = (self._origin / time_base).denominator
        parts = parts if time_base.denominator * parts <= _FINEST else 1
        fine = time_base / parts
        return Frame(
            pixels=pixels,
            pts=(picture.pts or 0) * parts - round(self._origin / fine),
            time_base=fine,
            color=self._converter.shown(picture, color),
            duration=picture.duration * parts if picture.duration else None,
            damaged=picture.is_corrupt,
            alpha=alpha,
        )


def _turned(size: tuple[int, int], transposed: bool) -> tuple[int, int]:
    return size[::-1] if transposed else size
