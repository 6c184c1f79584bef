"""The any-style network: a style encoder, run once a style, and a small net, run every frame.

The frame net works mostly at 1/8 of the resolution, where wide plain convolutions are cheap and see
far, so that strokes can be large. The style reaches it as the gains and shifts of its instance
normalisations (AdaIN, Huang and Belongie 2017; conditional instance normalisation predicted from a
picture, Ghiasi et al. 2017), and as amounts of kernels in the two convolutions that make strokes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vidstyle.errors import InputError
from vidstyle.nets.layers import StyleConv, StyleNorm, channel_statistics, conv, double
from vidstyle.nets.perceptual import LAYERS, Perceptual

MULTIPLE = 8
"""Height and width of a frame must be multiples of this; pad by reflection, crop back."""

MAX_GAIN = 3.0
MAX_SHIFT = 3.0
"""Bounds of the style's gains and shifts: unbounded ones amplify the rounding of bf16 and int8."""


STYLE_CONVS = 2
"""`StyleConv`s of a frame net: up2 and out."""

PALETTE = 12
"""Numbers of a palette: mean color, and a 3x3 matrix from pigments to color."""

_AXES = (
    (0.57735, 0.57735, 0.57735),
    (0.70711, 0.0, -0.70711),
    (0.40825, -0.81650, 0.40825),
)
"""Orthonormal axes of RGB: lightness first, then two of hue."""


def palette(picture: Tensor) -> Tensor:
    """Return the palette (B, 12) of a picture (B, 3, H, W), RGB in [0, 1]: what its colors do.

    Pigments with mean 0 and covariance 1 become colors with the picture's mean and covariance (the
    coloring half of whitening and coloring, Li et al. 2017). The matrix is a Cholesky factor with
    lightness first: the first pigment is light and dark with the hue that the picture gives them,
    say blue and yellow, the others are the hues that do not depend on lightness.
    """
    # Sums of products of planes: autocast would round a matrix product to 16 bits.
    rgb = picture.float().flatten(2)  # (B, 3, H*W)
    mean = rgb.mean(2)
    centered = rgb - mean[:, :, None]
    axes = torch.tensor(_AXES, device=rgb.device)
    a, b, c = ((centered * axis[:, None]).sum(1) for axis in axes.unbind())  # (B, H*W)
    least = 1e-4
    aa = torch.sqrt((a * a).mean(1) + least)
    ba, ca = (b * a).mean(1) / aa, (c * a).mean(1) / aa
    bb = torch.sqrt(F.relu((b * b).mean(1) - ba * ba) + least)
    cb = ((c * b).mean(1) - ca * ba) / bb
    cc = torch.sqrt(F.relu((c * c).mean(1) - ca * ca - cb * cb) + least)
    zero = torch.zeros_like(aa)
    factor = torch.stack([aa, zero, zero, ba, bb, zero, ca, cb, cc], 1).view(-1, 3, 3, 1)
    # (B, axis, pigment) -> (B, channel, pigment)
    matrix = (axes[:, None, :] * factor).sum(1).transpose(1, 2)
    return torch.cat([mean, matrix.flatten(1)], dim=1)


class StyleEncoder(nn.Module):
    """Picture -> style vector: gains and shifts of all `StyleNorm`s, amounts of kernels, palette.

    Channel statistics of the first layers of a perceptual network describe the style, as they do for
    the style loss; an MLP turns them into the vector.
    """

    WIDTHS, STAGES = (16, 32, 64, 128), (2, 2, 4, 1)
    """Of the perceptual network: ours, up to relu4_1."""

    center: Tensor
    spread: Tensor

    def __init__(self, norm_channels: list[int], kernels: int, *, hidden: int) -> None:
        super().__init__()
        self.norm_channels = norm_channels
        self.eyes = Perceptual(self.WIDTHS, stages=self.STAGES).requires_grad_(False)
        described = 2 * sum(self.WIDTHS)
        self.register_buffer("center", torch.zeros(described))
        """(D,) mean of the descriptions of styles ..."""
        self.register_buffer("spread", torch.ones(described))
        """... and their standard deviation."""
        self.trunk = nn.Linear(described, hidden)
        self.head = nn.Linear(hidden, 2 * sum(norm_channels))
        self.kernel_head = nn.Linear(hidden, STYLE_CONVS * kernels) if kernels else None
        if self.kernel_head is not None:  # the bank is silent until it was trained
            nn.init.zeros_(self.kernel_head.weight)
            nn.init.zeros_(self.kernel_head.bias)

    @torch.no_grad()
    def look_through(self, eyes: Perceptual, pictures: Iterable[Tensor]) -> None:
        """Take the weights of a perceptual network, and measure how its descriptions of pictures vary.

        Args:
            eyes: of `WIDTHS` and at least `STAGES`.
            pictures: batches (B, 3, H, W) in [0, 1].
        """
        weights = eyes.state_dict()
        self.eyes.load_state_dict({name: weights[name] for name in self.eyes.state_dict()})
        described = torch.cat([self.describe(p) for p in pictures])
        self.center.copy_(described.mean(0))
        self.spread.copy_(described.std(0) + 0.05)

    def describe(self, picture: Tensor) -> Tensor:
        """Return log means and log standard deviations (B, D) of a picture (B, 3, H, W) in [0, 1]."""
        features = self.eyes(picture, LAYERS[:4])
        statistics = [s.flatten(1) for f in features for s in channel_statistics(f)]
        return torch.log(torch.cat(statistics, dim=1) + 0.01)

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
        described = (self.describe(picture) - self.center) / self.spread
        hidden = F.relu(self.trunk(described))
        parts = [self.bound(self.head(hidden).float())]
        if self.kernel_head is not None:
            parts.append(torch.tanh(self.kernel_head(hidden).float()))
        return torch.cat([*parts, palette(picture)], dim=1)


CELL = 2
"""Side, pixels, of the cells that the last convolution makes at once."""

PIGMENTS = CELL * CELL + 2
"""Pigments of a cell: its pixels' lightness in turn, then the two hues, which its pixels share."""


def mix(pigments: Tensor, colors: Tensor) -> Tensor:
    """Turn pigments into colors by a palette.

    The pixels of a cell share their hues, as they do in 4:2:0 video, where the picture ends anyway.

    Args:
        pigments: (B, h, w, `PIGMENTS`).
        colors: (B, 12) or (1, 12), from `palette`.

    Returns:
        (B, h, w, 12): row, column and channel within the cell, the last fastest.
    """
    colors = colors.float()
    mean, matrix = colors[:, None, :3], colors[:, 3:].view(-1, 3, 3).transpose(1, 2)
    # One matrix product: the first four rows give each pixel its light, the others all their hue.
    pixels = CELL * CELL
    each = torch.eye(pixels, device=colors.device)[None, :, :, None]  # (1, pigment, pixel, 1)
    light = (each * matrix[:, None, :1]).flatten(2)  # (B, 4, 12)
    hue = matrix[:, 1:].repeat(1, 1, pixels)  # (B, 2, 12)
    batch, height, width, _ = pigments.shape
    amounts = pigments.float().reshape(batch, height * width, PIGMENTS)
    mixed = amounts @ torch.cat([light, hue], 1) + mean.repeat(1, 1, pixels)
    return mixed.view(batch, height, width, 3 * pixels)


def lay(cells: Tensor) -> Tensor:
    """Lay cells (B, h, w, 12), as `mix` returns them, out as a picture (B, 2h, 2w, 3)."""
    batch, height, width, _ = cells.shape
    rows = cells.view(batch, height, width, CELL, CELL * 3).transpose(2, 3)
    return rows.reshape(batch, CELL * height, CELL * width, 3)


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


@dataclass(frozen=True)
class Shape:
    """Size of a `FrameNet`: channels at 1/2, 1/4 and 1/8 of the resolution, blocks at 1/8, kernels a bank."""

    half: int = 16
    quarter: int = 32
    eighth: int = 96
    blocks: int = 2
    kernels: int = 32

    @classmethod
    def of(cls, state: Mapping[str, Tensor]) -> Shape:
        """Read the shape from the weights of an `Arbitrary`.

        Raises:
            InputError: they are another network's.
        """
        try:
            half, quarter, eighth = (
                state[f"frame_net.{name}.weight"].shape[0] for name in ("stem", "down1", "down2")
            )
        except KeyError:
            raise InputError(
                "expected the weights of an any-style network, got another's"
            ) from None
        blocks = sum(".far." in n and ".conv1.w" in n for n in state)
        bank = state.get("frame_net.out.bank")
        return cls(half, quarter, eighth, blocks, 0 if bank is None else len(bank))


class FrameNet(nn.Module):
    """Frame + style vector (+ statistics) -> stylized frame.

    Convolutions at 1/2, 1/4 and 1/8 of the resolution, residual blocks at 1/8, which see far, and
    one at 1/4, which paints strokes; skip connections at 1/4 and 1/2 for the outlines. Features are
    narrowed before they are enlarged: a convolution after each enlargement, as is usual, was a
    third of the network's time. The last convolution makes the four pixels of each 2x2 cell at once.
    """

    def __init__(self, shape: Shape | None = None) -> None:
        super().__init__()
        shape = shape or Shape()
        half, quarter, eighth = shape.half, shape.quarter, shape.eighth
        self.stem = conv(3, half, 5, stride=2)
        self.down1, self.down1_norm = conv(half, quarter, 3, stride=2), StyleNorm(quarter)
        self.down2, self.down2_norm = conv(quarter, eighth, 3, stride=2), StyleNorm(eighth)
        self.far = nn.ModuleList(ResidualBlock(eighth) for _ in range(shape.blocks))
        self.up1, self.up1_norm = conv(eighth, quarter, 1), StyleNorm(quarter)
        self.near = ResidualBlock(quarter)
        self.kernels = shape.kernels
        self.up2, self.up2_norm = StyleConv(quarter, half, shape.kernels), StyleNorm(half)
        self.out = StyleConv(half, PIGMENTS, shape.kernels)
        # The four pixels of a cell start out alike (ICNR, Aitken et al. 2017): no checkerboard.
        with torch.no_grad():
            self.out.weight[: CELL * CELL] = self.out.weight[:1].clone()
            if self.out.bank is not None:
                self.out.bank[:, : CELL * CELL] = self.out.bank[:, :1].clone()
            nn.init.zeros_(self.out.bias)  # type: ignore[arg-type]

    @torch.no_grad()
    def level(self) -> None:
        """Make the last convolution answer even features with even light, in place.

        The kernels of the four pixels of a cell may differ in shape, but not in sum. Left free they
        drift apart and weave a pattern of period 2 into everything smooth; call this after each step.
        """
        bank, bias = self.out.bank, self.out.bias
        # Views, since they are written to.
        shared = self.out.weight.view(*self.out.weight.shape[:2], 9)
        for kernels in (shared, *(() if bank is None else bank)):
            lights = kernels[: CELL * CELL]  # (4, half, 9)
            sums = lights.mean(2, keepdim=True)
            lights -= sums - sums.mean(0, keepdim=True)
        if bias is not None:
            bias[: CELL * CELL] = bias[: CELL * CELL].mean()

    @property
    def norm_channels(self) -> list[int]:
        """Channels of every `StyleNorm` in the order in which the style vector holds them."""
        return [m.channels for m in self.modules() if isinstance(m, StyleNorm)]

    @property
    def style_size(self) -> int:
        """S, the length of a style vector."""
        return 2 * sum(self.norm_channels) + STYLE_CONVS * self.kernels + PALETTE

    def _parts(self, style: Tensor) -> tuple[Tensor, tuple[Tensor, ...], Tensor]:
        """Split a style vector: gains and shifts, amounts (B, kernels) of up2 and out, palette."""
        mixed = STYLE_CONVS * self.kernels
        sizes = [self.style_size - mixed - PALETTE, mixed, PALETTE]
        affine, amounts, colors = torch.split(style, sizes, dim=1)
        # Kernel by kernel, so that `training.growth` adds kernels behind those that are there.
        each = amounts.view(amounts.shape[0], self.kernels, STYLE_CONVS).unbind(2)
        return affine, each, colors

    @torch.no_grad()
    def weights_for(self, style: Tensor) -> dict[str, Tensor]:
        """Return the weights of a frame net without a bank that paints in one style (1, S) alike."""
        state = {n: t for n, t in self.state_dict().items() if not n.endswith(".bank")}
        _, (up2, out), _ = self._parts(style)
        return state | {
            "up2.weight": self.up2.mixed(up2)[0],
            "out.weight": self.out.mixed(out)[0],
        }

    def cells(
        self,
        frame: Tensor,
        style: Tensor,
        statistics: Tensor | None = None,
        weight: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Stylize frames as `forward` does; colors come in cells (B, H/2, W/2, 12), unbounded."""
        sizes = [2 * c for c in self.norm_channels]
        affine, amounts, colors = self._parts(style)
        affines = iter(torch.split(affine, sizes, dim=1))
        given = iter(torch.split(statistics, sizes, dim=1)) if statistics is not None else None
        used: list[Tensor] = []

        def norm(layer: StyleNorm, x: Tensor) -> Tensor:
            x, u = layer(x, next(affines), None if given is None else next(given), weight)
            used.append(u)
            return x

        fine = F.relu(self.stem(frame))  # (B, half, H/2, W/2)
        skip = F.relu(norm(self.down1_norm, self.down1(fine)))  # (B, quarter, H/4, W/4)
        x = F.relu(norm(self.down2_norm, self.down2(skip)))  # (B, eighth, H/8, W/8)
        for block in self.far:
            x = block(x, norm)
        x = F.relu(double(norm(self.up1_norm, self.up1(x))) + skip)  # (B, quarter, H/4, W/4)
        x = self.near(x, norm)
        x = double(norm(self.up2_norm, self.up2(x, amounts[0])))
        x = F.relu(x + fine)  # (B, half, H/2, W/2)
        pigments = self.out(x, amounts[1]).permute(0, 2, 3, 1)  # (B, H/2, W/2, PIGMENTS)
        return mix(pigments, colors), torch.cat(used, dim=1)

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
            statistics: (B, T) or (1, T), as returned by an earlier call: normalise with these
                instead of the frame's own ...
            weight: (1,) ... or in this share with them, 0 to 1.

        Returns:
            The stylized frames (B, 3, H, W), within [0, 1] but for a small rest to be clamped, and
            the frames' own statistics, (B, T), T twice the sum of `norm_channels`; see `StyleNorm`.
        """
        cells, used = self.cells(frame, style, statistics, weight)
        picture = lay(cells).permute(0, 3, 1, 2)
        # A rest of slope outside keeps the gradient alive; the conversion to bytes clamps it off.
        inside = picture.clamp(0, 1)
        return inside + 0.05 * (picture - inside), used


class Arbitrary(nn.Module):
    """The pair that is trained and shipped together."""

    def __init__(self, shape: Shape | None = None, *, hidden: int = 512) -> None:
        """Make the pair; the encoder's MLP has so many hidden numbers."""
        super().__init__()
        self.shape = shape or Shape()
        self.hidden = hidden
        self.frame_net = FrameNet(self.shape)
        self.style_encoder = StyleEncoder(
            self.frame_net.norm_channels, self.shape.kernels, hidden=hidden
        )

    def forward(self, frame: Tensor, picture: Tensor) -> Tensor:
        """Stylize frames (B, 3, H, W) like pictures (B or 1, 3, h, w), all RGB in [0, 1]."""
        painted: Tensor = self.frame_net(frame, self.style_encoder(picture))[0]
        return painted

    @classmethod
    def from_shipped(cls, state: Mapping[str, Tensor]) -> Arbitrary:
        """Make the pair from shipped weights.

        Raises:
            InputError: they are another network's.
        """
        shape = Shape.of(state)
        trunk = state.get("style_encoder.trunk.weight")
        net = cls(shape, hidden=1 if trunk is None else len(trunk))
        try:
            net.load_state_dict(state)
        except RuntimeError:
            raise InputError(
                "expected the weights of an any-style network, got another's"
            ) from None
        return net
