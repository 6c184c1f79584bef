"""Patches instead of statistics (Li and Wand 2016).

"Combining Markov Random Fields and Convolutional Neural Networks for Image Synthesis".

Every patch of the picture's features is to be like the style's patch that is nearest to it: where the style
shows what the content shows, eyes come from eyes and leaves from leaves.
"""

from __future__ import annotations

import math

import cv2
import numpy as np
import torch
from torch import Tensor

from vidstyle.errors import InputError
from vidstyle.losses.energies import PatchEnergy, matched_patches
from vidstyle.optimize.config import MrfConfig
from vidstyle.optimize.objective import SceneObjective
from vidstyle.optimize.painting import Scene

_RENEWED = 40
"""Steps after which the nearest patches are sought again. L-BFGS needs a loss that stays the same for a
while; the paper's own code seeks them at each step."""

_TURN, _GROW = 15.0, 1.15
"""Degrees between two rotations of the style, factor between two scales."""

_SIDE = 3
"""Side of a patch, places of a layer."""

_MIN_SIDE = 48
"""Pixels that a rotated style must keep inside its rotated frame."""


class PatchObjective(SceneObjective):
    """The loss of Li and Wand 2016, eq. 1, for one scene."""

    _config: MrfConfig
    _renewed = False

    def measure(self, scene: Scene, content_features: dict[str, Tensor]) -> None:
        """Take the styles' patches, and match those of the content to them."""
        config = self._config
        turned = [t for s in scene.styles for t in variants(s, config.rotations, config.scales)]
        variant_features = [self.features(style) for style in turned]
        self._styles = {
            name: [features[name] for features in variant_features] for name in config.patch_layers
        }
        for name, styles in self._styles.items():
            least = min(min(f.shape[2:]) for f in (content_features[name], *styles))
            if least < _SIDE:
                raise InputError(
                    f"a picture has {least} places at {name}, expected {_SIDE} for a patch; take a "
                    "larger `size`, or fewer of the deep `patch_layers`"
                )
        self._match(content_features)

    def _match(self, output_features: dict[str, Tensor]) -> None:
        self._patches = {
            name: PatchEnergy(
                matched_patches(output_features[name], styles), *output_features[name].shape[2:]
            )
            for name, styles in self._styles.items()
        }

    def style_energy(self, output_features: dict[str, Tensor]) -> Tensor:
        """Return the weighted distance of the output's patches to the style's patches they are matched to."""
        return torch.as_tensor(
            sum(
                weight * self._patches[name](output_features[name])
                for name, weight in self._config.patch_layers.items()
            )
        )

    def renew(self, picture: Tensor, step: int) -> bool:
        """Search the nearest patches of the present picture, every `_RENEWED` steps; return whether that was done."""
        if self._renewed and step % _RENEWED:
            return False
        self._renewed = True
        with torch.no_grad():
            self._match(self.features(picture))
        return True


def variants(style: Tensor, rotations: int, scales: int) -> list[Tensor]:
    """Return a style (1, 3, H, W) turned and scaled, `rotations` and `scales` to either side.

    Of a turned one the largest upright part that it fills, of the style's own proportions.
    """
    pixels = style[0].permute(1, 2, 0).cpu().numpy()
    found = []
    for scale in (_GROW**n for n in range(-scales, scales + 1)):
        for angle in (_TURN * n for n in range(-rotations, rotations + 1)):
            turned = torch.from_numpy(_turned(pixels, angle, scale)).permute(2, 0, 1)[None]
            found.append(turned.to(style))
    return [f for f in found if min(f.shape[2:]) >= _MIN_SIDE] or [style]


def _turned(pixels: np.ndarray, angle: float, scale: float) -> np.ndarray:
    height, width = pixels.shape[:2]
    radians = math.radians(abs(angle))
    sine, cosine = math.sin(radians), math.cos(radians)
    # An upright frame k times as large lies inside the turned one when k (w cos + h sin) <= w, and so on.
    inside = min(
        width / (width * cosine + height * sine), height / (height * cosine + width * sine)
    )
    to = max(1, int(width * inside * scale)), max(1, int(height * inside * scale))
    matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), angle, scale)
    matrix[:, 2] += ((to[0] - width) / 2, (to[1] - height) / 2)
    return np.ascontiguousarray(
        cv2.warpAffine(
            pixels, matrix, to, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101
        )
    )
