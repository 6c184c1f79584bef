"""The energies of style transfer by optimization, as published: sums, not relative errors.

Gatys, Ecker and Bethge 2016 ("Image Style Transfer Using Convolutional Neural Networks"), eqs. 1 to 7; Li and
Wand 2016 ("Combining Markov Random Fields and Convolutional Neural Networks"); Chen and Schmidt 2016 ("Fast
Patch-based Style Transfer of Arbitrary Style"); Luan et al. 2017 ("Deep Photo
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


def patches(features: Tensor, size: int = 3, stride: int = 1) -> Tensor:
    """Return patches of features (1, C, H, W) that lie inside, as columns (C * size^2, places).

    They begin every `stride` places, and at the last place where one fits: none is left out at the far borders.
    """
    columns = F.unfold(features, size)[0]
    return columns if stride == 1 else columns[:, _begins(features, size, stride)]


def _begins(features: Tensor, size: int, stride: int) -> Tensor:
    """Return the numbers of the columns of `F.unfold` where patches begin."""
    down, across = (sorted({*range(0, n - size + 1, stride), n - size}) for n in features.shape[2:])
    width = features.shape[3] - size + 1
    return torch.tensor([y * width + x for y in down for x in across], device=features.device)


def laid(
    columns: Tensor, features: Tensor, size: int = 3, stride: int = 1
) -> tuple[Tensor, Tensor]:
    """Lay patches over each other, the inverse of `patches`.

    Args:
        columns: (C * size^2, places).
        features: (1, C, H, W), whose shape and places they have; the stride is `size` at most.
        size: side of a patch.
        stride: places from patch to patch.

    Returns:
        The mean (1, C, H, W) of the patches that cover each place, and their number (1, 1, H, W).
    """
    shape, device = features.shape[2:], columns.device
    if stride > 1:
        whole = columns.new_zeros(columns.shape[0], math.prod(n - size + 1 for n in shape))
        begins = _begins(features, size, stride)
        whole[:, begins] = columns
        ones = columns.new_zeros(size * size, whole.shape[1])
        ones[:, begins] = 1
        columns = whole
    else:
        ones = torch.ones_like(columns[: size * size])
    if device.type == "mps":  # older ones of torch cannot fold there
        columns, ones = columns.cpu(), ones.cpu()
    counts = F.fold(ones[None], shape, size)
    return (F.fold(columns[None], shape, size) / counts).to(device), counts.to(device)


class PatchEnergy:
    """The squared distance of all patches of features to given ones (Li and Wand 2016, eq. 2).

    sum_i |p_i - t_i|^2 over overlapping patches is, place by place, the distance to the mean of the given
    patches there, times their number, and a rest that does not depend on the features. So it costs no
    more than a content loss.
    """

    def __init__(
        self,
        target: Tensor,
        features: Tensor,
        size: int = 3,
        stride: int = 1,
        weight: Tensor | None = None,
    ) -> None:
        """Take the wanted patches (C * size^2, places) for features (1, C, H, W), and weights (1, 1, H, W) of places."""
        mean, counts = laid(target, features, size, stride)
        self._mean, self._counts = mean, counts if weight is None else counts * weight
        rest = target.square().sum() - (counts * mean.square()).sum()
        self._rest = max(0.0, float(rest)) if weight is None else 0.0

    def __call__(self, features: Tensor) -> Tensor:
        """Return the energy of features; with weights, without the rest."""
        energy: Tensor = (self._counts * (features - self._mean).square()).sum() + self._rest
        return energy


def nearest_patches(
    have: Tensor, offered: Tensor, max_correlations: int = 2**24
) -> tuple[Tensor, Tensor]:
    """Return for each patch the one of highest normalized cross-correlation, exact, over all that are offered.

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


def matched_patches(
    features: Tensor,
    styles: Sequence[Tensor],
    size: int = 3,
    stride: int = 1,
    *,
    maps: tuple[Tensor, Sequence[Tensor]] | None = None,
    semantics: float = 0.0,
) -> Tensor:
    """Return for each patch of features (1, C, H, W) the nearest one of several styles, as columns.

    Args:
        features: of the picture.
        styles: features, likewise, of any size.
        size: side of a patch.
        stride: places from patch to patch, in all of them.
        maps: semantic maps (1, K, H, W) of the picture and of each style, in the sizes of their features. Those
            and the features are compared by the normalized cross-correlation of each (Champandard 2016,
            "Semantic Style Transfer and Turning Two-Bit Doodles into Fine Artworks").
        semantics: the weight of the maps' correlation over the features'.
    """
    have = patches(features, size, stride)
    own, others = maps if maps else (None, [None] * len(styles))
    sought = _with_map(have, own, semantics, size, stride)
    found = torch.zeros_like(have)
    reached = have.new_full((have.shape[1],), -math.inf)
    for style, other in zip(styles, others, strict=True):
        offered = patches(style, size, stride)
        similarity, place = nearest_patches(
            sought, _with_map(offered, other, semantics, size, stride)
        )
        better = similarity > reached
        found[:, better] = offered[:, place[better]]
        reached = torch.maximum(reached, similarity)
    return found


def _with_map(
    columns: Tensor, semantic_map: Tensor | None, semantics: float, size: int, stride: int
) -> Tensor:
    """Concatenate patches of features and of a map, each of length 1, so that their correlations add up."""
    if semantic_map is None:
        return columns
    meant = patches(semantic_map, size, stride)
    return torch.cat([_unit(columns), math.sqrt(semantics) * _unit(meant)])


def _unit(columns: Tensor) -> Tensor:
    unit: Tensor = columns / (columns.norm(dim=0) + 1e-8)
    return unit


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
