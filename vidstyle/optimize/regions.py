"""Loads the regions in which each style is painted, from pictures of masks or of labels."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np

from vidstyle.errors import UsageError
from vidstyle.frame import Pixels
from vidstyle.images.regions import colors_of, pair_regions, read_mask, read_regions
from vidstyle.nets.perceptual import Perceptual
from vidstyle.optimize.painting import Region
from vidstyle.optimize.photoreal import find_regions
from vidstyle.optimize.pictures import write_picture
from vidstyle.optimize.regionfiles import AUTO, NONE, RegionFiles

_PALETTE = np.array(
    [
        (levels[0] << 16) + (levels[1] << 8) + levels[2]
        for levels in sorted(
            itertools.product((0, 127, 255), repeat=3), key=lambda c: len({*c}) + 127 * (127 in c)
        )
    ],
    np.int32,
)
"""Colors 0xRRGGBB of regions that are found, far enough from each other for a JPEG."""


def load_regions(
    files: RegionFiles,
    names: tuple[Path, list[Path]],
    content: Pixels,
    styles: list[Pixels],
    perceptual: Perceptual,
    *,
    overwrite: bool = False,
) -> list[Region]:
    """Return the regions in which each style is painted.

    Args:
        files: the masks or the labels; `RegionFiles.resolved` of what a user gives.
        names: of the content and of the styles, for people.
        content: (H, W, 3) uint8 RGB.
        styles: likewise.
        perceptual: the perceptual network, by which regions are found.
        overwrite: replace maps that exist, when regions are to be saved.

    Raises:
        UsageError: a mask or a style too many.
        InputError: masks or regions that do not fit.
        OutputError: the regions cannot be written.
    """
    name, style_names = names
    for field, masks in (("mask", files.mask), ("style_mask", files.style_mask)):
        if masks and len(masks) != len(styles):
            raise UsageError(
                f"expected a `{field}` for each of {len(styles)} styles, got {len(masks)}"
            )
    if files.mask or files.style_mask:
        return [
            Region(
                n,
                read_mask(files.mask[n], content, name.name) if files.mask else None,
                read_mask(files.style_mask[n], style, style_names[n].name)
                if files.style_mask
                else None,
            )
            for n, style in enumerate(styles)
        ]
    if files.regions is None or files.regions == NONE:
        return []
    if files.regions == AUTO:
        own, *others = find_regions(content, styles, perceptual, files.region_count or 4)
        own, *others = (_PALETTE[labels] for labels in (own, *others))
        if not all(np.isin(own, other).all() for other in others):
            return []  # a picture too small to be told apart
    elif len(styles) == 1 and files.style_regions:
        own = read_regions(Path(files.regions), content, name.name)
        others = [read_regions(files.style_regions, styles[0], style_names[0].name)]
    else:
        raise UsageError(f"expected one style with `style_regions`, got {len(styles)}")
    if len(files.save_regions) not in (0, 1, 1 + len(others)):
        raise UsageError(
            f"expected `save_regions` for the content, or for it and each style, {1 + len(others)} in all, "
            f"got {len(files.save_regions)}"
        )
    for file, labels in zip(files.save_regions, (own, *others), strict=False):
        write_picture(file, colors_of(labels), overwrite=overwrite)
    return [
        Region(n, where, style_mask)
        for n, other in enumerate(others)
        for where, style_mask in pair_regions(own, other)
    ]
