"""Train the any-style network: `vidstyle train arbitrary --content DIR --style DIR ...`.

One straight loop. A batch is photos, half of them with a second, moved view, and as many style
pictures. The losses look through a fixed perceptual network; see `vidstyle.losses`. Strokes are
learned first, at a high style weight, then the content is brought back at a lower one.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor

from vidstyle.errors import InputError
from vidstyle.losses.perceptual import StyleTarget
from vidstyle.nets.arbitrary import Arbitrary
from vidstyle.nets.layers import channels_last
from vidstyle.nets.perceptual import LAYERS, Perceptual
from vidstyle.nets.weights import load_weights
from vidstyle.training import checkpoint
from vidstyle.training.config import ArbitraryConfig as Config
from vidstyle.training.data import Crops
from vidstyle.training.devices import has_fast_bf16
from vidstyle.training.growth import grow
from vidstyle.training.held import SEED, held_out_losses
from vidstyle.training.manifest import split_pictures
from vidstyle.training.painting import LEAST_CROP, MARGIN, Views, look, weigh
from vidstyle.training.report import Report
from vidstyle.training.run import Run
from vidstyle.training.sheet import write_sheet

_DESCRIBED = 512
"""Style crops whose descriptions tell how descriptions vary."""


def train(  # noqa: PLR0915 - one straight loop reads better whole
    content: Path,
    style: Path,
    eyes: Perceptual,
    out: Path,
    *,
    encoder_eyes: Perceptual,
    config: Config | None = None,
    exclude: tuple[str, ...] = (),
    manifest: Path | None = None,
    init: Path | None = None,
    device: str = "cpu",
    sheet_every: int = 500,
    save_every: int = 200,
    on_report: Callable[[Report], None] | None = None,
) -> Path:
    """Train and return the path of the weights, `out`/arbitrary.safetensors.

    A run that finds a checkpoint in `out` goes on from it, with the number of steps of `config`.

    Args:
        content: folder of photos.
        style: folder of style pictures.
        eyes: what the losses look through; see `vidstyle.zoo.features`.
        out: folder for checkpoint, contact sheets and the result.
        encoder_eyes: what the style encoder looks through, of our own network's widths; its weights
            become part of the result.
        config: the knobs.
        exclude: beginnings of file names to leave out.
        manifest: tells what to learn from and what to hold out; see `vidstyle.training.manifest`.
        init: shipped weights to start from; see `grow` for what fits.
        device: a torch device.
        sheet_every: steps between contact sheets.
        save_every: steps between checkpoints.
        on_report: called after every tenth step, and at the end with the losses in the photos that
            were held out, if any, in the styles that were, or else in the training's.

    Raises:
        InputError: a folder without pictures, weights that do not fit, or pictures that are not the
            manifest's.
        TrainingError: 20 steps in a row without a finite loss.
    """
    config = config or Config()
    config.check()
    if config.style_crop < LEAST_CROP:
        raise InputError(
            f"expected style crops of {LEAST_CROP} pixels at least, got {config.style_crop}"
        )
    target = torch.device(device)
    torch.manual_seed(config.seed)
    layout = torch.channels_last
    eyes = eyes.to(target)
    photos, held = split_pictures("content", content, manifest, exclude)
    pictures, held_styles = split_pictures("style", style, manifest, exclude)
    net = Arbitrary(config.shape, hidden=config.hidden, texture=config.texture)

    def described() -> Iterator[Tensor]:
        crops = Crops(
            pictures, size=config.style_crop, batch=16, seed=config.seed, zoom=config.style_zoom
        )
        return islice(crops, _DESCRIBED // 16)

    saved = out / "checkpoint.pt"
    if init is not None:
        if saved.exists():
            raise InputError(
                f"{out} holds a run already, which `init` would not start; choose another `out`"
            )
        smaller = Arbitrary.from_shipped(load_weights(init))
        grow(smaller, net)
        known = len(smaller.style_encoder.center)
        if known < len(net.style_encoder.center):
            net.style_encoder.standardize(described(), known)
    elif not saved.exists():
        net.style_encoder.look_through(encoder_eyes, described())
    net = net.to(target)
    for module in (net, eyes):
        channels_last(module)
    run = Run(net, out, config, target)
    start = run.start

    wide = config.crop + 2 * MARGIN
    seed = config.seed + start  # a resumed run sees other crops and motion than its first part
    motion = torch.Generator().manual_seed(seed)
    contents = iter(Crops(photos, size=wide, batch=config.batch, seed=seed))
    styles = iter(
        Crops(
            pictures,
            size=config.style_crop,
            batch=config.batch,
            seed=seed + 1,
            recolor=0.25,
            zoom=config.style_zoom,
        )
    )
    shown = (
        next(iter(Crops(photos[:: len(photos) // 5 or 1], size=256, batch=5, seed=1))),
        next(iter(Crops(pictures[:: len(pictures) // 7 or 1], size=256, batch=7, seed=1))),
    )
    looked = Arbitrary(config.shape, hidden=config.hidden, texture=config.texture).to(target)

    def sheet(step: int) -> None:
        looked.load_state_dict(run.average.weights)
        write_sheet(out / f"sheet_{step:06d}.jpg", looked, *(s.to(target) for s in shown))

    bf16 = has_fast_bf16(target)
    started = time.monotonic()
    for step in range(start, config.steps):
        x = next(contents).to(target, memory_format=layout)  # (B, 3, wide, wide)
        s = next(styles).to(target, memory_format=layout)  # (B, 3, style_crop, style_crop)
        views = Views.of(x, config, motion)
        with torch.autocast(target.type, torch.bfloat16, enabled=bf16):
            with torch.no_grad():
                like, of = look(eyes, s, views.frames, step=step, config=config)
            vectors = net.style_encoder(s)
            painted, moved, smooth = views.paint(net.frame_net, vectors, shared=step % 2 == 1)
            (seen,) = look(eyes, painted, step=step, config=config)
        wanted = StyleTarget.of(like)
        losses = views.losses(
            painted, moved, smooth, (seen, of), wanted, config, style_features=like
        )
        loss = weigh(losses, config, step / config.steps)
        if run.learn(loss, step):
            net.frame_net.level()
            run.average.update(net)
        done = step + 1
        if on_report and done % 10 == 0:
            rate = (done - start) * config.batch / (time.monotonic() - started)
            values = {k: v.item() for k, v in losses.items()}
            on_report(Report(done, config.steps, values, rate, run.skipped))
        if done % save_every == 0 or done == config.steps:
            run.save(done)
        if done % sheet_every == 0 or done == config.steps:
            sheet(done)

    if on_report and held:
        looked.load_state_dict(run.average.weights)
        crops = Crops(
            held_styles or pictures, size=config.style_crop, batch=config.batch, seed=SEED
        )
        styled = (
            (looked.style_encoder(s), StyleTarget.of(eyes(s, LAYERS)))
            for s in (crop.to(target) for crop in crops)
        )
        held_out = held_out_losses(held, styled, looked.frame_net, eyes, config)
        on_report(Report(config.steps, config.steps, held_out, 0.0, run.skipped))
    result = out / "arbitrary.safetensors"
    save_file(checkpoint.shipped_weights(run.average.weights), result)
    return result
