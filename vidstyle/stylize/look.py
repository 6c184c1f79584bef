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
    """0 (the video itself) to 1 (the full painting); values between give a weaker painting: fainter strokes, milder colors."""
    blend: Annotated[float, Between(0, 1)] = 1.0
    """0 (the video itself) to 1 (the painting): a plain cross-fade, in which both are visible."""
    stroke: Annotated[float | None, Between(0.5, 3)] = None
    """Size of the strokes relative to the picture's height, the same at any resolution: 1 as in a picture of 480 rows, 2 twice as large. None: the
    size in pixels for which the network was trained. The picture is painted at another size, and scaled back along its edges."""
    colors: Annotated[str, OneOf(*COLORS, keep="luminance")] = "style"
    """Colors of the painting: style; or the video's own: luminance (or keep), yuv, luv, lab (the painting's luminance with the video's hues),
    linear, histogram (the painting's colors get the mean and covariance, or each channel's histogram, of the shot)."""
    stability: Annotated[float, Between(0, 1)] = 0.0
    """0 to 1 (strokes follow the optical flow, and hardly change otherwise); takes time."""
    flow: Annotated[str, OneOf(*FLOWS)] = "auto"
    """Optical flow for a stability above 0: dis; raft, which requires torchvision and a GPU; or auto: raft on a GPU
    where its weights have been downloaded, else dis."""

    def __post_init__(self) -> None:
        fields.check(self)
        if not isinstance(self.style, Style | None):
            raise UsageError(
                f"expected a `style` of Model.style or mix, got {fields.brief(self.style)}: "
                "let the model read it, Look(model.style(picture))"
            )
        if self.flow == "raft" and not self.stability:
            raise UsageError("a `flow` is what a `stability` above 0 follows; give both")
