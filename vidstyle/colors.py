"""Keeping the content's colors (Gatys et al. 2016, "Preserving Color in Neural Artistic Style Transfer")."""

from __future__ import annotations

from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from vidstyle.frame import Pixels

_LEAST = 1e-5
"""Added to variances: a picture of one color has none."""

LIGHTS = ("luminance", "yuv", "luv", "lab")
"""Only light is painted, and stands over the content's hues: in YCrCb (BT.601), YUV, CIE L*u*v*, CIE L*a*b*."""

COLORS = ("style", *LIGHTS, "linear", "histogram")
"""Whose colors a painting has: the style's; or the content's, in one of `LIGHTS`, or since the style picture
is given them first: mean and covariance, or the histogram of each channel."""

_TO = {
    "luminance": cv2.COLOR_RGB2YCrCb,
    "yuv": cv2.COLOR_RGB2YUV,
    "luv": cv2.COLOR_RGB2Luv,
    "lab": cv2.COLOR_RGB2Lab,
}
_FROM = {
    "luminance": cv2.COLOR_YCrCb2RGB,
    "yuv": cv2.COLOR_YUV2RGB,
    "luv": cv2.COLOR_Luv2RGB,
    "lab": cv2.COLOR_Lab2RGB,
}


def _split(picture: Pixels, space: str) -> NDArray[np.float32]:
    most = np.float32(np.iinfo(picture.dtype).max)
    return cast(NDArray[np.float32], cv2.cvtColor(picture.astype(np.float32) / most, _TO[space]))


def _join(channels: NDArray[np.float32], space: str, like: Pixels) -> Pixels:
    most = np.iinfo(like.dtype).max
    rgb = cv2.cvtColor(channels, _FROM[space]) * np.float32(most)
    return cast(Pixels, np.clip(np.round(rgb), 0, most).astype(like.dtype))


def light_of(picture: Pixels, space: str = "luminance") -> Pixels:
    """Return a picture (H, W, 3) RGB in gray: its light in a space of `LIGHTS`."""
    channels = _split(picture, space)
    if space in ("luv", "lab"):
        channels[..., 1:] = 0
        return _join(channels, space, picture)
    light = np.ascontiguousarray(np.repeat(channels[..., :1], 3, axis=2))
    most = np.iinfo(picture.dtype).max
    return cast(Pixels, np.round(light * np.float32(most)).astype(picture.dtype))


def with_light_of(painted: Pixels, content: Pixels, space: str = "luminance") -> Pixels:
    """Return the painted light under the content's hues, in a space of `LIGHTS`.

    Args:
        painted: (H, W, 3) RGB, uint8 or uint16.
        content: likewise, of the same size.
        space: whose first channel is of one, the other two of the other.
    """
    channels = _split(content, space)
    channels[..., 0] = _split(painted, space)[..., 0]
    return _join(channels, space, painted)


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


def match_histograms(style: Pixels, content: Pixels) -> Pixels:
    """Give each channel of a style picture the histogram that it has in the content.

    Args:
        style: (H, W, 3) uint8 RGB.
        content: likewise, of any size.
    """
    matched = np.empty_like(style)
    levels = np.arange(256)
    for channel in range(3):
        have, want = (
            np.bincount(p[..., channel].ravel(), minlength=256).cumsum() / p[..., channel].size
            for p in (style, content)
        )
        matched[..., channel] = (
            np.interp(have, want, levels).round().astype(np.uint8)[style[..., channel]]
        )
    return matched
