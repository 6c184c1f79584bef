"""The engine that paints nothing: `identity` tests the pipeline exactly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from vidstyle.errors import UsageError
from vidstyle.frame import Pixels
from vidstyle.runtime.engine import Following, Statistics, Vector


@dataclass(frozen=True)
class _Untouched:
    """See `Painting`."""

    originals: Sequence[Pixels]

    def frames(self) -> list[Pixels]:
        """Return the frames as they came."""
        return list(self.originals)

    def statistics(self) -> list[Vector | None]:
        """Return nothing for each."""
        return [None] * len(self.originals)


class IdentityEngine:
    """Leaves frames as they are."""

    name = "none (identity)"
    device = "cpu"
    precision = "exact"
    multiple = 1
    takes_pictures = False
    strokes = False
    following: Following | None = None
    depth = 0

    def batch(self, height: int, width: int) -> int:
        """Return 1: nothing is gained by waiting for more."""
        return 1

    def expect(self, height: int, width: int, *, high_bit_depth: bool) -> None:
        """Do nothing: it is always ready."""

    def ready(self, height: int, width: int, *, high_bit_depth: bool) -> bool:
        """Return True."""
        return True

    def encode(self, picture: Pixels) -> Vector:
        """Refuse: identity reads no picture."""
        raise UsageError("identity takes no style picture")

    def paint(
        self,
        frames: Sequence[Pixels],
        style: Vector,
        statistics: Statistics | None,
        *,
        describe: bool = True,
    ) -> _Untouched:
        """Return the frames; see `Engine.paint`."""
        return _Untouched(frames)

    def close(self) -> None:
        """Do nothing: it holds nothing."""
