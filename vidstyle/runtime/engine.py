"""The seam between the stylizer and an engine: a network on some device, color transfer, or nothing at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from vidstyle.frame import Pixels

Vector = NDArray[np.float32]
"""A style, or statistics: an array whose meaning its engine knows."""

Statistics = tuple[Vector, float]
"""Statistics (T,) and their share, 0 to 1; the rest is the frame's own."""


@dataclass(frozen=True)
class Following:
    """How an engine wants the statistics of a shot to be followed; see `stylize.pooling.Pool`."""

    lag: int
    """Frames before a frame whose statistics are not yet in its pool: as many as may be in flight."""
    settled: int
    """Described frames after which a shot's statistics count as known."""
    slow: float
    """Once they are known, a later frame has a share of 1 / `slow` in the mean."""
    quick: float
    """Where the pool does not fit, the share rises up to 1 / `quick`."""
    misfit: float
    """Distance of a frame's statistics from the pool's, over the pool's, from which on it does not fit."""
    share: float
    """Largest share of the pool in the statistics that a frame is painted with."""
    every: int = 1
    """Frames from one that is described to the next."""
    rises: bool = True
    """The end of a fade from black begins anew: statistics of black frames make garbage of bright ones."""
    fade: float = 1.0
    """Share of the way to the pool's mean that each frame goes."""
    least: float = 0.0
    """Standard deviation, levels of 255, below which a frame is even, and its statistics are rounding: they are not followed."""


class Painting(Protocol):
    """Frames that are being painted."""

    def frames(self) -> list[Pixels]:
        """Wait for the painted frames: (H, W, 3) each, as large and of the dtype as they came."""
        ...

    def statistics(self) -> Sequence[Vector | None]:
        """Wait for each frame's own statistics (T,); None where a frame was not described."""
        ...


class Engine(Protocol):
    """Paints frames in a style, normalized with statistics from outside or their own."""

    @property
    def name(self) -> str:
        """Backend, device and precision, for people: "OpenVINO CPU int8"."""
        ...

    @property
    def device(self) -> str:
        """Where it runs: cpu, cuda, cuda:1, mps."""
        ...

    @property
    def precision(self) -> str:
        """The precision it computes in: int8, bf16, f16 or f32."""
        ...

    @property
    def multiple(self) -> int:
        """Height and width of its frames, pixels, are multiples of this; see `runtime.padding`."""
        ...

    @property
    def takes_pictures(self) -> bool:
        """Whether it paints in the style of a picture; otherwise its style is its own."""
        ...

    @property
    def strokes(self) -> bool:
        """Whether it paints what a frame does not have: mixed with the frame, two pictures would show."""
        ...

    @property
    def following(self) -> Following | None:
        """How statistics are followed over a shot; None: it has none, each frame stands alone."""
        ...

    def batch(self, height: int, width: int) -> int:
        """Return the number of frames of a size, pixels, that suits a call best."""
        ...

    @property
    def depth(self) -> int:
        """Calls in flight that keep it busy while a result is taken."""
        ...

    def expect(self, height: int, width: int, *, high_bit_depth: bool) -> None:
        """Begin to get ready for frames of a size and depth, if that takes time; return at once."""
        ...

    def ready(self, height: int, width: int, *, high_bit_depth: bool) -> bool:
        """Return whether frames of a size and depth could be painted without a pause."""
        ...

    def encode(self, picture: Pixels) -> Vector:
        """Turn a style picture (H, W, 3) uint8 into a style.

        Raises:
            UsageError: it takes no pictures.
        """
        ...

    def paint(
        self,
        frames: Sequence[Pixels],
        style: Vector,
        statistics: Statistics | None,
        *,
        describe: bool = True,
    ) -> Painting:
        """Begin to paint frames (H, W, 3) of one size, a multiple of `multiple`.

        The caller leaves the frames as they are until they are painted.

        Args:
            frames: uint8 or uint16.
            style: as `encode` returned it; passed over where it takes no pictures.
            statistics: statistics to paint all frames with, and their share; None: each frame with its own.
            describe: the frames' own statistics will be asked for. An engine that has them anyway passes
                it over.
        """
        ...

    def close(self) -> None:
        """Give back threads and memory; it paints no more."""
        ...
