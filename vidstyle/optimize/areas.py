"""Where each style is painted, from the pictures that say so."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from vidstyle.errors import UsageError
from vidstyle.frame import Pixels
from vidstyle.images.masks import pair_regions, read_mask, read_regions
from vidstyle.nets.perceptual import Perceptual
from vidstyle.optimize.config import AUTO, NONE, AreaFiles
from vidstyle.optimize.painting import Area
from vidstyle.optimize.photoreal import find_regions


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
    for field, given in (("mask", files.mask), ("style_mask", files.style_mask)):
        if given and len(given) != len(styles):
            raise UsageError(
                f"expected a `{field}` for each of {len(styles)} styles, got {len(given)}"
            )
    if files.mask or files.style_mask:
        return [
            Area(
                n,
                read_mask(files.mask[n], content, name.name) if files.mask else None,
                read_mask(files.style_mask[n], style, likes[n].name) if files.style_mask else None,
            )
            for n, style in enumerate(styles)
        ]
    if files.regions is None or files.regions == NONE:
        return []
    if files.regions == AUTO:
        own, *others = find_regions(content, styles, eyes)
        if not all(np.isin(own, other).all() for other in others):
            return []  # a picture too small to be told apart
    elif len(styles) == 1 and files.style_regions:
        own = read_regions(Path(files.regions), content, name.name)
        others = [read_regions(files.style_regions, styles[0], likes[0].name)]
    else:
        raise UsageError(f"expected one style with `style_regions`, got {len(styles)}")
    return [
        Area(n, where, like)
        for n, other in enumerate(others)
        for where, like in pair_regions(own, other)
    ]
