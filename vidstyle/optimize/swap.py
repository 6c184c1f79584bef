"""Style swap (Chen and Schmidt 2016, "Fast Patch-based Style Transfer of Arbitrary Style").

Each patch of the content's features is swapped, once, for the style's nearest, and the picture is sought whose
features those are: no patch is sought again, and nothing else holds the content.
"""

from __future__ import annotations

import torch
from torch import Tensor

from vidstyle.losses.energies import laid
from vidstyle.optimize.config import SwapConfig
from vidstyle.optimize.patches import PatchObjective


class SwapObjective(PatchObjective):
    """The loss of Chen and Schmidt 2016, eq. 3, for one scene."""

    _config: SwapConfig

    def match(self, output_features: dict[str, Tensor]) -> None:
        """Swap the patches of these features, and take the mean where they overlap."""
        size, stride = self._config.patch_size, self._config.patch_stride
        self._swapped = {
            name: laid(self.matched(name, features), features, size, stride)[0]
            for name, features in output_features.items()
            if name in self._config.patch_layers
        }

    def style_energy(self, output_features: dict[str, Tensor]) -> Tensor:
        """Return half the weighted squared distance of the output's features to the swapped ones."""
        energy = torch.zeros(())
        for name, weight in self._config.patch_layers.items():
            features = output_features[name]
            squares = (features - self._swapped[name]).square()
            covered = self.covered(features)
            whole = (squares if covered is None else covered * squares).sum()
            energy = energy.to(whole) + 0.5 * weight * whole
        return energy
