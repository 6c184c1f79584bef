"""Pigments, which a frame net paints with, and palettes, which turn them into the style's colors."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

PALETTE = 12
"""Numbers of a palette: mean color, and a 3x3 matrix from pigments to color."""

CELL = 2
"""Side, pixels, of the cells that the last convolution makes at once."""

PIGMENTS = CELL * CELL + 2
"""Pigments of a cell: its pixels' lightness in turn, then the two hues, which its pixels share."""


_AXES = (
    (0.57735, 0.57735, 0.57735),
    (0.70711, 0.0, -0.70711),
    (0.40825, -0.81650, 0.40825),
)
"""Orthonormal axes of RGB: lightness first, then two of hue."""


def palette(picture: Tensor) -> Tensor:
    """Return the palette (B, 12) of a picture (B, 3, H, W), RGB in [0, 1].

    Pigments with mean 0 and covariance 1 become colors with the picture's mean and covariance (the
    coloring half of whitening and coloring, Li et al. 2017). The matrix is a Cholesky factor with
    lightness first: the first pigment is light and dark with the hue that the picture gives them,
    say blue and yellow, the others are the hues that do not depend on lightness.
    """
    # Sums of products of planes: autocast would round a matrix product to 16 bits.
    rgb = picture.float().flatten(2)  # (B, 3, H*W)
    mean = rgb.mean(2)
    centered = rgb - mean[:, :, None]
    axes = torch.tensor(_AXES, device=rgb.device)
    a, b, c = ((centered * axis[:, None]).sum(1) for axis in axes.unbind())  # (B, H*W)
    least = 1e-4
    aa = torch.sqrt((a * a).mean(1) + least)
    ba, ca = (b * a).mean(1) / aa, (c * a).mean(1) / aa
    bb = torch.sqrt(F.relu((b * b).mean(1) - ba * ba) + least)
    cb = ((c * b).mean(1) - ca * ba) / bb
    cc = torch.sqrt(F.relu((c * c).mean(1) - ca * ca - cb * cb) + least)
    zero = torch.zeros_like(aa)
    factor = torch.stack([aa, zero, zero, ba, bb, zero, ca, cb, cc], 1).view(-1, 3, 3, 1)
    # (B, axis, pigment) -> (B, channel, pigment)
    matrix = (axes[:, None, :] * factor).sum(1).transpose(1, 2)
    return torch.cat([mean, matrix.flatten(1)], dim=1)


def mix(pigments: Tensor, colors: Tensor) -> Tensor:
    """Turn pigments into colors by a palette.

    The pixels of a cell share their hues, as they do in 4:2:0 video, where the picture ends anyway.

    Args:
        pigments: (B, h, w, `PIGMENTS`).
        colors: (B, 12) or (1, 12), from `palette`.

    Returns:
        (B, h, w, 12): row, column and channel within the cell, the last fastest.
    """
    colors = colors.float()
    mean, matrix = colors[:, None, :3], colors[:, 3:].view(-1, 3, 3).transpose(1, 2)
    # One matrix product: the first four rows give each pixel its light, the others all their hue.
    pixels = CELL * CELL
    each = torch.eye(pixels, device=colors.device)[None, :, :, None]  # (1, pigment, pixel, 1)
    light = (each * matrix[:, None, :1]).flatten(2)  # (B, 4, 12)
    hue = matrix[:, 1:].repeat(1, 1, pixels)  # (B, 2, 12)
    batch, height, width, _ = pigments.shape
    amounts = pigments.float().reshape(batch, height * width, PIGMENTS)
    mixed = amounts @ torch.cat([light, hue], 1) + mean.repeat(1, 1, pixels)
    return mixed.view(batch, height, width, 3 * pixels)


def cells_to_image(cells: Tensor) -> Tensor:
    """Turn cells (B, h, w, 12), as `mix` returns them, into an image (B, 2h, 2w, 3)."""
    batch, height, width, _ = cells.shape
    rows = cells.view(batch, height, width, CELL, CELL * 3).transpose(2, 3)
    return rows.reshape(batch, CELL * height, CELL * width, 3)
