"""What stylizers around another stylizer have in common."""

from __future__ import annotations

from vidstyle.pipeline import Stylizer


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
