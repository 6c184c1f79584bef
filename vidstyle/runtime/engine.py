"""The seam between stylizers and backends."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from vidstyle.frame import Pixels

Vector = NDArray[np.float32]

Given = tuple[Vector, float]
"""Statistics (T,) and their weight, 0 to 1, against the frame's own."""


class Painting(Protocol):
    """Frames that are being painted."""

    def frames(self) -> list[Pixels]:
        """Wait for them: (H, W, 3) each, as large and of the type as they came."""
        ...

    def statistics(self) -> Vector:
        """Wait for their own statistics (N, T), without what was given."""
        ...


class Engine(Protocol):
    """Runs a network on one device."""

    @property
    def name(self) -> str:
        """Backend, device and precision, for people: "OpenVINO CPU int8"."""
        ...

    @property
    def precision(self) -> str:
        """What the network is computed in: int8, bf16, f16 or f32."""
        ...

    def batch(self, height: int, width: int) -> int:
        """Return how many frames of a size suit a call best."""
        ...

    @property
    def depth(self) -> int:
        """Calls under way that keep it busy while a result is taken."""
        ...

    def expect(self, height: int, width: int, *, deep: bool) -> None:
        """Begin to get ready for frames of a size and depth, if that takes time; return at once."""
        ...

    def ready(self, height: int, width: int, *, deep: bool) -> bool:
        """Tell whether frames of a size and depth could be painted without a pause."""
        ...

    def encode(self, picture: Pixels) -> Vector:
        """Turn a style picture (H, W, 3) into a style vector (S,). Not where the network has one style."""
        ...

    def paint(self, frames: Sequence[Pixels], style: Vector, given: Given | None) -> Painting:
        """Begin to paint frames (H, W, 3) of one size, one that `runtime.padding` makes.

        A network of one style passes the vector over.

        The caller leaves the frames as they are until they are painted. All are `given` the same
        statistics.
        """
        ...
