"""Losses that match features place by place: nearest neighbors and transport for style, self-similarity for content.

The first and the last are of STROTSS (Kolkin et al. 2019, "Style Transfer by Relaxed Optimal Transport and
Self-Similarity"); transport is sliced (Heitz et al. 2021, "A Sliced Wasserstein Loss for Neural Texture Synthesis").
Statistics are met by any texture with the right second moments; here each feature of the output must exist in
the style, and each of the style in the output, so that whole motifs come in.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from vidstyle.nets.layers import widened


def _places(x: Tensor, count: int) -> Tensor:
    """Return features (B, n, C) of x (B, C, H, W) at `count` random places, or all if there are fewer."""
    rows = widened(x).flatten(2).transpose(1, 2)
    if rows.shape[1] <= count:
        return rows
    return rows[:, torch.randperm(rows.shape[1], device=x.device)[:count]]


def nearest_loss(
    features: Tensor,
    style: Tensor,
    *,
    places: int = 1024,
    style_places: int = 2048,
    covers: bool = True,
) -> Tensor:
    """Return the relaxed earth mover's distance of features to the style's, 0 to 2, mean over the batch.

    The larger of two means: of each output feature's cosine distance to the nearest of the style, and the other
    way round (Kolkin et al. 2019, eq. 4 to 6). Features are centered by the style's mean, without which all
    directions are alike (Kolkin et al. 2022, NNST).

    Args:
        features: (B, C, H, W) of the output.
        style: (B, C, h, w) of the style.
        places: number of random places of the output that are compared.
        style_places: number of random places of the style that they are compared with.
        covers: whether the style must be all there, too; if not, it is the mean of the one way alone.
    """
    center = widened(style).mean((2, 3), keepdim=True)
    have = F.normalize(_places(widened(features) - center, places), dim=2)
    want = F.normalize(_places(widened(style) - center, style_places), dim=2)
    distance = 1 - have @ want.transpose(1, 2)  # (B, places, style_places)
    there = distance.amin(2).mean(1)
    return (torch.maximum(there, distance.amin(1).mean(1)) if covers else there).mean()


def sliced_wasserstein_loss(features: Tensor, style: Tensor, directions: Tensor) -> Tensor:
    """Return the squared 2-Wasserstein distance of projected features to the style's, mean over directions and batch.

    Along each direction both are sorted, and the k-th smallest are compared (Heitz et al. 2021, eq. 4): not the mean and
    the spread alone, all that the features' histogram is. Of the style as many quantiles are taken as the output has places.

    Args:
        features: (B, C, H, W) of the output.
        style: (B, C, h, w) of the style.
        directions: (C, K), each of length 1.
    """
    have, want = (
        torch.einsum("bcn,ck->bkn", widened(x).flatten(2), directions).sort(2).values
        for x in (features, style)
    )
    if have.shape[2] != want.shape[2]:
        want = F.interpolate(want, have.shape[2], mode="linear", align_corners=False)
    return (have - want).square().mean()


def self_similarity_loss(features: Tensor, targets: Tensor, *, places: int = 256) -> Tensor:
    """Return the difference of two pictures' self-similarity, mean over the batch.

    The mean absolute difference of the matrices of cosine distances between places, each column over its sum
    (Kolkin et al. 2019, eq. 3), times the number of places: what is alike stays alike, whatever its color.

    Args:
        features: (B, C, H, W) of the output.
        targets: (B, C, H, W) of the frame.
        places: so many random places, the same in both.
    """
    both = _places(torch.cat([features, targets], 1), places)
    matrices = []
    for x in torch.split(both, [features.shape[1], targets.shape[1]], 2):
        unit = F.normalize(x, dim=2)
        distance = (1 - unit @ unit.transpose(1, 2)).clamp(min=0)
        matrices.append(distance / (distance.sum(1, keepdim=True) + 1e-6))
    return (matrices[0] - matrices[1]).abs().mean() * both.shape[1]
