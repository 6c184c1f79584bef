"""The network with everything around it that a frame needs: bytes in, bytes out.

The torch engine runs this module and `vidstyle.training.export` converts it, so both engines do the same.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from vidstyle.nets.arbitrary import FrameNet
from vidstyle.nets.encoder import StyleEncoder
from vidstyle.nets.onestyle import OneStyle
from vidstyle.nets.palette import cells_to_image


def to_unit(pixels: Tensor) -> Tensor:
    """Turn uint8 (N, H, W, 3) into float (N, 3, H, W) in [0, 1]."""
    return pixels.permute(0, 3, 1, 2).float() * (1 / 255.0)


class Painter(nn.Module):
    """Frames (N, H, W, 3) -> painted frames of the same type, and the statistics used (N, T)."""

    def __init__(self, net: FrameNet, *, high_bit_depth: bool = False) -> None:
        """Take the network; `high_bit_depth` for floats that hold 16-bit levels instead of uint8."""
        super().__init__()
        self.net = net
        self.high_bit_depth = high_bit_depth

    def forward(
        self, frame: Tensor, style: Tensor, statistics: Tensor, weight: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Paint.

        Args:
            frame: (N, H, W, 3), uint8, or float32 from 0 to 65535 with `high_bit_depth`.
            style: (1, S).
            statistics: (1, T), mixed into the frame's own.
            weight: (1,), the share of `statistics` in the mixture, 0 to 1.
        """
        if self.high_bit_depth:
            x = frame.permute(0, 3, 1, 2) * (1 / 65535.0)
            cells, used = self.net.cells(x, style, statistics, weight)
            return cells_to_image((cells.float() * 65535.0).round().clamp(0, 65535)), used
        cells, used = self.net.cells(to_unit(frame), style, statistics, weight)
        # The conversion to bytes truncates, and may wrap: round and clamp before it. Bytes are laid
        # out faster than floats, so this comes first.
        return cells_to_image((cells.float() * 255.0).round().clamp(0, 255).to(torch.uint8)), used


class OneStylePainter(nn.Module):
    """A `Painter` that needs no style: it has its own."""

    def __init__(self, net: OneStyle, *, high_bit_depth: bool = False) -> None:
        """Take the network; see `Painter`."""
        super().__init__()
        self.one = net
        self.painter = Painter(net.frame_net, high_bit_depth=high_bit_depth)

    def forward(self, frame: Tensor, statistics: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
        """Paint; see `Painter.forward`."""
        painted: tuple[Tensor, Tensor] = self.painter(frame, self.one.style, statistics, weight)
        return painted


class StyleReader(nn.Module):
    """Style pictures (N, H, W, 3) uint8 -> style vectors (N, S)."""

    def __init__(self, encoder: StyleEncoder) -> None:
        super().__init__()
        self.encoder = encoder

    def forward(self, picture: Tensor) -> Tensor:
        """Encode pictures."""
        vector: Tensor = self.encoder(to_unit(picture))
        return vector
