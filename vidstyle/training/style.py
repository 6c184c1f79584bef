"""Train a network for one style: `vidstyle train style PICTURE --content DIR ...`.

It begins as an any-style network in that style, and then forgets all others.
"""

from __future__ import annotations

import glob
import hashlib
import time
from collections.abc import Callable
from itertools import repeat
from pathlib import Path

import cv2
import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor

from vidstyle.errors import InputError
from vidstyle.losses.perceptual import StyleTarget
from vidstyle.nets.arbitrary import Arbitrary
from vidstyle.nets.layers import channels_last
from vidstyle.nets.onestyle import OneStyle
from vidstyle.nets.perceptual import LAYERS, Perceptual
from vidstyle.nets.weights import load_weights
from vidstyle.training import checkpoint
from vidstyle.training.config import StyleConfig as Config
from vidstyle.training.data import Crops, scaled_picture
from vidstyle.training.devices import has_fast_bf16
from vidstyle.training.held import held_out_losses
from vidstyle.training.manifest import split_pictures
from vidstyle.training.painting import LEAST_CROP, MARGIN, Views, look, weigh
from vidstyle.training.report import Report
from vidstyle.training.run import Run
from vidstyle.training.sheet import to_pixels


def train(  # noqa: PLR0915 - one straight loop reads better whole
    picture: Path,
    content: Path,
    eyes: Perceptual,
    base: Path,
    out: Path,
    *,
    config: Config | None = None,
    exclude: tuple[str, ...] = (),
    manifest: Path | None = None,
    device: str = "cpu",
    save_every: int = 200,
    on_report: Callable[[Report], None] | None = None,
) -> Path:
    """Train and return the path of the weights, `out`/NAME.safetensors, NAME being the picture's.

    A run that finds a checkpoint in `out` goes on from it, with the number of steps of `config`.

    Args:
        picture: the style.
        content: folder of photos.
        eyes: what the losses look through; see `vidstyle.zoo.features`.
        base: safetensors of an any-style network, whose shape the new one takes.
        out: folder for checkpoint, contact sheet and the result.
        config: the knobs.
        exclude: beginnings of names of photos to leave out.
        manifest: tells what to learn from and what to hold out; its photos alone matter.
        device: a torch device.
        save_every: steps between checkpoints, with a contact sheet each.
        on_report: called after every tenth step, and at the end with the losses in the photos that
            were held out, if any.

    Raises:
        InputError: a folder without pictures, a style that is none, weights that do not fit, photos
            that are not the manifest's, or a run of another style in `out`.
        TrainingError: 20 steps in a row without a finite loss.
    """
    config = config or Config()
    config.check()
    if config.style_side < LEAST_CROP:
        raise InputError(f"expected a style of {LEAST_CROP} pixels, got {config.style_side}")
    target = torch.device(device)
    torch.manual_seed(config.seed)
    style = scaled_picture(picture, config.style_side).to(target)
    eyes = eyes.to(target)
    channels_last(eyes)
    with torch.no_grad():
        wanted = StyleTarget.of(eyes(style, LAYERS)).repeat(config.batch)
    net = OneStyle.begin(Arbitrary.from_shipped(load_weights(base)), style.cpu()).to(target)
    channels_last(net)
    run = Run(net, out, config, target, subject=hashlib.sha256(picture.read_bytes()).hexdigest())

    photos, held = split_pictures("content", content, manifest, exclude)
    wide = config.crop + 2 * MARGIN
    seed = config.seed + run.start  # a resumed run sees other crops and motion than its first part
    motion = torch.Generator().manual_seed(seed)
    contents = iter(Crops(photos, size=wide, batch=config.batch, seed=seed))
    shown = next(iter(Crops(photos[:: len(photos) // 5 or 1], size=256, batch=5, seed=1)))
    looked = OneStyle(net.shape).to(target)

    bf16 = has_fast_bf16(target)
    started = time.monotonic()
    for step in range(run.start, config.steps):
        x = next(contents).to(target, memory_format=torch.channels_last)  # (B, 3, wide, wide)
        views = Views.of(x, config, motion)
        with torch.autocast(target.type, torch.bfloat16, enabled=bf16):
            with torch.no_grad():
                of, like = look(eyes, views.frames, style, step=step, config=config)
            vectors = net.style.expand(config.batch, -1)
            painted, moved, smooth = views.paint(net.frame_net, vectors, shared=step % 2 == 1)
            (seen,) = look(eyes, painted, step=step, config=config)
        losses = views.losses(
            *(painted, moved, smooth, (seen, of)),
            StyleTarget.of(like).repeat(config.batch),
            config,
            style_features=[f.expand(config.batch, -1, -1, -1) for f in like],
        )
        if run.learn(weigh(losses, config, step / config.steps), step):
            net.level()
            run.average.update(net)
        done = step + 1
        if on_report and done % 10 == 0:
            rate = (done - run.start) * config.batch / (time.monotonic() - started)
            values = {k: v.item() for k, v in losses.items()}
            on_report(Report(done, config.steps, values, rate, run.skipped))
        if done % save_every == 0 or done == config.steps:
            run.save(done)
            looked.load_state_dict(run.average.weights)
            write_strip(out / "sheet.jpg", looked, shown.to(target))

    if on_report and held:
        looked.load_state_dict(run.average.weights)
        styled = repeat((looked.style.expand(config.batch, -1), wanted))
        held_out = held_out_losses(held, styled, looked.frame_net, eyes, config)
        on_report(Report(config.steps, config.steps, held_out, 0.0, run.skipped))
    result = out / f"{picture.stem}.safetensors"
    for converted in out.glob(f"{glob.escape(picture.stem)}_frame*"):
        converted.unlink()  # of older weights
    save_file(checkpoint.shipped_weights(run.average.weights), result)
    return result


@torch.no_grad()
def write_strip(path: Path, net: OneStyle, photos: Tensor) -> None:
    """Write photos (N, 3, H, W) in [0, 1] in a row, and below what the network makes of them."""
    vectors = net.style.expand(len(photos), -1)
    rows = (to_pixels(photos), to_pixels(net.frame_net(photos, vectors)[0]))
    sheet = np.concatenate([np.concatenate(list(row), 1) for row in rows], 0)
    cv2.imwrite(str(path), sheet[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 92])
