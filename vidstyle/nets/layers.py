"""Layers that the networks share: reflecting convolutions and normalization with given statistics."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

EPSILON = 1e-5
"""Added to a variance before its root, as in `torch.nn.functional.instance_norm`."""


def conv(in_channels: int, out_channels: int, kernel: int, *, stride: int = 1) -> nn.Conv2d:
    """Make a convolution that keeps the size (over `stride`) and reflects at the border."""
    # Zero padding would draw a frame around every picture; reflection costs 2-3 % more.
    return nn.Conv2d(
        in_channels, out_channels, kernel, stride, padding=kernel // 2, padding_mode="reflect"
    )


class StyleConv(nn.Conv2d):
    """A 3x3 convolution that reflects at the border, whose kernels the style mixes.

    To the kernels that all styles share, those of a bank are added in amounts that the style tells (after
    CondConv, Yang et al. 2019). It costs no multiply-adds, and a mixture of styles is one of kernels.
    """

    def __init__(self, in_channels: int, out_channels: int, kernels: int) -> None:
        """Make it with a bank of so many; none: a plain convolution."""
        super().__init__(in_channels, out_channels, 3, padding=1, padding_mode="reflect")
        # Four dimensions, since memory formats are for four: the last is 3x3.
        shape = kernels, out_channels, in_channels, 9
        self.bank = nn.Parameter(torch.empty(shape)) if kernels else None
        if self.bank is not None:
            bound = 0.5 / math.sqrt(9 * in_channels)  # half of what torch gives the kernels
            nn.init.uniform_(self.bank, -bound, bound)

    @property
    def fixed(self) -> bool:
        """Whether all styles share its kernels."""
        return self.bank is None

    def mixed(self, amounts: Tensor) -> Tensor:
        """Return the kernels (B, O, C, 3, 3) for amounts (B, kernels)."""
        if self.bank is None:
            return self.weight[None]
        # Autocast would round a matrix product to 16 bits.
        with torch.autocast(amounts.device.type, enabled=False):
            added = amounts.float() @ self.bank.flatten(1).float()
        return self.weight + added.view(-1, *self.weight.shape)

    def forward(self, x: Tensor, amounts: Tensor) -> Tensor:  # type: ignore[override]
        """Convolve x (B, C, H, W) with the kernels for amounts (B or 1, kernels)."""
        if self.fixed:
            return super().forward(x)
        x = F.pad(x, (1, 1, 1, 1), mode="reflect")
        each = self.mixed(amounts)
        # What is converted paints in one style.
        if torch.jit.is_tracing() or len(each) == 1:  # type: ignore[attr-defined,no-untyped-call]
            return F.conv2d(x, each[0], self.bias)
        # A group a picture.
        bias = None if self.bias is None else self.bias.repeat(len(each))
        y = F.conv2d(x.flatten(0, 1)[None], each.flatten(0, 1), bias, groups=len(each))
        return y.view(len(each), self.out_channels, *y.shape[2:])


class LowRankConv(StyleConv):
    """A `StyleConv` whose bank holds kernels of rank 1, each an outer product: for wide layers.

    The shared kernels, a matrix (O, 9C), are adapted by a product of two narrow ones (LoRA, Hu et al. 2021), between
    which the amounts stand.
    """

    def __init__(self, in_channels: int, out_channels: int, rank: int) -> None:
        """Make it with a bank of so many kernels."""
        super().__init__(in_channels, out_channels, 0)
        bound = 0.5 / math.sqrt(9 * in_channels)
        self.left = nn.Parameter(torch.empty(out_channels, rank).uniform_(-1, 1))
        self.right = nn.Parameter(torch.empty(rank, 9 * in_channels).uniform_(-bound, bound))

    @property
    def fixed(self) -> bool:
        """Whether all styles share its kernels: never."""
        return False

    def mixed(self, amounts: Tensor) -> Tensor:
        """Return the kernels (B, O, C, 3, 3) for amounts (B, rank)."""
        with torch.autocast(amounts.device.type, enabled=False):
            added = (self.left.float() * amounts.float()[:, None]) @ self.right.float()
        return self.weight + added.view(-1, *self.weight.shape)


def channels_last(module: nn.Module) -> None:
    """Lay out a module's weights in place, as the fast convolutions want them."""
    module.to(memory_format=torch.channels_last)  # type: ignore[call-overload]


def double(x: Tensor) -> Tensor:
    """Upsample (B, C, H, W) to (B, C, 2H, 2W), bilinear.

    A resize before a convolution leaves no checkerboard, as transposed convolutions and pixel
    shuffles do (Odena et al., "Deconvolution and Checkerboard Artifacts", 2016).
    """
    return F.interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=False)


def widened(x: Tensor) -> Tensor:
    """Return floats of 16 bits as floats of 32, to be summed; wider ones stay."""
    return x.float() if x.dtype.itemsize < 4 else x


def channel_statistics(x: Tensor) -> tuple[Tensor, Tensor]:
    """Return mean and standard deviation over the picture, each (B, C, 1, 1), of x (B, C, H, W)."""
    x = widened(x)
    mean = x.mean((2, 3), keepdim=True)
    std = torch.sqrt(x.var((2, 3), keepdim=True, unbiased=False) + EPSILON)
    return mean, std


class StyleNorm(nn.Module):
    """Adaptive instance normalization whose statistics may come from outside.

    AdaIN (Huang and Belongie, 2017, eq. 8): `gain * (x - mean) / std + shift`, gain and shift from
    the style. The mean and std are the frame's own, or `statistics` that were measured on a proxy of
    the frame, pooled over a shot, averaged over time or shared by tiles.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.channels = channels

    def forward(
        self,
        x: Tensor,
        affine: Tensor,
        statistics: Tensor | None = None,
        weight: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Normalize.

        Args:
            x: (B, C, H, W).
            affine: (B, 2C), gains, then shifts.
            statistics: (B, 2C), means, then standard deviations, to use instead of the frame's own;
                None: the frame's own.
            weight: (1,), the share of `statistics` in a mixture with the frame's own, 0 to 1; None: 1.

        Returns:
            The result (B, C, H, W) and the frame's own statistics (B, 2C): `statistics` itself where that
            is all that was used.
        """
        # Vectors stay vectors until they meet the picture, as one factor and one summand: the CPU's
        # runtime then keeps the layout of its convolutions in between, a sixth of its time.
        own, used = self._statistics(x, statistics, weight)
        mean, std = used.chunk(2, dim=1)
        gain, shift = affine.chunk(2, dim=1)
        scale = gain / std
        if x.dtype.itemsize < 4:  # in 16 bits two large numbers would meet, where a frame is even
            mean, scale, shift = (v.to(x.dtype)[:, :, None, None] for v in (mean, scale, shift))
            return (x - mean) * scale + shift, own
        offset = shift - mean * scale
        return x * scale[:, :, None, None] + offset[:, :, None, None], own

    def _statistics(
        self, x: Tensor, statistics: Tensor | None, weight: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        """Return the frame's own statistics (B, 2C), as `forward` does, and those to normalize with."""
        if statistics is not None and weight is None:
            return statistics, statistics
        own = torch.cat([s.flatten(1) for s in channel_statistics(x)], dim=1)
        if statistics is None or weight is None:
            return own, own
        return own, own.lerp(statistics, weight)


class GuardedNorm(StyleNorm):
    """A `StyleNorm` for runtimes that compute in 16 bits wherever they like.

    Where a frame is even, features vary by nothing but rounding, which a division by their deviation would make
    the picture: here the mean is taken off before, and no deviation counts as less than a share of its mean, which is some
    units in the last place of bfloat16. Where features vary by more, the result is the same.
    """

    LEAST = 1 / 64
    """Of a deviation, over its mean: features of a frame of a tenth of the usual contrast still vary by more."""

    def forward(
        self,
        x: Tensor,
        affine: Tensor,
        statistics: Tensor | None = None,
        weight: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """See `StyleNorm.forward`."""
        own, used = self._statistics(x, statistics, weight)
        mean, std = used.chunk(2, dim=1)
        gain, shift = affine.chunk(2, dim=1)
        scale = gain / torch.maximum(std, mean.abs() * self.LEAST)
        mean, scale, shift = (v[:, :, None, None] for v in (mean, scale, shift))
        return (x - mean) * scale + shift, own


def guard(module: nn.Module) -> None:
    """Make every `StyleNorm` of a module a `GuardedNorm`, in place."""
    for parent in list(module.modules()):
        for name, child in parent.named_children():
            if type(child) is StyleNorm:
                setattr(parent, name, GuardedNorm(child.channels))
