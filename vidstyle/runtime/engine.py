"""The seam between stylizers and backends."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from vidstyle.frame import Pixels

Vector = NDArray[np.float32]

Given = tuple[Vector, float]
"""Statistics (T,) and their weight, 0 to 1, against the frame's own."""


class Engine(Protocol):
    """Runs the any-style network on one device."""

    @property
    def name(self) -> str:
        """Backend, device and precision, for people: "OpenVINO CPU f32"."""
        ...

    def encode(self, picture: Pixels) -> Vector:
        """Turn a style picture (H, W, 3) into a style vector (S,)."""
        ...

    def paint(self, frames: Pixels, style: Vector, given: Given | None) -> tuple[Pixels, Vector]:
        """Paint frames (N, H, W, 3), H and W as `runtime.padding` makes them.

        Returns the frames and the statistics (T,) with which the last one was normalised. With
        `given`, the statistics run on from frame to frame.
        """
        ...
