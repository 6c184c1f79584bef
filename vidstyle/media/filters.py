"""FFmpeg's filters over decoded frames: deinterlacing, an even frame rate, another size."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from itertools import chain
from typing import Any

import av
from av.filter import Graph

Steps = list[tuple[str, str]]
"""Filters in order: FFmpeg's name and arguments of each."""


class FilterChain:
    """Filters for frames of one size, format and kind of color."""

    def __init__(self, first: av.VideoFrame, time_base: Fraction, steps: Steps) -> None:
        """Build the chain for frames like `first`."""
        self._graph = Graph()
        # PyAV's own `add_buffer` does not tell the colors, which the scaler then takes for BT.601's.
        colors = f"colorspace={int(first.colorspace)}:range={int(first.color_range)}"
        nodes = [
            self._graph.add(
                "buffer",
                f"width={first.width}:height={first.height}:pix_fmt={first.format.name}"
                f":time_base={time_base}:{colors}",
            ),
            *(self._graph.add(name, arguments) for name, arguments in steps),
            self._graph.add("buffersink"),
        ]
        self._graph.link_nodes(*nodes).configure()

    def push(self, frame: av.VideoFrame | None) -> Iterator[av.VideoFrame]:
        """Put a frame in, or None at the end; yield the frames that come out."""
        self._graph.push(frame)
        while True:
            try:
                result = self._graph.pull()
            except (av.BlockingIOError, av.EOFError):
                return
            if isinstance(result, av.VideoFrame):
                yield result

    @classmethod
    def with_palette(cls, first: av.VideoFrame) -> FilterChain:
        """Build the chain that turns BGRA into 256 colors, chosen anew for every frame."""
        chain = cls.__new__(cls)
        graph = chain._graph = Graph()
        source = graph.add_buffer(
            width=first.width,
            height=first.height,
            format=first.format,
            time_base=Fraction(first.time_base or 1),
        )
        split = graph.add("split")
        generate = graph.add("palettegen", "stats_mode=single:reserve_transparent=1")
        use = graph.add("paletteuse", "new=1:dither=sierra2_4a")
        sink = graph.add("buffersink")
        source.link_to(split)
        split.link_to(generate, 0)
        split.link_to(use, 1, 0)
        generate.link_to(use, 0, 1)
        use.link_to(sink)
        graph.configure()
        return chain


def filtered(
    pictures: Iterable[av.VideoFrame], steps_of: Callable[[av.VideoFrame], Steps]
) -> Iterator[av.VideoFrame]:
    """Yield pictures as filters change them, or as they came where there is none.

    Args:
        pictures: of any sizes and formats: where they change, the filters begin anew.
        steps_of: the filters that a picture passes.
    """
    filters: FilterChain | None = None
    last: Any = None
    for picture in pictures:
        steps = steps_of(picture)
        if not (steps or filters):
            yield picture
            continue
        colors = picture.colorspace, picture.color_range
        now = steps, picture.width, picture.height, picture.format.name, colors
        if now != last:
            if filters:
                yield from filters.push(None)
            time_base = Fraction(picture.time_base or 1)
            filters = FilterChain(picture, time_base, steps) if steps else None
            last = now
        yield from filters.push(picture) if filters else (picture,)
    if filters:
        yield from filters.push(None)


def deinterlaced(
    pictures: Iterable[av.VideoFrame], *, fields: bool, unflagged: bool
) -> Iterator[av.VideoFrame]:
    """Yield progressive pictures; those that are so already come as they are.

    Args:
        pictures: as decoded.
        fields: make a picture of each field, not of each two; times get half the time base.
        unflagged: take all pictures for interlaced, whatever they say of themselves.
    """
    pictures = iter(pictures)
    if not (fields or unflagged):
        for picture in pictures:
            if picture.interlaced_frame:
                pictures = chain([picture], pictures)
                break
            yield picture
    mode = "send_field" if fields else "send_frame"
    steps = [("bwdif", f"mode={mode}:deint={'all' if unflagged else 'interlaced'}")]
    for picture in filtered(pictures, lambda _: steps):
        if not fields:  # whole again: the filter counts in halves
            picture.pts = (picture.pts or 0) // 2
            picture.duration //= 2
            picture.time_base = Fraction(picture.time_base or 1) * 2
        yield picture


def evened(pictures: Iterable[av.VideoFrame], rate: Fraction) -> Iterator[av.VideoFrame]:
    """Yield pictures at an even rate, frames a second: some twice, some not at all."""
    filters: FilterChain | None = None  # one for all: it hands pictures on, whatever their size
    for picture in pictures:
        time_base = Fraction(picture.time_base or 1)
        filters = filters or FilterChain(picture, time_base, [("fps", f"fps={rate}")])
        yield from filters.push(picture)
    if filters:
        yield from filters.push(None)
