"""Frames of a clip and what a painter made of some of them, as tensors, and the squares that are cut out of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from vidstyle.frame import Pixels
from vidstyle.images.masks import Mask
from vidstyle.nets.shape import MULTIPLE


@dataclass(frozen=True, repr=False)
class Shot:
    """Frames that are normalized alike, painted or not."""

    frames: Sequence[Tensor]
    """(3, H, W) uint8, all of one size; one at least."""

    @classmethod
    def of(cls, frames: Sequence[Pixels]) -> Shot:
        """Take frames (H, W, 3) uint8."""
        return cls([tensor(frame) for frame in frames])


@dataclass(frozen=True, repr=False)
class Keyframe:
    """A frame and what a painter made of it."""

    frame: Tensor
    """(3, H, W) uint8."""
    painted: Tensor
    """(3, H, W) uint8."""
    mask: Tensor
    """(1, H, W) in [0, 1]: where it is painted."""
    shot: int
    """Which it is of."""

    @classmethod
    def of(cls, frame: Pixels, painted: Pixels, mask: Mask, shot: int) -> Keyframe:
        """Take pictures (H, W, 3) uint8 and a mask (H, W)."""
        return cls(tensor(frame), tensor(painted), torch.from_numpy(mask.copy())[None], shot)


def tensor(pixels: Pixels) -> Tensor:
    """Return a picture (H, W, 3) as (3, H, W)."""
    return torch.from_numpy(pixels.copy()).permute(2, 0, 1)


def unit(pixels: Tensor) -> Tensor:
    """Return levels of 255 as floats in [0, 1]."""
    return pixels.float() / 255


def cropped(picture: Tensor) -> Tensor:
    """Return pictures (B, 3, H, W) without the rest that is no multiple of what the network needs."""
    height, width = (side - side % MULTIPLE for side in picture.shape[2:])
    return picture[..., :height, :width].contiguous(memory_format=torch.channels_last)


def window(picture: Tensor, top: int, left: int, side: int, margin: int) -> Tensor:
    """Cut a square out of a picture (C, H, W) with a margin around it, reflected where the picture ends."""
    _, height, width = picture.shape
    rows = _reflected(torch.arange(top - margin, top + side + margin), height)
    columns = _reflected(torch.arange(left - margin, left + side + margin), width)
    return picture[:, rows][:, :, columns]


def _reflected(places: Tensor, size: int) -> Tensor:
    """Return places inside of 0 to `size`, reflected as often as it takes."""
    period = max(1, 2 * size - 2)
    places = places % period
    return torch.where(places < size, places, period - places)


def inside(features: Tensor, mask: Tensor) -> Tensor:
    """Return the features (1, C, 1, places) of a painted frame where it is painted."""
    small = F.interpolate(mask[None].to(features.device), features.shape[2:], mode="area")
    painted = small[0, 0] > 0.5
    chosen = features[:, :, painted] if painted.any() else features.flatten(2)
    return chosen[:, :, None]
