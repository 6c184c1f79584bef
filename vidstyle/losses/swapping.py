"""The swap of patches (Chen and Schmidt 2016, "Fast Patch-based Style Transfer of Arbitrary Style")."""

from __future__ import annotations

from torch import Tensor

from vidstyle.losses.energies import laid, nearest_patches, patches


def swapped(
    features: Tensor, offered: Tensor, size: int, stride: int, given: Tensor | None = None
) -> Tensor:
    """Swap each patch of features (1, C, H, W) for the nearest that is offered; where patches overlap, take the mean.

    Args:
        features: of the picture.
        offered: patches of the style, columns (C * size^2, patches).
        size: side of a patch.
        stride: places from patch to patch of the picture, `size` at most.
        given: what is laid in the place of the patches offered, (D * size^2, patches); None: these themselves.

    Returns:
        (1, C, H, W); (1, D, H, W) where others are given.
    """
    _, nearest = nearest_patches(patches(features, size, stride), offered)
    columns = offered if given is None else given
    return laid(columns[:, nearest], features, size, stride)[0]
