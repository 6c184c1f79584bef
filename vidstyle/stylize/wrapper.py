"""What stylizers around another stylizer have in common."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from vidstyle.frame import Pixels
from vidstyle.pipeline import Stylizer


class Beginner(Stylizer, Protocol):
    """A stylizer that can begin a shot with what it will show."""

    def begin(self, frames: Sequence[Pixels], prepared: Any) -> Any:
        """Return a state that knows some frames (H, W, 3) of a shot, one at least, before it is painted."""
        ...


class Wrapper:
    """A stylizer around another: as large batches, as many calls under way."""

    def __init__(self, inner: Stylizer) -> None:
        self.inner = inner

    def batch(self, height: int, width: int) -> int:
        """Return the inner one's batch."""
        return self.inner.batch(height, width)

    @property
    def depth(self) -> int:
        """The inner one's depth."""
        return self.inner.depth
