"""Pictures to learn on where there are no photos: dead leaves, disks that hide each other, as things in photos do.

Edges, areas and sizes in them are distributed as in photos (Ruderman 1997; Lee, Mumford and Huang 2001, "Occlusion models for
natural images"), but nothing in them means anything: with photos, or a clip, a network paints faces and grass better.
"""

from __future__ import annotations

import cv2
import numpy as np

from vidstyle.frame import Pixels

_SIDE, _LEAST, _LARGEST = 448, 4, 220
"""Side of the pictures, and radii of the disks, pixels."""

_DISKS = 4000
"""Each hides what lies below: more than fill a picture."""


def leaves(count: int, seed: int = 1) -> list[Pixels]:
    """Return so many pictures (448, 448, 3) uint8 RGB, the same for the same seed."""
    draw = np.random.default_rng(seed)
    return [_picture(draw) for _ in range(count)]


def _picture(draw: np.random.Generator) -> Pixels:
    # The colors of a picture go together, and differ in lightness first.
    mean = draw.uniform(60, 180) + draw.normal(0, 15, 3)
    spread = np.concatenate([np.full((3, 1), draw.uniform(30, 60)), draw.normal(0, 14, (3, 2))], 1)
    picture = np.full((_SIDE, _SIDE, 3), np.clip(mean, 0, 255), np.uint8)
    # The number of disks falls with the cube of their radius: no size is the scale of the picture.
    shares = draw.uniform(_LARGEST**-2.0, _LEAST**-2.0, _DISKS)
    for radius in shares**-0.5:
        color = np.clip(mean + spread @ draw.normal(0, 1, 3), 0, 255)
        x, y = draw.integers(0, _SIDE, 2)
        axes = round(radius), round(radius * draw.uniform(0.4, 1))
        turn = float(draw.uniform(0, 180))
        cv2.ellipse(picture, (int(x), int(y)), axes, turn, 0, 360, color.tolist(), -1, cv2.LINE_AA)
    # Light falls from somewhere, lenses are soft, and what is seen has some texture of its own.
    slope = draw.normal(0, 0.3, 2)
    line = np.linspace(-0.5, 0.5, _SIDE)
    light = 1 + slope[0] * line[:, None, None] + slope[1] * line[None, :, None]
    grain = cv2.GaussianBlur(draw.normal(0, 12, (_SIDE, _SIDE, 1)), (0, 0), draw.uniform(0.7, 2))
    soft = cv2.GaussianBlur(picture, (0, 0), draw.uniform(0.5, 1.5))
    whole: Pixels = np.clip(soft * light + grain[..., None], 0, 255).astype(np.uint8)
    return whole
