"""Where each style is painted, from the pictures that say so."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vidstyle.errors import UsageError
from vidstyle.frame import Pixels
from vidstyle.images.masks import pair_regions, read_mask, read_regions
from vidstyle.nets.perceptual import Perceptual
from vidstyle.optimize.painting import Area
from vidstyle.optimize.photoreal import find_regions

AUTO, NONE = "auto", "none"


@dataclass(frozen=True)
class AreaFiles:
    """What says where: masks, or regions.

    Raises:
        UsageError: what is given does not go together.
    """

    masks: tuple[Path, ...] = ()
    """Of the content, one for each style; none: all of it."""
    style_masks: tuple[Path, ...] = ()
    """Of the styles, likewise."""
    regions: str = NONE
    """A picture with a color for each region of the content; "auto": found; "none"."""
    style_regions: Path | None = None
    """The same of the style."""

    def __post_init__(self) -> None:
        by_regions = self.regions != NONE or self.style_regions is not None
        if (self.masks or self.style_masks) and by_regions:
            raise UsageError("take either masks or regions")
        if (self.regions in (AUTO, NONE)) != (self.style_regions is None):
            raise UsageError("regions of the content and of the style need each other")


def find_areas(
    files: AreaFiles,
    names: tuple[Path, list[Path]],
    content: Pixels,
    styles: list[Pixels],
    eyes: Perceptual,
) -> list[Area]:
    """Return where each style is painted.

    Args:
        files: what says so.
        names: of the content and of the styles, for people.
        content: (H, W, 3) uint8 RGB.
        styles: likewise.
        eyes: the perceptual network, by which regions are found.

    Raises:
        UsageError: a mask or a style too many.
        InputError: masks or regions that do not fit.
    """
    name, likes = names
    for option, given in (("--mask", files.masks), ("--style-mask", files.style_masks)):
        if given and len(given) != len(styles):
            raise UsageError(
                f"expected a {option} for each of {len(styles)} styles, got {len(given)}"
            )
    if files.masks or files.style_masks:
        return [
            Area(
                n,
                read_mask(files.masks[n], content, name.name) if files.masks else None,
                read_mask(files.style_masks[n], style, likes[n].name)
                if files.style_masks
                else None,
            )
            for n, style in enumerate(styles)
        ]
    if files.regions == NONE:
        return []
    if files.regions == AUTO:
        own, *others = find_regions(content, styles, eyes)
        if not all(np.isin(own, other).all() for other in others):
            return []  # a picture too small to be told apart
    elif len(styles) == 1 and files.style_regions:
        own = read_regions(Path(files.regions), content, name.name)
        others = [read_regions(files.style_regions, styles[0], likes[0].name)]
    else:
        raise UsageError(f"expected one style with --style-regions, got {len(styles)}")
    return [
        Area(n, where, like)
        for n, other in enumerate(others)
        for where, like in pair_regions(own, other)
    ]
