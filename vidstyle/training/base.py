"""Train a base for fits: `vidstyle train base --content DIR --style DIR`.

By Reptile of the first order (Nichol et al. 2018): of the any-style network in one style after another a fit takes its first steps on a few
photos, and the weights that all styles share go a share of the way to what it made. From there fits of other styles go far in few steps.
The any-style network itself paints as before: what is written are the weights that a fit begins with instead of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save
from torch import Tensor

from vidstyle.disk.pending import write_whole
from vidstyle.images.files import read_picture
from vidstyle.nets.arbitrary import Arbitrary
from vidstyle.nets.perceptual import Perceptual
from vidstyle.nets.weights import load_weights
from vidstyle.training.checkpoint import shipped_weights
from vidstyle.training.config import BaseConfig, FitConfig
from vidstyle.training.fit import fit, in_style, learns, stroke_picture
from vidstyle.training.manifest import Folders
from vidstyle.training.pace import FirstSteps, Steps
from vidstyle.training.report import Recording, Report
from vidstyle.training.run import Run
from vidstyle.zoo.catalog import ModelFiles

_INSIDE = 0.98
"""Share of a bound up to which a gain or shift of a fit tells the encoder where to go: beyond, small changes would be large ones."""

_BIAS = "style_encoder.head.bias"
"""The mean of all styles' gains and shifts."""


def train(
    folders: Folders,
    perceptual: Perceptual,
    base: Path,
    out: Path,
    *,
    config: BaseConfig | None = None,
    fit_config: FitConfig | None = None,
    device: str = "cpu",
    recording: Recording | None = None,
) -> Path:
    """Train and return the path of the weights, `out`/NAME_fit.safetensors, NAME being the any-style network's.

    A run that finds a checkpoint in `out` goes on from it, with the number of steps of `config`.

    Args:
        folders: what it learns from; what is held out there is left out.
        perceptual: the network whose features the losses compare; see `vidstyle.zoo.features`.
        base: safetensors of the any-style network.
        out: folder for checkpoint and result.
        config: the knobs.
        fit_config: the knobs of the fits.
        device: a torch device.
        recording: where reports go, and how often to report and save. A step is a fit, and its losses are those at the end of it.

    Raises:
        InputError: a folder without pictures, weights that are no any-style network's, pictures that are not the
            manifest's, or a run of other weights in `out`.
        TrainingError: 20 fits in a row without a finite loss.
    """
    config, fit_config = config or BaseConfig(), fit_config or FitConfig()
    photos, _ = folders.split("content")
    pictures, _ = folders.split("style")
    net = Arbitrary.from_shipped(load_weights(base)).to(device)
    names = choose_(net)
    files = ModelFiles.of(base, takes_pictures=True, shipped=False)
    run = Run(
        net,
        out,
        config,
        torch.device(device),
        subject=f"a base of {files.digest}",
        pace=Steps(config.steps, is_short=True),
        optimizer=torch.optim.SGD([p for p in net.parameters() if p.requires_grad]),
        clip=float("inf"),
    )
    rng = np.random.default_rng(run.seed)
    contents, styles = _shuffled(photos, rng), _shuffled(pictures, rng)

    def losses_at(step: int) -> tuple[Tensor, dict[str, Tensor]]:
        picture = read_picture(next(styles))
        begun = in_style(net, picture)
        before = {name: weight.clone() for name, weight in begun.state_dict().items()}
        frames = [read_picture(next(contents)) for _ in range(config.batch)]
        reports: list[Report] = []
        fit(
            begun,
            stroke_picture(picture, frames, fit_config),
            frames,
            perceptual,
            pace=FirstSteps(config.inner_steps),
            config=replace(fit_config, seed=config.seed + step),
            device=device,
            on_report=reports.append,
        )
        losses = {name: torch.tensor(value) for name, value in reports[-1].losses.items()}
        return way_loss(net, before, begun.state_dict()), losses

    run.fit(losses_at, recording)
    learned = {name: run.average.weights[name] for name in names}
    path = out / files.fit_base.name
    notes = {ModelFiles.FIT_BASE_OF: files.digest}
    write_whole(path, save(shipped_weights(learned), metadata=notes))
    return path


def choose_(net: Arbitrary) -> list[str]:
    """Let those weights learn that a fit changes and all styles share, and the mean of all gains and shifts; return their names."""
    for name, weight in net.named_parameters():
        part, _, rest = name.partition(".")
        shared = part == "frame_net" and learns(rest) and not rest.endswith(".bank")
        weight.requires_grad_(shared or name == _BIAS)
    return [name for name, weight in net.named_parameters() if weight.requires_grad]


def way_loss(net: Arbitrary, before: dict[str, Tensor], after: dict[str, Tensor]) -> Tensor:
    """Return a loss whose gradient leads back from what a fit made to what it began with: a step down goes its way.

    The kernels of a bank stay: what a style's mixture of them has learned is added to those that all styles share.
    """
    affine = [net.style_encoder.unbound(w["affine"], _INSIDE)[0] for w in (before, after)]
    loss = -(net.style_encoder.head.bias * (affine[1] - affine[0])).sum()
    for name, weight in net.named_parameters():
        if weight.requires_grad and name != _BIAS:
            loss = loss - (weight * (after[name] - before[name])).sum()
    return loss


def _shuffled(paths: list[Path], rng: np.random.Generator) -> Iterator[Path]:
    """Yield all of them in any order, again and again."""
    while True:
        yield from (paths[n] for n in rng.permutation(len(paths)))
