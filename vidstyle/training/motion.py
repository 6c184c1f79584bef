"""Synthetic motion with exact flow: a second view of a photo and the map that made it.

No flow dataset and no flow estimator: the backward map is drawn first, the second frame is sampled
through it, so the motion is known exactly (in the manner of ReReVST, Wang et al. 2020).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import Tensor

from vidstyle.losses.temporal import warp
from vidstyle.losses.tone import luma


@dataclass(frozen=True)
class Pair:
    """Two frames of the same scene and the exact motion between them."""

    first: Tensor
    """(B, 3, H, W)"""
    second: Tensor
    """(B, 3, H, W)"""
    grid: Tensor
    """Backward map: where each pixel of `second` lies in `first`, (B, H, W, 2), normalized."""
    mask: Tensor
    """1 where that place is inside `first` and not hidden there, (B, 1, H, W)."""
    brighter: Tensor
    """By how much exposure alone changed the luma of each pixel of `second`, (B, 1, H, W)."""


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


def occlude(pair: Pair, chance: float, generator: torch.Generator) -> Pair:
    """Put something in front of some pairs that moves on its own: an ellipse of another photo.

    Args:
        pair: without noise yet.
        chance: share of the pairs that get one.
        generator: draws place, size and motion; the motion is whole pixels, so exact.
    """
    count, _, size, _ = pair.first.shape

    def rand(*shape: int) -> Tensor:
        return torch.rand(*shape, generator=generator).to(pair.first.device)

    line = torch.arange(size, device=pair.first.device)
    y, x = torch.meshgrid(line, line, indexing="ij")
    points = torch.stack([x, y], -1)  # (size, size, 2)
    center = (0.15 + 0.7 * rand(count, 1, 1, 2)) * size
    radii = (0.06 + 0.2 * rand(count, 1, 1, 2)) * size
    there = rand(count, 1, 1) < chance
    moved = ((rand(count, 1, 1, 2) - 0.5) * 24).round()
    back = points - moved  # where each pixel of a moved ellipse was, (B, size, size, 2)
    before = (((points - center) / radii).square().sum(-1) < 1) & there
    now = (((back - center) / radii).square().sum(-1) < 1) & there
    before, now = before[:, None].float(), now[:, None].float()  # (B, 1, size, size)
    photo = pair.first.roll(1, 0).flip(-1)  # flipped: there may be but one
    grid = (back + 0.5) * 2 / size - 1
    inside = ((back >= 1) & (back <= size - 2)).all(-1)[:, None].float()
    uncovered = (warp(before, pair.grid) > 0).float()
    return replace(
        pair,
        first=photo * before + pair.first * (1 - before),
        second=warp(photo, grid) * now + pair.second * (1 - now),
        grid=torch.where(now[:, 0, :, :, None] > 0, grid, pair.grid),
        mask=now * inside + (1 - now) * pair.mask * (1 - uncovered),
    )


def expose(pair: Pair, max_exposure: float, generator: torch.Generator) -> Pair:
    """Make the second frames brighter or darker by a factor of exp(-`max_exposure`) to exp(`max_exposure`)."""
    count = len(pair.first)
    gain = torch.exp((2 * torch.rand(count, 1, 1, 1, generator=generator) - 1) * max_exposure)
    second = (pair.second * gain.to(pair.second.device)).clamp(0, 1)
    return replace(pair, second=second, brighter=luma(second) - luma(pair.second))


def draw_pair(
    wide: Tensor,
    size: int,
    generator: torch.Generator,
    *,
    max_noise: float = 0.02,
    occluders: float = 0.0,
    exposure: float = 0.0,
) -> Pair:
    """Make two frames of `size` pixels from wider photos (B, 3, W, W), W > size.

    The second frame is sampled from the wide photo, so nothing has to be invented at its border.

    Args:
        wide: the photos.
        size: side of the frames, pixels.
        generator: draws it all.
        max_noise: up to this standard deviation, values in [0, 1], noise differs between the two,
            as in a camera.
        occluders: share of pairs with something in front; see `occlude`.
        exposure: see `expose`.
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

    pair = Pair(first, second, grid, mask, torch.zeros_like(mask))
    if occluders:
        pair = occlude(pair, occluders, generator)
    if exposure:
        pair = expose(pair, exposure, generator)
    return replace(pair, first=noisy(pair.first), second=noisy(pair.second))
