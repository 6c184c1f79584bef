"""Pictures that say where: masks, and regions by color."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vidstyle.errors import InputError
from vidstyle.frame import Pixels
from vidstyle.images import masks
from vidstyle.images.files import read_picture
from vidstyle.images.masks import Mask

Labels = NDArray[np.int32]
"""(H, W): each region's number."""

_MAX_REGIONS = 32
"""Regions. A JPEG, whose colors blur, has thousands."""


def read_mask(path: Path, picture: Pixels, name: str) -> Mask:
    """Read a mask: white is meant; black, or transparent, is not.

    Args:
        path: of a picture.
        picture: (H, W, 3), what it is a mask of.
        name: of that, for people.

    Raises:
        InputError: no picture, another size, or all black.
    """
    mask = masks.read_mask(path)
    _check_size(path, mask, picture, name)
    if not mask.any():
        raise InputError(f"the mask {path} is all black: nothing of {name} is meant")
    return mask


def read_regions(path: Path, picture: Pixels, name: str) -> Labels:
    """Read a picture with a color for each region; returns the colors (H, W) as 0xRRGGBB.

    Raises:
        InputError: no picture, another size, or too many colors.
    """
    regions = read_picture(path)
    _check_size(path, regions, picture, name)
    colors: Labels = (regions.astype(np.int32) << np.array([16, 8, 0])).sum(2, dtype=np.int32)
    count = len(np.unique(colors))
    if count > _MAX_REGIONS:
        raise InputError(
            f"expected a color for each of {_MAX_REGIONS} regions at most in {path}, got {count} colors; "
            "save it as PNG, without soft edges"
        )
    return colors


def pair_regions(content: Labels, style: Labels) -> list[tuple[Mask, Mask]]:
    """Return masks of the content and of the style for each region of the content.

    Raises:
        InputError: a region of the content is nowhere in the style.
    """
    pairs = []
    offered = np.unique(style)
    for region in np.unique(content):
        if region not in offered:
            raise InputError(
                f"the region #{region:06x} of the content is not in the style; it has "
                + ", ".join(f"#{o:06x}" for o in offered)
            )
        pairs.append(((content == region).astype(np.float32), (style == region).astype(np.float32)))
    return pairs


def _check_size(path: Path, mask: Mask | Pixels, picture: Pixels, name: str) -> None:
    if mask.shape[:2] != picture.shape[:2]:
        height, width = picture.shape[:2]
        raise InputError(
            f"expected {path} to have the size of {name}, {width}x{height}, "
            f"got {mask.shape[1]}x{mask.shape[0]}"
        )
