"""What the methods by patches share: the styles' features, turned and scaled, and the search in them."""

from __future__ import annotations

import math
from abc import abstractmethod

import cv2
import numpy as np
import torch
from torch import Tensor

from vidstyle.errors import InputError, UsageError
from vidstyle.losses.energies import matched_patches
from vidstyle.optimize.config import PatchConfig
from vidstyle.optimize.objective import SceneObjective
from vidstyle.optimize.painting import Scene
from vidstyle.optimize.semantics import coverage, semantic_maps, within

_TURN, _GROW = 15.0, 1.15
"""Degrees between two rotations of the style, factor between two scales."""

_MIN_SIDE = 48
"""Pixels that a rotated style must keep inside its rotated frame."""


class PatchObjective(SceneObjective):
    """An objective that seeks patches of features in the styles'."""

    _config: PatchConfig

    def measure(self, scene: Scene, content_features: dict[str, Tensor]) -> None:
        """Take the styles' features, and match those of the content to them."""
        config = self._config
        if len({round(share, 6) for share in scene.shares}) > 1:
            raise UsageError("patches are taken from all styles alike: they have no weights")
        maps, colors = semantic_maps(scene, config.map_encoding), 3
        styles = scene.styles
        if maps:
            styles = [torch.cat(both, 1) for both in zip(styles, maps[1], strict=True)]
        turned = [t for s in styles for t in variants(s, config.rotations, config.scales)]
        variant_features = [self.features(style[:, :colors]) for style in turned]
        self._styles = {
            name: [features[name] for features in variant_features] for name in config.patch_layers
        }
        self._covered = coverage(scene)
        self._maps = {
            name: (
                within(maps[0], content_features[name]),
                [within(t[:, colors:], f) for t, f in zip(turned, styles, strict=True)],
            )
            for name, styles in self._styles.items()
            if maps and config.semantics
        }
        for name, styles in self._styles.items():
            least = min(min(f.shape[2:]) for f in (content_features[name], *styles))
            if least < config.patch_size:
                raise InputError(
                    f"a picture has {least} places at {name}, expected {config.patch_size} for a patch; take a "
                    "larger `size`, fewer of the deep `patch_layers`, or a smaller `patch_size`"
                )
        self.match(content_features)

    @abstractmethod
    def match(self, output_features: dict[str, Tensor]) -> None:
        """Find what the style energy compares with, for the features of a picture."""

    def matched(self, name: str, features: Tensor) -> Tensor:
        """Return for each patch of features (1, C, H, W) of a layer the styles' nearest, as columns."""
        config = self._config
        return matched_patches(
            *(features, self._styles[name], config.patch_size, config.patch_stride),
            maps=self._maps.get(name),
            semantics=config.semantics,
        )

    def covered(self, features: Tensor) -> Tensor | None:
        """Return how far regions cover the places (1, 1, h, w) of features; None: all of them."""
        return None if self._covered is None else within(self._covered, features)


def variants(style: Tensor, rotations: int, scales: int) -> list[Tensor]:
    """Return a style (1, C, H, W) turned and scaled, `rotations` and `scales` to either side.

    Of a turned one the largest upright part that it fills, of the style's own proportions.
    """
    if not rotations and not scales:
        return [style]
    planes = style[0].cpu().numpy()
    found = []
    for scale in (_GROW**n for n in range(-scales, scales + 1)):
        for angle in (_TURN * n for n in range(-rotations, rotations + 1)):
            turned = np.stack([_turned(plane, angle, scale) for plane in planes])
            found.append(torch.from_numpy(turned)[None].to(style))
    return [f for f in found if min(f.shape[2:]) >= _MIN_SIDE] or [style]


def _turned(plane: np.ndarray, angle: float, scale: float) -> np.ndarray:
    height, width = plane.shape
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
        cv2.warpAffine(plane, matrix, to, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)
    )
