"""Learn the style in which an any-style network paints a photo nearly as it is, of which a `strength` below 1 is mixed.

`python -m vidstyle.training.photo arbitrary.safetensors CONTENT STYLE [MANIFEST]` writes it beside the weights. The network itself
stays as it is: what is learned is one style vector. No picture has it: painted in the style of its own picture, a photo
still gets strokes, and loses colors.
"""

from __future__ import annotations

from itertools import cycle, islice
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from vidstyle.nets.arbitrary import Arbitrary
from vidstyle.nets.encoder import MAX_GAIN, MAX_SHIFT
from vidstyle.nets.palette import PALETTE
from vidstyle.nets.weights import load_weights
from vidstyle.stylize.style import STYLE_SIDE, Style
from vidstyle.training.data import Crops, scaled_picture
from vidstyle.training.manifest import split_pictures
from vidstyle.training.script import run_script
from vidstyle.zoo.catalog import ModelFiles

STEPS = 4000
"""Each of `_BATCH` photos: some five minutes of a CPU's core."""

_SIZE, _BATCH, _RATE = 192, 2, 0.03
"""Side of the photos' crops, pixels; how many a step; and the learning rate, which falls to nearly nothing."""

_STYLES = 60
"""Style pictures that are mixed with it."""

_BETWEEN, _TONES = 0.5, 8
"""Weight of the tones half-way to a style, and side, pixels, of the squares whose means they are."""


def learn(
    net: Arbitrary,
    content: Path,
    style: Path,
    *,
    manifest: Path | None = None,
    steps: int = STEPS,
    seed: int = 1,
) -> Tensor:
    """Return the style vector (S,) in which a network paints photos nearly as they are.

    The loss is the distance of photos, and of their differences from pixel to pixel, to their paintings in it; and that of
    the tones of a painting in a mixture with another style to the same mixture of the photo's and the painting's.

    Args:
        net: which stays as it is.
        content: folder of photos.
        style: folder of style pictures.
        manifest: says what to learn from; see `vidstyle.training.manifest`.
        steps: how many.
        seed: of what is drawn.

    Raises:
        InputError: a folder without pictures, or pictures that are not the manifest's.
    """
    draw = torch.Generator().manual_seed(seed)
    photos, _ = split_pictures("content", content, manifest, ())
    pictures, _ = split_pictures("style", style, manifest, ())
    each = pictures[:: max(1, len(pictures) // _STYLES)]
    encoder, frame_net = net.style_encoder.eval(), net.frame_net.eval().requires_grad_(False)
    crops = iter(Crops(photos, size=_SIZE, batch=_BATCH, seed=seed))
    with torch.no_grad():
        styles = [encoder(scaled_picture(path, STYLE_SIDE)) for path in each]
        vector = torch.cat([encoder(crop) for crop in islice(crops, 12)]).mean(0, keepdim=True)
    low, high = _bounds(net)
    optimizer = torch.optim.Adam([vector.requires_grad_()], lr=_RATE, betas=(0.9, 0.99))
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda n: 1.02 - n / steps)
    for crop, other in islice(zip(crops, cycle(styles), strict=False), steps):
        share = torch.rand(1, generator=draw)
        with torch.no_grad():
            between = crop.lerp(frame_net(crop, other)[0], share)
        change = frame_net(crop, vector)[0] - crop
        tones = F.avg_pool2d(frame_net(crop, vector.lerp(other, share))[0] - between, _TONES)
        loss = (
            change.abs().mean()
            + change.diff(dim=2).abs().mean()
            + change.diff(dim=3).abs().mean()
            + _BETWEEN * tones.abs().mean()
        )
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        with torch.no_grad():
            vector.copy_(vector.clamp(low, high))
    return vector.detach()[0]


def _bounds(net: Arbitrary) -> tuple[Tensor, Tensor]:
    """Return the least and the largest values (S,) of a style vector; see `StyleEncoder`."""
    low, high = [], []
    for channels in net.frame_net.norm_channels:
        low += [0.0] * channels + [-MAX_SHIFT] * channels
        high += [MAX_GAIN] * channels + [MAX_SHIFT] * channels
    amounts = net.frame_net.amounts
    low += [-1.0] * amounts + [-torch.inf] * PALETTE
    high += [1.0] * amounts + [torch.inf] * PALETTE
    return torch.tensor(low), torch.tensor(high)


def main(weights: Path, content: Path, style: Path, manifest: Path | None = None) -> None:
    """Write the style beside the weights."""
    model = ModelFiles.of(weights, takes_pictures=True, shipped=False)
    net = Arbitrary.from_shipped(load_weights(weights))
    vector = learn(net, content, style, manifest=manifest)
    Style(vector.numpy(), model.digest).save(model.photo)


if __name__ == "__main__":
    run_script(main)
