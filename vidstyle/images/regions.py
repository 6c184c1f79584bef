"""Pictures that say where: masks, and regions by color."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TypeVar, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from vidstyle.errors import InputError
from vidstyle.frame import Pixels
from vidstyle.images import masks
from vidstyle.images.files import read_picture
from vidstyle.images.masks import Mask

log = logging.getLogger(__name__)

PlaceT = TypeVar("PlaceT", Mask, Pixels)
"""A mask, or a picture with a color for each region."""

Labels = NDArray[np.int32]
"""(H, W): each region's number."""

_MAX_REGIONS = 32
"""Regions. A map with soft edges, or a JPEG, has thousands of colors: its main ones are taken."""


def read_mask(path: Path, picture: Pixels, name: str) -> Mask:
    """Read a mask: white is meant; black, or transparent, is not.

    Args:
        path: of a picture.
        picture: (H, W, 3), what it is a mask of.
        name: of that, for people.

    Raises:
        InputError: no picture, or all black.
    """
    mask = _fitted(path, masks.read_mask(path), picture, name, cv2.INTER_LINEAR)
    if not mask.any():
        raise InputError(f"the mask {path} is all black: nothing of {name} is meant")
    return mask


def read_regions(path: Path, picture: Pixels, name: str) -> Labels:
    """Read a picture with a color for each region; returns the colors (H, W) as 0xRRGGBB.

    Raises:
        InputError: no picture, or too many colors, none of which stand out.
    """
    regions = read_picture(path)
    count = len(np.unique(labels_of(regions)))
    if count > _MAX_REGIONS:
        main = main_colors(regions)
        if not 0 < len(main) <= _MAX_REGIONS:
            raise InputError(
                f"expected a color for each of {_MAX_REGIONS} regions at most in {path}, got {count} colors; "
                "save it as PNG, without soft edges"
            )
        log.warning(
            "%s has %d colors; taken for regions are the nearest of its %d main ones, %s",
            *(path, count, len(main), ", ".join(f"#{n:06x}" for n in labels_of(main))),
        )
        regions = _snapped(regions, main)
    return labels_of(_fitted(path, regions, picture, name, cv2.INTER_NEAREST))


_NEAR = 48.0
"""Distance of two colors, levels of 255, within which they mean one region: a JPEG's are not exact."""

_FLAT = 24
"""Levels of 255 by which colors of a flat place differ at most, in a window of five pixels: no edge does so little."""

_ALIKE = 16.0
"""Distance of two colors within which nine tenths of a map's flat places are of a main one, JPEG or not."""

_SHARE = 2e-4
"""Of a picture's flat places, the least that a main color has."""


def main_colors(picture: Pixels) -> Pixels:
    """Return the colors (N, 3) that flat places of a picture (H, W, 3) have, the most frequent first.

    Colors of edges, which are mixed, do not count; of colors nearer than `_NEAR` one does. A picture whose flat places
    shade off, as a photo's, has none.
    """
    window = np.ones((5, 5), np.uint8)
    spread = cv2.dilate(picture, window).astype(np.int16) - cv2.erode(picture, window)
    numbers, counts = np.unique(labels_of(picture[spread.max(2) <= _FLAT]), return_counts=True)
    colors, whole, exact = _channels(numbers), counts.sum(), 0
    main: list[NDArray[np.float32]] = []
    while counts.any() and len(main) <= _MAX_REGIONS:
        color = colors[counts.argmax()]
        distances = np.linalg.norm(colors - color, axis=1)
        near = distances <= _NEAR
        if counts[near].sum() >= _SHARE * whole:
            main.append(color)
            exact += counts[distances <= _ALIKE].sum()
        counts[near] = 0
    if exact < 0.9 * whole:
        return np.empty((0, 3), np.uint8)
    return np.array(main, np.uint8).reshape(-1, 3)


def _snapped(picture: Pixels, main: Pixels) -> Pixels:
    """Return a picture (H, W, 3) in which each pixel has the nearest of some colors (N, 3)."""
    best, snapped = np.full(picture.shape[:2], np.inf, np.float32), np.empty_like(picture)
    for color in main:
        distance = np.square(picture - color.astype(np.float32)).sum(2)
        snapped[distance < best] = color
        best = np.minimum(best, distance)
    return snapped


def pair_regions(content: Labels, style: Labels) -> list[tuple[Mask, Mask]]:
    """Return masks of the content and of the style for each region of the content.

    Where the colors of each are well apart, one that the style has not stands for the nearest that it has, if they hardly
    differ: those of two JPEGs are not the same.

    Raises:
        InputError: a region of the content is nowhere in the style.
    """
    own, offered = np.unique(content), np.unique(style)
    tolerance = _NEAR if _are_apart(own) and _are_apart(offered) else 0.0
    meant = content.copy()
    for region in own:
        distances = np.linalg.norm(_channels(offered) - _channels(region), axis=-1)
        if distances.min() > tolerance:
            raise InputError(
                f"the region #{region:06x} of the content is not in the style; it has "
                + ", ".join(f"#{o:06x}" for o in offered)
            )
        meant[content == region] = offered[distances.argmin()]
    return [
        ((meant == region).astype(np.float32), (style == region).astype(np.float32))
        for region in np.unique(meant)
    ]


def _are_apart(numbers: NDArray[np.int32]) -> bool:
    """Return whether no two colors 0xRRGGBB (N,) are near each other, as numbered labels are."""
    colors = _channels(numbers)
    distances = np.linalg.norm(colors[:, None] - colors, axis=-1)
    return bool((distances + 999 * np.eye(len(colors)) > _NEAR).all())


def labels_of(colors: Pixels) -> Labels:
    """Return a picture (H, W, 3) with a color for each region as those colors, 0xRRGGBB; see `colors_of`."""
    return cast(Labels, (colors.astype(np.int32) << np.array([16, 8, 0])).sum(-1, dtype=np.int32))


def colors_of(labels: Labels) -> Pixels:
    """Return regions (H, W), each a color 0xRRGGBB, as a picture (H, W, 3)."""
    return _channels(labels).astype(np.uint8)


def _channels(numbers: NDArray[np.int32]) -> NDArray[np.float32]:
    """Return 0xRRGGBB (...) as colors (..., 3)."""
    channels = np.asarray(numbers)[..., None] >> np.array([16, 8, 0]) & 255
    return cast(NDArray[np.float32], channels.astype(np.float32))


def _fitted(path: Path, mask: PlaceT, picture: Pixels, name: str, interpolation: int) -> PlaceT:
    """Return a mask scaled to the size of what it is a mask of, with a word where it had another."""
    (height, width), (own_height, own_width) = picture.shape[:2], mask.shape[:2]
    if (height, width) == (own_height, own_width):
        return mask
    distorted = not 0.98 < width * own_height / (height * own_width) < 1.02
    log.warning(
        "%s is scaled from %dx%d to the size of %s, %dx%d%s",
        *(path, own_width, own_height, name, width, height),
        ", another shape: it is distorted" if distorted else "",
    )
    if height * width < own_height * own_width and interpolation == cv2.INTER_LINEAR:
        interpolation = cv2.INTER_AREA
    return cast(PlaceT, cv2.resize(mask, (width, height), interpolation=interpolation))
