"""How a video is to look, besides the style pictures themselves."""

from __future__ import annotations

import math
from dataclasses import dataclass

from vidstyle.errors import UsageError
from vidstyle.flow.finder import FLOWS

SCALES = 0.25, 4.0
"""Least and largest style scale."""


@dataclass(frozen=True)
class Look:
    """Checked choices.

    Raises:
        UsageError: one is out of its range.
    """

    strength: float = 1.0
    """0 (the video itself) to 1 (all painting)."""
    stability: float = 0.0
    """0 to 1; see `stylize.stabilizer`."""
    flow: str = "auto"
    """What the stabilizer follows: one of `vidstyle.flow.finder.FLOWS`."""
    style_scale: float = 1.0
    """By which style pictures are enlarged before they are read."""
    style_weights: tuple[float, ...] | None = None
    """Shares of the styles, of any sum; None: equal ones."""

    def __post_init__(self) -> None:
        for what, value in (("strength", self.strength), ("stability", self.stability)):
            if not 0 <= value <= 1:
                raise UsageError(f"expected a {what} from 0 to 1, got {value:g}")
        if self.flow not in FLOWS:
            raise UsageError(f"expected flow {' or '.join(FLOWS)}, got {self.flow}")
        if self.flow == "raft" and not self.stability:
            raise UsageError("a flow is what a stability above 0 follows; give both")
        low, high = SCALES
        if not low <= self.style_scale <= high:
            raise UsageError(
                f"expected a style scale from {low:g} to {high:g}, got {self.style_scale:g}"
            )
        weights = self.style_weights
        if weights is not None and not (
            all(math.isfinite(w) and w >= 0 for w in weights) and sum(weights) > 0
        ):
            raise UsageError(
                "expected style weights of 0 or more that are not all 0, got "
                + ", ".join(f"{w:g}" for w in weights)
            )

    def shares(self, styles: int) -> tuple[float, ...]:
        """Return each style's share of 1.

        Raises:
            UsageError: there are not as many weights as styles.
        """
        weights = (1.0,) * styles if self.style_weights is None else self.style_weights
        if len(weights) != styles:
            raise UsageError(f"expected {styles} style weights, one a style, got {len(weights)}")
        return tuple(w / sum(weights) for w in weights)
