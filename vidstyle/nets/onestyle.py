"""The network of one style: a frame net of its own, whose style vector is trained with it."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from vidstyle.errors import InputError
from vidstyle.nets.arbitrary import Arbitrary, FrameNet, Shape
from vidstyle.nets.encoder import MAX_GAIN, MAX_SHIFT
from vidstyle.nets.palette import PALETTE, palette


class OneStyle(nn.Module):
    """A `FrameNet` and the one style vector that it paints with (Johnson et al. 2016)."""

    affine: Tensor
    colors: Tensor

    def __init__(self, shape: Shape | None = None) -> None:
        super().__init__()
        self.shape = (shape or Shape()).one_style
        self.frame_net = FrameNet(self.shape)
        size = 2 * sum(self.frame_net.norm_channels)
        self.affine = nn.Parameter(torch.ones(1, size))
        """(1, T) gains and shifts, as in a style vector."""
        self.register_buffer("colors", torch.zeros(1, PALETTE))
        """(1, 12), the style picture's, see `palette`."""

    @property
    def style(self) -> Tensor:
        """The style vector (1, S)."""
        return torch.cat([self.affine, self.colors], dim=1)

    @torch.no_grad()
    def constrain_(self) -> None:
        """Keep the last convolution even, and gains and shifts in bounds, in place; after each step."""
        self.frame_net.equalize_kernels_()
        at = 0
        for channels in self.frame_net.norm_channels:
            self.affine[:, at : at + channels].clamp_(0.0, MAX_GAIN)
            self.affine[:, at + channels : at + 2 * channels].clamp_(-MAX_SHIFT, MAX_SHIFT)
            at += 2 * channels

    @classmethod
    @torch.no_grad()
    def begin(cls, weights: Mapping[str, Tensor], picture: Tensor) -> OneStyle:
        """Make a network that learns the style of a picture (1, 3, H, W) from another's weights.

        An any-style network's paint in that style as it does; those of a network of one style keep its strokes and get the
        picture's colors.

        Raises:
            InputError: they are no such network's.
        """
        if "affine" in weights:
            net = cls.from_shipped(weights)
            net.colors.copy_(palette(picture))
            return net
        base = Arbitrary.from_shipped(weights)
        return cls.of_vector(base.frame_net, base.style_encoder(picture))

    @classmethod
    @torch.no_grad()
    def of_vector(cls, base: FrameNet, vector: Tensor) -> OneStyle:
        """Make the network that paints in one style, a vector (1, S), as the frame net of any does."""
        net = cls(base.shape)
        net.frame_net.load_state_dict(base.weights_for(vector))
        net.affine.copy_(vector[:, : net.affine.shape[1]])
        net.colors.copy_(vector[:, -PALETTE:])
        return net

    @classmethod
    def from_shipped(cls, state: Mapping[str, Tensor]) -> OneStyle:
        """Make the network from its weights.

        Raises:
            InputError: they are another network's.
        """
        try:
            net = cls(Shape.of(state))
            net.load_state_dict(dict(state))
        except (RuntimeError, InputError):
            raise InputError("expected the weights of a one-style network, got another's") from None
        return net
