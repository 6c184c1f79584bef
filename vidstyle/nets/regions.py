"""The network that names what a picture shows: a small head on features of our own perceptual network."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vidstyle.errors import InputError
from vidstyle.nets.perceptual import Perceptual

LAYERS = ("relu3_1", "relu4_1", "relu4_2", "relu5_1")
"""Layers of the perceptual network that it looks at."""

CELL = 8
"""Pixels to a place, along each side."""

SIDE = 256
"""Short side, pixels, at which pictures are looked at."""

_DILATIONS = (1, 2, 4, 8)


def seen(perceptual: Perceptual, pictures: Tensor) -> Tensor:
    """Return what the head looks at (B, C, H / 8, W / 8): features, colors, and where a place is.

    Args:
        perceptual: the perceptual network.
        pictures: (B, 3, H, W), RGB in [0, 1]; H and W multiples of 16.
    """
    height, width = (side // CELL for side in pictures.shape[2:])
    third, *fourth, fifth = perceptual(pictures, LAYERS)
    rows = torch.linspace(-1, 1, height, device=pictures.device)[:, None].expand(height, width)
    columns = torch.linspace(-1, 1, width, device=pictures.device).abs().expand(height, width)
    place = torch.stack([rows, columns]).expand(len(pictures), 2, height, width)
    fifth = F.interpolate(fifth, (height, width), mode="bilinear", align_corners=False)
    colors = F.avg_pool2d(pictures, CELL)
    return torch.cat([F.avg_pool2d(third, 2), *fourth, fifth, colors, place.to(pictures.dtype)], 1)


class RegionHead(nn.Module):
    """Logits of names at each place, of what `seen` returns.

    Blocks of depthwise 3x3 convolutions, farther and farther apart, look around; the mean of the whole picture says what
    scene it is.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(self, channels: int, names: int, width: int = 64) -> None:
        """Make it with random weights.

        Args:
            channels: of what it looks at.
            names: how many there are.
            width: channels inside.
        """
        super().__init__()
        self.register_buffer("mean", torch.zeros(1, channels, 1, 1))
        self.register_buffer("deviation", torch.ones(1, channels, 1, 1))
        """Of what it looks at, over the pictures of the training."""
        self.enter = nn.Conv2d(channels, width, 1)
        self.scene = nn.Linear(width, width)
        self.around = nn.ModuleList(
            nn.Conv2d(width, width, 3, padding=d, dilation=d, groups=width) for d in _DILATIONS
        )
        self.mix = nn.ModuleList(nn.Conv2d(width, width, 1) for _ in _DILATIONS)
        self.name = nn.Conv2d(width, names, 1)

    @classmethod
    def from_shipped(cls, state: Mapping[str, Tensor]) -> RegionHead:
        """Make the network from its weights.

        Raises:
            InputError: they are another network's.
        """
        try:
            width, channels = state["enter.weight"].shape[:2]
            net = cls(channels, len(state["name.weight"]), width)
            net.load_state_dict({name: state[name].float() for name in net.state_dict()})
        except (KeyError, RuntimeError, ValueError) as error:
            raise InputError(
                "expected the weights of a network that names regions: "
                + str(error).split("\n", maxsplit=1)[0]
            ) from None
        return net.eval().requires_grad_(False)

    def forward(self, x: Tensor, *, drop: float = 0.0) -> Tensor:
        """Return logits (B, names, h, w).

        Args:
            x: (B, C, h, w), see `seen`.
            drop: share of the channels that are left out, in a training.
        """
        x = F.dropout2d((x - self.mean) / self.deviation, drop, self.training)
        x = F.relu(self.enter(x))
        x = x + self.scene(x.mean((2, 3)))[:, :, None, None]
        for around, mix in zip(self.around, self.mix, strict=True):
            x = x + mix(F.dropout2d(F.relu(around(x)), drop, self.training))
        return cast(Tensor, self.name(x))
