"""Fit a network to one style and one clip, in a minute: it begins as the any-style network in that style.

A recipe for `vidstyle.training.run`, whose photos are crops of the clip's own frames.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

from vidstyle.frame import Pixels
from vidstyle.nets.layers import channels_last
from vidstyle.nets.onestyle import OneStyle
from vidstyle.nets.perceptual import Perceptual
from vidstyle.nets.shape import MULTIPLE
from vidstyle.training.config import MIN_CROP, FitConfig
from vidstyle.training.data import Crops
from vidstyle.training.pace import Seconds
from vidstyle.training.painting import MARGIN, Views, losses_of_step
from vidstyle.training.report import Report
from vidstyle.training.run import Run

STROKES = ("near", "up1", "up2", "out", "coarse", "far")
"""Parts of the frame net that make strokes, and learn; those before them see, and stay."""


def begun(weights: dict[str, Tensor], picture: Pixels) -> OneStyle:
    """Return the network that paints in the style of a picture as an any-style network does, to be fitted.

    Raises:
        InputError: the weights are no such network's.
    """
    return OneStyle.begin(weights, _batch(picture))


def fit(
    net: OneStyle,
    picture: Pixels,
    frames: Sequence[Pixels],
    perceptual: Perceptual,
    *,
    seconds: float | None = 60.0,
    config: FitConfig | None = None,
    device: str = "cpu",
    clock: Callable[[], float] = time.monotonic,
    on_report: Callable[[Report], None] | None = None,
    stop: Callable[[], None] | None = None,
) -> OneStyle:
    """Return a network that has learned, on the CPU; `net` learns, too, and is not the average.

    Args:
        net: see `begun`.
        picture: the style, (H, W, 3) uint8, of the size at which its strokes are learned.
        frames: of the clip, (H, W, 3) uint8.
        perceptual: the network whose features the losses compare.
        seconds: after which it ends; None: when the losses stop falling.
        config: the knobs.
        device: a torch device.
        clock: what tells the seconds.
        on_report: called after every tenth step.
        stop: called at every step; raises to stop.

    Raises:
        TrainingError: 20 steps in a row without a finite loss.
    """
    config = config or FitConfig()
    target = torch.device(device)
    torch.manual_seed(config.seed)
    short = min(min(frame.shape[:2]) for frame in frames)
    crop = max(MIN_CROP, min(config.crop, (short - 2 * MARGIN) // MULTIPLE * MULTIPLE))
    style = _batch(picture).to(target)
    net, perceptual = net.to(target), perceptual.to(target)
    for module in (net, perceptual):
        channels_last(module)
    for name, part in net.frame_net.named_parameters():
        part.requires_grad_(name.startswith(STROKES))
    run = Run(net, None, config, target, pace=Seconds(seconds, clock))
    motion = torch.Generator().manual_seed(config.seed)
    crops = iter(Crops(frames, size=crop + 2 * MARGIN, batch=config.batch, seed=config.seed))
    from dataclasses import replace

    cfg = replace(config, crop=crop)

    def losses_at(step: int) -> tuple[Tensor, dict[str, Tensor]]:
        if stop:
            stop()
        x = next(crops).to(target, memory_format=torch.channels_last)
        views = Views.of(x, cfg, motion)
        vectors = net.style.expand(config.batch, -1)
        return losses_of_step(step, views, style, vectors, net.frame_net, perceptual, cfg)

    run.fit(losses_at, constrain=net.constrain_, on_report=on_report)
    return run.averaged().cpu()


def _batch(picture: Pixels) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(picture)).permute(2, 0, 1)[None].float().div_(255)
