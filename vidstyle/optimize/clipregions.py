"""The regions of a clip: those of each frame, steady over a shot, and the regions of styles that they are painted like."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import cv2

from vidstyle.frame import Pixels
from vidstyle.images.naming import Shares, name_map, names_of, pair_names, said
from vidstyle.images.regions import Labels, colors_of, labels_of
from vidstyle.nets.perceptual import Perceptual
from vidstyle.optimize.album import Album
from vidstyle.optimize.likeness import REGIONS, Likeness
from vidstyle.optimize.painting import Region
from vidstyle.optimize.regionfiles import NAMED, FoundRegions
from vidstyle.optimize.regions import NOT_APART, PALETTE, named_styles, pairs
from vidstyle.optimize.shots import find_shots
from vidstyle.pipeline import Arrays
from vidstyle.runtime.namer import RegionNamer
from vidstyle.stylize.finding import evened

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Shot:
    """How the regions of a shot are found."""

    shares: Callable[[Pixels], Shares]
    labels: Callable[[Shares, Pixels], Labels]
    """Of shares that are evened out over the shot, and a frame."""
    styles: Sequence[Labels]


@dataclass(frozen=True)
class ClipRegions:
    """The regions of a clip."""

    maps: Album
    """Of each frame, a color for each region."""
    shots: Sequence[_Shot]
    """Of each frame."""

    def at(self, number: int, styles: Sequence[tuple[int | None, Pixels]]) -> list[Region]:
        """Return the regions of a frame.

        Args:
            number: of the frame.
            styles: that it is painted like: the number of a picture, None for the frame itself, and its pixels (H, W, 3), of
                any size.
        """
        own = labels_of(self.maps[number])
        regions = []
        for place, (picture, pixels) in enumerate(styles):
            other = own if picture is None else self.shots[number].styles[picture]
            size = pixels.shape[1], pixels.shape[0]
            other = cast(Labels, cv2.resize(other, size, interpolation=cv2.INTER_NEAREST))
            regions += [Region(place, where, there) for where, there in pairs(own, other)]
        return regions


def find_clip_regions(
    options: FoundRegions,
    frames: Album,
    styles: Sequence[Pixels],
    perceptual: Perceptual,
    maps: Album,
    *,
    stop: Callable[[], None] | None = None,
) -> ClipRegions | None:
    """Find the regions of a clip; None where none are asked for.

    By name each frame is looked at for itself, by likeness the first one of a shot together with the styles decides which regions there are.

    Args:
        options: how they are found.
        frames: the clip.
        styles: (H, W, 3) uint8 RGB.
        perceptual: the perceptual network, by which they are found without names.
        maps: an album, which is filled.
        stop: called often; what it raises ends the search.

    Raises:
        InputError: that map cannot be read, or has other colors than those of names.
        MissingPackageError: torch is missing.
    """
    if not styles or options.found is None:
        return None
    named = _by_name(options, styles) if options.found == NAMED else None
    shots: list[_Shot] = []
    memory: Arrays = {}
    for number, cut in enumerate(find_shots(frames[n] for n in range(len(frames)))):
        if stop:
            stop()
        frame = frames[number]
        if cut:
            shot = named or _by_likeness(frame, styles, perceptual, options.region_count)
            memory = {}
        shares, memory = evened(shot.shares(frame), frame, memory)
        labels = shot.labels(shares, frame)
        if named and not number:
            for place, other in enumerate(named.styles, 1):
                log.warning("regions by name, style %d: %s", place, said(pair_names(labels, other)))
        shots.append(shot)
        maps[number] = colors_of(labels)
    return ClipRegions(maps, shots)


def _by_name(options: FoundRegions, styles: Sequence[Pixels]) -> _Shot | None:
    """Return how regions are found by name; None where a style has no two of them."""
    namer = RegionNamer()
    names = [Path(f"style {n}") for n in range(1, len(styles) + 1)]
    maps = named_styles(options, styles, names, namer)
    if min(len(names_of(labels)) for labels in maps) < 2:
        log.warning(NOT_APART)
        return None
    return _Shot(namer, name_map, maps)


def _by_likeness(
    frame: Pixels, styles: Sequence[Pixels], perceptual: Perceptual, count: int | None
) -> _Shot:
    likeness = Likeness((frame, *styles), perceptual, count or REGIONS)

    def labels(shares: Shares, picture: Pixels) -> Labels:
        return PALETTE[likeness.labels(shares, picture)]

    return _Shot(likeness, labels, [labels(likeness(style), style) for style in styles])
