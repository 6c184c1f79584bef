"""Distances to the style and to the content, between features of a perceptual network."""

from __future__ import annotations

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from vidstyle.flow.types import Floats
from vidstyle.nets.layers import channel_statistics
from vidstyle.nets.perceptual import LAYERS, Perceptual

SIDE = 256
"""Short side, pixels, of the pictures that are compared."""


def style_distance(features: list[Tensor], style: list[Tensor]) -> float:
    """Return the mean over layers of the relative difference of channel means and deviations.

    Per layer sqrt(|s - t|^2 / |t|^2), s and t being the means and standard deviations of all channels of
    the picture and of the style (after Huang and Belongie 2017, eq. 13, made relative).
    """
    distances = []
    for of, other in zip(features, style, strict=True):
        measured = torch.cat([s.flatten() for s in channel_statistics(of)])
        target = torch.cat([s.flatten() for s in channel_statistics(other)])
        distances.append(((measured - target).norm() / target.norm()).item())
    return float(np.mean(distances))


def content_distance(features: list[Tensor], content: list[Tensor]) -> float:
    """Return the mean over layers and places of the squared distance of unit feature vectors.

    As in LPIPS without its learned weights (Zhang et al. 2018, eq. 1): 0 = alike, 2 = nothing shared.
    """
    distances = [
        (F.normalize(of, dim=1) - F.normalize(other, dim=1)).square().sum(1).mean().item()
        for of, other in zip(features, content, strict=True)
    ]
    return float(np.mean(distances))


class Likeness:
    """Compares painted frames with one style and with their own inputs."""

    def __init__(self, perceptual: Perceptual, style: Floats) -> None:
        """Take the perceptual network and the style picture (H, W, 3) in [0, 1]."""
        self._perceptual = perceptual
        self._style = self._features(style)

    @torch.inference_mode()
    def _features(self, picture: Floats) -> list[Tensor]:
        scale = SIDE / min(picture.shape[:2])
        interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
        scaled = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=interpolation).clip(
            0, 1
        )
        rgb = torch.from_numpy(scaled).permute(2, 0, 1)[None]
        features: list[Tensor] = self._perceptual(rgb, LAYERS)
        return features

    @torch.inference_mode()
    def compare(self, painted: Floats, frame: Floats) -> tuple[float, float]:
        """Return style and content distance of a painted frame (H, W, 3) in [0, 1].

        The style distance is over the one of the frame itself: 1 = untouched, 0 = the style.
        """
        output_features, untouched = self._features(painted), self._features(frame)
        # A frame that is the style picture itself cannot come nearer to it.
        far = max(style_distance(untouched, self._style), 1e-6)
        return style_distance(output_features, self._style) / far, content_distance(
            output_features, untouched
        )
