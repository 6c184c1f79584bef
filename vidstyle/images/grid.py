"""Pictures laid out in a grid, with a few words in their corners."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

import cv2
import numpy as np

from vidstyle.frame import Pixels

GAP = 4
"""Pixels between two pictures of a grid, which are white."""

_FONT = cv2.FONT_HERSHEY_SIMPLEX


def labeled(picture: Pixels, text: str) -> Pixels:
    """Return a picture (H, W, 3) uint8 with a text in its upper left corner, cut off where it does not fit.

    The font has ASCII alone: accents are left out, and what else it lacks.
    """
    letters = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    scale = max(0.35, max(picture.shape) / 800)
    margin = round(10 * scale)
    while letters:
        (width, height), below = cv2.getTextSize(letters, _FONT, scale, 1)
        if width + 2 * margin <= picture.shape[1]:
            break
        letters = letters[:-1]
    if not letters:
        return picture
    picture = picture.copy()
    corner = (width + 2 * margin - 1, height + below + 2 * margin - 1)
    cv2.rectangle(picture, (0, 0), corner, (0, 0, 0), -1)
    place = margin, height + margin
    cv2.putText(picture, letters, place, _FONT, scale, (255, 255, 255), 1, cv2.LINE_AA)
    return picture


def grid(rows: Sequence[Sequence[Pixels]]) -> Pixels:
    """Return pictures (H, W, 3) uint8 of one size in rows, as one."""
    height, width, _ = rows[0][0].shape
    across = max(map(len, rows))
    size = len(rows) * (height + GAP) - GAP, across * (width + GAP) - GAP, 3
    whole = np.full(size, 255, np.uint8)
    for y, row in enumerate(rows):
        for x, picture in enumerate(row):
            top, left = y * (height + GAP), x * (width + GAP)
            whole[top : top + height, left : left + width] = picture
    return whole
