"""Keeping the content's colors (Gatys et al. 2016, "Preserving Color in Neural Artistic Style Transfer")."""

from __future__ import annotations

from typing import cast

import cv2
import numpy as np

from vidstyle.frame import Pixels

_LEAST = 1e-5
"""Added to variances: a picture of one color has none."""


def light_of(picture: Pixels) -> Pixels:
    """Return a picture (H, W, 3) uint8 RGB in gray: its Y (BT.601) in all channels."""
    light = cv2.cvtColor(picture, cv2.COLOR_RGB2YCrCb)[..., :1]
    return cast(Pixels, np.ascontiguousarray(np.repeat(light, 3, axis=2)))


def with_light_of(painted: Pixels, content: Pixels) -> Pixels:
    """Return the painted light under the content's hues: Y of one, Cb and Cr of the other.

    Args:
        painted: (H, W, 3) uint8 RGB.
        content: likewise, of the same size.
    """
    light = cv2.cvtColor(painted, cv2.COLOR_RGB2YCrCb)
    hues = cv2.cvtColor(content, cv2.COLOR_RGB2YCrCb)
    hues[..., 0] = light[..., 0]
    return cast(Pixels, cv2.cvtColor(hues, cv2.COLOR_YCrCb2RGB))


def match_colors(style: Pixels, content: Pixels) -> Pixels:
    """Give a style picture the mean and covariance of the content's colors (by eigenvectors of the covariances).

    Args:
        style: (H, W, 3) uint8 RGB.
        content: likewise, of any size.
    """
    s, c = (p.reshape(-1, 3).astype(np.float64) / 255 for p in (style, content))

    def root(points: np.ndarray, power: float) -> np.ndarray:
        values, vectors = np.linalg.eigh(np.cov(points.T) + _LEAST * np.eye(3))
        return np.asarray((vectors * values**power) @ vectors.T)

    matrix = root(c, 0.5) @ root(s, -0.5)
    matched = (s - s.mean(0)) @ matrix.T + c.mean(0)
    return cast(Pixels, (matched.clip(0, 1) * 255).round().astype(np.uint8).reshape(style.shape))
