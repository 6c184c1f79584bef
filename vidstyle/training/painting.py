"""The frames, the losses and their weights, which any-style and one-style training share."""

from __future__ import annotations

from dataclasses import dataclass, fields

import torch
import torch.nn.functional as F
from torch import Tensor

from vidstyle.losses.matching import nearest_loss, self_similarity_loss
from vidstyle.losses.perceptual import (
    StyleTarget,
    content_loss,
    fidelity_loss,
    style_loss,
)
from vidstyle.losses.smoothness import grid_loss, total_variation
from vidstyle.losses.temporal import temporal_loss
from vidstyle.losses.tone import tone_loss
from vidstyle.nets.arbitrary import FrameNet
from vidstyle.nets.devices import mixed_precision
from vidstyle.nets.perceptual import LAYERS, Perceptual
from vidstyle.nets.processes import count, part
from vidstyle.training.config import MIN_CROP, PaintingConfig
from vidstyle.training.motion import Pair, draw_pair

MARGIN = 24
"""Pixels on each side of a training frame for the second view to come from."""

GRID = 16
"""Period, pixels, of the patterns that stick to the network's coarsest grid; twice that of the next."""

_RAMP, _EDGE = 96, 16
"""Side of a smooth frame, and width of its border that is not measured, pixels: the border has a pattern of its own."""


def weights_at(config: PaintingConfig, progress: float) -> tuple[float, float]:
    """Return style and temporal weight at a share of the run, 0 to 1."""
    late = min(1.0, max(0.0, (progress - 0.4) / 0.2))
    style = config.style_weight + late * (config.late_style_weight - config.style_weight)
    rise = config.late_temporal_weight - config.temporal_weight
    return style, config.temporal_weight + late * rise


def rows(batch: int) -> list[int]:
    """Return which of a batch of frames, pairs and then still ones, are this process's."""
    half = batch // 2
    mine = range(half)[part(half)]
    return [*mine, *(half + n for n in mine)]


@dataclass(frozen=True)
class Views:
    """A batch of frames, half of which have a second view, moved with exact flow."""

    frames: Tensor
    """(B, 3, crop, crop); the first half are `pair.first`."""
    pair: Pair
    ramps: Tensor
    """(B/2, 3, `_RAMP`, `_RAMP`), smooth."""

    @classmethod
    def of(cls, photos: Tensor, config: PaintingConfig, generator: torch.Generator) -> Views:
        """Cut photos (B, 3, W, W), W = crop + 2 * `MARGIN`."""
        half, crop = len(photos) // 2, config.crop
        pair = draw_pair(
            photos[:half],
            crop,
            generator,
            occluders=config.occluders,
            exposure=config.exposure,
        )
        still = photos[half:, :, MARGIN : MARGIN + crop, MARGIN : MARGIN + crop]
        frames = torch.cat([pair.first, still]).contiguous(memory_format=torch.channels_last)
        return cls(frames, pair, ramps(half, generator).to(photos))

    def own(self) -> Views:
        """Return those of this process: all draw the same, so that their number changes no picture."""
        if count() == 1:
            return self
        batch = len(self.frames)
        mine = part(batch // 2)
        pair = Pair(*(getattr(self.pair, field.name)[mine] for field in fields(Pair)))
        return Views(self.frames[rows(batch)], pair, self.ramps[mine])

    def paint(
        self, net: FrameNet, vectors: Tensor, *, shared: bool
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Paint the frames, the second views, and the ramps.

        Args:
            net: the network.
            vectors: (B, S) or (1, S) styles.
            shared: normalize the second views and the ramps with the statistics of the first, as
                frames of a shot are, instead of with their own.
        """
        half = len(self.frames) // 2
        painted, own = net(self.frames, vectors)
        used = own[:half] if shared else None
        moved, _ = net(self.pair.second, vectors[:half], used)
        smooth, _ = net(self.ramps, vectors[:half], used)
        return painted, moved, smooth[..., _EDGE:-_EDGE, _EDGE:-_EDGE]

    def losses(
        self,
        painted: Tensor,
        moved: Tensor,
        smooth: Tensor,
        features: tuple[list[Tensor], list[Tensor]],
        style: StyleTarget,
        config: PaintingConfig,
        *,
        style_features: list[Tensor] | None = None,
    ) -> dict[str, Tensor]:
        """Measure what `paint` returned. Not under autocast: Gram matrices are summed in 32 bits.

        Args:
            painted: the painted frames.
            moved: the painted second views.
            smooth: the painted ramps.
            features: of the painted frames and of the frames themselves.
            style: as many as frames.
            config: the knobs of the style loss.
            style_features: of the style pictures, for the nearest-neighbor loss.
        """
        output_features, target_features = features
        pair, half = self.pair, len(moved)
        losses = {
            "content": content_loss(output_features, target_features),
            "fidelity": fidelity_loss(output_features, target_features),
            "style": style_loss(
                output_features,
                style,
                gram=config.gram,
                root=config.root,
                untouched=target_features if config.balanced else None,
            ),
            "tone": tone_loss(painted, self.frames),
            "temporal": temporal_loss(painted[:half], moved, pair.grid, pair.mask, pair.brighter),
            "variation": total_variation(painted),
            "grid": grid_loss(smooth, GRID),
        }
        if config.nearest_weight and style_features is not None:
            losses["nearest"] = (
                nearest_loss(output_features[2], style_features[2])
                + nearest_loss(output_features[3], style_features[3])
            ) / 2
        if config.similarity_weight:
            losses["similarity"] = self_similarity_loss(output_features[3], target_features[3])
        return losses


def features_of_step(
    perceptual: Perceptual, *pictures: Tensor, step: int, config: PaintingConfig
) -> list[list[Tensor]]:
    """Return the features, all of `LAYERS`, of each of the pictures (B, 3, H, W), at the scale and with the pooling of a step."""
    if config.least_scale == 1.0:
        return [perceptual(p, LAYERS) for p in pictures]
    draw = torch.rand(1, generator=torch.Generator().manual_seed(config.seed + step)).item()
    scale = config.least_scale**draw

    def scaled_down(picture: Tensor) -> Tensor:
        share = max(scale, min(1.0, MIN_CROP / min(picture.shape[2:])))
        return F.interpolate(picture, scale_factor=share, mode="bilinear", antialias=True)

    scaled = map(scaled_down, pictures)
    return [perceptual(p, LAYERS, average=step % 2 == 1) for p in scaled]


def losses_of_step(
    step: int,
    views: Views,
    styles: Tensor,
    vectors: Tensor,
    net: FrameNet,
    perceptual: Perceptual,
    config: PaintingConfig,
    *,
    of_styles: list[Tensor] | None = None,
) -> tuple[Tensor, dict[str, Tensor]]:
    """Paint a batch; return the loss of a step of the training, and the losses that it is the sum of.

    Args:
        step: its number, from 0.
        views: B frames.
        styles: the style pictures (B, 3, H, W) in [0, 1], or (1, 3, H, W), one for all frames.
        vectors: (B, S), their style vectors.
        net: the network that learns.
        perceptual: the network whose features the losses compare.
        config: the knobs.
        of_styles: what `features_of_step` returns of the styles for this step, where it is known.
    """
    batch = len(views.frames)
    with mixed_precision(views.frames.device):
        with torch.no_grad():
            unknown = [styles, views.frames] if of_styles is None else [views.frames]
            *found, of_frames = features_of_step(perceptual, *unknown, step=step, config=config)
            of_styles = of_styles or found[0]
        painted, moved, smooth = views.paint(net, vectors, shared=step % 2 == 1)
        (of_painted,) = features_of_step(perceptual, painted, step=step, config=config)
    losses = views.losses(
        *(painted, moved, smooth, (of_painted, of_frames)),
        StyleTarget.of(of_styles).repeat(batch // len(styles)),
        config,
        style_features=[f.expand(batch, -1, -1, -1) for f in of_styles],
    )
    return weigh(losses, config, step / config.steps), losses


def weigh(losses: dict[str, Tensor], config: PaintingConfig, progress: float) -> Tensor:
    """Return the weighted sum of `Views.losses` at a share of the run, 0 to 1."""
    style_weight, temporal_weight = weights_at(config, progress)
    zero = torch.zeros((), device=losses["style"].device)
    return (
        config.nearest_weight * losses.get("nearest", zero)
        + config.similarity_weight * losses.get("similarity", zero)
        + config.content_weight * losses["content"]
        + config.fidelity_weight * losses["fidelity"]
        + style_weight * losses["style"]
        + config.tone_weight * losses["tone"]
        + temporal_weight * losses["temporal"]
        + config.variation_weight * losses["variation"]
        + config.grid_weight * losses["grid"]
    )


def ramps(count: int, generator: torch.Generator) -> Tensor:
    """Return frames (count, 3, 96, 96), each an even change between two colors, in any direction.

    The colors are never near: what changes nowhere has no statistics to normalize it with.
    """
    drawn = torch.rand(count, 4, 1, 1, generator=generator)
    begin, angle = drawn[:, :3], 2 * torch.pi * drawn[:, 3:]
    x, y = angle.cos(), angle.sin()
    along = torch.linspace(-0.5, 0.5, _RAMP)
    share = 0.5 + (x * along + y * along[:, None]) / (x.abs() + y.abs())  # (B, 1, side, side)
    made: Tensor = begin.lerp((begin + 0.5) % 1, share)
    return made
