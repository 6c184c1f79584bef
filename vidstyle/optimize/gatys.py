"""Neural style transfer by optimization (Gatys, Ecker and Bethge 2015, 2016).

The picture itself is what is learned: its features shall be the content's deep down, and its Gram matrices
the style's; in regions of the picture those of regions of the styles (Gatys et al. 2017, "Controlling
Perceptual Factors", eq. 5), or with the regions as channels beside the features (Champandard 2016).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from vidstyle.losses.energies import style_energy
from vidstyle.losses.perceptual import gram_matrix
from vidstyle.optimize.config import GRAM, GramConfig
from vidstyle.optimize.matching import MatchedEnergy
from vidstyle.optimize.objective import SceneObjective, unit
from vidstyle.optimize.painting import Scene, SceneRegion
from vidstyle.optimize.semantics import within

_RENEWED = 20
"""Steps after which other places are compared."""


@dataclass(frozen=True)
class _Target:
    """Gram matrices that a region of the picture is to have."""

    share: float
    where: dict[str, Tensor] | None
    """Layer -> (1, 1, h, w), of the picture; None: everywhere."""
    grams: dict[str, Tensor]
    """Layer -> (1, C, C)."""

    def at(self, layer: str) -> tuple[Tensor, Tensor | None]:
        """Return the Gram matrix (1, C, C) and the weights (1, 1, h, w) of a layer, for `style_energy`."""
        return self.grams[layer], None if self.where is None else self.where[layer]


class GramEnergy:
    """The weighted distance of Gram matrices to the styles' of a scene, in its regions."""

    def __init__(
        self,
        scene: Scene,
        content_features: dict[str, Tensor],
        style_features: Sequence[dict[str, Tensor]],
        layers: dict[str, float],
        semantics: float | None = None,
    ) -> None:
        """Take the styles' Gram matrices.

        Args:
            scene: its regions, and the shares of its styles.
            content_features: layer -> (1, C, h, w), of which the shapes matter.
            style_features: likewise, of each style.
            layers: weights of layers.
            semantics: weight of the regions as channels; None: each has Gram matrices of its own.
        """
        self._layers, self._means = layers, list[_Mean]()
        if semantics is None or all(r.where is None for r in scene.regions):
            regions = scene.regions
        else:
            regions = [SceneRegion(r.style, r.share, None, r.style_mask) for r in scene.regions]
            self._means = _means(scene, content_features, style_features, layers, semantics)
        self._targets = _targets(regions, content_features, style_features, layers)

    def __call__(self, output_features: dict[str, Tensor]) -> Tensor:
        """Return the energy of features, layer -> (1, C, h, w)."""
        grams = (
            target.share * weight * style_energy(output_features[name], *target.at(name))
            for target in self._targets
            for name, weight in self._layers.items()
        )
        means = (
            weight * mean.energy(name, output_features[name])
            for mean in self._means
            for name, weight in self._layers.items()
        )
        return torch.as_tensor(sum(grams) + sum(means))


class GramObjective(SceneObjective):
    """The loss of Gatys, Ecker and Bethge 2016, eq. 7, for one scene; its style by Gram matrices, or place by place."""

    _config: GramConfig

    def measure(self, scene: Scene, content_features: dict[str, Tensor]) -> None:
        """Take the styles' Gram matrices, or their features."""
        style_features = [self.features(style) for style in scene.styles]
        config, layers = self._config, self._config.style_layers
        found = scene, content_features, style_features, layers
        self._matched = {
            name: MatchedEnergy(name, *found, config.seed)
            for name, weight in config.style_losses.items()
            if name != GRAM and weight
        }
        self._energies = dict[str, Callable[[dict[str, Tensor]], Tensor]](self._matched)
        if config.style_losses.get(GRAM):
            self._energies[GRAM] = GramEnergy(*found, config.semantics)
        self._units = dict.fromkeys(self._energies, 1.0)
        if len(self._energies) > 1:
            empty = {name: torch.zeros_like(f) for name, f in content_features.items()}
            self._units = {
                name: unit(energy(content_features), energy(empty))
                for name, energy in self._energies.items()
            }

    def style_energy(self, output_features: dict[str, Tensor]) -> Tensor:
        """Return the weighted distance of the output's features to the styles'."""
        if not self._config.style_layers:
            return torch.zeros(())
        weights = self._config.style_losses
        energies = [
            weights[name] / self._units[name] * energy(output_features)
            for name, energy in self._energies.items()
        ]
        return torch.stack(energies).sum()

    def renew(self, _picture: Tensor, step: int) -> bool:
        """Draw other places to compare, every `_RENEWED` steps; return whether that was done."""
        if not self._matched or step == 0 or step % _RENEWED:
            return False
        for energy in self._matched.values():
            energy.draw()
        return True


@dataclass(frozen=True)
class _Mean:
    """What a region as a channel adds to Gram matrices: the mean features of the region.

    The channel is `size` / sqrt(a) in the region, a its share of the picture, so that its products with the features have
    the mean size * sqrt(a) times theirs there; in the style, whose region may be larger, likewise. Its square does not
    depend on the picture.
    """

    share: float
    where: dict[str, Tensor]
    """Layer -> (1, 1, h, w), of mean 1."""
    sizes: dict[str, Tensor]
    """Layer -> ()."""
    means: dict[str, Tensor]
    """Layer -> (1, C), of the style's region."""

    def energy(self, name: str, features: Tensor) -> Tensor:
        """Return what the channel adds to the energy of features (1, C, h, w) of a layer."""
        mean = (self.where[name] * features).mean((2, 3))
        squares = (mean - self.means[name]).square().sum()
        channels = features.shape[1]
        # Twice: a Gram matrix has them as a row and as a column.
        return 2 * self.share * self.sizes[name].square() * squares / (4 * channels**2)


def _means(
    scene: Scene,
    content_features: dict[str, Tensor],
    style_features: Sequence[dict[str, Tensor]],
    layers: dict[str, float],
    semantics: float,
) -> list[_Mean]:
    def weights(mask: Tensor | None, features: Tensor) -> Tensor:
        if mask is None:
            return torch.ones_like(features[:, :1])
        small = within(mask, features)
        return small / small.mean()

    return [
        _Mean(
            r.share,
            {n: weights(r.where, content_features[n]) for n in layers},
            {n: semantics * style_features[r.style][n].square().mean().sqrt() for n in layers},
            {
                n: (weights(r.style_mask, f) * f).mean((2, 3))
                for n, f in style_features[r.style].items()
                if n in layers
            },
        )
        for r in scene.regions
    ]


def _targets(
    regions: Sequence[SceneRegion],
    content_features: dict[str, Tensor],
    style_features: Sequence[dict[str, Tensor]],
    layers: dict[str, float],
) -> list[_Target]:
    def grams(region: SceneRegion) -> dict[str, Tensor]:
        features, mask = style_features[region.style], region.style_mask
        return {
            name: gram_matrix(
                features[name], None if mask is None else within(mask, features[name])
            )
            for name in layers
        }

    targets = [
        _Target(
            r.share,
            {n: within(r.where, content_features[n]) for n in layers},
            grams(r),
        )
        for r in regions
        if r.where is not None
    ]
    whole = [r for r in regions if r.where is None]
    if whole:  # styles that share all of the picture are mixed
        each, share = [grams(r) for r in whole], sum(r.share for r in whole)
        mixed = {
            name: torch.stack(
                [r.share / share * g[name] for r, g in zip(whole, each, strict=True)]
            ).sum(0)
            for name in layers
        }
        targets.append(_Target(share, None, mixed))
    return targets
