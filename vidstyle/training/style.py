"""Train a network for one style: `vidstyle train style PICTURE --content DIR ...`.

It begins as an any-style network in that style, and then forgets all others; or as a network of another style.
"""

from __future__ import annotations

import glob
import hashlib
from collections.abc import Sequence
from itertools import repeat
from pathlib import Path

import torch
from torch import Tensor

from vidstyle.errors import InputError, UsageError
from vidstyle.frame import Pixels
from vidstyle.losses.perceptual import StyleTarget
from vidstyle.nets import processes
from vidstyle.nets.layers import channels_last
from vidstyle.nets.onestyle import OneStyle
from vidstyle.nets.perceptual import LAYERS, Perceptual
from vidstyle.nets.weights import load_weights
from vidstyle.training.clip import clip_frames
from vidstyle.training.config import MIN_CROP
from vidstyle.training.config import StyleConfig as Config
from vidstyle.training.data import Crops, scaled_picture
from vidstyle.training.held import held_out_losses
from vidstyle.training.leaves import leaves
from vidstyle.training.manifest import split_pictures
from vidstyle.training.painting import MARGIN, Views, losses_of_step
from vidstyle.training.report import Recording
from vidstyle.training.run import Run
from vidstyle.training.sheet import shown_pictures, write_strip


def train(
    picture: Path,
    content: Path | None,
    perceptual: Perceptual,
    base: Path,
    out: Path,
    *,
    config: Config | None = None,
    exclude: tuple[str, ...] = (),
    manifest: Path | None = None,
    device: str = "cpu",
    recording: Recording | None = None,
) -> Path:
    """Train and return the path of the weights, `out`/NAME.safetensors, NAME being the picture's.

    A run that finds a checkpoint in `out` goes on from it, with the number of steps of `config`.

    Args:
        picture: the style.
        content: folder of photos, or a clip, whose frames are learned from; None: pictures that are made for it.
        perceptual: the network whose features the losses compare; see `vidstyle.zoo.features`.
        base: safetensors of an any-style network, or of another style's, whose shape the new one takes.
        out: folder for checkpoint, contact sheet and the result.
        config: the knobs.
        exclude: beginnings of names of photos in the folder to leave out.
        manifest: tells what to learn from and what to hold out; its photos alone matter.
        device: a torch device.
        recording: where reports go, and how often to save and draw.

    Raises:
        InputError: a folder without pictures, a style that is none, weights that do not fit, photos
            that are not the manifest's, or a run of another style in `out`.
        TrainingError: 20 steps in a row without a finite loss.
    """
    config = config or Config()
    config.check()
    config.check_processes(processes.count())
    if config.style_side < MIN_CROP:
        raise InputError(f"expected a style of {MIN_CROP} pixels, got {config.style_side}")
    target = torch.device(device)
    torch.manual_seed(config.seed)
    style = scaled_picture(picture, config.style_side).to(target)  # (1, 3, H, W)
    perceptual = perceptual.to(target)
    net = OneStyle.begin(load_weights(base), style.cpu()).to(target)
    for module in (net, perceptual):
        channels_last(module)
    run = Run(net, out, config, target, subject=hashlib.sha256(picture.read_bytes()).hexdigest())

    photos, held = _photos(content, manifest, exclude)
    wide = config.crop + 2 * MARGIN
    motion = torch.Generator().manual_seed(run.seed)
    contents = iter(Crops(photos, size=wide, batch=config.batch, seed=run.seed))
    shown = shown_pictures(photos, 5).to(target)

    def losses_at(step: int) -> tuple[Tensor, dict[str, Tensor]]:
        x = next(contents).to(target, memory_format=torch.channels_last)  # (B, 3, wide, wide)
        views = Views.of(x, config, motion).own()
        vectors = net.style.expand(len(views.frames), -1)
        return losses_of_step(step, views, style, vectors, net.frame_net, perceptual, config)

    def held_out(averaged: OneStyle) -> dict[str, float]:
        style_targets = StyleTarget.of(perceptual(style, LAYERS)).repeat(config.batch)
        styled = repeat((averaged.style.expand(config.batch, -1), style_targets))
        return held_out_losses(held, styled, averaged.frame_net, perceptual, config)

    run.fit(
        losses_at,
        recording,
        constrain=net.constrain_,
        sheet=lambda _, averaged: write_strip(out / "sheet.jpg", averaged, shown),
        held_out=held_out if held else None,
    )
    if processes.is_first():
        for converted in out.glob(f"{glob.escape(picture.stem)}_frame*"):
            converted.unlink()  # of older weights
    return run.ship(out / f"{picture.stem}.safetensors")


_LEAVES = 64
"""Pictures that are made where there are no photos."""


def _photos(
    content: Path | None, manifest: Path | None, exclude: tuple[str, ...]
) -> tuple[Sequence[Path | Pixels], list[Path]]:
    """Return what to learn from, and photos that are held out."""
    if content is not None and (content.is_dir() or not content.exists()):
        return split_pictures("content", content, manifest, exclude)
    if manifest or exclude:
        raise UsageError("`manifest` and `exclude` are of photos: give `content`, their folder")
    return (leaves(_LEAVES) if content is None else clip_frames(content)), []
