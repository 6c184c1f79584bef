"""Patches instead of statistics (Li and Wand 2016).

"Combining Markov Random Fields and Convolutional Neural Networks for Image Synthesis".

Every patch of the picture's features is to be like the style's patch that is nearest to it: where the style
shows what the content shows, eyes come from eyes and leaves from leaves.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import cv2
import numpy as np
import torch
from torch import Tensor

from vidstyle.errors import InputError, UsageError
from vidstyle.losses.energies import PatchEnergy, matched_patches
from vidstyle.nets.perceptual import LAYERS, Perceptual
from vidstyle.optimize.objective import SceneObjective
from vidstyle.optimize.painting import Config, Scene

_RENEWED = 40
"""Steps after which the nearest patches are sought again. L-BFGS needs a loss that stays the same for a
while; the paper's own code seeks them at each step."""

_TURN, _GROW = 15.0, 1.15
"""Degrees between two rotations of the style, factor between two scales."""

_SIDE = 3
"""Of a patch, places."""

_LEAST = 48
"""Pixels that a rotated style must keep inside its rotated frame."""


@dataclass(frozen=True, kw_only=True)
class MrfConfig(Config):
    """Every knob of a run."""

    size: int = 384
    """Longest side of the result, pixels: the search grows with its fourth power."""
    steps: int = 100
    ratio: float = 0.03
    patch_layers: dict[str, float] = field(default_factory=lambda: dict.fromkeys(LAYERS[:4], 1.0))
    """Layer -> weight. The paper has relu3_1 and relu4_1; relu1_1 and relu2_1 give the style's colors, and smooth
    areas without a grid."""
    variation: float = 3.0
    rotations: int = 0
    """Turns of the style to either side, 15 degrees each."""
    scales: int = 0
    """Enlargements of the style to either side, 15 % each."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.patch_layers:
            raise UsageError("expected layers for the patches, got none")
        if not (0 <= self.rotations <= 12 and 0 <= self.scales <= 5):
            raise UsageError(
                "expected 0 to 12 rotations and 0 to 5 scales to either side, "
                f"got {self.rotations}, {self.scales}"
            )

    @property
    def layers(self) -> dict[str, float]:
        """All layers that are looked at, with weights."""
        return {**self.content_layers, **self.patch_layers}

    def objective(self, eyes: Perceptual, scene: Scene) -> PatchObjective:
        """Return what a picture of a scene is to be.

        Raises:
            UsageError: the scene has regions, or styles of different shares.
            InputError: a picture too small to hold a patch at a layer.
        """
        if any(r.where is not None or r.like is not None for r in scene.regions):
            raise UsageError("patches know no regions; take gatys or photoreal")
        if len({round(r.share, 6) for r in scene.regions}) > 1:
            raise UsageError("patches are taken from all styles alike: they have no weights")
        return PatchObjective(eyes, scene, self)


class PatchObjective(SceneObjective):
    """The loss of Li and Wand 2016, eq. 1, for one scene."""

    _config: MrfConfig
    _renewed = False

    def measure(self, scene: Scene, seen: dict[str, Tensor]) -> None:
        """Take the styles' patches, and match those of the content to them."""
        config = self._config
        turned = [t for s in scene.styles for t in variants(s, config.rotations, config.scales)]
        looks = [self.look(style) for style in turned]
        self._styles = {name: [look[name] for look in looks] for name in config.patch_layers}
        for name, styles in self._styles.items():
            least = min(min(f.shape[2:]) for f in (seen[name], *styles))
            if least < _SIDE:
                raise InputError(
                    f"a picture has {least} places at {name}, expected {_SIDE} for a patch; take a "
                    "larger --size, or fewer of the deep --patch-layers"
                )
        self._match(seen)

    def _match(self, seen: dict[str, Tensor]) -> None:
        self._patches = {
            name: PatchEnergy(matched_patches(seen[name], styles), *seen[name].shape[2:])
            for name, styles in self._styles.items()
        }

    def style_energy(self, seen: dict[str, Tensor]) -> Tensor:
        """Return how far the patches of features are from those that they were matched to."""
        return torch.as_tensor(
            sum(
                weight * self._patches[name](seen[name])
                for name, weight in self._config.patch_layers.items()
            )
        )

    def renew(self, picture: Tensor, step: int) -> bool:
        """Seek the nearest patches of the picture as it is, every `_RENEWED` steps."""
        if self._renewed and step % _RENEWED:
            return False
        self._renewed = True
        with torch.no_grad():
            self._match(self.look(picture))
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
    return [f for f in found if min(f.shape[2:]) >= _LEAST] or [style]


def _turned(pixels: np.ndarray, angle: float, scale: float) -> np.ndarray:
    height, width = pixels.shape[:2]
    turn = math.radians(abs(angle))
    sine, cosine = math.sin(turn), math.cos(turn)
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
