"""FFmpeg's filters over decoded frames: deinterlacing, an even frame rate, another size."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction

import av
from av.filter import Graph

Steps = list[tuple[str, str]]
"""Filters in order: FFmpeg's name and arguments of each."""


class FilterChain:
    """Filters for frames of one size and format."""

    def __init__(self, first: av.VideoFrame, time_base: Fraction, steps: Steps) -> None:
        """Build the chain for frames like `first`."""
        self._graph = Graph()
        nodes = [
            self._graph.add_buffer(
                width=first.width,
                height=first.height,
                format=first.format,
                time_base=time_base,
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


def filtered(pictures: Iterable[av.VideoFrame], steps: Steps) -> Iterator[av.VideoFrame]:
    """Yield pictures as filters change them, or as they came where there is no filter."""
    chain: FilterChain | None = None
    for picture in pictures:
        if steps and chain is None:
            chain = FilterChain(picture, Fraction(picture.time_base or 1), steps)
        yield from chain.push(picture) if chain else (picture,)
    if chain:
        yield from chain.push(None)
