"""Layers that the networks share: reflecting convolutions and normalisation with given statistics."""

from __future__ import annotations

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
    """Adaptive instance normalisation whose statistics may be given from outside.

    AdaIN (Huang and Belongie, 2017, eq. 8): `gain * (x - mean) / std + shift`, gain and shift from
    the style. The mean and std are the frame's own unless `given`: from a proxy of the frame,
    pooled over a shot, averaged over time or shared by tiles.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.channels = channels

    def forward(
        self, x: Tensor, affine: Tensor, given: Tensor | None = None, weight: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Normalise.

        Args:
            x: (B, C, H, W).
            affine: (B, 2C), gains, then shifts.
            given: (B, 2C), means, then standard deviations, to use instead of the frame's own ...
            weight: (1,) ... or in this share with them, 0 to 1.

        Returns:
            The result (B, C, H, W) and the frame's own statistics (B, 2C): `given` itself where that
            is all that was used.
        """
        if given is None:
            mean, std = own = channel_statistics(x)
        else:
            mean, std = (s[:, :, None, None] for s in given.chunk(2, dim=1))
            own = mean, std
            if weight is not None:
                own = channel_statistics(x)
                mean, std = own[0].lerp(mean, weight), own[1].lerp(std, weight)
        gain, shift = (a[:, :, None, None] for a in affine.chunk(2, dim=1))
        normal = (x - mean.to(x.dtype)) / std.to(x.dtype)
        return normal * gain.to(x.dtype) + shift.to(x.dtype), torch.cat(own, dim=1).flatten(1)
