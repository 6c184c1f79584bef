"""Content and style losses on the features of a perceptual network.

Every loss is relative: a layer's squared error over the mean square of its target. So layers of
different scale, and perceptual networks of different width, need no weights of their own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from vidstyle.nets.layers import channel_statistics, widened
from vidstyle.nets.processes import mean


def relative_error(value: Tensor, target: Tensor) -> Tensor:
    """Mean squared error over the targets' mean square, both over the whole batch, that of all processes.

    Not per picture: a smooth style's texture is near nothing, so any error would be huge relative to
    it, and the network would learn above all to paint without strokes.
    """
    return (value - target).square().mean() / (mean(target.square().mean()) + 1e-6)


def content_loss(features: Sequence[Tensor], targets: Sequence[Tensor]) -> Tensor:
    """Compare relu4_1 (weight 1) and relu3_1 (weight 0.5), lists as `Perceptual` returns them.

    Feature reconstruction loss, Johnson et al. 2016, eq. 2.
    """
    return relative_error(widened(features[3]), widened(targets[3])) + 0.5 * relative_error(
        widened(features[2]), widened(targets[2])
    )


def fidelity_loss(features: Sequence[Tensor], targets: Sequence[Tensor]) -> Tensor:
    """Compare the directions of feature vectors at every place, averaged over all layers given.

    The mean squared distance of unit vectors, as in LPIPS without its learned weights (Zhang et al. 2018, eq.
    1): strokes may be stronger or weaker than what they stand for, but not something else.
    """
    distances = [
        (F.normalize(widened(f), dim=1) - F.normalize(widened(t), dim=1)).square().sum(1).mean()
        for f, t in zip(features, targets, strict=True)
    ]
    return torch.stack(distances).mean()


def gram_matrix(x: Tensor, weight: Tensor | None = None) -> Tensor:
    """Return the Gram matrix (B, C, C) of x (B, C, H, W) over H*W (Gatys et al. 2016, eq. 3).

    With weights (1, 1, H, W) of the places, over their sum: of a region (Gatys et al. 2017, eq. 5).
    """
    rows = widened(x).flatten(2)
    if weight is None:
        return rows @ rows.transpose(1, 2) / rows.shape[2]
    places = weight.flatten(2)
    return (rows * places) @ rows.transpose(1, 2) / places.sum().clamp(min=1e-6)


WINDOW = 8
"""Side of the windows of `without_layout`, in cells of the layer."""


def without_layout(x: Tensor) -> Tensor:
    """Subtract from x (B, C, H, W) the mean of each window of `WINDOW` cells: strokes stay.

    Statistics of the whole picture can be met by large soft blotches as well as by strokes, and
    blotches are the easier to learn and the steadier in time. What varies inside a small window is
    texture. A rest at the right and lower border that fills no window is cut off.
    """
    height, width = (side - side % WINDOW for side in x.shape[2:])
    x = x[:, :, :height, :width]
    return x - F.interpolate(F.avg_pool2d(x, WINDOW), scale_factor=WINDOW)


TEXTURED = 4
"""Layers whose texture is compared."""


@dataclass(frozen=True)
class StyleTarget:
    """The target of a style loss: per layer, channel statistics and the texture's Gram matrix."""

    means: tuple[Tensor, ...]
    """(B, C, 1, 1) per layer."""
    stds: tuple[Tensor, ...]
    """(B, C, 1, 1) per layer."""
    grams: tuple[Tensor, ...]
    """(B, C, C) of the first four layers: deeper ones have too few places for windows."""

    @classmethod
    def of(cls, features: Sequence[Tensor]) -> StyleTarget:
        """Measure features, a list of (B, C, H, W)."""
        statistics = [channel_statistics(f) for f in features]
        return cls(
            tuple(m for m, _ in statistics),
            tuple(s for _, s in statistics),
            tuple(gram_matrix(without_layout(f)) for f in features[:TEXTURED]),
        )

    def repeat(self, times: int) -> StyleTarget:
        """Repeat the batch `times` times, as `Tensor.repeat` does."""
        return StyleTarget(
            *(
                tuple(t.repeat(times, *[1] * (t.dim() - 1)) for t in part)
                for part in (self.means, self.stds, self.grams)
            )
        )


_SMOOTH = 0.2
"""Of the batch's mean, at which the size of a style's statistics ends: a smooth one has hardly any to be relative to."""

_ROUND = 1e-4
"""Added under the root: at nothing its slope would have no end."""


_MIN_DISTANCE = 0.1
"""A photo that has the style's statistics already is not held to less than this."""


def _statistics_error(have: StyleTarget, want: StyleTarget, layer: int) -> Tensor:
    """Return the squared distance (B,) of a layer's channel statistics over the target's square."""
    of, to = (torch.cat([s.means[layer], s.stds[layer]], 1).flatten(1) for s in (have, want))
    size = to.square().sum(1)
    return (of - to).square().sum(1) / size.clamp(min=_SMOOTH * mean(size.mean()).item())


def _gram_error(have: StyleTarget, want: StyleTarget, layer: int) -> Tensor:
    """Return the distance (B,) of a layer's Gram matrices over the size of the target's."""
    of, to = (s.grams[layer].flatten(1) for s in (have, want))
    size = to.square().sum(1)
    error = (of - to).square().sum(1) / size.clamp(min=_SMOOTH * mean(size.mean()).item())
    return (error + _ROUND).sqrt()


def _balanced(
    features: Sequence[Tensor], target: StyleTarget, untouched: StyleTarget, gram: float
) -> Tensor:
    measured = StyleTarget.of(features)
    totals = []
    for side in (measured, untouched):
        means = [(_statistics_error(side, target, n) + _ROUND).sqrt() for n in range(len(features))]
        grams = [_gram_error(side, target, n) for n in range(len(target.grams))]
        totals.append(torch.stack([torch.stack(means).mean(0), torch.stack(grams).mean(0)]))
    have, photo = totals[0], totals[1].detach().clamp(min=_MIN_DISTANCE)
    statistics, texture = (have / photo).mean(1)
    loss: Tensor = statistics + gram * texture
    return loss


def style_loss(
    features: Sequence[Tensor],
    target: StyleTarget,
    *,
    gram: float = 0.5,
    root: bool = False,
    untouched: Sequence[Tensor] | None = None,
) -> Tensor:
    """Compare the style of features with a target, averaged over layers.

    Channel means and standard deviations (Huang and Belongie 2017, eq. 13) say palette and
    contrast; the Gram matrices of what varies in small windows (weight `gram`) say the strokes.

    With `root` each picture pays for the distance of its channel statistics, not for its square, so that layers
    which are nearly met still count: what `vidstyle metrics` measures. With the features of the photos
    themselves too, each picture pays relative to its own photo's distance, so that no style is easy: 1 is a
    photo that was left untouched.
    """
    if root and untouched is not None:
        return _balanced(features, target, StyleTarget.of(untouched), gram)
    total = torch.zeros((), device=features[0].device)
    measured = StyleTarget.of(features)
    for layer in range(len(features)):
        if root:
            total = total + (_statistics_error(measured, target, layer) + _ROUND).sqrt().mean()
            continue
        total = total + relative_error(measured.means[layer], target.means[layer])
        total = total + relative_error(measured.stds[layer], target.stds[layer])
    for have, want in zip(measured.grams, target.grams, strict=True):
        total = total + gram * relative_error(have, want)
    return total / len(features)
