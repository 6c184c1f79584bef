"""Temporal consistency: the output should move as the input does."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

from vidstyle.nets.layers import widened
from vidstyle.nets.processes import count, mean


def warp(x: Tensor, grid: Tensor) -> Tensor:
    """Sample x (B, C, H, W) at a backward map (B, h, w, 2), normalized as `F.grid_sample` wants."""
    return F.grid_sample(x, grid, mode="bilinear", padding_mode="border", align_corners=False)


def temporal_loss(
    first: Tensor, second: Tensor, grid: Tensor, mask: Tensor, brighter: Tensor | None = None
) -> Tensor:
    """Masked mean squared error between the second output and the first, warped to it.

    Ruder et al. 2016, eq. 7, with exact motion instead of estimated flow. Where the light has changed
    the output should change as its input did (Gao et al. 2018, ReCoNet, eq. 6).

    Args:
        first: outputs for the first frames, (B, 3, H, W).
        second: outputs for the second frames, (B, 3, H, W).
        grid: where each pixel of the second frame was in the first, (B, H, W, 2).
        mask: 1 where that place was visible, (B, 1, H, W).
        brighter: by how much the light has changed each pixel of the second frame, (B, 1, H, W).
    """
    change = widened(second) - warp(widened(first), grid)
    if brighter is not None:
        change = change - brighter
    error = change.square() * mask
    # Over what is visible in the whole batch, that of all processes.
    return error.sum() / (3 * mean(mask.sum()) + 1.0 / count())
