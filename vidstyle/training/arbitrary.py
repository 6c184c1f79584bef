"""Train the any-style network: `vidstyle train arbitrary --content DIR --style DIR ...`.

One straight loop. A batch is photos, half of them with a second, moved view, and half as many style
pictures. The losses look through a fixed perceptual network; see `vidstyle.losses`. Strokes are
learned first, at a high style weight, then the content is brought back at a lower one.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import nn

from vidstyle.errors import InputError
from vidstyle.losses.perceptual import WINDOW, StyleTarget, content_loss, style_loss
from vidstyle.losses.temporal import temporal_loss, total_variation
from vidstyle.losses.tone import tone_loss
from vidstyle.nets.arbitrary import MULTIPLE, Arbitrary, Shape
from vidstyle.nets.layers import channels_last
from vidstyle.nets.perceptual import Perceptual
from vidstyle.nets.weights import load_weights
from vidstyle.training import checkpoint
from vidstyle.training.data import Crops, list_pictures
from vidstyle.training.devices import has_fast_bf16
from vidstyle.training.growth import grow
from vidstyle.training.motion import draw_pair
from vidstyle.training.report import Report
from vidstyle.training.run import Run
from vidstyle.training.sheet import write_sheet

_LEAST_CROP = 8 * WINDOW
"""Below this the deepest layer of the style loss, at 1/8, holds no whole window."""


@dataclass(frozen=True)
class Config:
    """Every knob of a run; stored in its checkpoints."""

    shape: Shape = field(default_factory=Shape)
    """Size of the frame net."""
    steps: int = 5000
    """Optimizer steps."""
    batch: int = 8
    """Photos per step; an even number."""
    crop: int = 192
    """Side of the training frames, pixels."""
    style_crop: int = 256
    """Side of the style crops, pixels, of pictures stored about 320 high."""
    learning_rate: float = 1.5e-3
    """Peak of Adam's rate; warmed up over 100 steps, then a cosine to zero."""
    style_weight: float = 26.0
    """Weight of the style loss at first ..."""
    late_style_weight: float = 12.0
    """... and at the end; it falls between 40 % and 60 % of the steps."""
    gram: float = 0.5
    """Share of the Gram matrices in the style loss."""
    tone_weight: float = 4.0
    """Weight of the tone loss."""
    temporal_weight: float = 15.0
    """Weight of the temporal loss at first ..."""
    late_temporal_weight: float = 60.0
    """... and at the end; it rises as the style weight falls."""
    variation_weight: float = 0.5
    """Weight of the total variation."""
    teacher_weight: float = 1.0
    """Weight of the style encoder's auxiliary target."""
    average: float = 0.998
    """Decay of the weight average that is saved."""
    seed: int = 1
    """Of data order, crops, motion and initial weights."""


def weights_at(config: Config, progress: float) -> tuple[float, float]:
    """Return style and temporal weight at a share of the run, 0 to 1."""
    late = min(1.0, max(0.0, (progress - 0.4) / 0.2))
    style = config.style_weight + late * (config.late_style_weight - config.style_weight)
    rise = config.late_temporal_weight - config.temporal_weight
    return style, config.temporal_weight + late * rise


def train(  # noqa: PLR0915 - one straight loop reads better whole
    content: Path,
    style: Path,
    perceptual: Path,
    out: Path,
    *,
    config: Config | None = None,
    exclude: tuple[str, ...] = (),
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
        perceptual: safetensors of a `Perceptual` network.
        out: folder for checkpoint, contact sheets and the result.
        config: the knobs.
        exclude: beginnings of file names to leave out.
        init: shipped weights to start from, of the same shape or of a smaller one, which is grown.
        device: a torch device.
        sheet_every: steps between contact sheets.
        save_every: steps between checkpoints.
        on_report: called after every tenth step.

    Raises:
        InputError: a folder without pictures, or weights that do not fit.
        TrainingError: 20 steps in a row without a finite loss.
    """
    config = config or Config()
    if config.batch < 2 or config.batch % 2 or config.crop % MULTIPLE:
        raise InputError(
            f"expected an even batch and a crop that is a multiple of {MULTIPLE}, "
            f"got {config.batch} and {config.crop}"
        )
    if min(config.crop, config.style_crop) < _LEAST_CROP:
        raise InputError(
            f"expected crops of {_LEAST_CROP} pixels at least, got {config.crop} and "
            f"{config.style_crop}"
        )
    target = torch.device(device)
    torch.manual_seed(config.seed)
    layout = torch.channels_last
    eyes = Perceptual.from_state_dict(load_weights(perceptual)).to(target)
    teacher = 2 * sum(eyes.widths[:4])
    net = Arbitrary(config.shape, teacher=teacher)
    saved = out / "checkpoint.pt"
    if init is not None:
        if saved.exists():
            raise InputError(
                f"{out} holds a run already, which --init would not start; choose --out"
            )
        grow(Arbitrary.from_shipped(load_weights(init)), net)
    net = net.to(target)
    for module in (net, eyes):
        channels_last(module)
    run = Run(net, out, config, target)
    start = run.start

    half = config.batch // 2
    photos = list_pictures(content, exclude)
    pictures = list_pictures(style, exclude)
    wide = config.crop + 48
    seed = config.seed + start  # a resumed run sees other crops and motion than its first part
    motion = torch.Generator().manual_seed(seed)
    contents = iter(Crops(photos, size=wide, batch=config.batch, seed=seed))
    styles = iter(Crops(pictures, size=config.style_crop, batch=half, seed=seed + 1, recolor=0.25))
    shown = (
        next(iter(Crops(photos[:: len(photos) // 5 or 1], size=256, batch=5, seed=1))),
        next(iter(Crops(pictures[:: len(pictures) // 7 or 1], size=256, batch=7, seed=1))),
    )
    looked = Arbitrary(config.shape, teacher=teacher).to(target)

    def sheet(step: int) -> None:
        looked.load_state_dict(run.average.weights)
        write_sheet(out / f"sheet_{step:06d}.jpg", looked, *(s.to(target) for s in shown))

    bf16 = has_fast_bf16(target)
    started = time.monotonic()
    for step in range(start, config.steps):
        style_weight, temporal_weight = weights_at(config, step / config.steps)
        x = next(contents).to(target, memory_format=layout)  # (B, 3, wide, wide)
        s = next(styles).to(target, memory_format=layout)  # (B/2, 3, style_crop, style_crop)
        pair = draw_pair(x[:half], config.crop, motion)
        margin = (wide - config.crop) // 2
        still = x[half:, :, margin : margin + config.crop, margin : margin + config.crop]
        x = torch.cat([pair.first, still]).contiguous(memory_format=layout)

        with torch.autocast(target.type, torch.bfloat16, enabled=bf16):
            with torch.no_grad():
                wanted_style = StyleTarget.of(eyes(s))
                wanted_content = eyes(x)
            hidden = net.style_encoder.describe(s)
            vectors = net.style_encoder.vector(hidden, s)
            vectors = vectors.repeat(2, 1)  # photo i is painted in style i mod B/2
            y, used = net.frame_net(x, vectors)
            given = used[:half] if step % 2 else None
            moved, _ = net.frame_net(pair.second, vectors[:half], given)
            seen = eyes(y)

        losses = {
            "content": content_loss(seen, wanted_content),
            "style": style_loss(seen, wanted_style.repeat(2), gram=config.gram),
            "tone": tone_loss(y, x),
            "temporal": temporal_loss(y[:half], moved, pair.grid, pair.mask),
            "variation": total_variation(y),
            "teacher": nn.functional.mse_loss(
                net.style_encoder.teacher_head(hidden.float()), wanted_style.logarithms()
            ),
        }
        loss = (
            losses["content"]
            + style_weight * losses["style"]
            + config.tone_weight * losses["tone"]
            + temporal_weight * losses["temporal"]
            + config.variation_weight * losses["variation"]
            + config.teacher_weight * losses["teacher"]
        )
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

    result = out / "arbitrary.safetensors"
    save_file(checkpoint.shipped_weights(run.average.weights), result)
    return result
