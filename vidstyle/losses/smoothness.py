"""Losses against noise, and against a pattern of the network's grid."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

from vidstyle.nets.layers import widened


def total_variation(x: Tensor) -> Tensor:
    """Mean squared difference of neighboring pixels of x (B, C, H, W): damps grid patterns."""
    x = widened(x)
    across = (x[..., 1:] - x[..., :-1]).square().mean()
    down = (x[..., 1:, :] - x[..., :-1, :]).square().mean()
    return across + down


def grid_loss(x: Tensor, period: int) -> Tensor:
    """Mean square of the pattern that repeats every `period` pixels in x (B, C, H, W).

    A network that halves and doubles its resolution can tell the pixels of a cell of its coarsest grid
    apart, and may weave a pattern of that period into skies and walls. Show it something smooth: there
    is nothing else in x, then, that is alike from cell to cell. Zero for a ramp.
    """
    x = widened(x)
    # A window of even side lies half a pixel beside its pixel, which moves a ramp by a constant.
    around = F.avg_pool2d(x, period, stride=1)
    before = period // 2
    inner = x[..., before:, before:][..., : around.shape[2], : around.shape[3]]
    rest = inner - around
    rows, columns = (n // period for n in rest.shape[2:])
    cells = rest[..., : rows * period, : columns * period]
    cells = cells.reshape(*x.shape[:2], rows, period, columns, period)
    pattern = cells.mean((2, 4))  # (B, C, period, period)
    loss: Tensor = (pattern - pattern.mean((2, 3), keepdim=True)).square().mean()
    return loss
