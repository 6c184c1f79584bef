"""The any-style network: a style encoder, run once a style, and a small net, run every frame.

The frame net works mostly at 1/8 of the resolution, where wide plain convolutions are cheap and see
far, so that strokes can be large. The style reaches it as the gains and shifts of its instance
normalisations (AdaIN, Huang and Belongie 2017; conditional instance normalisation predicted from a
picture, Ghiasi et al. 2017).
"""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vidstyle.nets.layers import StyleNorm, channel_statistics, conv, double

MULTIPLE = 8
"""Height and width of a frame must be multiples of this; pad by reflection, crop back."""

MAX_GAIN = 3.0
MAX_SHIFT = 3.0
"""Bounds of the style's gains and shifts: unbounded ones amplify the rounding of bf16 and int8."""


class StyleEncoder(nn.Module):
    """Picture -> style vector: the gains and shifts of all `StyleNorm`s of the frame net.

    Channel statistics at five depths describe the style, as the style loss does; an MLP turns them
    into the vector. `teacher_head` predicts the perceptual network's statistics of the same picture:
    an extra training target that teaches the encoder to tell styles apart; unused afterwards.
    """

    WIDTHS = (3, 32, 64, 128, 128)

    def __init__(self, norm_channels: list[int], *, hidden: int = 256, teacher: int = 480) -> None:
        super().__init__()
        self.norm_channels = norm_channels
        self.convs = nn.ModuleList(
            conv(i, o, 5 if i == 3 else 3, stride=2)
            for i, o in zip(self.WIDTHS, self.WIDTHS[1:], strict=False)
        )
        self.trunk = nn.Sequential(nn.Linear(2 * sum(self.WIDTHS), hidden), nn.ReLU())
        self.head = nn.Linear(hidden, 2 * sum(norm_channels))
        self.teacher_head = nn.Linear(hidden, teacher)

    def describe(self, picture: Tensor) -> Tensor:
        """Return the hidden description (B, hidden) of a picture (B, 3, H, W) in [0, 1]."""
        described = []
        x = picture
        for layer in (None, *self.convs):
            x = x if layer is None else F.relu(layer(x))
            described += [s.flatten(1) for s in channel_statistics(x)]
        hidden: Tensor = self.trunk(torch.log(torch.cat(described, dim=1) + 0.01))
        return hidden

    def bound(self, raw: Tensor) -> Tensor:
        """Squash the head's output into gains in (0, MAX_GAIN) and shifts within MAX_SHIFT."""
        parts = []
        for part in torch.split(raw, [2 * c for c in self.norm_channels], dim=1):
            gain, shift = part.chunk(2, dim=1)
            # sigmoid(-0.7) * 3 is about 1: an untrained head starts near a plain normalisation.
            parts += [
                MAX_GAIN * torch.sigmoid(gain - 0.7),
                MAX_SHIFT * torch.tanh(shift / MAX_SHIFT),
            ]
        return torch.cat(parts, dim=1)

    def forward(self, picture: Tensor) -> Tensor:
        """Return the style vector (B, S) of a picture (B, 3, H, W), RGB in [0, 1]."""
        return self.bound(self.head(self.describe(picture)).float())


class ResidualBlock(nn.Module):
    """Two normalised 3x3 convolutions around a skip connection, without a last activation."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = conv(channels, channels, 3)
        self.norm1 = StyleNorm(channels)
        self.conv2 = conv(channels, channels, 3)
        self.norm2 = StyleNorm(channels)

    def forward(self, x: Tensor, norm: Callable[[StyleNorm, Tensor], Tensor]) -> Tensor:
        """Return x (B, C, H, W) plus the block's part; `norm` applies a layer of its own."""
        y = F.relu(norm(self.norm1, self.conv1(x)))
        return x + norm(self.norm2, self.conv2(y))


class FrameNet(nn.Module):
    """Frame + style vector (+ statistics) -> stylized frame.

    Convolutions at 1/2, 1/4 and 1/8 of the resolution, `blocks` residual blocks at 1/8, bilinear
    upsampling with a convolution back to 1/2, one skip connection at 1/4 for the outlines. The last
    convolution makes the four pixels of each 2x2 cell at once: a convolution at full resolution
    would cost a fifth of the whole network.
    """

    def __init__(
        self, *, half: int = 16, quarter: int = 40, eighth: int = 80, blocks: int = 2
    ) -> None:
        super().__init__()
        self.stem = conv(3, half, 5, stride=2)
        self.down1, self.down1_norm = conv(half, quarter, 3, stride=2), StyleNorm(quarter)
        self.down2, self.down2_norm = conv(quarter, eighth, 3, stride=2), StyleNorm(eighth)
        self.blocks = nn.ModuleList(ResidualBlock(eighth) for _ in range(blocks))
        self.up1, self.up1_norm = conv(eighth, quarter, 3), StyleNorm(quarter)
        self.up2, self.up2_norm = conv(quarter, half, 3), StyleNorm(half)
        self.out = conv(half, 12, 3)
        # The four pixels of a cell start out alike (ICNR, Aitken et al. 2017): no checkerboard.
        with torch.no_grad():
            self.out.weight.copy_(self.out.weight[::4].repeat_interleave(4, dim=0))
            nn.init.zeros_(self.out.bias)  # type: ignore[arg-type]

    @property
    def norm_channels(self) -> list[int]:
        """Channels of every `StyleNorm` in the order in which the style vector holds them."""
        return [m.channels for m in self.modules() if isinstance(m, StyleNorm)]

    def forward(
        self,
        frame: Tensor,
        style: Tensor,
        statistics: Tensor | None = None,
        weight: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Stylize frames.

        Args:
            frame: (B, 3, H, W) RGB in [0, 1]; H and W multiples of `MULTIPLE`.
            style: (B, S) or (1, S), from `StyleEncoder`.
            statistics: (B, S) or (1, S), as returned by an earlier call: normalise with these
                instead of the frame's own ...
            weight: (1,) ... or in this share with them, 0 to 1.

        Returns:
            The stylized frames (B, 3, H, W) in [0, 1] and the statistics that were used, (B, S).
        """
        sizes = [2 * c for c in self.norm_channels]
        affines = iter(torch.split(style, sizes, dim=1))
        given = iter(torch.split(statistics, sizes, dim=1)) if statistics is not None else None
        used: list[Tensor] = []

        def norm(layer: StyleNorm, x: Tensor) -> Tensor:
            x, u = layer(x, next(affines), None if given is None else next(given), weight)
            used.append(u)
            return x

        x = F.relu(self.stem(frame))  # (B, half, H/2, W/2)
        skip = F.relu(norm(self.down1_norm, self.down1(x)))  # (B, quarter, H/4, W/4)
        x = F.relu(norm(self.down2_norm, self.down2(skip)))  # (B, eighth, H/8, W/8)
        for block in self.blocks:
            x = block(x, norm)
        x = F.relu(norm(self.up1_norm, self.up1(double(x)))) + skip  # (B, quarter, H/4, W/4)
        x = F.relu(norm(self.up2_norm, self.up2(double(x))))  # (B, half, H/2, W/2)
        return F.pixel_shuffle(torch.sigmoid(self.out(x)), 2), torch.cat(used, dim=1)


class Arbitrary(nn.Module):
    """The pair that is trained and shipped together."""

    def __init__(self, *, teacher: int = 480) -> None:
        """Make the pair; `teacher` is the length of the encoder's auxiliary training target."""
        super().__init__()
        self.frame_net = FrameNet()
        self.style_encoder = StyleEncoder(self.frame_net.norm_channels, teacher=teacher)

    def forward(self, frame: Tensor, picture: Tensor) -> Tensor:
        """Stylize frames (B, 3, H, W) like pictures (B or 1, 3, h, w), all RGB in [0, 1]."""
        painted: Tensor = self.frame_net(frame, self.style_encoder(picture))[0]
        return painted
