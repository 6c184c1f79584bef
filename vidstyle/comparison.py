"""Before and after in one clip: a stage behind the painting, which lays each frame beside what was made of it."""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np

from vidstyle.fields import OneOf, check, documented
from vidstyle.frame import Frame, Pixels, StreamInfo
from vidstyle.pipeline import Arrays, Source
from vidstyle.stylize.state import State
from vidstyle.stylize.stylizer import BoundStylizer, Finish

COMPARISONS = ("split", "side", "wipe")
"""Ways to show before and after."""

_ROUND = 6.0
"""Seconds in which the line of a wipe goes across and comes back."""

_THIN = 640
"""The line is as wide as this part of the frame; 2 pixels at least."""

_LIGHT = 0.75
"""Level of the line, of 1. White is seen in SDR, and in HDR would be as bright as a lamp."""


@documented
@dataclass(frozen=True)
class Comparison:
    """Whether the output shows what was painted beside the painting.

    Raises:
        UsageError: there is no such way.
    """

    compare: Annotated[str | None, OneOf(*COMPARISONS)] = None
    """Before and after in one clip: split (the left half as it was, the right half painted), side (both whole, side by
    side), wipe (the line between them goes across and back, once in six seconds);
    None: the painting alone."""

    def __post_init__(self) -> None:
        check(self)

    def source(self, source: Source) -> Source:
        """Return a source whose frames have the size of the output."""
        if self.compare is None:
            return source
        return _ComparedSource(source, side=self.compare == "side")

    def stylizer(
        self, stylizer: BoundStylizer, source: Source
    ) -> BoundStylizer | _ComparedStylizer:
        """Return a stylizer of the frames of `source`, as the method of that name returned it."""
        if isinstance(source, _ComparedSource):
            return _ComparedStylizer(stylizer, str(self.compare), source)
        return stylizer


class _ComparedSource:
    """A source of frames whose times are remembered; side by side each is there twice, until the second is painted."""

    def __init__(self, source: Source, *, side: bool) -> None:
        self._source, self._side = source, side
        self.times = array("d")
        """Of the frames that were read, seconds."""
        self.info: StreamInfo = source.info
        if side:
            self.info = replace(source.info, width=2 * source.info.width)

    @property
    def damage(self) -> int:
        return self._source.damage

    def give_up(self) -> None:
        self._source.give_up()

    def __iter__(self) -> Iterator[Frame]:
        for frame in self._source:
            self.times.append(float(frame.pts * frame.time_base))
            yield _doubled(frame) if self._side else frame


def _doubled(frame: Frame) -> Frame:
    alpha = frame.alpha
    return replace(
        frame,
        pixels=np.concatenate([frame.pixels] * 2, 1),
        alpha=None if alpha is None else np.concatenate([alpha] * 2, 1),
    )


@dataclass(frozen=True)
class _ComparedStylizer:
    """Paints, and lays frames beside their paintings; see `pipeline.Stylizer`."""

    stylizer: BoundStylizer
    compare: str
    source: _ComparedSource

    def batch(self, height: int, width: int) -> int:
        return self.stylizer.batch(height, width // 2 if self.compare == "side" else width)

    @property
    def depth(self) -> int:
        return self.stylizer.depth

    def start(self, frames: Sequence[Pixels], state: State | None) -> tuple[Finish, State]:
        first = state.frames if state else 0
        if self.compare == "side":
            frames = [np.ascontiguousarray(f[:, : f.shape[1] // 2]) for f in frames]
        finish, after = self.stylizer.start(frames, state)

        def compared() -> list[Pixels]:
            pairs = zip(frames, finish(), strict=True)
            return [self._laid(n, frame, made) for n, (frame, made) in enumerate(pairs, first)]

        return compared, after

    def _laid(self, index: int, frame: Pixels, painted: Pixels) -> Pixels:
        if self.compare == "side":
            return np.concatenate([frame, painted], 1)
        return split(frame, painted, 0.5 if self.compare == "split" else self._place(index))

    def _place(self, index: int) -> float:
        return (1 + math.cos(2 * math.pi * self.source.times[index] / _ROUND)) / 2

    def pack(self, state: State) -> Arrays:
        return self.stylizer.pack(state)

    def unpack(self, arrays: Arrays) -> State:
        return self.stylizer.unpack(arrays)


def split(frame: Pixels, painted: Pixels, place: float = 0.5) -> Pixels:
    """Return a frame (H, W, 3) left of a line and its painting, of the same dtype, right of it.

    Args:
        frame: as it was.
        painted: the same, painted.
        place: of the line, in widths from the left, 0 to 1; at both ends there is none.
    """
    width = frame.shape[1]
    middle = round(width * place)
    whole = painted.copy()
    whole[:, :middle] = frame[:, :middle]
    if 0 < middle < width:
        half = max(1, width // _THIN // 2)
        level = round(_LIGHT * np.iinfo(frame.dtype).max)
        whole[:, max(0, middle - half) : middle + half] = level
    return whole
