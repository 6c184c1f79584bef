"""Train the inverse network: `vidstyle train inverse --content DIR --style DIR ...`.

A recipe for `vidstyle.training.run`. The network learns to bring features back that it is given: those of photos and of paintings,
whose pixels are known, and those of photos whose patches are swapped for a painting's nearest, whose features are (Chen and
Schmidt 2016, section 4).
"""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from vidstyle.losses.energies import patches
from vidstyle.losses.perceptual import relative_error
from vidstyle.losses.smoothness import grid_loss, total_variation
from vidstyle.losses.swapping import swapped
from vidstyle.nets.devices import mixed_precision
from vidstyle.nets.inverse import LAYER, SCALE, Inverse
from vidstyle.nets.layers import channels_last
from vidstyle.nets.perceptual import LAYERS, Perceptual
from vidstyle.training.config import InverseConfig as Config
from vidstyle.training.data import Crops
from vidstyle.training.manifest import Folders
from vidstyle.training.painting import ramps
from vidstyle.training.report import Recording
from vidstyle.training.run import Run
from vidstyle.training.sheet import shown_pictures, to_pixels, write_picture

SEEN = LAYERS[: LAYERS.index(LAYER) + 1]
"""Layers that the losses compare."""

_PATCHES = ((3, 1), (4, 2), (5, 2))
"""Sides and strides of the patches that are swapped, in turn."""

_BORDER = 40
"""Width of the border of a ramp that is not measured, pixels: what lies beyond it is reflected there."""

_MEASURED = 8
"""Batches by which channels, and held-out pictures, are measured."""


def train(
    folders: Folders,
    perceptual: Perceptual,
    out: Path,
    *,
    config: Config | None = None,
    device: str = "cpu",
    recording: Recording | None = None,
) -> Path:
    """Train and return the path of the weights, `out`/inverse.safetensors.

    A run that finds a checkpoint in `out` goes on from it, with the number of steps of `config`.

    Args:
        folders: what it learns from.
        perceptual: the network whose features are inverted.
        out: folder for checkpoint, contact sheets and the result.
        config: the knobs.
        device: a torch device.
        recording: where reports go, and how often to save and draw.

    Raises:
        InputError: a folder without pictures, or pictures that are not the manifest's.
        TrainingError: 20 steps in a row without a finite loss.
    """
    config = config or Config()
    config.check()
    target = torch.device(device)
    torch.manual_seed(config.seed)
    photos, held = folders.split("content")
    pictures, _ = folders.split("style")
    perceptual = perceptual.to(target)
    channels = perceptual.widths[2]
    net = Inverse(channels, quarter=config.quarter, half=config.half).to(target)
    for module in (net, perceptual):
        channels_last(module)
    run = Run(net, out, config, target)

    def crops(files: list[Path], seed: int) -> Crops:
        return Crops(files, size=config.crop, batch=config.batch, seed=seed, recolor=0.25, zoom=1.5)

    if not run.start:
        net.scale.copy_(_scale(islice(crops(photos, config.seed), _MEASURED), perceptual, target))
    contents, paintings = iter(crops(photos, run.seed)), iter(crops(pictures, run.seed + 1))
    random = torch.Generator().manual_seed(run.seed)
    shown = [shown_pictures(photos, 4).to(target), shown_pictures(pictures, 4).to(target)]

    def losses_at(step: int) -> tuple[Tensor, dict[str, Tensor]]:
        both = [next(contents), next(paintings)]
        pixels = torch.cat(both).to(target, memory_format=torch.channels_last)
        smooth = ramps(1, random).to(pixels)
        return _losses(net, perceptual, pixels, smooth, _PATCHES[step % len(_PATCHES)], config)

    @torch.no_grad()
    def held_out(averaged: Inverse) -> dict[str, float]:
        errors = []
        for x in islice(Crops(held, size=config.crop, batch=config.batch, seed=1), _MEASURED):
            pixels = x.to(target)
            (features,) = perceptual(pixels, [LAYER])
            made = averaged(features).clamp(0, 1)
            errors.append(
                [
                    (made - pixels).abs().mean(),
                    relative_error(perceptual(made, [LAYER])[0], features),
                ]
            )
        pixel, feature = torch.tensor(errors).mean(0).tolist()
        return {"pixel": pixel, "feature": feature}

    run.fit(
        losses_at,
        recording,
        sheet=lambda step, averaged: _write_sheet(
            out / f"sheet_{step:06d}.jpg", averaged, perceptual, *shown
        ),
        held_out=held_out if held else None,
    )
    return run.ship(out / "inverse.safetensors")


@torch.no_grad()
def _scale(crops: islice[Tensor], perceptual: Perceptual, device: torch.device) -> Tensor:
    """Return by what features are multiplied (1, C, 1, 1) for each channel to be of size 1 in pictures."""
    squares = [
        perceptual(x.to(device), [LAYER])[0].square().mean((0, 2, 3), keepdim=True) for x in crops
    ]
    return 1 / (torch.stack(squares).mean(0).sqrt() + 1e-3)


def _losses(
    net: Inverse,
    perceptual: Perceptual,
    pixels: Tensor,
    smooth: Tensor,
    patch: tuple[int, int],
    config: Config,
) -> tuple[Tensor, dict[str, Tensor]]:
    """Return the loss of a step and its parts, for photos and as many paintings (2B, 3, H, W), and a ramp (1, 3, H, W)."""
    photos = len(pixels) // 2
    with torch.no_grad(), mixed_precision(pixels.device):
        wanted = perceptual(pixels, SEEN)
        features = wanted[-1]
        coarse = F.avg_pool2d(pixels[photos:], SCALE)
        others, colors = _swapped(features[:photos], features[photos:], coarse, *patch)
    with mixed_precision(pixels.device):
        made = net(torch.cat([features, others])).float()
        known, new = made[: 2 * photos], made[2 * photos :]
        seen = perceptual(known, SEEN)
        (again,) = perceptual(new, [LAYER])
        even = net(*perceptual(smooth, [LAYER]))
    losses = {
        "pixel": (known - pixels).abs().mean(),
        "feature": torch.stack(
            [relative_error(a.float(), b.float()) for a, b in zip(seen, wanted, strict=True)]
        ).mean(),
        "swap": relative_error(again.float(), others),
        "color": (F.avg_pool2d(new, SCALE) - colors).abs().mean(),
        "variation": total_variation(new),
        "grid": grid_loss(even[..., _BORDER:-_BORDER, _BORDER:-_BORDER], SCALE)
        + grid_loss(made, SCALE),
    }
    weighted = [getattr(config, f"{name}_weight") * loss for name, loss in losses.items()]
    return torch.stack(weighted).sum(), losses


def _swapped(
    features: Tensor, styles: Tensor, coarse: Tensor, size: int, stride: int
) -> tuple[Tensor, Tensor]:
    """Swap the patches of features (B, C, H, W) for the nearest of the style beside each; return them and the colors there."""
    found = []
    for have, style, small in zip(features, styles, coarse, strict=True):
        offered = patches(style[None].float(), size)
        given = patches(torch.cat([style.float(), small])[None], size)
        found.append(swapped(have[None].float(), offered, size, stride, given))
    both = torch.cat(found)
    return both[:, : features.shape[1]], both[:, features.shape[1] :]


@torch.no_grad()
def _write_sheet(
    path: Path, net: Inverse, perceptual: Perceptual, photos: Tensor, styles: Tensor
) -> None:
    """Write rows of photos, styles (B, 3, H, W), both brought back, and the photos swapped for the styles."""
    (ours,), (theirs,) = (perceptual(x, [LAYER]) for x in (photos, styles))
    others, _ = _swapped(ours, theirs, F.avg_pool2d(styles, SCALE), 3, 1)
    rows = [photos, net(ours), styles, net(theirs), net(others)]
    path.parent.mkdir(parents=True, exist_ok=True)
    write_picture(path, np.concatenate([np.concatenate(list(to_pixels(r)), 1) for r in rows]))
