"""Regions by likeness: k-means over features of a perceptual network, light and height, of several pictures together."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import cast

import cv2
import numpy as np
import torch
import torch.nn.functional as F

from vidstyle.frame import Pixels
from vidstyle.images.naming import Shares
from vidstyle.images.regions import Labels
from vidstyle.nets.perceptual import Perceptual
from vidstyle.optimize.descent import scaled, to_tensor

REGIONS = 4
"""Regions that are found, at most, unless another number is given."""

_SIDE = 256
"""Longest side, pixels, at which they are sought."""

_PRESENT = 0.02
"""Share of a picture below which a region is not in it."""

_OWN_VALUES = 4
"""Values of a place that are none of the network's: three of color, one of height."""


class Likeness:
    """The regions of some pictures, and how likely places of these and of others belong to each."""

    def __init__(
        self, pictures: Sequence[Pixels], perceptual: Perceptual, count: int = REGIONS
    ) -> None:
        """Find the regions.

        Args:
            pictures: (H, W, 3) uint8 RGB.
            perceptual: the perceptual network.
            count: of regions, at most.
        """
        self._perceptual = perceptual
        each = [self._describe(picture) for picture in pictures]
        points = np.concatenate([values.reshape(-1, values.shape[2]) for values in each])
        values = points.shape[1]
        # Each group of values counts as one, however many it has.
        weights = np.full(values, 1 / math.sqrt(values - _OWN_VALUES))
        weights[-_OWN_VALUES:] = 1 / math.sqrt(_OWN_VALUES)
        self._center, self._scale = points.mean(0), weights / (points.std(0) + 1e-6)
        cv2.setRNGSeed(1)
        criteria = (cv2.TERM_CRITERIA_MAX_ITER + cv2.TERM_CRITERIA_EPS, 50, 1e-3)
        _, _, self._centers = cv2.kmeans(
            *(self._scaled(points), count, np.empty(0, np.int32), criteria, 3),
            cv2.KMEANS_PP_CENTERS,
        )
        self._kept = list(range(count))
        """Those that every picture has."""
        shares = [self._shares(values) for values in each]
        while len(self._kept) > 1:
            labels = [self._nearest(s) for s in shares]
            parts = [min(float((own == n).mean()) for own in labels) for n in self._kept]
            if min(parts) > _PRESENT:
                break
            self._kept.pop(int(np.argmin(parts)))

    def __call__(self, picture: Pixels) -> Shares:
        """Return how likely places belong to each region, (h, w, regions): the memberships of fuzzy c-means (Bezdek 1981), m = 2."""
        return self._shares(self._describe(picture))

    def labels(self, shares: Shares, picture: Pixels) -> Labels:
        """Return the likeliest region of each pixel of a picture (H, W, 3), of those alone that all pictures have.

        A region that a picture lacks goes to the nearest one that all have.
        """
        size = picture.shape[1], picture.shape[0]
        found = cv2.resize(self._nearest(shares), size, interpolation=cv2.INTER_NEAREST)
        return cast(Labels, found.astype(np.int32))

    def _nearest(self, shares: Shares) -> np.ndarray:
        best = np.array(self._kept, np.uint8)[shares[..., self._kept].argmax(2)]
        return np.asarray(cv2.medianBlur(best, 5))

    def _shares(self, values: np.ndarray) -> Shares:
        """Return the memberships of places (h, w, C)."""
        squares = np.square(self._scaled(values)[..., None, :] - self._centers).sum(-1)
        near = 1 / np.maximum(squares, 1e-12)
        return np.asarray(near / near.sum(-1, keepdims=True), np.float32)

    def _scaled(self, values: np.ndarray) -> np.ndarray:
        return np.asarray((values - self._center) * self._scale, np.float32)

    def _describe(self, picture: Pixels) -> np.ndarray:
        """Return the values (h, w, C) by which places are clustered, at an eighth of the size at which they are sought."""
        x = to_tensor(scaled(picture, _SIDE))
        with torch.no_grad():
            third, fourth = self._perceptual.to("cpu")(x, ["relu3_1", "relu4_1"])
        size = fourth.shape[2:]
        features = [torch.log1p(F.interpolate(f, size, mode="area")) for f in (third, fourth)]
        colors = F.interpolate(x, size, mode="area")
        rows = torch.linspace(0, 1, size[0])[None, None, :, None].expand(1, 1, *size)
        return np.asarray(torch.cat([*features, colors, rows], 1)[0].permute(1, 2, 0))


def find_regions(
    content: Pixels, styles: Sequence[Pixels], perceptual: Perceptual, count: int = REGIONS
) -> list[Labels]:
    """Return the regions (H, W) of the content and the matching ones of each style; see `Likeness`."""
    pictures = content, *styles
    likeness = Likeness(pictures, perceptual, count)
    return [likeness.labels(likeness(picture), picture) for picture in pictures]
