"""Keeping the content's colors (Gatys et al. 2016, "Preserving Color in Neural Artistic Style Transfer")."""

from __future__ import annotations

from typing import Any, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from vidstyle.frame import Pixels

_RIDGE = 1e-5
"""Added to variances: a picture of one color has none."""

Points = NDArray[np.float64]

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
    max_value = np.float32(np.iinfo(picture.dtype).max)
    return cast(
        NDArray[np.float32], cv2.cvtColor(picture.astype(np.float32) / max_value, _TO[space])
    )


def _join(channels: NDArray[np.float32], space: str, reference: Pixels) -> Pixels:
    max_value = np.iinfo(reference.dtype).max
    rgb = cv2.cvtColor(channels, _FROM[space])
    depth = cv2.CV_8U if reference.dtype == np.uint8 else cv2.CV_16U
    rounded: Any = cv2.multiply(rgb, np.full(4, float(max_value)), dtype=depth)  # and clipped
    return cast(Pixels, rounded)


def light_of(picture: Pixels, space: str = "luminance") -> Pixels:
    """Return a picture (H, W, 3) RGB in gray: its light in a space of `LIGHTS`."""
    channels = _split(picture, space)
    if space in ("luv", "lab"):
        channels[..., 1:] = 0
        return _join(channels, space, picture)
    light = np.ascontiguousarray(np.repeat(channels[..., :1], 3, axis=2))
    max_value = np.iinfo(picture.dtype).max
    return cast(Pixels, np.round(light * np.float32(max_value)).astype(picture.dtype))


def with_light_of(painted: Pixels, content: Pixels, space: str = "luminance") -> Pixels:
    """Return the painted light under the content's hues, in a space of `LIGHTS`.

    Args:
        painted: (H, W, 3) RGB, uint8 or uint16.
        content: likewise, of the same size.
        space: whose first channel is of one, the other two of the other.
    """
    if space in ("luminance", "yuv"):
        return _with_luma_of(painted, content)
    channels = _split(content, space)
    if painted.dtype == np.uint8:  # its light alone is wanted: bytes of it are fine enough
        light = cv2.extractChannel(cv2.cvtColor(painted, cv2.COLOR_RGB2Lab), 0)
        cv2.insertChannel(light.astype(np.float32) * np.float32(100 / 255), channels, 0)
    else:
        cv2.insertChannel(cv2.extractChannel(_split(painted, space), 0), channels, 0)
    return _join(channels, space, painted)


def _with_luma_of(painted: Pixels, content: Pixels) -> Pixels:
    """Add to each channel what luma differs by: so its differences from the others, the hues, stay."""
    depth, signed = (
        (cv2.CV_8U, cv2.CV_16S) if painted.dtype == np.uint8 else (cv2.CV_16U, cv2.CV_32F)
    )
    light, own = (cv2.cvtColor(p, cv2.COLOR_RGB2GRAY) for p in (painted, content))
    difference = cv2.subtract(light, own, dtype=signed)
    return np.asarray(cv2.add(content, cv2.merge([difference] * 3), dtype=depth), painted.dtype)


def moments(points: Points, weights: Points | None = None) -> tuple[Points, Points]:
    """Return the mean (3,) and covariance (3, 3) of colors (N, 3), with weights (N,) if given."""
    shares = np.full(len(points), 1.0) if weights is None else weights
    shares = (shares / max(shares.sum(), 1e-9))[:, None]
    mean = (shares * points).sum(0)
    centered = points - mean
    return mean, (shares * centered).T @ centered


def transport_map(have: Points, want: Points, ridge: float = _RIDGE) -> tuple[Points, Points]:
    """Return gains (3,) and axes (3, 3), in columns, of the linear map between two covariances (3, 3).

    axes @ diag(gains) @ axes.T is the optimal transport between normal distributions (Pitié and Kokaram 2007, "The
    Linear Monge-Kantorovitch Linear Colour Mapping", eq. 8). `ridge` is added to variances: a picture of one color
    has none.
    """

    def root(matrix: Points, power: float) -> Points:
        values, vectors = np.linalg.eigh(matrix)
        return np.asarray((vectors * np.maximum(values, 1e-12) ** power) @ vectors.T)

    have, want = (covariance + ridge * np.eye(3) for covariance in (have, want))
    half, inverse = root(have, 0.5), root(have, -0.5)
    gains, axes = np.linalg.eigh(inverse @ root(half @ want @ half, 0.5) @ inverse)
    return gains, axes


def match_points(
    points: Points,
    style: Points,
    weights: Points | None = None,
    style_weights: Points | None = None,
) -> Points:
    """Return colors (N, 3), moved linearly to mean and covariance of others (M, 3), with weights if given."""
    (center, have), (target, want) = moments(points, weights), moments(style, style_weights)
    gains, axes = transport_map(have, want)
    return np.asarray((points - center) @ ((axes * gains) @ axes.T) + target)


def match_colors(style: Pixels, content: Pixels) -> Pixels:
    """Give a style picture the mean and covariance of the content's colors.

    Args:
        style: (H, W, 3) uint8 RGB.
        content: likewise, of any size.
    """
    s, c = (p.reshape(-1, 3).astype(np.float64) / 255 for p in (style, content))
    matched = match_points(s, c)
    return cast(Pixels, (matched.clip(0, 1) * 255).round().astype(np.uint8).reshape(style.shape))


def match_histograms(style: Pixels, content: Pixels) -> Pixels:
    """Give each channel of a style picture the histogram that it has in the content.

    Args:
        style: (H, W, 3) uint8 RGB.
        content: likewise, of any size.
    """
    matched = np.empty_like(style)
    for channel in range(3):
        have, want = (np.bincount(p[..., channel].ravel(), minlength=256) for p in (style, content))
        table = levels_table(have, want).round().astype(np.uint8)
        matched[..., channel] = table[style[..., channel]]
    return matched


def levels_table(have: NDArray[Any], want: NDArray[Any], within: float = 1) -> Points:
    """Return for each level (256,) the one that gives levels of one histogram (256,) another one (256,).

    `within` says where in a level's share of pixels its rank lies: 1 at the end, 0.5 in the middle, which keeps the mean.
    """
    levels = np.flatnonzero(want)  # a level that is not wanted, the result has not
    ranks, reached = (
        (counts.cumsum() - (1 - within) * counts) / counts.sum() for counts in (have, want)
    )
    return np.asarray(np.interp(ranks, reached[levels], levels))
