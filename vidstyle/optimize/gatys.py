"""Neural style transfer by optimisation (Gatys, Ecker and Bethge 2015, 2016).

The picture itself is what is learned: its features shall be the content's deep down, and its Gram matrices
the style's; in regions of the picture those of regions of the styles (Gatys et al. 2017, "Controlling
Perceptual Factors", eq. 5).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from vidstyle.losses.energies import style_energy
from vidstyle.losses.perceptual import gram_matrix
from vidstyle.optimize.config import GatysConfig
from vidstyle.optimize.objective import SceneObjective
from vidstyle.optimize.painting import Scene, SceneRegion


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


class GramObjective(SceneObjective):
    """The loss of Gatys, Ecker and Bethge 2016, eq. 7, for one scene."""

    _config: GatysConfig

    def measure(self, scene: Scene, content_features: dict[str, Tensor]) -> None:
        """Take the styles' Gram matrices."""
        style_features = [self.features(style) for style in scene.styles]
        self._targets = _targets(scene, content_features, style_features, self._config)

    def style_energy(self, output_features: dict[str, Tensor]) -> Tensor:
        """Return the weighted distance of the output's Gram matrices to the styles'."""
        return torch.as_tensor(
            sum(
                target.share * weight * style_energy(output_features[name], *target.at(name))
                for target in self._targets
                for name, weight in self._config.style_layers.items()
            )
        )


def within(where: Tensor, features: Tensor) -> Tensor:
    """Bring weights (1, 1, H, W) of pixels to the places of features (B, C, h, w)."""
    # On the CPU: MPS averages only areas that are all of one size.
    return F.interpolate(where.cpu(), features.shape[2:], mode="area").to(features.device)


def _targets(
    scene: Scene,
    content_features: dict[str, Tensor],
    style_features: Sequence[dict[str, Tensor]],
    config: GatysConfig,
) -> list[_Target]:
    def grams(region: SceneRegion) -> dict[str, Tensor]:
        features, mask = style_features[region.style], region.style_mask
        return {
            name: gram_matrix(
                features[name], None if mask is None else within(mask, features[name])
            )
            for name in config.style_layers
        }

    targets = [
        _Target(
            r.share,
            {n: within(r.where, content_features[n]) for n in config.style_layers},
            grams(r),
        )
        for r in scene.regions
        if r.where is not None
    ]
    whole = [r for r in scene.regions if r.where is None]
    if whole:  # styles that share all of the picture are mixed
        each, share = [grams(r) for r in whole], sum(r.share for r in whole)
        mixed = {
            name: torch.stack(
                [r.share / share * g[name] for r, g in zip(whole, each, strict=True)]
            ).sum(0)
            for name in config.style_layers
        }
        targets.append(_Target(share, None, mixed))
    return targets
