"""The networks that others paint with, by their published layer lists, with random weights.

Speed only: what they paint is not looked at. Styles are fixed vectors, as if encoded once. Johnson,
Alahi and Fei-Fei 2016; Huang and Belongie 2017 (AdaIN); Wang, Zhao et al. 2023 (MicroAST).
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def conv(inward: int, outward: int, kernel: int, stride: int = 1, groups: int = 1) -> nn.Conv2d:
    """Return a convolution padded by reflection."""
    padding = kernel // 2
    return nn.Conv2d(
        inward, outward, kernel, stride, padding, groups=groups, padding_mode="reflect"
    )


def adain(x: Tensor, mean: Tensor, std: Tensor) -> Tensor:
    """Give x the statistics of a style."""
    return F.instance_norm(x) * std + mean


class Johnson(nn.Module):
    """One style; instance norm, nearest enlarging, as later releases have it."""

    class Block(nn.Module):
        """Residual, with instance norm."""

        def __init__(self, width: int) -> None:
            super().__init__()
            self.one, self.two = conv(width, width, 3), conv(width, width, 3)
            self.norms = nn.ModuleList(nn.InstanceNorm2d(width, affine=True) for _ in range(2))

        def forward(self, x: Tensor) -> Tensor:
            """Return x plus the block's part."""
            return x + self.norms[1](self.two(F.relu(self.norms[0](self.one(x)))))

    def __init__(self) -> None:
        super().__init__()

        def layer(inward: int, outward: int, kernel: int, stride: int = 1) -> list[nn.Module]:
            norm = nn.InstanceNorm2d(outward, affine=True)
            return [conv(inward, outward, kernel, stride), norm, nn.ReLU()]

        self.layers = nn.Sequential(
            *layer(3, 32, 9),
            *layer(32, 64, 3, 2),
            *layer(64, 128, 3, 2),
            *(self.Block(128) for _ in range(5)),
            nn.Upsample(scale_factor=2),
            *layer(128, 64, 3),
            nn.Upsample(scale_factor=2),
            *layer(64, 32, 3),
            conv(32, 3, 9),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Paint (B, 3, H, W)."""
        painted: Tensor = self.layers(x)
        return painted


class MicroAST(nn.Module):
    """Any style; 0.47 M parameters with its style encoder, which is not part of a frame's work."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Sequential(
            conv(3, 16, 9),
            nn.ReLU(),
            conv(16, 32, 3, 2, 16),
            nn.ReLU(),
            conv(32, 32, 1),
            nn.ReLU(),
            conv(32, 64, 3, 2, 32),
            nn.ReLU(),
            conv(64, 64, 1),
            nn.ReLU(),
        )
        self.blocks = nn.ModuleList(
            nn.ModuleList((conv(64, 64, 3), conv(64, 64, 3))) for _ in range(4)
        )
        self.decoder = nn.Sequential(
            nn.Upsample(scale_factor=2, mode="bilinear"),
            conv(64, 32, 3, groups=32),
            nn.ReLU(),
            conv(32, 32, 1),
            nn.ReLU(),
            nn.Upsample(scale_factor=2, mode="bilinear"),
            conv(32, 16, 3, groups=16),
            nn.ReLU(),
            conv(16, 16, 1),
            nn.ReLU(),
            conv(16, 3, 9),
        )
        self.style = nn.Parameter(torch.rand(4, 64, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        """Paint (B, 3, H, W)."""
        x = self.encoder(x)
        for number, block in enumerate(self.blocks):
            assert isinstance(block, nn.ModuleList)
            one, two = block
            if number < 2:
                x = x + two(F.relu(one(x)))
                continue
            mean, std, weight, bias = self.style
            x = adain(x, mean, std)
            inner = F.relu(weight * one(x) + bias * x)
            x = x + weight * two(inner) + bias * inner
        painted: Tensor = self.decoder(x)
        return painted


class AdaIN(nn.Module):
    """Any style; VGG-19 up to relu4_1 and its mirror image."""

    def __init__(self) -> None:
        super().__init__()
        inward: list[nn.Module] = [nn.Conv2d(3, 3, 1)]
        last = 3
        for width in (64, 64, 0, 128, 128, 0, 256, 256, 256, 256, 0, 512):
            if width:
                inward += [conv(last, width, 3), nn.ReLU()]
                last = width
            else:
                inward.append(nn.MaxPool2d(2))
        outward: list[nn.Module] = []
        for width in (256, 0, 256, 256, 256, 128, 0, 128, 64, 0, 64, 3):
            if width:
                outward += [conv(last, width, 3), nn.ReLU()]
                last = width
            else:
                outward.append(nn.Upsample(scale_factor=2))
        self.encoder, self.decoder = nn.Sequential(*inward), nn.Sequential(*outward[:-1])
        self.style = nn.Parameter(torch.rand(2, 512, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        """Paint (B, 3, H, W)."""
        mean, std = self.style
        painted: Tensor = self.decoder(adain(self.encoder(x), mean, std))
        return painted


RIVALS = {"Johnson": Johnson, "MicroAST": MicroAST, "AdaIN": AdaIN}
