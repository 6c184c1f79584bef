"""What each frame of a clip is painted like: shares of pictures, which may change over time.

A style is a vector of shares, one of each picture that the clip is painted like anywhere. So the styles of a timeline fade as those
of one network do, and its strength is the share that the frame's own picture does not have as a style.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from vidstyle.errors import UsageError
from vidstyle.frame import Pixels
from vidstyle.images.files import PictureSource, load_picture
from vidstyle.optimize.settings import digest
from vidstyle.stylize.cues import Cue
from vidstyle.stylize.look import Look
from vidstyle.stylize.style import Style, normalized
from vidstyle.stylize.timeline import Paint, Timeline
from vidstyle.timelines import Clip, known
from vidstyle.zoo import catalog
from vidstyle.zoo.names import IDENTITY

CHANGED = ("strength", "blend")
"""What a cue can change beside the style."""

_MADE_BY = "optimization"

_JUMP = 0.5
"""Change of a share from one frame to the next above which the next begins anew, as after a cut."""

_LEAST = 1e-3
"""Share below which a picture is left out."""


@dataclass(frozen=True)
class Moment:
    """What one frame is painted like."""

    shares: tuple[float, ...]
    """Of the pictures; the frame itself has what they lack of 1."""
    blend: float
    """Share of the painting in what is shown."""
    voice: int
    """Frames of one voice go on from each other; see `Paint`."""

    @property
    def pictures(self) -> list[tuple[int, float]]:
        """Number and share of each picture that counts; none: the frame stays as it is."""
        return [(n, share) for n, share in enumerate(self.shares) if share > _LEAST]

    @property
    def strength(self) -> float:
        """Share of the pictures, 0 to 1."""
        return sum(share for _, share in self.pictures)

    @property
    def own(self) -> float:
        """Share of the frame itself as a style; 0 where it would not count."""
        left = 1 - self.strength
        return left if left > _LEAST else 0.0

    @property
    def shown(self) -> float:
        """Share of the painting in what is shown: 0 where there is none."""
        return self.blend if self.pictures else 0.0

    def goes_on(self, before: Moment) -> bool:
        """Return whether a frame goes on from the painting before it."""
        changes = [abs(a - b) for a, b in zip(self.shares, before.shares, strict=True)]
        return self.voice == before.voice and max(changes, default=0) <= _JUMP


@dataclass(frozen=True)
class Plan:
    """What the frames of a clip are painted like."""

    pictures: Sequence[Pixels]
    """(H, W, 3) uint8 RGB, of any size."""
    look: Look
    """Without a timeline; its style is shares of the pictures."""
    timeline: Timeline | None = None
    """Its styles are shares of the pictures; its shots and its sound are known."""

    @classmethod
    def of(
        cls,
        styles: Sequence[Pixels],
        shares: Sequence[float] | None,
        look: Look,
        timeline: Timeline | None = None,
    ) -> Plan:
        """Read the pictures of a timeline.

        Args:
            styles: (H, W, 3) uint8 RGB; none where the timeline says how it begins.
            shares: of these, of any sum; None: equal ones.
            look: how it is painted, but for its style.
            timeline: checked by `check_timeline`.

        Raises:
            UsageError: shares that do not fit.
            InputError: a picture of a cue cannot be read.
        """
        pictures = list(styles)
        numbers = {digest([picture]): number for number, picture in enumerate(pictures)}
        cues: dict[Cue, list[int]] = {}
        for cue in timeline.cues if timeline else ():
            read = [load_picture(source) for source in painted_like(cue)]
            for picture in read:
                if numbers.setdefault(digest([picture]), len(pictures)) == len(pictures):
                    pictures.append(picture)
            cues[cue] = [numbers[digest([picture])] for picture in read]

        def style(places: Sequence[int], weights: Sequence[float] | None) -> Style:
            values = np.zeros(len(pictures), np.float32)
            if places:
                np.add.at(values, list(places), normalized(weights, len(places)))
            return Style(values, _MADE_BY)

        own = style(range(len(styles)), shares) if styles else None
        look = replace(look, style=own)
        if timeline is None:
            return cls(pictures, look)
        return cls(pictures, look, timeline.read(lambda cue: style(cues[cue], cue.weights), look))

    def known(self, clip: Clip, stop: Callable[[], None] | None) -> Plan:
        """Return it with what its timeline needs of the clip; see `timelines.known`."""
        if self.timeline is None:
            return self
        return replace(self, timeline=known(self.timeline, clip, stop))

    def at(self, time: Fraction) -> Moment:
        """Return what the frame of a time, seconds, in time of the input, is painted like."""
        paint = Paint(0, self.look, _MADE_BY, 1.0)
        if self.timeline:
            (paint,) = self.timeline.paints_at(time)  # all styles are of one kind
        style, strength = paint.look.style, paint.look.strength
        shares = (strength * style.values).tolist() if style else []
        return Moment(tuple(shares), paint.look.blend, paint.voice)

    def settings(self) -> dict[str, str]:
        """Return all that decides what the frames are, by name; what is shown of them is decided later."""
        settings = {"style": digest(self.pictures)}
        if self.look.style is not None:
            shares = self.look.style.values.tolist()
            settings["style_weights"] = ",".join(f"{share:g}" for share in shares)
        if self.timeline:
            settings["timeline"] = self.timeline.digest
        elif self.look.strength != 1:
            settings["strength"] = f"{self.look.strength:g}"
        return settings


def check_timeline(timeline: Timeline, *, has_style: bool) -> None:
    """Refuse what painting by optimization cannot do, before anything is read.

    Args:
        timeline: the cues.
        has_style: there is a style before the first of them.

    Raises:
        UsageError: a cue changes what stays the same for the clip, or nothing says how it begins.
        InputError: a style is a network.
    """
    timeline.check_changes(CHANGED, "a clip that is painted by optimization")
    timeline.check_beginning(has_style=has_style)
    for cue in timeline.cues:
        if isinstance(cue.style, Style):
            raise UsageError(
                f"expected pictures as the styles of a clip that is painted by optimization, got what a network has read at {cue.name}"
            )
        for source in painted_like(cue):
            if not isinstance(source, np.ndarray):
                catalog.check_picture(str(source))


def painted_like(cue: Cue) -> list[PictureSource]:
    """Return the pictures of a cue that are to be read: none for identity.

    Raises:
        UsageError: identity is mixed with others.
    """
    sources = list(cue.sources)
    if any(isinstance(source, str) and source == IDENTITY for source in sources):
        if len(sources) > 1:
            raise UsageError("identity does not mix with other styles; use a lower `strength`")
        return []
    return sources  # type: ignore[return-value]
