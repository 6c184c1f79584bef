"""The energies of style transfer by optimisation, as published: sums, not relative errors.

Gatys, Ecker and Bethge 2016 ("Image Style Transfer Using Convolutional Neural Networks"), eqs. 1 to 7; Li and
Wand 2016 ("Combining Markov Random Fields and Convolutional Neural Networks"); Luan et al. 2017 ("Deep Photo
Style Transfer"); Ruder et al. 2016 ("Artistic Style Transfer for Videos").
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from vidstyle.losses.perceptual import gram_matrix


def content_energy(features: Tensor, target: Tensor) -> Tensor:
    """Return half the sum of squared differences of features (B, C, H, W), eq. 1."""
    return 0.5 * (features - target).square().sum()


def style_energy(features: Tensor, target: Tensor, weight: Tensor | None = None) -> Tensor:
    """Return the squared distance of Gram matrices over 4 N^2 M^2, eq. 4.

    N channels, M places. The style's places are counted by themselves, so that a picture and a style of
    different sizes can be compared, as the paper's own pictures were.

    Args:
        features: (B, C, H, W) of the picture.
        target: (B, C, C), `gram_matrix` of the style: already over its own M.
        weight: (1, 1, H, W), of the places that are meant; None: all.
    """
    channels = features.shape[1]
    return (gram_matrix(features, weight) - target).square().sum() / (4 * channels**2)


def patches(features: Tensor, size: int = 3) -> Tensor:
    """Return all patches of features (1, C, H, W) that lie inside, as columns (C * size^2, places)."""
    return F.unfold(features, size)[0]


class PatchEnergy:
    """The squared distance of all patches of features to given ones (Li and Wand 2016, eq. 2).

    sum_i |p_i - t_i|^2 over overlapping patches is, place by place, the distance to the mean of the given
    patches there, times their number, and a rest that does not depend on the features. So it costs no
    more than a content loss.
    """

    def __init__(self, target: Tensor, height: int, width: int, size: int = 3) -> None:
        """Take the wanted patches (C * size^2, places), for features (1, C, height, width)."""
        shape, device = (height, width), target.device
        if device.type == "mps":  # older ones of torch cannot fold there
            target = target.cpu()
        ones = torch.ones_like(target[: size * size])
        counts = F.fold(ones[None], shape, size)
        mean = F.fold(target[None], shape, size) / counts
        self._counts, self._mean = counts.to(device), mean.to(device)
        self._rest = float(target.square().sum() - (counts * mean.square()).sum())

    def __call__(self, features: Tensor) -> Tensor:
        """Return the energy of features."""
        return (self._counts * (features - self._mean).square()).sum() + max(0.0, self._rest)


def nearest_patches(
    have: Tensor, offered: Tensor, max_correlations: int = 2**24
) -> tuple[Tensor, Tensor]:
    """Return for each patch the one of highest normalised cross-correlation, exact, over all that are offered.

    Li and Wand 2016, eq. 3: argmax <p, s> / (|p| |s|); |p| is left out, it is the same for all.

    Args:
        have: columns p, (D, places).
        offered: columns s, (D, patches).
        max_correlations: correlations that are held at once, at least a row of them: bounds the memory.

    Returns:
        <p, s> / |s|, and the number of the patch, (places,) both.
    """
    best = have.new_full((have.shape[1],), -math.inf)
    index = torch.zeros(have.shape[1], dtype=torch.int64, device=have.device)
    lengths = offered.norm(dim=0) + 1e-8
    step = max(1, max_correlations // have.shape[1])
    for begin in range(0, offered.shape[1], step):
        part = slice(begin, begin + step)
        similarity, place = ((offered[:, part] / lengths[part]).T @ have).max(0)
        better = similarity > best
        best = torch.where(better, similarity, best)
        index = torch.where(better, place + begin, index)
    return best, index


def matched_patches(features: Tensor, styles: Sequence[Tensor], size: int = 3) -> Tensor:
    """Return for each patch of features (1, C, H, W) the nearest one of several styles, as columns."""
    have = patches(features, size)
    found = torch.zeros_like(have)
    reached = have.new_full((have.shape[1],), -math.inf)
    for style in styles:
        offered = patches(style, size)
        similarity, place = nearest_patches(have, offered)
        better = similarity > reached
        found[:, better] = offered[:, place[better]]
        reached = torch.maximum(reached, similarity)
    return found


class _Matting(torch.autograd.Function):
    """V^T M V for a symmetric M, whose gradient 2 M V is at hand."""

    @staticmethod
    def forward(ctx: Any, columns: Tensor, laplacian: Tensor) -> Tensor:
        product = torch.sparse.mm(laplacian, columns.to(laplacian.device)).to(columns.device)
        ctx.save_for_backward(product)
        energy: Tensor = (columns * product).sum()
        return energy

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        (product,) = ctx.saved_tensors
        return 2 * gradients[0] * product, None


def matting_energy(picture: Tensor, laplacian: Tensor) -> Tensor:
    """Return the sum of V^T M V over the channels V of a picture (Luan et al. 2017, eq. 2).

    Args:
        picture: (1, 3, H, W).
        laplacian: M, (H * W, H * W), sparse: symmetric, zero for what is locally affine in the content. It may
            lie on another device.
    """
    energy: Tensor = _Matting.apply(picture[0].flatten(1).T, laplacian)  # type: ignore[no-untyped-call]
    return energy


def temporal_energy(picture: Tensor, target: Tensor, certainty: Tensor) -> Tensor:
    """Return the mean over all values of c (x - w)^2 (Ruder et al. 2016, eq. 7).

    Args:
        picture: (1, 3, H, W).
        target: another frame's painting, moved to this one, likewise.
        certainty: (1, 1, H, W), 0 to 1.
    """
    return (certainty * (picture - target).square()).mean()
