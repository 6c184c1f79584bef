"""Train the any-style network: `vidstyle train arbitrary --content DIR --style DIR ...`.

A recipe for `vidstyle.training.run`. A batch is photos, half of them with a second, moved view, and as many style
pictures. The losses compare features of a fixed perceptual network; see `vidstyle.losses`. Strokes are
learned first, at a high style weight, then the content is brought back at a lower one.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import torch
from torch import Tensor

from vidstyle.errors import InputError
from vidstyle.losses.perceptual import StyleTarget
from vidstyle.nets import processes
from vidstyle.nets.arbitrary import Arbitrary
from vidstyle.nets.devices import mixed_precision
from vidstyle.nets.layers import channels_last
from vidstyle.nets.onestyle import OneStyle
from vidstyle.nets.perceptual import LAYERS, Perceptual
from vidstyle.nets.weights import load_weights
from vidstyle.training.config import MIN_CROP
from vidstyle.training.config import ArbitraryConfig as Config
from vidstyle.training.data import Crops
from vidstyle.training.growth import grow, widen
from vidstyle.training.held import SEED, held_out_losses
from vidstyle.training.manifest import Folders
from vidstyle.training.painting import MARGIN, Views, losses_of_step, rows
from vidstyle.training.report import Recording
from vidstyle.training.run import Run
from vidstyle.training.sheet import shown_pictures, write_sheet

_DESCRIBED = 512
"""Style crops whose descriptions tell how descriptions vary."""


def train(
    folders: Folders,
    perceptual: Perceptual,
    out: Path,
    *,
    encoder_perceptual: Perceptual,
    config: Config | None = None,
    init: Path | None = None,
    device: str = "cpu",
    recording: Recording | None = None,
) -> Path:
    """Train and return the path of the weights, `out`/arbitrary.safetensors.

    A run that finds a checkpoint in `out` goes on from it, with the number of steps of `config`.

    Args:
        folders: what it learns from.
        perceptual: the network whose features the losses compare; see `vidstyle.zoo.features`.
        out: folder for checkpoint, contact sheets and the result.
        encoder_perceptual: the network whose features the style encoder reads, of our own network's widths;
            its weights become part of the result.
        config: the knobs.
        init: shipped weights to start from, of any style or of one; see `grow` and `widen` for what fits.
        device: a torch device.
        recording: where reports go, and how often to save and draw. Photos that were held out are measured in the
            styles that were, or else in the training's.

    Raises:
        InputError: a folder without pictures, weights that do not fit, or pictures that are not the
            manifest's.
        TrainingError: 20 steps in a row without a finite loss.
    """
    config = config or Config()
    config.check()
    config.check_processes(processes.count())
    if config.style_crop < MIN_CROP:
        raise InputError(
            f"expected style crops of {MIN_CROP} pixels at least, got {config.style_crop}"
        )
    target = torch.device(device)
    torch.manual_seed(config.seed)
    photos, held = folders.split("content")
    pictures, held_styles = folders.split("style")
    perceptual = perceptual.to(target)
    net = _network(config, pictures, encoder_perceptual, init, out / "checkpoint.pt").to(target)
    for module in (net, perceptual):
        channels_last(module)
    run = Run(net, out, config, target)

    wide = config.crop + 2 * MARGIN
    motion = torch.Generator().manual_seed(run.seed)
    contents = iter(Crops(photos, size=wide, batch=config.batch, seed=run.seed))
    styles = iter(
        _style_crops(config, pictures, batch=config.batch, seed=run.seed + 1, recolor=0.25)
    )
    shown = [shown_pictures(photos, 5).to(target), shown_pictures(pictures, 7).to(target)]

    def losses_at(step: int) -> tuple[Tensor, dict[str, Tensor]]:
        x = next(contents).to(target, memory_format=torch.channels_last)  # (B, 3, wide, wide)
        s = next(styles)[rows(config.batch)].to(target, memory_format=torch.channels_last)
        views = Views.of(x, config, motion).own()
        with mixed_precision(target):
            vectors = net.style_encoder(s)
        return losses_of_step(step, views, s, vectors, net.frame_net, perceptual, config)

    def held_out(averaged: Arbitrary) -> dict[str, float]:
        crops = Crops(
            held_styles or pictures, size=config.style_crop, batch=config.batch, seed=SEED
        )
        styled = (
            (averaged.style_encoder(s), StyleTarget.of(perceptual(s, LAYERS)))
            for s in (crop.to(target) for crop in crops)
        )
        return held_out_losses(held, styled, averaged.frame_net, perceptual, config)

    run.fit(
        losses_at,
        recording,
        constrain=net.frame_net.equalize_kernels_,
        sheet=lambda step, averaged: write_sheet(out / f"sheet_{step:06d}.jpg", averaged, *shown),
        held_out=held_out if held else None,
    )
    return run.ship(out / "arbitrary.safetensors")


def _style_crops(
    config: Config, pictures: list[Path], *, batch: int, seed: int, recolor: float = 0.0
) -> Crops:
    size, zoom, turn = config.style_crop, config.style_zoom, config.style_turn
    return Crops(pictures, size=size, batch=batch, seed=seed, recolor=recolor, zoom=zoom, turn=turn)


def _network(
    config: Config,
    pictures: list[Path],
    encoder_perceptual: Perceptual,
    init: Path | None,
    checkpoint: Path,
) -> Arbitrary:
    """Return the network that a run begins with; where there is a checkpoint, that gives it its weights."""
    net = Arbitrary(config.shape, hidden=config.hidden, texture=config.texture)

    def described() -> Iterator[Tensor]:
        crops = _style_crops(config, pictures, batch=16, seed=config.seed)
        return islice(crops, _DESCRIBED // 16)

    if checkpoint.exists():
        if init is not None:
            raise InputError(
                f"{checkpoint.parent} holds a run already, which `init` would not start; choose another `out`"
            )
        return net
    if init is None:
        net.style_encoder.load_perceptual(encoder_perceptual, described())
        return net
    weights = load_weights(init)
    if "affine" in weights:  # a network of one style
        net.style_encoder.load_perceptual(encoder_perceptual, described())
        widen(OneStyle.from_shipped(weights), net)
        return net
    smaller = Arbitrary.from_shipped(weights)
    grow(smaller, net)
    known = len(smaller.style_encoder.center)
    if known < len(net.style_encoder.center):
        net.style_encoder.standardize(described(), known)
    return net
