"""Fakes for tests, yours and ours: a source of made frames, a sink in memory, and an engine without a network.

summary = pipeline.run(ListSource(10), Stylizer(TinyEngine()).bind(look), sink := MemorySink())
assert len(sink.frames) == summary.frames == 10
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from types import TracebackType
from typing import Self

import numpy as np

from vidstyle.frame import ColorTags, Frame, Pixels, StreamInfo
from vidstyle.pipeline import Checkpoint
from vidstyle.runtime.engine import Following, Statistics, Vector
from vidstyle.stylize.style import Style

BT709 = ColorTags(1, 1, 1, 1)

INFO = StreamInfo(8, 8, Fraction(1, 25), Fraction(25), None, BT709, Fraction(1), "yuv420p")
"""Of the frames that `ListSource` makes: 8x8, 25 a second."""


@dataclass
class ListSource:
    """A source of even frames, each with its number as its level and uneven times."""

    count: int = 10
    """How many."""
    fail_at: int | None = None
    """The number of the frame that cannot be read; it raises OSError."""
    damage: int = 0
    """The number of damaged places that it reports."""
    info: StreamInfo = INFO
    produced: int = 0
    """Frames made so far."""
    given_up: bool = False
    """Nobody wants frames any more."""

    def give_up(self) -> None:
        """Note it."""
        self.given_up = True

    def __iter__(self) -> Iterator[Frame]:
        """Make the frames."""
        for number in range(self.count):
            if number == self.fail_at:
                raise OSError("the source broke")
            self.produced += 1
            pixels = np.full((self.info.height, self.info.width, 3), number % 256, np.uint8)
            yield Frame(pixels, 3 * number + number**2, Fraction(1, 1000), BT709)


@dataclass
class MemorySink:
    """A sink that keeps its frames."""

    fail_at: int | None = None
    """The number of the frame that cannot be written; it raises OSError."""
    misconvert_at: int | None = None
    """The number of the frame that cannot be converted; it raises OSError."""
    delay: float = 0.0
    """Seconds that a frame takes to be written."""
    frames: list[Frame] = field(default_factory=list)
    """The frames that were written."""
    committed: bool = False
    """Whether the output was committed."""
    checkpoint_frames: int | None = None
    """See `pipeline.Sink`."""
    checkpoints: list[Checkpoint] = field(default_factory=list)
    """The checkpoints that it was given."""
    _converted: int = 0

    def give_up(self) -> None:
        """Do nothing: it never waits for long."""

    def convert(self, frame: Frame) -> Frame:
        """Return the frame."""
        if self._converted == self.misconvert_at:
            raise OSError("the conversion broke")
        self._converted += 1
        return frame

    def write(self, converted: Frame) -> None:
        """Keep a frame."""
        time.sleep(self.delay)
        if len(self.frames) == self.fail_at:
            raise OSError("the sink broke")
        self.frames.append(converted)

    def checkpoint(self, checkpoint: Checkpoint) -> None:
        """Keep a checkpoint."""
        self.checkpoints.append(checkpoint)

    def commit(self) -> None:
        """Note it."""
        self.committed = True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...


def invert(frame: Pixels) -> Pixels:
    """Return a frame's negative."""
    return np.iinfo(frame.dtype).max - frame


@dataclass(frozen=True)
class _Done:
    """See `Painting`."""

    painted: list[Pixels]
    described: list[Vector | None]

    def frames(self) -> list[Pixels]:
        """Return them."""
        return self.painted

    def statistics(self) -> list[Vector | None]:
        """Return them."""
        return self.described


MADE_BY = "tiny"
"""The `made_by` of a `Style` of `TinyEngine`."""

STYLE = Style(np.zeros(3, np.float32), MADE_BY)
"""A style that `TinyEngine` takes."""


@dataclass
class TinyEngine:
    """An engine that paints by a function; a frame's statistics are its mean color (3,)."""

    painter: Callable[[Pixels], Pixels] = invert
    """Paints a frame."""
    depth: int = 0
    """Calls in flight."""
    size: int = 1
    """Frames per call."""
    following: Following | None = None
    """How statistics are followed."""
    takes_pictures: bool = True
    strokes: bool = True
    statistics: list[Statistics | None] = field(default_factory=list)
    """The statistics that each call was given."""
    calls: list[int] = field(default_factory=list)
    """How many frames each call had."""
    closed: bool = False

    name = "a tiny engine"
    device = "cpu"
    precision = "exact"
    multiple = 1

    def batch(self, height: int, width: int) -> int:
        """Return `size`."""
        return self.size

    def expect(self, height: int, width: int, *, high_bit_depth: bool) -> None:
        """Do nothing."""

    def ready(self, height: int, width: int, *, high_bit_depth: bool) -> bool:
        """Return True."""
        return True

    def encode(self, picture: Pixels) -> Vector:
        """Return the mean color (3,) of a picture."""
        return np.asarray(picture.mean((0, 1)), np.float32)

    def paint(
        self,
        frames: Sequence[Pixels],
        style: Vector,
        statistics: Statistics | None,
        *,
        describe: bool = True,
    ) -> _Done:
        """Paint the frames at once; see `runtime.engine.Engine.paint`."""
        self.statistics.append(statistics)
        self.calls.append(len(frames))
        means: list[Vector | None] = [self.encode(f) if describe else None for f in frames]
        return _Done([self.painter(frame) for frame in frames], means)

    def close(self) -> None:
        """Note it."""
        self.closed = True
