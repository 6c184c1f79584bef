"""A style that is compared place by place, in the place of Gram matrices: nearest neighbors, or sliced transport."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from vidstyle.losses.matching import nearest_loss, sliced_wasserstein_loss
from vidstyle.optimize.config import NEAREST
from vidstyle.optimize.painting import Scene
from vidstyle.optimize.semantics import within

_PLACES = 2**14
"""Places of a layer whose histograms are compared, of each picture."""

_HAVE, _OFFERED = 2**12, 2**11
"""Places of a layer that are compared with their nearest, and those of the style that they are sought among."""

_DIRECTIONS = 64
"""Directions along which features are projected, at most."""


class MatchedEnergy:
    """The weighted distance of features at random places to those of the styles of a scene, in its regions.

    Places and directions stay until they are drawn anew: L-BFGS needs a loss that stays the same for a while.
    """

    def __init__(
        self,
        loss: str,
        scene: Scene,
        content_features: dict[str, Tensor],
        style_features: Sequence[dict[str, Tensor]],
        layers: dict[str, float],
        seed: int,
    ) -> None:
        """Take the styles' features.

        Args:
            loss: nearest or wasserstein.
            scene: its regions.
            content_features: layer -> (1, C, h, w), of which the shapes matter.
            style_features: likewise, of each style.
            layers: weights of layers.
            seed: of places and directions.
        """
        self._nearest, self._layers = loss == NEAREST, layers
        self._counts = (_HAVE, _OFFERED) if self._nearest else (_PLACES, _PLACES)
        self._generator = torch.Generator().manual_seed(seed)
        self._shares = [r.share for r in scene.regions]
        self._pairs = [
            {
                name: (
                    _weights(r.where, content_features[name]),
                    _weights(r.style_mask, style_features[r.style][name]),
                    style_features[r.style][name],
                )
                for name in layers
            }
            for r in scene.regions
        ]
        self.draw()

    def draw(self) -> None:
        """Draw places and directions."""
        count, style_count = self._counts
        self._drawn = [
            {
                name: (
                    self._places(where, count).to(style.device),
                    _at(style, self._places(style_mask, style_count).to(style.device)),
                    self._directions(style),
                )
                for name, (where, style_mask, style) in pairs.items()
            }
            for pairs in self._pairs
        ]

    def __call__(self, output_features: dict[str, Tensor]) -> Tensor:
        """Return the energy of features, layer -> (1, C, h, w)."""
        energies = [
            share * self._layers[name] * self._energy(_at(output_features[name], places), *style)
            for share, drawn in zip(self._shares, self._drawn, strict=True)
            for name, (places, *style) in drawn.items()
        ]
        return torch.stack(energies).sum()

    def _energy(self, features: Tensor, style: Tensor, directions: Tensor) -> Tensor:
        if self._nearest:
            return nearest_loss(features, style, places=_HAVE, style_places=_OFFERED)
        return sliced_wasserstein_loss(features, style, directions)

    def _places(self, weights: Tensor, count: int) -> Tensor:
        """Return the numbers of random places, each at most once, where weights (n,) are above 0."""
        there = weights.nonzero()[:, 0]
        if len(there) <= count:
            return there
        order = torch.rand(len(there), generator=self._generator) / weights[there]
        return there[order.argsort()[:count]]

    def _directions(self, features: Tensor) -> Tensor:
        channels = features.shape[1]
        drawn = torch.randn(channels, min(channels, _DIRECTIONS), generator=self._generator)
        return F.normalize(drawn, dim=0).to(features)


def _weights(mask: Tensor | None, features: Tensor) -> Tensor:
    """Return how far each place (n,) of features belongs to a region, on the CPU; at least one does."""
    if mask is None:
        return torch.ones(features.shape[2] * features.shape[3])
    weights = within(mask, features).flatten().cpu()
    return torch.where(weights >= min(0.5, float(weights.max())), weights, 0)


def _at(features: Tensor, places: Tensor) -> Tensor:
    """Return the features (1, C, n, 1) at n places of features (1, C, h, w)."""
    return features.flatten(2)[..., places, None]
