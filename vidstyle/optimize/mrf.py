"""Patches instead of statistics (Li and Wand 2016).

"Combining Markov Random Fields and Convolutional Neural Networks for Image Synthesis".

Every patch of the picture's features is to be like the style's patch that is nearest to it: where the style
shows what the content shows, eyes come from eyes and leaves from leaves. With regions it is the nearest of those
that mean the same (Champandard 2016).
"""

from __future__ import annotations

import torch
from torch import Tensor

from vidstyle.losses.energies import PatchEnergy
from vidstyle.optimize.config import MrfConfig
from vidstyle.optimize.gatys import GramEnergy
from vidstyle.optimize.objective import unit
from vidstyle.optimize.painting import Scene
from vidstyle.optimize.patches import PatchObjective

_RENEWED = 40
"""Steps after which the nearest patches are sought again. L-BFGS needs a loss that stays the same for a
while; the paper's own code seeks them at each step."""


class MrfObjective(PatchObjective):
    """The loss of Li and Wand 2016, eq. 1, for one scene."""

    _config: MrfConfig
    _renewed = False

    def measure(self, scene: Scene, content_features: dict[str, Tensor]) -> None:
        """Take the styles' features and Gram matrices, and match the content to them."""
        super().measure(scene, content_features)
        style_features = [self.features(style) for style in scene.styles]
        self._grams = GramEnergy(scene, content_features, style_features, self._config.gram_layers)
        empty = {name: torch.zeros_like(f) for name, f in content_features.items()}
        self._units = [
            unit(energy(content_features), energy(empty))
            for energy in (self._patch_energy, self._grams)
        ]

    def match(self, output_features: dict[str, Tensor]) -> None:
        """Find the nearest patches of a picture with these features."""
        config = self._config
        self._patches = {
            name: PatchEnergy(
                self.matched(name, output_features[name]),
                output_features[name],
                config.patch_size,
                config.patch_stride,
                self.covered(output_features[name]),
            )
            for name in config.patch_layers
        }

    def _patch_energy(self, output_features: dict[str, Tensor]) -> Tensor:
        return torch.as_tensor(
            sum(
                weight * self._patches[name](output_features[name])
                for name, weight in self._config.patch_layers.items()
            )
        )

    def style_energy(self, output_features: dict[str, Tensor]) -> Tensor:
        """Return the distance of the output's patches and of its Gram matrices, each over what it is for the content."""
        patches, grams = self._units
        energy = self._patch_energy(output_features) / patches
        return energy + self._grams(output_features) / grams if self._config.gram_layers else energy

    def renew(self, picture: Tensor, step: int) -> bool:
        """Search the nearest patches of the present picture, every `_RENEWED` steps; return whether that was done."""
        if self._renewed and step % _RENEWED:
            return False
        self._renewed = True
        with torch.no_grad():
            self.match(self.features(picture))
        return True
