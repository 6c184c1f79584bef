"""The objective that Gatys et al. and Li and Wand share: content in deep layers, and a style, each relative."""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
import torch.nn.functional as F
from torch import Tensor

from vidstyle.losses.energies import content_energy
from vidstyle.losses.smoothness import total_variation
from vidstyle.nets.perceptual import Perceptual
from vidstyle.optimize.config import Config
from vidstyle.optimize.painting import Scene

_ROUNDING = 1e-5
"""Share of an energy that rounding alone may make."""

_LARGE = 2**20
"""Pixels above which features are computed twice, to save memory."""


class SceneObjective(ABC):
    """The loss alpha * content + beta * style (+ total variation) for one scene; subclasses know the style.

    Each energy is divided by what it is for the other picture, the style's by that of an empty picture where the
    content has the style already.
    """

    def __init__(self, perceptual: Perceptual, scene: Scene, config: Config) -> None:
        """Measure the scene."""
        self._perceptual, self._config = perceptual, config
        with torch.no_grad():
            content_features = self.features(scene.content)
            self._content = {name: content_features[name] for name in config.content_layers}
            self.measure(scene, content_features)
            style_features = self.features(F.interpolate(scene.styles[0], scene.content.shape[2:]))
            content, style = (
                self._content_energy(style_features),
                self.style_energy(content_features),
            )
            empty = self.style_energy(
                {name: torch.zeros_like(f) for name, f in content_features.items()}
            )
            self._scales = float(content) or 1.0, unit(style, empty)

    @abstractmethod
    def measure(self, scene: Scene, content_features: dict[str, Tensor]) -> None:
        """Prepare `style_energy` for a scene whose content has these features."""

    @abstractmethod
    def style_energy(self, output_features: dict[str, Tensor]) -> Tensor:
        """Return the distance of the output's features, as `features` returns them, to the style."""

    def features(self, picture: Tensor) -> dict[str, Tensor]:
        """Return the features of a picture (1, 3, H, W) at all layers of the config."""
        return features_of(picture, self._perceptual, self._config)

    def _content_energy(self, output_features: dict[str, Tensor]) -> Tensor:
        return torch.as_tensor(
            sum(
                weight * content_energy(output_features[name], self._content[name])
                for name, weight in self._config.content_layers.items()
            )
        )

    def __call__(self, picture: Tensor) -> tuple[Tensor, dict[str, float]]:
        """Return the loss of a picture (1, 3, H, W), and its two relative energies."""
        output_features = self.features(picture)
        content = self._content_energy(output_features) / self._scales[0]
        style = self.style_energy(output_features) / self._scales[1]
        loss = self._config.ratio * content + style
        if self._config.variation:
            loss = loss + self._config.variation * total_variation(picture)
        return loss, {"content": content.item(), "style": style.item()}

    def renew(self, _picture: Tensor, _step: int) -> bool:
        """Return False: the loss stays what it is."""
        return False


def features_of(picture: Tensor, perceptual: Perceptual, config: Config) -> dict[str, Tensor]:
    """Return the features of a picture (1, 3, H, W) at all layers of a config."""
    layers = sorted(config.layers)  # the order of the names is the network's
    found = perceptual(
        picture,
        layers,
        average=config.pooling == "average",
        recompute=picture.shape[2] * picture.shape[3] > _LARGE,
    )
    return dict(zip(layers, found, strict=True))


def unit(energy: Tensor, empty: Tensor) -> float:
    """Return what an energy is divided by: what it is for the content, or for an empty picture.

    The latter for a style that the content is made of already: it would be measured by what rounding leaves.
    """
    return float(energy if energy > _ROUNDING * empty else empty) or 1.0
