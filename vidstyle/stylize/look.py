"""How a video is to look: the style, how much of it, and how steady."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from vidstyle import fields
from vidstyle.errors import UsageError
from vidstyle.fields import STYLE, Between, OneOf, documented
from vidstyle.flow.finder import FLOWS
from vidstyle.images.colors import COLORS
from vidstyle.stylize.style import Style


@STYLE
@documented
@dataclass(frozen=True)
class Look:
    """What is handed in with each call of a model. A stage of the stylizer reads each field.

    Raises:
        UsageError: a value is out of its range.
    """

    style: Style | None = None
    """What `Model.style` or `mix` returned; None where the model has a style of its own."""
    strength: Annotated[float, Between(0, 1)] = 1.0
    """0 (the video itself) to 1 (all painting); between them a weaker hand: fainter strokes, milder colors."""
    blend: Annotated[float, Between(0, 1)] = 1.0
    """0 (the video itself) to 1 (the painting): a plain cross-fade of the two, in which both show."""
    stroke: Annotated[float | None, Between(0.5, 3)] = None
    """Size of the strokes as a share of the picture's height, the same at any resolution: 1 as in a picture of 480 rows, 2 twice
    as large. None: so many pixels as the network was trained for. The picture is painted at another size, and brought back
    along its edges."""
    colors: Annotated[str, OneOf(*COLORS, keep="luminance")] = "style"
    """Whose colors the painting has: style; or the video's own: luminance (keep, for short), yuv, luv, lab (the painted light
    under the video's hues), linear, histogram (the painting's colors become as those of the shot are, in mean and covariance or in each
    channel's histogram)."""
    stability: Annotated[float, Between(0, 1)] = 0.0
    """0 to 1 (strokes follow what moves, and hardly change otherwise); takes time."""
    flow: Annotated[str, OneOf(*FLOWS)] = "auto"
    """What a stability above 0 follows: dis; raft, which wants torchvision and a GPU; or auto: raft on a GPU
    where its weights have been downloaded, else dis."""

    def __post_init__(self) -> None:
        fields.check(self)
        if self.flow == "raft" and not self.stability:
            raise UsageError("a `flow` is what a `stability` above 0 follows; give both")
