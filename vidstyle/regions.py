"""Photoreal by regions: what is sky in a video gets the colors of the picture's sky, and so on."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from vidstyle.errors import UsageError
from vidstyle.frame import Frame, Pixels
from vidstyle.images.files import PictureSource, load_picture
from vidstyle.images.masks import Mask, along_edges, fitted
from vidstyle.images.naming import (
    NAMES,
    color_of,
    counterparts,
    name_map,
    names_of,
    part_of,
    read_named,
    steepened,
)
from vidstyle.images.regions import Labels
from vidstyle.pipeline import Arrays
from vidstyle.runtime.color_transfer import ColorTransferEngine, sample
from vidstyle.runtime.namer import RegionNamer
from vidstyle.stylize.finding import FoundMask, Segmenter, once
from vidstyle.stylize.layers import Layer, Layers
from vidstyle.stylize.look import Look
from vidstyle.stylize.style import FOUND, Style, StyleOptions
from vidstyle.stylize.stylizer import Stylizer
from vidstyle.zoo.names import PHOTOREAL

log = logging.getLogger(__name__)

_NO_FILES = ("", "-", "auto", "none")
"""Standard input, and what `regions` of a painting by optimization can be, but not of a video."""


def check_regions(method: str, styles: Sequence[object], regions: str) -> None:
    """Refuse regions where a method knows none, or has several styles, and what names no file.

    Raises:
        UsageError: it is so.
    """
    if method != PHOTOREAL:
        raise UsageError(
            "`regions` of a video are those of `method` photoreal; otherwise give a `mask`"
        )
    if len(styles) != 1:
        raise UsageError(f"expected one style with `regions`, got {len(styles)}")
    if regions in _NO_FILES:
        raise UsageError(
            f"expected {FOUND}, or a map of the picture, for `regions`, got {regions or 'nothing'}"
        )


def read_map(style: PictureSource, options: StyleOptions) -> Labels | None:
    """Return the map of a picture that options name; None where they name none.

    Raises:
        InputError: the picture or the map cannot be read, or it has other colors than `images.naming.COLORS`.
    """
    for path in options.files:
        return read_named(path, load_picture(style), "the style")
    return None


def region_layers(
    style: PictureSource, given: Labels | None, look: Look, opened: ExitStack
) -> Layers[Any] | None:
    """Return what paints each region in the colors of its own in a picture; None where the picture has one alone.

    What has no counterpart, or is not sure, gets the colors of the whole picture.

    Args:
        style: the picture.
        given: where they are in it, by `images.naming.COLORS`; None: they are found.
        look: how.
        opened: closes what paints.

    Raises:
        InputError: the picture cannot be read.
        MissingPackageError: torch is missing.
    """
    picture, namer = load_picture(style), RegionNamer()
    labels = name_map(namer(picture), picture) if given is None else given
    offered = names_of(labels)
    if len(offered) < 2:
        log.warning("the style has no two regions by name: the whole frame gets its colors")
        return None
    find, meant = once(namer), counterparts(offered)
    groups = {t: [n for n in NAMES if meant[n] == t] for t in (*offered, None)}
    layers = [_layer(sample(picture), None, look, opened)]
    said = []
    for target in offered:
        where = (labels == color_of(target)).astype(np.float32)
        others = [group for other, group in groups.items() if group and other != target]
        part = _part(find, groups[target], others)
        layers.append(_layer(sample(picture, where), part, look, opened))
        said.append(f"{', '.join(groups[target])} like {target} ({float(where.mean()):.0%} of it)")
    log.warning("regions by name: %s", "; ".join(said))
    return Layers(tuple(layers))


def _part(find: Segmenter, names: list[str], others: list[list[str]]) -> Segmenter:
    """Return what finds the places of some names."""
    return lambda frame: part_of(find(frame), names, others)


def _layer(colors: np.ndarray, part: Segmenter | None, look: Look, opened: ExitStack) -> Layer[Any]:
    stylizer = Stylizer(ColorTransferEngine(part), made_by=PHOTOREAL)
    opened.callback(stylizer.close)
    painter = stylizer.bind(replace(look, style=Style(colors, PHOTOREAL)))
    return Layer(painter, FoundMask(part, _fit) if part else _Everywhere())


def _fit(mask: Mask, frame: Frame) -> Mask:
    return along_edges(fitted(steepened(mask), *_size(frame.pixels)), frame.pixels)


def _size(pixels: Pixels) -> tuple[int, int]:
    return pixels.shape[0], pixels.shape[1]


@dataclass(frozen=True)
class _Everywhere:
    """The mask of what lies below all others."""

    def at(self, frame: Frame, memory: Arrays) -> tuple[Mask, Arrays]:
        """See `MaskSource`."""
        return np.ones(_size(frame.pixels), np.float32), memory
