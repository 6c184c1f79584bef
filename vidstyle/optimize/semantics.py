"""Semantic maps (Champandard 2016): the regions of a scene as channels beside the features."""

from __future__ import annotations

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from vidstyle.optimize.config import COLORED, DISTANCE
from vidstyle.optimize.painting import Scene

_REACH = 1 / 16
"""Of a picture's longest side, the distance from a region at which its channel falls to 1/e of what it is at the border."""


def within(where: Tensor, features: Tensor) -> Tensor:
    """Bring weights (1, K, H, W) of pixels to the places of features (B, C, h, w)."""
    # On the CPU: MPS averages only areas that are all of one size.
    return F.interpolate(where.cpu(), features.shape[2:], mode="area").to(features.device)


def semantic_maps(scene: Scene, encoding: str = COLORED) -> tuple[Tensor, list[Tensor]] | None:
    """Return the map (1, K, H, W) of the content and those of the styles, a channel for each region; None: there are none.

    Of a style that a region is not painted like, its channel is 0.

    Args:
        scene: its regions.
        encoding: colors: a channel is how far a pixel belongs to the region; distance: see `fading`.
    """
    regions = scene.regions
    if all(r.where is None and r.style_mask is None for r in regions):
        return None

    def channel(mask: Tensor | None, picture: Tensor) -> Tensor:
        if mask is None:
            return torch.ones_like(picture[:, :1])
        return fading(mask) if encoding == DISTANCE else mask

    own = torch.cat([channel(r.where, scene.content) for r in regions], 1)
    others = [
        torch.cat(
            [channel(r.style_mask, style) * float(r.style == number) for r in regions],
            1,
        )
        for number, style in enumerate(scene.styles)
    ]
    return own, others


def fading(mask: Tensor) -> Tensor:
    """Return a channel (1, 1, H, W) that is 1 where a mask of a region is, and falls from 1/2 at its border to 0 far from it.

    By the half, what is at a border is more like the rest of its own region than like the other side.
    """
    there = (mask >= min(0.5, float(mask.max())))[0, 0].cpu().numpy()
    distances = cv2.distanceTransform((~there).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    near = 0.5 * np.exp(-distances / (_REACH * max(there.shape)))
    return torch.from_numpy(np.where(there, 1, near).astype(np.float32))[None, None].to(mask)


def coverage(scene: Scene) -> Tensor | None:
    """Return how far regions cover each pixel, (1, 1, H, W), 0 to 1; None: they cover all."""
    if any(r.where is None for r in scene.regions):
        return None
    covered = sum(r.where for r in scene.regions if r.where is not None)
    whole = torch.as_tensor(covered).clamp(0, 1)
    return None if bool((whole > 1 - 1 / 64).all()) else whole
