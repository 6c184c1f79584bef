"""Semantic maps (Champandard 2016): the regions of a scene as channels beside the features."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from vidstyle.optimize.painting import Scene


def within(where: Tensor, features: Tensor) -> Tensor:
    """Bring weights (1, K, H, W) of pixels to the places of features (B, C, h, w)."""
    # On the CPU: MPS averages only areas that are all of one size.
    return F.interpolate(where.cpu(), features.shape[2:], mode="area").to(features.device)


def semantic_maps(scene: Scene) -> tuple[Tensor, list[Tensor]] | None:
    """Return the map (1, K, H, W) of the content and those of the styles, a channel for each region; None: there are none.

    Of a style that a region is not painted like, its channel is 0.
    """
    regions = scene.regions
    if all(r.where is None and r.style_mask is None for r in regions):
        return None

    def channel(mask: Tensor | None, picture: Tensor) -> Tensor:
        return torch.ones_like(picture[:, :1]) if mask is None else mask

    own = torch.cat([channel(r.where, scene.content) for r in regions], 1)
    others = [
        torch.cat(
            [channel(r.style_mask, style) * float(r.style == number) for r in regions],
            1,
        )
        for number, style in enumerate(scene.styles)
    ]
    return own, others


def coverage(scene: Scene) -> Tensor | None:
    """Return how far regions cover each pixel, (1, 1, H, W), 0 to 1; None: they cover all."""
    if any(r.where is None for r in scene.regions):
        return None
    covered = sum(r.where for r in scene.regions if r.where is not None)
    whole = torch.as_tensor(covered).clamp(0, 1)
    return None if bool((whole > 1 - 1 / 64).all()) else whole
