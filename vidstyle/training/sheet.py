"""Contact sheets: a few fixed photos, painted by the network in a few fixed styles."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor

from vidstyle.disk.pending import write_whole
from vidstyle.frame import Pixels
from vidstyle.nets.arbitrary import Arbitrary
from vidstyle.nets.onestyle import OneStyle
from vidstyle.training.data import Crops

_SIDE, _SEED = 256, 1
"""Side of the pictures of a sheet, pixels, and the seed of their crops, the same whatever the run's."""


def shown_pictures(pictures: Sequence[Path | Pixels], count: int) -> Tensor:
    """Return crops (count, 3, 256, 256) in [0, 1] of pictures, files or RGB, from all over a list."""
    some = pictures[:: len(pictures) // count or 1]
    return next(iter(Crops(some, size=_SIDE, batch=count, seed=_SEED)))


def to_pixels(batch: Tensor) -> np.ndarray:
    """Turn (B, 3, H, W) in [0, 1] into uint8 (B, H, W, 3)."""
    pixels: np.ndarray = (
        (batch.float().clamp(0, 1) * 255).round().byte().permute(0, 2, 3, 1).cpu().numpy()
    )
    return pixels


@torch.no_grad()
def write_sheet(path: Path, net: Arbitrary, photos: Tensor, styles: Tensor) -> None:
    """Write a grid: styles across the top, photos down the left, results between.

    Args:
        path: a .jpg or .png file.
        net: the network that paints the results.
        photos: (P, 3, H, W) in [0, 1].
        styles: (S, 3, H, W) in [0, 1], the same H and W.
    """
    vectors = net.style_encoder(styles)
    rows = [np.concatenate([np.full_like(to_pixels(photos[:1])[0], 255), *to_pixels(styles)], 1)]
    for photo in photos:
        frames = photo[None].expand(len(styles), -1, -1, -1)
        results = net.frame_net(frames, vectors)[0]
        rows.append(np.concatenate([to_pixels(photo[None])[0], *to_pixels(results)], 1))
    path.parent.mkdir(parents=True, exist_ok=True)
    write_picture(path, np.concatenate(rows, 0))


@torch.no_grad()
def write_strip(path: Path, net: OneStyle, photos: Tensor) -> None:
    """Write photos (N, 3, H, W) in [0, 1] in a row, and below them the network's paintings."""
    vectors = net.style.expand(len(photos), -1)
    rows = (to_pixels(photos), to_pixels(net.frame_net(photos, vectors)[0]))
    sheet = np.concatenate([np.concatenate(list(row), 1) for row in rows], 0)
    write_picture(path, sheet)


def write_picture(path: Path, sheet: np.ndarray) -> None:
    """Write a picture (H, W, 3) uint8, a .jpg or .png."""
    quality = [cv2.IMWRITE_JPEG_QUALITY, 92]
    write_whole(path, cv2.imencode(path.suffix, sheet[..., ::-1], quality)[1].tobytes())
