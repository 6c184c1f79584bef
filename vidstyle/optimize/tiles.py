"""Pictures too large for memory, painted tile by tile, with the Gram matrices of the whole.

A tile that had the style's Gram matrices by itself would fill its sky with strokes. So the matrices of the whole are
measured first, and each tile makes the change that the whole needs: the loss of a tile is that of the whole, if all
of it changed as the tile does.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from vidstyle.losses.energies import content_energy, style_energy
from vidstyle.losses.perceptual import gram_matrix
from vidstyle.losses.smoothness import total_variation
from vidstyle.nets.perceptual import Perceptual
from vidstyle.optimize.config import GatysConfig
from vidstyle.optimize.descent import Objective, PiecewiseObjective
from vidstyle.optimize.objective import features_of, unit
from vidstyle.optimize.painting import Scene, SceneRegion
from vidstyle.optimize.semantics import within

_GRID = 16
"""Pixels of a place of the deepest layer: tiles begin at its multiples, so that features are those of the whole."""

_MARGIN, _LEAST_PART = 96, 8
"""Pixels by which a tile reaches into its neighbors, over which they fade into each other: as far as the deepest layer sees;
and the part of its side that this is of a small one."""

Grams = dict[str, Tensor]
"""Layer -> (1, C, C)."""

Features = dict[str, Tensor]
"""Layer -> (1, C, h, w)."""

Weights = dict[str, Tensor | None]
"""Layer -> (1, 1, h, w); None: all places count alike."""


@dataclass(frozen=True)
class Span:
    """A tile along one axis: pixels from `begin` to `end`, of which those from `low` to `high` are its own."""

    begin: int
    low: int
    high: int
    end: int

    @property
    def own(self) -> Tensor:
        """1 for its own pixels, and 0 for the others, (end - begin,)."""
        places = torch.arange(self.begin, self.end)
        return ((places >= self.low) & (places < self.high)).float()

    @property
    def fade(self) -> Tensor:
        """1 for its own pixels, falling over the others to nearly 0 at the ends, (end - begin,)."""
        places = torch.arange(self.begin, self.end).float()
        before = (places - self.begin + 1) / (self.low - self.begin + 1)
        after = (self.end - places) / (self.end - self.high + 1)
        return torch.minimum(before, after).clamp(max=1)


def spans(length: int, side: int) -> list[Span]:
    """Part a length into tiles of `side` pixels at most, their margins included."""
    margin = min(_MARGIN, side // _LEAST_PART // _GRID * _GRID)
    if length <= side:
        return [Span(0, 0, length, length)]
    step = (side - 2 * margin) // _GRID * _GRID
    count = math.ceil(length / step)
    lows = [round(length * n / count / _GRID) * _GRID for n in range(count)]
    return [
        Span(max(0, low - margin), low, high, min(length, high + margin))
        for low, high in itertools.pairwise([*lows, length])
    ]


@dataclass(frozen=True)
class Tile:
    """A part of a picture."""

    down: Span
    across: Span

    def of(self, picture: Tensor) -> Tensor:
        """Return the part of a picture (1, C, H, W), a view."""
        return picture[..., self.down.begin : self.down.end, self.across.begin : self.across.end]

    @property
    def own(self) -> Tensor:
        """1 where pixels (1, 1, h, w) are its own."""
        return self.down.own[None, None, :, None] * self.across.own

    @property
    def pixels(self) -> int:
        """Count of its own pixels."""
        return (self.down.high - self.down.low) * (self.across.high - self.across.low)

    def lay(self, painted: Tensor, picture: Tensor) -> None:
        """Lay the painted tile (1, C, h, w) over a picture (1, C, H, W), which it fades into."""
        fade = (self.down.fade[:, None] * self.across.fade).to(picture)
        self.of(picture).lerp_(painted, fade)


def tiles(height: int, width: int, side: int) -> list[Tile]:
    """Part a picture into tiles of `side` pixels at most, row by row."""
    return [Tile(d, a) for d, a in itertools.product(spans(height, side), spans(width, side))]


@dataclass(frozen=True)
class Goal:
    """The Gram matrices that a region of a picture is to have, or those that it lacks."""

    share: float
    """In the style loss."""
    where: Tensor | None
    """(1, 1, H, W) of pixels; None: everywhere."""
    grams: Grams

    def of(self, tile: Tile, have: Grams) -> Goal:
        """Return what the region lacks within a tile, with as large a share as it has places there.

        Args:
            tile: of the picture.
            have: of the region as it is.
        """
        lacks = {name: gram - have[name] for name, gram in self.grams.items()}
        if self.where is None:
            return Goal(self.share, None, lacks)
        part = tile.of(self.where)
        return Goal(self.share * float(part.mean() / self.where.mean()), part, lacks)


class TiledObjective(PiecewiseObjective):
    """The loss of Gatys, Ecker and Bethge 2016, eq. 7, of a picture that is painted tile by tile; of its regions, if it has some."""

    def __init__(self, perceptual: Perceptual, scene: Scene, config: GatysConfig) -> None:
        """Measure the scene, tile by tile."""
        self._perceptual, self._config, self._scene = perceptual, config, scene
        self.tiles = self._parts(scene.content)
        self.goals = self._goals()
        wheres = [goal.where for goal in self.goals]
        content = self.grams(scene.content, wheres)
        empty = [{name: torch.zeros_like(g) for name, g in grams.items()} for grams in content]
        self._scales = (
            self._content_of(scene.styles[0]) or 1.0,
            unit(self._distance(content), self._distance(empty)),
        )

    def _parts(self, picture: Tensor) -> list[Tile]:
        height, width = picture.shape[2:]
        return tiles(height, width, self._config.tile or max(height, width))

    def grams(self, picture: Tensor, wheres: Sequence[Tensor | None] = (None,)) -> list[Grams]:
        """Return the Gram matrices of each region (1, 1, H, W) of a picture (1, 3, H, W); None: of the picture as a whole."""
        found: list[Grams] = [{} for _ in wheres]
        with torch.no_grad():
            for part in self._parts(picture):
                features = features_of(part.of(picture), self._perceptual, self._config)
                for where, grams in zip(wheres, found, strict=True):
                    whole = picture[:, :1].numel() if where is None else where.sum()
                    own = part.own.to(picture)
                    own = own if where is None else own * part.of(where)
                    for name in self._config.style_layers:
                        gram = gram_matrix(features[name], within(own, features[name]))
                        gram = own.sum() / whole * gram
                        grams[name] = grams[name] + gram if name in grams else gram
        return found

    def _goals(self) -> list[Goal]:
        """Return what the regions are to have; styles that share all of the picture are mixed."""
        regions, each = self._scene.regions, list[tuple[SceneRegion, Grams]]()
        for number, style in enumerate(self._scene.styles):
            of_style = [r for r in regions if r.style == number]
            masks = [r.style_mask for r in of_style]
            each += zip(of_style, self.grams(style, masks), strict=True)
        goals = [Goal(r.share, r.where, grams) for r, grams in each if r.where is not None]
        if everywhere := [(r.share, grams) for r, grams in each if r.where is None]:
            share = sum(s for s, _ in everywhere)
            mixed = {
                name: torch.stack([s / share * grams[name] for s, grams in everywhere]).sum(0)
                for name in self._config.style_layers
            }
            goals.append(Goal(share, None, mixed))
        return goals

    def _distance(self, have: Sequence[Grams]) -> Tensor:
        energy = torch.zeros(()).to(self._scene.content)
        for goal, grams in zip(self.goals, have, strict=True):
            for name, weight in self._config.style_layers.items():
                squares = (grams[name] - goal.grams[name]).square().sum()
                energy = energy + goal.share * weight * squares / (4 * grams[name].shape[1] ** 2)
        return energy

    def _content_of(self, style: Tensor) -> float:
        """Return the content energy that the style, scaled to the content's shape, would have."""
        energy, content = 0.0, self._scene.content
        size = content.shape[2:]
        with torch.no_grad():
            other = F.interpolate(style, size)
            for tile in self.tiles:
                have, want = (
                    features_of(tile.of(p), self._perceptual, self._config)
                    for p in (other, content)
                )
                for name, weight in self._config.content_layers.items():
                    own = within(tile.own.to(content), have[name]).sqrt()
                    energy += weight * float(content_energy(own * have[name], own * want[name]))
        return energy

    def descend(
        self, picture: Tensor, paint: Callable[[Objective, Tensor, int, Tensor], Tensor]
    ) -> Tensor:
        """Return a picture (1, 3, H, W) after each of its tiles was painted, see `PiecewiseObjective`."""
        have, begins = self.grams(picture, [goal.where for goal in self.goals]), picture
        picture = picture.clone()
        for number, tile in enumerate(self.tiles):
            content = tile.of(self._scene.content)
            share = content[0, 0].numel() / self._scene.content[0, 0].numel()
            loss = TileObjective(
                *(self._perceptual, self._config, content),
                begin=tile.of(begins),
                lacks=[g.of(tile, grams) for g, grams in zip(self.goals, have, strict=True)],
                scales=(share * self._scales[0], self._scales[1]),
            )
            # Not from what its neighbors have painted over it: that would get rougher than the rest.
            tile.lay(paint(loss, tile.of(begins), number, picture), picture)
        return picture


class TileObjective:
    """The loss of a tile: its content, and the style of the whole if all of it changed as the tile does."""

    def __init__(
        self,
        perceptual: Perceptual,
        config: GatysConfig,
        content: Tensor,
        *,
        begin: Tensor,
        lacks: Sequence[Goal],
        scales: tuple[float, float],
    ) -> None:
        """Take the tile of the content (1, 3, h, w), and of the picture before any of it was painted.

        `lacks` are what the Gram matrices of the regions of the whole lack, and `scales` are what content and style are divided by.
        """
        self._perceptual, self._config, self._scales = perceptual, config, scales
        with torch.no_grad():
            features = features_of(content, perceptual, config)
            self._content = {name: features[name] for name in config.content_layers}
            features = features_of(begin, perceptual, config)
            self._goals = [(goal.share, *self._wanted(goal, features)) for goal in lacks]

    def _wanted(self, lacks: Goal, features: Features) -> tuple[Weights, Grams]:
        """Return where a region is, and the Gram matrices that it is to have there, of each layer."""
        where: Weights = {
            name: None if lacks.where is None else within(lacks.where, features[name])
            for name in lacks.grams
        }
        grams = {n: gram_matrix(features[n], where[n]) + g for n, g in lacks.grams.items()}
        return where, grams

    def __call__(self, picture: Tensor) -> tuple[Tensor, dict[str, float]]:
        """Return the loss of the tile (1, 3, h, w), and its two relative energies."""
        config = self._config
        features = features_of(picture, self._perceptual, config)
        content, style = torch.zeros((2,)).to(picture).unbind()
        for name, weight in config.content_layers.items():
            content = content + weight * content_energy(features[name], self._content[name])
        for share, where, grams in self._goals:
            for name, weight in config.style_layers.items():
                energy = style_energy(features[name], grams[name], where[name])
                style = style + share * weight * energy
        content, style = content / self._scales[0], style / self._scales[1]
        loss = config.ratio * content + style + config.variation * total_variation(picture)
        return loss, {"content": content.item(), "style": style.item()}

    def renew(self, _picture: Tensor, _step: int) -> bool:
        """Return False: the loss stays what it is."""
        return False
