"""Train the perceptual network: `vidstyle train perceptual --pictures DIR --teacher FILE ...`.

Distillation (Hinton et al. 2015; of features, Romero et al. 2015): a network with random weights learns to
see in pictures what a teacher sees, a VGG-19 of any width with the same number of features. Only what
the teacher sees is used, never its weights.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vidstyle.errors import InputError
from vidstyle.losses.perceptual import relative_error
from vidstyle.nets.devices import mixed_precision
from vidstyle.nets.layers import channel_statistics, channels_last
from vidstyle.nets.perceptual import DISTILLED, NAMES, Perceptual
from vidstyle.nets.weights import load_weights
from vidstyle.training.config import PerceptualConfig as Config
from vidstyle.training.data import Crops, list_pictures
from vidstyle.training.muon import Muon
from vidstyle.training.report import Recording
from vidstyle.training.run import Run

_HELD_OUT = 20
"""Every so many pictures one is left out of the training, to measure on."""


def disturb(pictures: Tensor, generator: torch.Generator) -> Tensor:
    """Disturb pictures (B, 3, H, W) in [0, 1] as unfinished paintings are.

    A third is mixed with another picture, a third gets noise: the network must see well what is no
    photo yet.
    """
    count = len(pictures)
    share = torch.rand(count, 1, 1, 1, generator=generator)
    mixed = torch.lerp(pictures, pictures.roll(1, 0), 0.5 * share.to(pictures.device))
    noise = torch.randn(pictures.shape, generator=generator) * 0.15 * share
    noisy = (pictures + noise.to(pictures.device)).clamp(0, 1)
    disturbance = torch.randint(3, (count, 1, 1, 1), generator=generator).to(pictures.device)
    return torch.where(disturbance == 0, pictures, torch.where(disturbance == 1, mixed, noisy))


_ADVERSARIAL = 3
"""Every so many steps the pictures are changed against the network."""


def worsened(pictures: Tensor, loss: Tensor, most: float) -> Tensor:
    """Return pictures (B, 3, H, W), changed by a root mean square of `most` so that a loss of them rises.

    An optimization through a network finds what the network sees wrongly (Goodfellow et al. 2015, "Explaining and
    Harnessing Adversarial Examples"): grain, where the teacher's pictures have strokes.
    """
    (gradient,) = torch.autograd.grad(loss, pictures)
    size = gradient.square().mean((1, 2, 3), keepdim=True).sqrt()
    return (pictures + most * gradient / (size + 1e-12)).clamp(0, 1).detach()


_SLOPE, _SLOPED = 1e-3, 0.9
"""Slope of the units below 0 while the network learns, and for which share of the steps: steps of one length would else kill units for good."""

_NOISE = 0.5
"""Noise in the features that a block is given, at most, by their standard deviation."""

_FAINT = 0.01
"""Energy of a channel, by the mean of all, below which errors count for less."""


def block(net: Perceptual, x: Tensor, layer: str, slope: float = 0.0) -> Tensor:
    """Return the features of one of `DISTILLED` (B, C, h, w), given those of the one before it, or the picture for the first."""
    at = DISTILLED.index(layer)
    first = NAMES.index(DISTILLED[at - 1]) + 1 if at else 0
    x = x if at else net.preprocess(x)
    for name in NAMES[first : NAMES.index(layer) + 1]:
        if name.endswith("_1") and name != NAMES[0]:
            x = F.max_pool2d(x, 2)
        x = F.leaky_relu(net.get_submodule(f"conv{name[4:]}")(x), slope)
    return x


def noisy_features(x: Tensor, generator: torch.Generator) -> Tensor:
    """Return features or pictures (B, C, h, w), not below 0, with noise of all frequencies in every other one.

    Photos have little of what is fine, and so hardly teach how it is seen; an optimization through the network makes use of that.
    """
    count = len(x)
    share = _NOISE * torch.rand(count, 1, 1, 1, generator=generator)
    share *= torch.randint(2, (count, 1, 1, 1), generator=generator)
    noise = torch.randn(x.shape, generator=generator).to(x.device) * share.to(x.device)
    return F.relu(x + noise * channel_statistics(x)[1])


def block_losses(
    net: Perceptual, teacher: Perceptual, pictures: Tensor, generator: torch.Generator, slope: float
) -> list[Tensor]:
    """Return a loss for each block between two of `DISTILLED`, each given what the teacher sees in front of it.

    The blocks learn side by side (Wang et al. 2018, "Progressive Blockwise Knowledge Distillation"; here all at once): none waits for the one
    in front of it, or makes up for its errors.
    """
    losses, x = [], pictures
    for layer in DISTILLED:
        x = noisy_features(x, generator)
        with torch.no_grad():
            target = block(teacher, x, layer)
        losses.append(difference(block(net, x, layer, slope).float(), target.float()))
        x = target
    return losses


def difference(output: Tensor, target: Tensor) -> Tensor:
    """Return the relative squared error of features (B, C, h, w), the mean of that of all and that of each channel.

    A channel that responds rarely and strongly would else hide the others.
    """
    squares = target.square().mean((0, 2, 3))
    errors = (output - target).square().mean((0, 2, 3))
    each = errors / (squares + _FAINT * squares.mean() + 1e-6)
    return (relative_error(output, target) + each.mean()) / 2


def distances(output_features: list[Tensor], target_features: list[Tensor]) -> list[Tensor]:
    """Return a loss for each layer: features, and their statistics, relative to the teacher's."""
    losses = []
    for mine, other in zip(output_features, target_features, strict=True):
        loss = difference(mine.float(), other.float())
        pairs = zip(channel_statistics(mine), channel_statistics(other), strict=True)
        losses.append(loss + sum(relative_error(a, b) for a, b in pairs))
    return losses


@torch.no_grad()
def init_weights(net: Perceptual, teacher: Perceptual, pictures: Tensor) -> None:
    """Draw weights (He et al. 2015), in place, with which features are as large as the teacher's.

    Far larger ones would first be shrunk by the biases, and channels would fall silent for good. The
    colors are centered and enlarged before the first layer, once and for all: were it that layer's
    weights that are large, Adam's steps, all of one size, would hardly change them.
    """
    for module in net.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
            nn.init.zeros_(module.bias)  # type: ignore[arg-type]
    nn.init.eye_(net.preprocess.weight[:, :, 0, 0])
    net.preprocess.bias -= pictures.mean((0, 2, 3))  # type: ignore[operator]
    net.preprocess.requires_grad_(False)
    for layer, target_features in zip(DISTILLED, teacher(pictures, DISTILLED), strict=True):
        (output_features,) = net(pictures, [layer])
        scale = target_features.square().mean().sqrt() / (
            output_features.square().mean().sqrt() + 1e-6
        )
        scaled = net.preprocess if layer == "relu1_1" else net.get_submodule(f"conv{layer[4:]}")
        for value in scaled.parameters():
            value.mul_(scale)  # the biases of the convolutions are still 0


def train(
    folders: list[Path],
    teacher: Path,
    out: Path,
    *,
    config: Config | None = None,
    exclude: tuple[str, ...] = (),
    device: str = "cpu",
    recording: Recording | None = None,
) -> Path:
    """Train and return the path of the weights, `out`/perceptual.safetensors.

    A run that finds a checkpoint in `out` goes on from it, with the number of steps of `config`.

    Args:
        folders: of pictures of all kinds.
        teacher: safetensors of a `Perceptual` network.
        out: folder for checkpoint and result.
        config: the knobs.
        exclude: beginnings of file names to leave out.
        device: a torch device.
        recording: where reports go, and how often to save.

    Raises:
        InputError: a folder without pictures, or weights that do not fit.
    """
    config = config or Config()
    if config.crop < 32 or config.batch < 1:
        raise InputError(
            f"expected a batch and crops of 32 pixels at least, got {config.batch}, {config.crop}"
        )
    target = torch.device(device)
    torch.manual_seed(config.seed)
    teacher_net = Perceptual.from_state_dict(load_weights(teacher)).to(target)
    net = Perceptual(teacher_net.widths).to(target)
    for module in (net, teacher_net):
        channels_last(module)
    files = [file for folder in folders for file in list_pictures(folder, exclude)]
    if len(files) < _HELD_OUT:
        raise InputError(f"expected {_HELD_OUT} pictures at least, got {len(files)}")
    crops = partial(Crops, size=config.crop, recolor=0.2)
    held = next(iter(crops(files[::_HELD_OUT], batch=48, seed=1))).to(target)
    init_weights(net, teacher_net, held)
    learning = [p for p in net.parameters() if p.requires_grad]
    run = Run(net, out, config, target, optimizer=Muon(learning, config.learning_rate))
    learned = [f for n, f in enumerate(files) if n % _HELD_OUT]
    pictures = iter(crops(learned, batch=config.batch, seed=run.seed))
    generator = torch.Generator().manual_seed(run.seed)

    def differences(crop: Tensor, slope: float) -> list[Tensor]:
        output, output_features = crop, []
        with mixed_precision(target):
            for layer in DISTILLED:
                output = block(net, output, layer, slope)
                output_features.append(output)
            return distances(output_features, teacher_net(crop, DISTILLED))

    def losses_at(step: int) -> tuple[Tensor, dict[str, Tensor]]:
        crop = disturb(next(pictures).to(target, memory_format=torch.channels_last), generator)
        slope = _SLOPE if step < _SLOPED * config.steps else 0.0
        if step < config.blockwise * config.steps:
            with mixed_precision(target):
                losses = block_losses(net, teacher_net, crop, generator, slope)
            return torch.stack(losses).sum(), dict(zip(DISTILLED, losses, strict=True))
        if config.adversarial and step % _ADVERSARIAL == 0:
            crop.requires_grad_(True)
            crop = worsened(crop, torch.stack(differences(crop, slope)).sum(), config.adversarial)
        losses = differences(crop, slope)
        return torch.stack(losses).sum(), dict(zip(DISTILLED, losses, strict=True))

    @torch.no_grad()
    def held_out(averaged: Perceptual) -> dict[str, float]:
        layers = zip(
            DISTILLED, averaged(held, DISTILLED), teacher_net(held, DISTILLED), strict=True
        )
        return {name: relative_error(a, b).item() for name, a, b in layers}

    run.fit(losses_at, recording, held_out=held_out)
    return run.ship(out / "perceptual.safetensors")
