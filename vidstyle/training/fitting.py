"""Whether a network is fitted before it paints: known without the knobs of the trainings."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from vidstyle.errors import UsageError
from vidstyle.fields import STYLE, Between, check, documented

AUTO = 0.0
"""As the seconds of a fit: until its losses stop falling."""


@STYLE
@documented
@dataclass(frozen=True)
class Fitting:
    """Whether the network is fitted to the style and the clip before it paints.

    Raises:
        UsageError: a value is out of its range, or names a file for a fit that is not made.
    """

    fit: Annotated[float | None, Between(0, 3600)] = None
    """First tune the network to this style and this clip, for the given seconds; auto: until the loss stops falling. The result is cached, see
    vidstyle cache: later runs reuse it. None: not at all."""
    fit_to: Path | None = None
    """Also save the fitted network as NAME.safetensors, a style for other runs, and NAME_before_after.jpg."""

    def __post_init__(self) -> None:
        check(self)
        if self.fit_to is not None and self.fit is None:
            raise UsageError("`fit_to` keeps what `fit` makes: give `fit`, too")
        if self.fit_to is not None and self.fit_to.suffix.lower() != ".safetensors":
            raise UsageError(
                f"expected a name such as starry.safetensors for `fit_to`, got {self.fit_to}"
            )
