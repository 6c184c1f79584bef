"""The any-style network: a style encoder, run once a style, and a small net, run every frame.

The frame net works mostly at 1/8 of the resolution, where wide plain convolutions are cheap and see
far, so that strokes can be large. The style reaches it as the gains and shifts of its instance
normalizations (AdaIN, Huang and Belongie 2017; conditional instance normalization predicted from a
picture, Ghiasi et al. 2017), and as amounts of kernels in the two convolutions that make strokes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vidstyle.errors import InputError
from vidstyle.nets.encoder import STYLE_CONVS, StyleEncoder
from vidstyle.nets.layers import LowRankConv, StyleConv, StyleNorm, conv, double
from vidstyle.nets.palette import CELL, PALETTE, PIGMENTS, cells_to_image, mix
from vidstyle.nets.shape import MULTIPLE, Shape

__all__ = ["MULTIPLE", "Arbitrary", "FrameNet", "Shape"]


_BANKS = ".bank", ".left", ".right"
"""Ends of the names of weights from which a style mixes kernels."""


class ResidualBlock(nn.Module):
    """Two normalized 3x3 convolutions around a skip connection, without a last activation."""

    def __init__(self, channels: int, rank: int = 0) -> None:
        """Make it; the style mixes the first convolution's kernels from a bank of `rank`, unless 0."""
        super().__init__()
        self.conv1 = LowRankConv(channels, channels, rank) if rank else conv(channels, channels, 3)
        self.norm1 = StyleNorm(channels)
        self.conv2 = conv(channels, channels, 3)
        self.norm2 = StyleNorm(channels)

    def forward(
        self,
        x: Tensor,
        norm: Callable[[StyleNorm, Tensor], Tensor],
        amounts: Tensor | None = None,
    ) -> Tensor:
        """Return x (B, C, H, W) plus the block's part; `norm` applies a layer of its own.

        Args:
            x: features.
            norm: applies a normalization.
            amounts: (B or 1, rank), where the style mixes kernels.
        """
        y = self.conv1(x) if amounts is None else self.conv1(x, amounts)
        y = F.relu(norm(self.norm1, y))
        return x + norm(self.norm2, self.conv2(y))


class FrameNet(nn.Module):
    """Frame + style vector (+ statistics) -> stylized frame.

    Convolutions at 1/2, 1/4 and 1/8 of the resolution, residual blocks at 1/8, which see far, and
    one at 1/4, which paints strokes; skip connections at 1/4 and 1/2 for the outlines. A branch at 1/16
    sees twice as far as blocks at 1/8 would for a quarter of their arithmetic: a whole swirl. Features are
    narrowed before they are enlarged: a convolution after each enlargement, as is usual, was a
    third of the network's time. The last convolution makes the four pixels of each 2x2 cell at once.
    """

    def __init__(self, shape: Shape | None = None) -> None:
        super().__init__()
        self.shape = shape = shape or Shape()
        half, quarter, eighth = shape.half, shape.quarter, shape.eighth
        self.stem = conv(3, half, 5, stride=2)
        self.down1, self.down1_norm = conv(half, quarter, 3, stride=2), StyleNorm(quarter)
        self.down2, self.down2_norm = conv(quarter, eighth, 3, stride=2), StyleNorm(eighth)
        if shape.sixteenth:
            self.coarse_down = conv(eighth, shape.sixteenth, 3, stride=2)
            self.coarse_norm = StyleNorm(shape.sixteenth)
        self.coarse = nn.ModuleList(
            ResidualBlock(shape.sixteenth, shape.rank)
            for _ in range(shape.coarse_blocks if shape.sixteenth else 0)
        )
        if shape.sixteenth:
            self.coarse_up = conv(shape.sixteenth, eighth, 1)
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
    def equalize_kernels_(self) -> None:
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
    def amounts(self) -> int:
        """How many amounts of kernels a style vector holds."""
        return STYLE_CONVS * self.kernels + len(self.coarse) * self.shape.rank

    @property
    def style_size(self) -> int:
        """S, the length of a style vector."""
        return 2 * sum(self.norm_channels) + self.amounts + PALETTE

    def _parts(
        self, style: Tensor
    ) -> tuple[Tensor, tuple[Tensor, ...], tuple[Tensor | None, ...], Tensor]:
        """Split a style vector.

        Returns:
            Gains and shifts; amounts (B, kernels) of up2 and out; amounts (B, rank) of each block at 1/16; palette.
        """
        mixed = STYLE_CONVS * self.kernels
        low_rank = self.amounts - mixed
        sizes = [self.style_size - self.amounts - PALETTE, mixed, low_rank, PALETTE]
        affine, amounts, ranks, colors = torch.split(style, sizes, dim=1)
        # Kernel by kernel, so that `training.growth` adds kernels behind those that are there.
        each = amounts.view(amounts.shape[0], self.kernels, STYLE_CONVS).unbind(2)
        blocks: tuple[Tensor | None, ...] = (None,) * len(self.coarse)
        if low_rank:
            blocks = ranks.chunk(len(self.coarse), dim=1)
        return affine, each, blocks, colors

    @torch.no_grad()
    def weights_for(self, style: Tensor) -> dict[str, Tensor]:
        """Return the weights of a frame net without a bank that paints in one style (1, S) alike."""
        state = {n: t for n, t in self.state_dict().items() if not n.endswith(_BANKS)}
        _, (up2, out), blocks, _ = self._parts(style)
        mixed = {"up2": self.up2.mixed(up2), "out": self.out.mixed(out)}
        for number, amount in enumerate(blocks):
            name = f"coarse.{number}.conv1"
            layer = self.get_submodule(name)
            if isinstance(layer, LowRankConv) and amount is not None:
                mixed[name] = layer.mixed(amount)
        return state | {f"{name}.weight": weight[0] for name, weight in mixed.items()}

    def cells(
        self,
        frame: Tensor,
        style: Tensor,
        statistics: Tensor | None = None,
        weight: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Stylize frames as `forward` does; colors come in cells (B, H/2, W/2, 12), unbounded."""
        sizes = [2 * c for c in self.norm_channels]
        affine, amounts, ranks, colors = self._parts(style)
        affines = iter(torch.split(affine, sizes, dim=1))
        split_statistics = (
            iter(torch.split(statistics, sizes, dim=1)) if statistics is not None else None
        )
        used: list[Tensor] = []

        def norm(layer: StyleNorm, x: Tensor) -> Tensor:
            x, u = layer(
                x,
                next(affines),
                None if split_statistics is None else next(split_statistics),
                weight,
            )
            used.append(u)
            return x

        fine = F.relu(self.stem(frame))  # (B, half, H/2, W/2)
        skip = F.relu(norm(self.down1_norm, self.down1(fine)))  # (B, quarter, H/4, W/4)
        x = F.relu(norm(self.down2_norm, self.down2(skip)))  # (B, eighth, H/8, W/8)
        if self.shape.sixteenth:
            coarse = F.relu(
                norm(self.coarse_norm, self.coarse_down(x))
            )  # (B, sixteenth, H/16, W/16)
            for block, amount in zip(self.coarse, ranks, strict=True):
                coarse = block(coarse, norm, amount)
            # H/8 may be odd: the coarse cells then reach one over.
            x = x + double(self.coarse_up(coarse))[..., : x.shape[2], : x.shape[3]]
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
            statistics: (B, T) or (1, T), as returned by an earlier call, to normalize with instead of
                the frames' own; None: the frames' own.
            weight: (1,), the share of `statistics` in a mixture with the frames' own, 0 to 1; None: 1.

        Returns:
            The stylized frames (B, 3, H, W), within [0, 1] but for a small rest to be clamped, and
            the frames' own statistics, (B, T), T twice the sum of `norm_channels`; see `StyleNorm`.
        """
        cells, used = self.cells(frame, style, statistics, weight)
        picture = cells_to_image(cells).permute(0, 3, 1, 2)
        # A rest of slope outside keeps the gradient alive; the conversion to bytes clamps it off.
        inside = picture.clamp(0, 1)
        return inside + 0.05 * (picture - inside), used


class Arbitrary(nn.Module):
    """The pair that is trained and shipped together."""

    def __init__(
        self, shape: Shape | None = None, *, hidden: int = 512, texture: bool = False
    ) -> None:
        """Make the pair; see `StyleEncoder` for `hidden` and `texture`."""
        super().__init__()
        self.shape = shape or Shape()
        self.hidden, self.texture = hidden, texture
        self.frame_net = FrameNet(self.shape)
        self.style_encoder = StyleEncoder(
            self.frame_net.norm_channels, self.frame_net.amounts, hidden=hidden, texture=texture
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
        net = cls(
            shape,
            hidden=1 if trunk is None else len(trunk),
            texture="style_encoder.projection3" in state,
        )
        try:
            net.load_state_dict(state)
        except RuntimeError:
            raise InputError(
                "expected the weights of an any-style network, got another's"
            ) from None
        return net
