"""The losses in photos that were held out of a training."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from itertools import islice
from pathlib import Path

import torch
from torch import Tensor

from vidstyle.losses.perceptual import StyleTarget
from vidstyle.nets.arbitrary import FrameNet
from vidstyle.nets.perceptual import LAYERS, Perceptual
from vidstyle.training.config import PaintingConfig
from vidstyle.training.data import Crops
from vidstyle.training.painting import MARGIN, Views

_BATCHES = 8
"""Enough to compare two runs by."""

SEED = 1
"""Seed of crops and motion, the same for all runs: the losses of two runs are of the same crops."""


@torch.no_grad()
def held_out_losses(
    photos: list[Path],
    styles: Iterable[tuple[Tensor, StyleTarget]],
    net: FrameNet,
    perceptual: Perceptual,
    config: PaintingConfig,
) -> dict[str, float]:
    """Return the mean losses of a few batches, not weighted.

    Args:
        photos: the photos that were held out.
        styles: for each batch of B frames, style vectors (B, S) and the targets of the style loss.
        net: the network, on the device of `perceptual`.
        perceptual: the network whose features the losses compare.
        config: the knobs of the run.
    """
    device = next(net.parameters()).device
    config = replace(config, occluders=0.0, exposure=0.0)  # alike for all runs, as are the crops
    motion = torch.Generator().manual_seed(SEED)
    crops = Crops(photos, size=config.crop + 2 * MARGIN, batch=config.batch, seed=SEED)
    sums: Counter[str] = Counter()
    for x, (vectors, style_targets) in zip(islice(crops, _BATCHES), styles, strict=False):
        views = Views.of(x.to(device), config, motion)
        painted, moved, smooth = views.paint(net, vectors, shared=True)
        features = perceptual(painted, LAYERS), perceptual(views.frames, LAYERS)
        losses = views.losses(painted, moved, smooth, features, style_targets, config)
        sums.update({name: loss.item() for name, loss in losses.items()})
    return {name: total / _BATCHES for name, total in sums.items()}
