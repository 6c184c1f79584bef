"""Fit a network to one style and one clip, in a minute: it begins as the any-style network in that style.

A recipe for `vidstyle.training.run`, whose photos are crops of the clip's own frames.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cache

import cv2
import numpy as np
import torch
from torch import Tensor

from vidstyle.frame import Pixels
from vidstyle.images.grid import grid, labeled
from vidstyle.nets.arbitrary import Arbitrary
from vidstyle.nets.devices import mixed_precision
from vidstyle.nets.layers import channels_last
from vidstyle.nets.onestyle import OneStyle
from vidstyle.nets.perceptual import Perceptual
from vidstyle.nets.shape import MULTIPLE
from vidstyle.stylize.style import STYLE_SIDE, fit_style, readings
from vidstyle.training.config import MIN_CROP, FitConfig
from vidstyle.training.data import Crops
from vidstyle.training.pace import Pace
from vidstyle.training.painting import MARGIN, Views, features_of_step, losses_of_step
from vidstyle.training.report import Recording, Report
from vidstyle.training.run import Run
from vidstyle.training.sharpening import sharpened
from vidstyle.training.sheet import to_pixels

_SEEING = ("stem", "down1.", "down2.")
"""Parts of the frame net that see, and stay as they are; those behind them make strokes, and learn."""


def learns(name: str) -> bool:
    """Return whether a fit changes a parameter of the frame net, by its name."""
    return not name.startswith(_SEEING)


_VIEWS = 8
"""The losses look at pictures in so many ways in turn, by scale and pooling, so that those of the style are known after as many steps."""

_SHOWN, _HEIGHT = 4, 240
"""Frames of a strip, and their height in pixels."""


def begin(weights: Mapping[str, Tensor], picture: Pixels, scale: float = 1.0) -> OneStyle:
    """Return the network that paints in the style of a picture as an any-style network does, to be fitted.

    Args:
        weights: the any-style network's.
        picture: (H, W, 3) uint8.
        scale: see `readings`.

    Raises:
        InputError: the weights are no such network's.
    """
    return in_style(Arbitrary.from_shipped(weights), picture, scale)


@torch.no_grad()
def in_style(net: Arbitrary, picture: Pixels, scale: float = 1.0) -> OneStyle:
    """Return the network that paints in the style of a picture (H, W, 3) uint8 as an any-style network does."""
    device = net.style_encoder.head.weight.device
    vectors = [net.style_encoder(_batch(p).to(device)) for p in readings(picture, scale)]
    return OneStyle.of_vector(net.frame_net, torch.stack(vectors).mean(0)).to(device)


_STROKES, _LARGEST = 0.75, 512
"""Short side of the style picture by that of the frames, and at most: of larger strokes an outside judge finds less."""


def stroke_picture(
    picture: Pixels, frames: Sequence[Pixels], config: FitConfig, *, scale: float = 1.0
) -> Pixels:
    """Return a style picture (H, W, 3) uint8 at the size at which a fit learns its strokes.

    Args:
        picture: (H, W, 3) uint8.
        frames: of the clip, (H, W, 3) uint8.
        config: the knobs.
        scale: of the strokes.
    """
    short = min(min(frame.shape[:2]) for frame in frames)
    side = config.style_side or max(MIN_CROP, min(_LARGEST, round(_STROKES * short)))
    return fit_style(picture, scale * side / STYLE_SIDE)


def fit(
    net: OneStyle,
    picture: Pixels,
    frames: Sequence[Pixels],
    perceptual: Perceptual,
    *,
    pace: Pace,
    config: FitConfig | None = None,
    device: str = "cpu",
    on_report: Callable[[Report], None] | None = None,
    stop: Callable[[], None] | None = None,
) -> Run[OneStyle]:
    """Fit a network, which learns in place, and return the run, whose average is the result.

    Args:
        net: see `begin`.
        picture: the style, (H, W, 3) uint8, from `stroke_picture`.
        frames: of the clip, (H, W, 3) uint8.
        perceptual: the network whose features the losses compare.
        pace: when it ends.
        config: the knobs.
        device: a torch device.
        on_report: called after every step.
        stop: called at every step; raises to stop.

    Raises:
        TrainingError: 20 steps in a row without a finite loss.
    """
    config = config or FitConfig()
    crop = _crop(config.crop, frames)
    config = replace(
        config, crop=crop, least_scale=min(1.0, max(config.least_scale, MIN_CROP / crop))
    )
    target = torch.device(device)
    torch.manual_seed(config.seed)
    style = _batch(picture).to(target)
    net, perceptual = net.to(target), perceptual.to(target)
    for module in (net, perceptual):
        channels_last(module)
    for name, weight in net.frame_net.named_parameters():
        weight.requires_grad_(learns(name))
    run = Run(net, None, config, target, pace=pace)
    motion = torch.Generator().manual_seed(config.seed)
    wide = config.crop + 2 * MARGIN
    crops = iter(Crops(frames, size=wide, batch=config.batch, seed=config.seed))

    @cache
    def of_style(view: int) -> list[Tensor]:
        with torch.no_grad(), mixed_precision(target):
            return features_of_step(perceptual, style, step=view, config=config)[0]

    def losses_at(step: int) -> tuple[Tensor, dict[str, Tensor]]:
        if stop:
            stop()
        view = step % _VIEWS
        x = next(crops).to(target, memory_format=torch.channels_last)  # (B, 3, wide, wide)
        views = Views.of(x, config, motion)
        vectors = net.style.expand(config.batch, -1)
        rest = net.frame_net, perceptual, config
        return losses_of_step(view, views, style, vectors, *rest, of_styles=of_style(view))

    run.fit(losses_at, Recording(on_report, report_every=1), constrain=net.constrain_)
    run.average.weights = sharpened(run.average.weights, config.sharpness)
    return run


@torch.no_grad()
def strip(picture: Pixels, frames: Sequence[Pixels], before: OneStyle, after: OneStyle) -> Pixels:
    """Return a picture: some frames in a row, below them the paintings of one network, and of another; the style beside.

    Args:
        picture: the style, (H, W, 3) uint8.
        frames: (H, W, 3) uint8, all of one size.
        before: a network, on the CPU.
        after: another one, on the CPU.
    """
    shown = [frames[n * len(frames) // _SHOWN] for n in range(min(_SHOWN, len(frames)))]
    height, width, _ = shown[0].shape
    small = _HEIGHT, round(width * _HEIGHT / height)

    def painted(net: OneStyle, frame: Pixels) -> Pixels:
        sides = [max(MULTIPLE, side // MULTIPLE * MULTIPLE) for side in frame.shape[:2]]
        whole = net.frame_net(_batch(frame[: sides[0], : sides[1]]), net.style)[0]
        return _sized(to_pixels(whole)[0], small)

    rows = [[_sized(frame, small) for frame in shown]]
    rows += [[painted(net, frame) for frame in shown] for net in (before, after)]
    labels = ("", "any style", "fitted")
    beside = _sized(picture, small)
    return grid(
        [
            [beside if n == 0 else np.full_like(beside, 255), labeled(row[0], label), *row[1:]]
            for n, (row, label) in enumerate(zip(rows, labels, strict=True))
        ]
    )


def _crop(largest: int, frames: Sequence[Pixels]) -> int:
    """Return the side of the crops: small frames are not enlarged for it."""
    short: int = min(min(frame.shape[:2]) for frame in frames)
    return max(MIN_CROP, min(largest, (short - 2 * MARGIN) // MULTIPLE * MULTIPLE))


def _sized(picture: Pixels, size: tuple[int, int]) -> Pixels:
    """Return a picture scaled into height and width, on white."""
    scale = min(size[0] / picture.shape[0], size[1] / picture.shape[1])
    height, width = (
        max(1, min(s, round(n * scale))) for s, n in zip(size, picture.shape, strict=False)
    )
    whole: Pixels = np.full((*size, 3), 255, np.uint8)
    whole[:height, :width] = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
    return whole


def _batch(picture: Pixels) -> Tensor:
    """Return a picture (H, W, 3) uint8 as (1, 3, H, W) in [0, 1]."""
    return torch.from_numpy(np.ascontiguousarray(picture)).permute(2, 0, 1)[None].float().div_(255)
