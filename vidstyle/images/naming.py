"""Regions with names: what they are called, how a map shows them, and which stands for which."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from vidstyle.errors import InputError
from vidstyle.frame import Pixels
from vidstyle.images.masks import Mask, along_edges
from vidstyle.images.regions import Labels, read_regions

NAMES = ("sky", "person", "vegetation", "water", "building", "ground", "other")
"""What a place can be. Ground is soil, sand, snow, rock and road; other is what has no name here, or is not sure."""

COLORS = (0x7FBFFF, 0xFF3F3F, 0x1F9F1F, 0x1F3FBF, 0x9F9F9F, 0x9F6F2F, 0x000000)
"""0xRRGGBB of each in a map."""

Shares = NDArray[np.float32]
"""(h, w, names): how likely a place is each, which sums to 1."""

_SURE = 0.35
"""How likely the likeliest name is, at least; else it is other."""

_PRESENT = 0.02
"""Share of a picture below which a name is not in it."""

_FINE = 512
"""Longest side, pixels, at which the regions' edges follow those of a picture."""

_STEEP = 5.0
"""By how much masks are steepened around 1/2: what is rather sky than anything else is sky, but for soft edges."""

_NEXT = {
    "sky": ("water",),
    "water": ("sky",),
    "vegetation": ("ground", "other"),
    "ground": ("vegetation", "building", "other"),
    "building": ("ground", "other"),
    "person": ("other",),
    "other": ("building", "ground"),
}
"""What stands for a name that a picture has not, the next best first; behind them comes the whole picture."""


def counterparts(offered: Iterable[str]) -> dict[str, str | None]:
    """Return what stands for each of `NAMES` in a picture that has some of them; None: the whole picture."""
    there = set(offered)
    return {n: next((m for m in (n, *_NEXT[n]) if m in there), None) for n in NAMES}


def part_of(shares: Shares, names: Iterable[str], others: Iterable[Iterable[str]]) -> Mask:
    """Return a mask (h, w) of some names: above 1/2 where they are likelier than any group of others."""

    def share(group: Iterable[str]) -> Mask:
        return np.asarray(shares[..., [NAMES.index(name) for name in group]].sum(-1), np.float32)

    best = np.max([share(group) for group in others], axis=0)
    return np.asarray(0.5 + (share(names) - best) / 2, np.float32)


def steepened(part: Mask) -> Mask:
    """Return a mask of `part_of` that is 0 or 1 but near its edges."""
    return np.asarray(((part - 0.5) * _STEEP + 0.5).clip(0, 1), np.float32)


def name_map(shares: Shares, picture: Pixels) -> Labels:
    """Return the color of its name for each pixel of a picture (H, W, 3) uint8, as 0xRRGGBB.

    Edges follow those of the picture. A name of next to nothing goes to the next likely one.
    """
    height, width = picture.shape[:2]
    factor = min(1.0, _FINE / max(height, width))
    size = max(1, round(width * factor)), max(1, round(height * factor))
    small = cast(Pixels, cv2.resize(picture, size, interpolation=cv2.INTER_AREA))
    fine = [
        along_edges(np.asarray(cv2.resize(p, size), np.float32), small) for p in _planes(shares)
    ]
    likely = np.stack(fine, -1)
    likely[..., -1] = np.maximum(likely[..., -1], _SURE * likely.sum(-1))
    kept = list(range(len(NAMES)))
    while True:
        best = np.array(kept)[likely[..., kept].argmax(-1)]
        parts = [float((best == n).mean()) for n in kept]
        if min(parts) >= _PRESENT or len(kept) == 1:
            break
        kept.pop(int(np.argmin(parts)))
    best = cv2.medianBlur(best.astype(np.uint8), 5)
    full = cv2.resize(best, (width, height), interpolation=cv2.INTER_NEAREST)
    return cast(Labels, np.array(COLORS, np.int32)[full])


def names_of(labels: Labels) -> list[str]:
    """Return the names in a map of `COLORS`, in the order of `NAMES`."""
    there = np.unique(labels)
    return [name for name, color in zip(NAMES, COLORS, strict=True) if color in there]


def color_of(name: str) -> int:
    """Return the color 0xRRGGBB of a name in a map."""
    return COLORS[NAMES.index(name)]


def are_named(*maps: Labels) -> bool:
    """Return whether maps (H, W) have no colors but `COLORS`."""
    return all(bool(np.isin(labels, COLORS).all()) for labels in maps)


def read_named(path: Path, picture: Pixels, name: str) -> Labels:
    """Read a map of `COLORS` of a picture (H, W, 3), which people call `name`.

    Raises:
        InputError: no picture, or it has other colors.
    """
    labels = read_regions(path, picture, name)
    if not are_named(labels):
        known = ", ".join(f"#{c:06x} {n}" for n, c in zip(NAMES, COLORS, strict=True))
        raise InputError(f"expected the colors of names in {path}: {known}")
    return labels


def pair_names(content: Labels, style: Labels) -> list[tuple[list[str], Mask, str | None, Mask]]:
    """Return which parts of a picture are painted like which of a style, by maps of `COLORS`.

    Returns:
        Of each part: the names in the content, where they are, the name in the style, None for all of it, and where that is.
    """
    meant = counterparts(names_of(style))
    pairs = []
    for other in dict.fromkeys(meant[name] for name in names_of(content)):
        names = [name for name in names_of(content) if meant[name] == other]
        where = np.isin(content, [color_of(name) for name in names]).astype(np.float32)
        whole = np.ones(style.shape, np.float32)
        there = whole if other is None else (style == color_of(other)).astype(np.float32)
        pairs.append((names, where, other, there))
    return pairs


def said(pairs: list[tuple[list[str], Mask, str | None, Mask]]) -> str:
    """Return for people what `pair_names` found."""
    parts = [
        f"{', '.join(names)} ({float(where.mean()):.0%}) like {other or 'all of it'}"
        for names, where, other, _ in pairs
    ]
    return "; ".join(parts)


def _planes(shares: Shares) -> list[Mask]:
    return [cast(Mask, np.ascontiguousarray(shares[..., n])) for n in range(shares.shape[2])]
