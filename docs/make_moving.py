"""Make the moving picture of README, docs/moving.webp, with vidstyle alone: `python docs/make_moving.py`."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import vidstyle

ROOT = Path(__file__).parent.parent
STYLES = ("starry_night", "great_wave", "the_scream", "composition_vii")
SECONDS = Fraction(5, 4)
"""For which each style is seen; the clip has four times as many."""


def main() -> None:
    """Write it: the sample clip behind the line of a wipe, painted in one style after the other."""
    cues = [vidstyle.Cue(n * SECONDS, name, fade=0.5) for n, name in enumerate(STYLES) if n]
    vidstyle.stylize(
        ROOT / "samples" / "clip.mp4",
        STYLES[0],
        ROOT / "docs" / "moving.webp",
        timeline=vidstyle.Timeline(tuple(cues)),
        compare="wipe",
        reading=vidstyle.Reading(size=(480, -1), fps=Fraction(10)),
        encoding=vidstyle.Encoding(options=(("quality", "75"),)),
        overwrite=True,
    )


if __name__ == "__main__":
    main()
