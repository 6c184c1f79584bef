"""Loads the regions in which each style is painted, from pictures of masks or of labels."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from vidstyle.errors import UsageError
from vidstyle.frame import Pixels
from vidstyle.images.masks import Mask
from vidstyle.images.naming import are_named, name_map, pair_names, read_named, said
from vidstyle.images.regions import Labels, colors_of, pair_regions, read_mask, read_regions
from vidstyle.nets.perceptual import Perceptual
from vidstyle.optimize.likeness import REGIONS, find_regions
from vidstyle.optimize.painting import Region
from vidstyle.optimize.pictures import write_picture
from vidstyle.optimize.regionfiles import AUTO, NAMED, NONE, FoundRegions, RegionFiles
from vidstyle.runtime.namer import RegionNamer

log = logging.getLogger(__name__)

NOT_APART = "names tell no regions apart that both have; they are found by likeness"

PALETTE = np.array(
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
    own, *others = _maps(files, names, content, styles, perceptual)
    if not others:
        return []
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
        for where, style_mask in pairs(own, other)
    ]


def _maps(
    files: RegionFiles,
    names: tuple[Path, list[Path]],
    content: Pixels,
    styles: list[Pixels],
    perceptual: Perceptual,
) -> list[Labels]:
    """Return the map of the content and those of the styles; of the content alone where there is nothing to tell apart."""
    name, style_names = names
    if files.style_regions and len(styles) != 1:
        raise UsageError(f"expected one style with `style_regions`, got {len(styles)}")
    if files.regions == NAMED and (found := _named(files, content, styles, style_names)):
        return found
    if files.regions in (AUTO, NAMED):
        labels = find_regions(content, styles, perceptual, files.region_count or REGIONS)
        own, *others = (PALETTE[x] for x in labels)
        # Not so in a picture too small to be told apart.
        return [own, *others] if all(np.isin(own, o).all() for o in others) else [own]
    if not files.style_regions:
        raise UsageError(f"expected one style with `style_regions`, got {len(styles)}")
    return [
        read_regions(Path(str(files.regions)), content, name.name),
        read_regions(files.style_regions, styles[0], style_names[0].name),
    ]


def pairs(own: Labels, other: Labels) -> list[tuple[Mask, Mask]]:
    """Return masks of the content and of a style for each region: by name, where a map has the colors of names."""
    if are_named(own, other):
        return [(where, there) for _, where, _, there in pair_names(own, other)]
    return pair_regions(own, other)


def _named(
    files: RegionFiles, content: Pixels, styles: list[Pixels], style_names: list[Path]
) -> list[Labels] | None:
    """Return the maps of content and styles by what they show; None where that tells nothing apart."""
    namer = RegionNamer()
    own = name_map(namer(content), content)
    others = named_styles(files, styles, style_names, namer)
    found = [pair_names(own, other) for other in others]
    if min(map(len, found)) < 2:
        log.warning(NOT_APART)
        return None
    for name, pair in zip(style_names, found, strict=True):
        log.warning("regions by name, %s: %s", name.name, said(pair))
    return [own, *others]


def named_styles(
    found: FoundRegions, styles: Sequence[Pixels], names: Sequence[Path], namer: RegionNamer
) -> list[Labels]:
    """Return the maps of styles (H, W, 3) by what they show, or that of a file.

    Raises:
        InputError: the file cannot be read, or has other colors than those of names.
    """
    return [
        read_named(found.style_regions, style, name.name)
        if found.style_regions
        else name_map(namer(style), style)
        for style, name in zip(styles, names, strict=True)
    ]
