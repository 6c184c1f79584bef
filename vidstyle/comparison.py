"""Before and after in one clip: a stage behind the painting, which lays each frame beside what was made of it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Generic

import numpy as np

from vidstyle.fields import OUTPUT, OneOf, check, documented
from vidstyle.frame import Frame, Pixels, StreamInfo
from vidstyle.pipeline import Arrays, Source, StateT, Stylizer

COMPARISONS = ("split", "side", "wipe")
"""Ways to show before and after."""

_ROUND = 6.0
"""Seconds in which the line of a wipe goes across and comes back."""

_THIN = 640
"""The line is as wide as this part of the frame; 2 pixels at least."""

_LIGHT = 0.75
"""Level of the line, of 1. White is seen in SDR, and in HDR would be as bright as a lamp."""


@OUTPUT
@documented
@dataclass(frozen=True)
class Comparison:
    """Whether the output shows what was painted beside the painting.

    Raises:
        UsageError: there is no such way.
    """

    compare: Annotated[str | None, OneOf(*COMPARISONS)] = None
    """Before and after in one clip: split (the left half unpainted, the right half painted), side (side by side), wipe (the line between them moves
    across and back, once in six seconds); None: only the painting."""

    def __post_init__(self) -> None:
        check(self)

    def source(self, source: Source) -> Source:
        """Return a source whose frames have the size of the output."""
        return _WideSource(source) if self.compare == "side" else source

    def stylizer(self, stylizer: Stylizer[StateT]) -> Stylizer[StateT]:
        """Return a stylizer of the frames of `source`, as the method of that name returned it."""
        return _ComparedStylizer(stylizer, self.compare) if self.compare else stylizer


class _WideSource:
    """A source in whose frames everything is there twice, side by side, until the second is painted."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self.info: StreamInfo = replace(source.info, width=2 * source.info.width)

    @property
    def damage(self) -> int:
        return self._source.damage

    def give_up(self) -> None:
        self._source.give_up()

    def __iter__(self) -> Iterator[Frame]:
        return map(_doubled, self._source)


def _doubled(frame: Frame) -> Frame:
    alpha = frame.alpha
    return replace(
        frame,
        pixels=np.concatenate([frame.pixels] * 2, 1),
        alpha=None if alpha is None else np.concatenate([alpha] * 2, 1),
    )


def _halved(frame: Frame) -> Frame:
    pixels = frame.pixels[:, : frame.pixels.shape[1] // 2]
    return replace(frame, pixels=np.ascontiguousarray(pixels), alpha=None)


@dataclass(frozen=True)
class _ComparedStylizer(Generic[StateT]):
    """Paints, and lays frames beside their paintings; see `pipeline.Stylizer`."""

    stylizer: Stylizer[StateT]
    compare: str

    def batch(self, height: int, width: int) -> int:
        return self.stylizer.batch(height, width // 2 if self.compare == "side" else width)

    @property
    def depth(self) -> int:
        return self.stylizer.depth

    def start(
        self, frames: Sequence[Frame], state: StateT | None
    ) -> tuple[Callable[[], list[Pixels]], StateT]:
        if self.compare == "side":
            frames = [_halved(frame) for frame in frames]
        finish, after = self.stylizer.start(frames, state)
        return lambda: [*map(self._laid, frames, finish())], after

    def _laid(self, frame: Frame, painted: Pixels) -> Pixels:
        if self.compare == "side":
            return np.concatenate([frame.pixels, painted], 1)
        time = float(frame.pts * frame.time_base)
        place = (1 + math.cos(2 * math.pi * time / _ROUND)) / 2
        return split(frame.pixels, painted, 0.5 if self.compare == "split" else place)

    def pack(self, state: StateT) -> Arrays:
        return self.stylizer.pack(state)

    def unpack(self, arrays: Arrays) -> StateT:
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
