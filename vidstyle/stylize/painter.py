"""What paints a file: a stylizer in a look, by a timeline, or layers of such."""

from __future__ import annotations

from typing import Protocol

from vidstyle.pipeline import StateT, Stylizer
from vidstyle.stylize.stylizer import Lookahead


class Painter(Stylizer[StateT], Protocol[StateT]):
    """A stylizer of the pipeline that knows how it looks."""

    @property
    def name(self) -> str:
        """What computes it, for people."""
        ...

    def ahead(self, lookahead: Lookahead | None) -> Painter[StateT]:
        """Return it with a look-ahead."""
        ...

    def settings(self) -> dict[str, str]:
        """Return all that decides what it paints."""
        ...
