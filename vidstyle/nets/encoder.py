"""The style encoder: a picture -> the style vector that a frame net paints with; run once a style."""

from __future__ import annotations

from collections.abc import Iterable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vidstyle.nets.layers import channel_statistics
from vidstyle.nets.palette import palette
from vidstyle.nets.perceptual import LAYERS, Perceptual

MAX_GAIN = 3.0
MAX_SHIFT = 3.0
"""Bounds of the style's gains and shifts: unbounded ones amplify the rounding of bf16 and int8."""

GAIN_OFFSET = 0.7
"""Taken from the head's output for a gain: sigmoid(-0.7) * 3 is about 1, so that an untrained head starts near a plain
normalization."""

STYLE_CONVS = 2
"""`StyleConv`s of a frame net: up2 and out."""

PROJECTED = 24
"""Mixtures of channels whose correlations describe a texture."""

_UPPER = [row * PROJECTED + column for row in range(PROJECTED) for column in range(row, PROJECTED)]
"""Places of the upper triangle of a `PROJECTED` x `PROJECTED` matrix, flattened."""

_LAGS = tuple((y * lag, x * lag) for lag in (1, 2, 4) for y, x in ((0, 1), (1, 0), (1, 1), (1, -1)))
"""Distances (rows, columns) at which features are compared with themselves."""


def _correlations(x: Tensor, projection: Tensor) -> Tensor:
    """Return the upper triangle (B, P(P+1)/2) of the covariance of P mixtures of channels, relative.

    Args:
        x: (B, C, H, W).
        projection: (P, C).
    """
    rows = x.float().flatten(2)
    rows = projection.float() @ (rows - rows.mean(2, keepdim=True))  # (B, P, H*W)
    covariance = rows @ rows.transpose(1, 2) / rows.shape[2]
    size = rows.square().mean((1, 2))[:, None] + 1e-4  # the mean of its diagonal
    return covariance.flatten(1)[:, _UPPER] / size


def _autocorrelations(x: Tensor) -> Tensor:
    """Return the autocorrelation (B, `_LAGS`) of x (B, C, H, W), all channels together."""
    x = x.float()
    x = x - x.mean((2, 3), keepdim=True)
    size = x.square().mean((1, 2, 3)) + 1e-4
    found = []
    for down, right in _LAGS:
        here = x[..., : x.shape[2] - down, :]
        there = x[..., down:, :]
        if right >= 0:
            here, there = here[..., : x.shape[3] - right], there[..., right:]
        else:
            here, there = here[..., -right:], there[..., :right]
        found.append((here * there).mean((1, 2, 3)) / size)
    return torch.stack(found, 1)


class StyleEncoder(nn.Module):
    """Picture -> style vector: gains and shifts of all `StyleNorm`s, amounts of kernels, palette.

    Channel statistics of the first layers of a perceptual network describe the style, as they do for
    the style loss; an MLP turns them into the vector.
    """

    WIDTHS, STAGES = (16, 32, 64, 128), (2, 2, 4, 1)
    """Channels and convolutions of each stage of the perceptual network: ours, up to relu4_1."""

    center: Tensor
    spread: Tensor
    projection3: Tensor
    projection4: Tensor

    def __init__(
        self, norm_channels: list[int], amounts: int, *, hidden: int, texture: bool = False
    ) -> None:
        """Make it.

        Args:
            norm_channels: of the frame net.
            amounts: of kernels, of all banks of the frame net.
            hidden: width of the MLP's hidden layer.
            texture: describe also how channels go together (a projected correlation matrix of relu3_1 and
                relu4_1) and how features repeat along four directions (their autocorrelation): means
                and deviations know neither orientation nor scale of strokes.
        """
        super().__init__()
        self.norm_channels = norm_channels
        self.eyes = Perceptual(self.WIDTHS, stages=self.STAGES).requires_grad_(False)
        described = 2 * sum(self.WIDTHS)
        self.texture = texture
        if texture:
            generator = torch.Generator().manual_seed(0)
            for layer in (3, 4):
                matrix = torch.randn(PROJECTED, self.WIDTHS[layer - 1], generator=generator)
                self.register_buffer(f"projection{layer}", F.normalize(matrix, dim=1))
            described += PROJECTED * (PROJECTED + 1) + 3 * len(_LAGS)
        self.register_buffer("center", torch.zeros(described))
        """(D,), the mean of the descriptions of styles."""
        self.register_buffer("spread", torch.ones(described))
        """(D,), the standard deviation of the descriptions of styles."""
        self.trunk = nn.Linear(described, hidden)
        self.head = nn.Linear(hidden, 2 * sum(norm_channels))
        self.kernel_head = nn.Linear(hidden, amounts) if amounts else None
        if self.kernel_head is not None:  # the bank is silent until it was trained
            nn.init.zeros_(self.kernel_head.weight)
            nn.init.zeros_(self.kernel_head.bias)

    @torch.no_grad()
    def load_perceptual(self, perceptual: Perceptual, pictures: Iterable[Tensor]) -> None:
        """Take the weights of a perceptual network, and measure how its descriptions of pictures vary.

        Args:
            perceptual: of `WIDTHS` and at least `STAGES`.
            pictures: batches (B, 3, H, W) in [0, 1].
        """
        weights = perceptual.state_dict()
        self.eyes.load_state_dict({name: weights[name] for name in self.eyes.state_dict()})
        self.standardize(pictures)

    @torch.no_grad()
    def standardize(self, pictures: Iterable[Tensor], known: int = 0) -> None:
        """Measure how descriptions of pictures (B, 3, H, W) vary, but for the first `known` numbers."""
        described = torch.cat([self.describe(p) for p in pictures])[:, known:]
        self.center[known:] = described.mean(0)
        self.spread[known:] = described.std(0) + 0.05

    def describe(self, picture: Tensor) -> Tensor:
        """Return the description (B, D) of a picture (B, 3, H, W) in [0, 1].

        Log means and log standard deviations of each channel; with `texture` also the correlations of
        `PROJECTED` mixtures of channels and autocorrelations.
        """
        features = self.eyes(picture, LAYERS[:4])
        statistics = [s.flatten(1) for f in features for s in channel_statistics(f)]
        described = torch.log(torch.cat(statistics, dim=1) + 0.01)
        if not self.texture:
            return described
        parts = [described]
        for features_of, projection in (
            (features[2], self.projection3),
            (features[3], self.projection4),
        ):
            parts.append(_correlations(features_of, projection))
        parts += [_autocorrelations(f) for f in features[1:]]
        return torch.cat(parts, dim=1)

    def bound(self, raw: Tensor) -> Tensor:
        """Squash the head's output into gains in (0, MAX_GAIN) and shifts within MAX_SHIFT."""
        parts = []
        for part in torch.split(raw, [2 * c for c in self.norm_channels], dim=1):
            gain, shift = part.chunk(2, dim=1)
            parts += [
                MAX_GAIN * torch.sigmoid(gain - GAIN_OFFSET),
                MAX_SHIFT * torch.tanh(shift / MAX_SHIFT),
            ]
        return torch.cat(parts, dim=1)

    def unbound(self, affine: Tensor, inside: float) -> Tensor:
        """Return what `bound` makes gains and shifts (B, T) of; those beyond a share of their bounds are taken to be there."""
        parts = []
        for part in torch.split(affine, [2 * c for c in self.norm_channels], dim=1):
            gain, shift = part.chunk(2, dim=1)
            gain = (gain / MAX_GAIN).clamp(1 - inside, inside)
            shift = (shift / MAX_SHIFT).clamp(-inside, inside)
            parts += [torch.logit(gain) + GAIN_OFFSET, MAX_SHIFT * torch.atanh(shift)]
        return torch.cat(parts, dim=1)

    def forward(self, picture: Tensor) -> Tensor:
        """Return the style vector (B, S) of a picture (B, 3, H, W), RGB in [0, 1]."""
        described = (self.describe(picture) - self.center) / self.spread
        hidden = F.relu(self.trunk(described))
        parts = [self.bound(self.head(hidden).float())]
        if self.kernel_head is not None:
            parts.append(torch.tanh(self.kernel_head(hidden).float()))
        return torch.cat([*parts, palette(picture)], dim=1)
