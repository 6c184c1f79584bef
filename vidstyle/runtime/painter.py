"""The network with everything around it that a frame needs: bytes in, bytes out.

The torch engine runs this module and `vidstyle.export` converts it, so both engines do the same.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from vidstyle.nets.arbitrary import FrameNet, StyleEncoder


def to_unit(pixels: Tensor) -> Tensor:
    """Turn uint8 (N, H, W, 3) into float (N, 3, H, W) in [0, 1]."""
    return pixels.permute(0, 3, 1, 2).float() * (1 / 255.0)


class Painter(nn.Module):
    """Frames (N, H, W, 3) uint8 -> painted frames, and the statistics used (N, T)."""

    def __init__(self, net: FrameNet) -> None:
        super().__init__()
        self.net = net

    def forward(
        self, frame: Tensor, style: Tensor, strength: Tensor, statistics: Tensor, weight: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Paint.

        Args:
            frame: uint8 (N, H, W, 3).
            style: (1, S).
            strength: (1,), 0 gives the frame back, 1 the painting.
            statistics: (1, T), mixed into the frame's own with ...
            weight: (1,), 0 to 1.
        """
        x = to_unit(frame)
        y, used = self.net(x, style, statistics, weight)
        y = x + strength * (y.clamp(0, 1) - x)
        # The conversion to bytes truncates, and may wrap: round and clamp before it.
        pixels = (y.float() * 255.0).round().clamp(0, 255).permute(0, 2, 3, 1).to(torch.uint8)
        return pixels, used


class StyleReader(nn.Module):
    """Style pictures (N, H, W, 3) uint8 -> style vectors (N, S)."""

    def __init__(self, encoder: StyleEncoder) -> None:
        super().__init__()
        self.encoder = encoder

    def forward(self, picture: Tensor) -> Tensor:
        """Encode pictures."""
        vector: Tensor = self.encoder(to_unit(picture))
        return vector
