"""Less than all painting: a weaker hand, in the network where it can, else beside it; and a plain cross-fade."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from vidstyle.frame import Pixels
from vidstyle.stylize.style import Style, mix

_COARSE, _RADIUS = 4, 3
"""Tones are compared at 1 / `_COARSE` of the size, over squares of `_RADIUS` pixels there to each side: 28 of the
frame's own, which is wider than a stroke."""

_FLAT = 0.002
"""Variance, of levels from 0 to 1, below which a place of the frame counts as flat, and gets one tone."""


def blend(frame: Pixels, painted: Pixels, share: float) -> Pixels:
    """Cross-fade a frame (H, W, 3) and its painting of the same dtype, by the share of the painting, 0 to 1."""
    if share == 1:
        return painted
    return np.asarray(cv2.addWeighted(frame, 1 - share, painted, share, 0), frame.dtype)


def photo_style(path: Path | None, made_by: str) -> Style | None:
    """Return the style in a file in which a network paints a photo nearly as it is; None: there is none, or of other weights.

    Raises:
        InputError: it cannot be read.
    """
    photo = Style.load(path) if path else None
    return photo if photo and photo.made_by == made_by else None


def weaker(style: Style, photo: Style, strength: float) -> Style:
    """Return a style that is painted with less of a hand.

    Args:
        style: of a network.
        photo: the one in which that network paints a frame nearly as it is.
        strength: 0 (the photo) to 1 (the style).
    """
    return mix([photo, style], [1 - strength, strength])


def close(frame: Pixels, painted: Pixels, strength: float) -> Pixels:
    """Lead a painting (H, W, 3) in a `weaker` style to the frame itself where the strength, 0 to 1, goes to 0.

    The two are alike there, so that a cross-fade shows one picture; from the middle on hardly anything is mixed.
    """
    return blend(frame, painted, 1 - (1 - strength) ** 4)


def tones_first(frame: Pixels, painted: Pixels, strength: float) -> Pixels:
    """Give a frame the tones of its painting first, and strokes last.

    Near each place the tones are, channel by channel, a linear function of the frame that comes nearest to the painting
    (the guided filter of He et al. 2013, eqs. 5, 6 and 8, each channel guided by itself): they have the frame's edges,
    and mixed with it no second picture shows. The strokes are what the painting has besides.

    Args:
        frame: (H, W, 3), uint8 or uint16.
        painted: likewise.
        strength: 0 (the frame) to 1 (the painting).
    """
    if strength in (0, 1):
        return painted if strength else frame
    height, width, _ = frame.shape
    size = max(1, width // _COARSE), max(1, height // _COARSE)
    max_value = np.float32(np.iinfo(frame.dtype).max)
    small, target = (
        cv2.resize(p, size, interpolation=cv2.INTER_AREA).astype(np.float32)
        for p in (frame, painted)
    )
    mean, aim = _around(small), _around(target)
    variance = _around(small * small) - mean * mean + np.float32(_FLAT) * max_value**2
    gain = (_around(small * target) - mean * aim) / variance
    tones, strokes = strength * (2 - strength), strength**2
    # In one step: frame + tones * (toned - frame) + strokes * (painted - toned), toned being gain * frame + offset.
    share = np.float32(tones - strokes)
    factor, summand = (
        cv2.resize(p, (width, height), interpolation=cv2.INTER_LINEAR)
        for p in (1 - tones + share * _around(gain), share * _around(aim - gain * mean))
    )
    even = cv2.add(cv2.multiply(factor, frame, dtype=cv2.CV_32F), summand)
    depth = cv2.CV_8U if frame.dtype == np.uint8 else cv2.CV_16U
    return np.asarray(cv2.addWeighted(even, 1, painted, strokes, 0, dtype=depth), frame.dtype)


def _around(picture: np.ndarray) -> np.ndarray:
    side = 2 * _RADIUS + 1
    return cv2.blur(picture, (side, side), borderType=cv2.BORDER_REFLECT_101)
