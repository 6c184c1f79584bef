"""Synthetic motion with exact flow: a second view of a photo and the map that made it.

No flow dataset and no flow estimator: the backward map is drawn first, the second frame is sampled
through it, so the motion is known exactly (in the manner of ReReVST, Wang et al. 2020).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from vidstyle.losses.temporal import warp


@dataclass(frozen=True)
class Pair:
    """Two frames of the same scene and the exact motion between them."""

    first: Tensor
    """(B, 3, H, W)"""
    second: Tensor
    """(B, 3, H, W)"""
    grid: Tensor
    """Backward map: where each pixel of `second` lies in `first`, (B, H, W, 2), normalised."""
    mask: Tensor
    """1 where that place is inside `first`, (B, 1, H, W)."""


def draw_offsets(count: int, size: int, generator: torch.Generator) -> Tensor:
    """Draw backward displacements in pixels, (count, size, size, 2), x first.

    Half of them are whole-pixel translations, which need no interpolation and so cannot reward a
    blurred output; not being multiples of the network's stride they also tell patterns that stick
    to its grid from strokes that stick to the scene. The other half turn, zoom, shift by fractions
    and bend smoothly.
    """

    def rand(*shape: int) -> Tensor:
        return torch.rand(*shape, generator=generator)

    line = torch.arange(size, dtype=torch.float32) - (size - 1) / 2
    y, x = torch.meshgrid(line, line, indexing="ij")
    points = torch.stack([x, y], -1)  # (size, size, 2)
    reach = torch.exp(rand(count, 1) * math.log(17.0)) - 1.0  # 0 to 16 pixels, small ones often
    direction = rand(count, 1) * 2 * math.pi
    shift = reach * torch.cat([direction.cos(), direction.sin()], 1)  # (count, 2)
    whole = rand(count) < 0.5
    angle = (rand(count) - 0.5) * math.radians(6.0)
    zoom = 1.0 + (rand(count) - 0.5) * 0.1
    cos, sin = zoom * angle.cos(), zoom * angle.sin()
    matrix = torch.stack([cos, -sin, sin, cos], 1).view(count, 2, 2)
    turned = points.view(1, -1, 2) @ matrix.transpose(1, 2)  # (count, size*size, 2)
    bend = F.interpolate(
        torch.randn(count, 2, 4, 4, generator=generator) * 1.5,
        size=(size, size),
        mode="bicubic",
        align_corners=True,
    ).permute(0, 2, 3, 1)
    smooth = turned.view(count, size, size, 2) - points + bend + shift.view(count, 1, 1, 2)
    rigid = shift.round().view(count, 1, 1, 2).expand_as(smooth)
    return torch.where(whole.view(count, 1, 1, 1), rigid, smooth)


def draw_pair(
    wide: Tensor, size: int, generator: torch.Generator, *, max_noise: float = 0.02
) -> Pair:
    """Make two frames of `size` pixels from wider photos (B, 3, W, W), W > size.

    The second frame is sampled from the wide photo, so nothing has to be invented at its border.
    Noise up to `max_noise` (standard deviation, values in [0, 1]) differs between the two, as in a
    camera.
    """
    count, _, width, _ = wide.shape
    offsets = draw_offsets(count, size, generator).to(wide.device)
    margin = (width - size) // 2
    first = wide[:, :, margin : margin + size, margin : margin + size]
    line = torch.arange(size, dtype=torch.float32, device=wide.device)
    y, x = torch.meshgrid(line, line, indexing="ij")
    places = torch.stack([x, y], -1) + offsets  # pixels of `first`
    grid = (places + 0.5) * 2 / size - 1
    second = warp(wide, (places + margin + 0.5) * 2 / width - 1)
    mask = ((places >= 1) & (places <= size - 2)).all(-1)[:, None].float()
    level = torch.rand(count, 1, 1, 1, generator=generator).to(wide.device) * max_noise

    def noisy(frame: Tensor) -> Tensor:
        noise = torch.randn(frame.shape, generator=generator).to(frame.device)
        return (frame + level * noise).clamp(0, 1)

    return Pair(noisy(first), noisy(second), grid, mask)
