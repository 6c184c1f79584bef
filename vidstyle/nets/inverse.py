"""The inverse network: features of our own perceptual network back into a picture."""

from __future__ import annotations

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vidstyle.errors import InputError
from vidstyle.nets.layers import conv, double

LAYER = "relu3_1"
"""The layer that it inverts."""

SCALE = 4
"""Pixels of a picture to a place of that layer, along each side."""

REACH = 6
"""Places of the layer, to each side of its own, that a pixel depends on at most."""


class Inverse(nn.Module):
    """A picture of features of `LAYER` (Chen and Schmidt 2016, section 4).

    It has no normalization, so that a place depends on what is near it alone, and a picture may be made in parts.
    """

    scale: Tensor

    def __init__(self, channels: int = 64, *, quarter: int = 64, half: int = 32) -> None:
        """Make it with random weights.

        Args:
            channels: of the features.
            quarter: channels at 1/4 of the resolution.
            half: channels at 1/2.
        """
        super().__init__()
        self.register_buffer("scale", torch.ones(1, channels, 1, 1))
        """By what features are multiplied, so that all channels are of one size."""
        self.enter = conv(channels, quarter, 3)
        self.first, self.second = conv(quarter, quarter, 3), conv(quarter, quarter, 3)
        self.narrow = conv(quarter, half, 3)
        self.paint = conv(half, half, 3)
        self.colors = conv(half, 12, 3)
        with torch.no_grad():  # the pixels of a cell start out alike: no pattern to unlearn
            self.colors.weight.copy_(self.colors.weight[::4].repeat_interleave(4, 0))
            self.colors.bias.fill_(0.5)  # type: ignore[union-attr]

    @classmethod
    def from_shipped(cls, state: Mapping[str, Tensor]) -> Inverse:
        """Make the network from its weights.

        Raises:
            InputError: they are another network's.
        """
        try:
            quarter, channels = state["enter.weight"].shape[:2]
            net = cls(channels, quarter=quarter, half=len(state["narrow.weight"]))
            net.load_state_dict(dict(state))
        except (KeyError, RuntimeError, ValueError):
            raise InputError("expected the weights of an inverse network, got another's") from None
        return net.eval().requires_grad_(False)

    def forward(self, features: Tensor) -> Tensor:
        """Return pictures (B, 3, 4H, 4W), about [0, 1], of features (B, C, H, W)."""
        x = F.relu(self.enter(features * self.scale))
        x = F.relu(x + self.second(F.relu(self.first(x))))
        x = double(F.relu(self.narrow(x)))
        x = F.relu(self.paint(x))
        return F.pixel_shuffle(self.colors(x), 2)
