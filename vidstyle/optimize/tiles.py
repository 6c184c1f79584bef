"""Pictures too large for memory, painted tile by tile, with the Gram matrices of the whole.

A tile that had the style's Gram matrices by itself would fill its sky with strokes. So the matrices of the whole are
measured first, and each tile makes the change that the whole needs: the loss of a tile is that of the whole, if all
of it changed as the tile does.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
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
from vidstyle.optimize.painting import Scene
from vidstyle.optimize.semantics import within

_GRID = 16
"""Pixels of a place of the deepest layer: tiles begin at its multiples, so that features are those of the whole."""

_MARGIN, _LEAST_PART = 96, 8
"""Pixels by which a tile reaches into its neighbours, over which they fade into each other: as far as the deepest layer sees;
and the part of its side that this is of a small one."""

Grams = dict[str, Tensor]
"""Layer -> (1, C, C)."""


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


class TiledObjective(PiecewiseObjective):
    """The loss of Gatys, Ecker and Bethge 2016, eq. 7, of a picture that is painted tile by tile."""

    def __init__(self, perceptual: Perceptual, scene: Scene, config: GatysConfig) -> None:
        """Measure the scene, tile by tile."""
        self._perceptual, self._config, self._scene = perceptual, config, scene
        self.tiles = self._parts(scene.content)
        style = self._grams_of_styles()
        self._style, content = style, self.grams(scene.content)
        empty = {name: torch.zeros_like(gram) for name, gram in style.items()}
        self._scales = (
            self._content_of(scene.styles[0]) or 1.0,
            unit(self._distance(content, style), self._distance(empty, style)),
        )

    def _parts(self, picture: Tensor) -> list[Tile]:
        height, width = picture.shape[2:]
        return tiles(height, width, self._config.tile or max(height, width))

    def grams(self, picture: Tensor) -> Grams:
        """Return the Gram matrices of a picture (1, 3, H, W) as a whole."""
        found = dict[str, Tensor]()
        parts = self._parts(picture)
        whole = sum(part.pixels for part in parts)
        with torch.no_grad():
            for part in parts:
                features = features_of(part.of(picture), self._perceptual, self._config)
                for name in self._config.style_layers:
                    own = within(part.own.to(picture), features[name])
                    gram = part.pixels / whole * gram_matrix(features[name], own)
                    found[name] = found[name] + gram if name in found else gram
        return found

    def _grams_of_styles(self) -> Grams:
        each = [self.grams(style) for style in self._scene.styles]
        shares = [region.share for region in self._scene.regions]
        return {
            name: torch.stack([s * g[name] for s, g in zip(shares, each, strict=True)]).sum(0)
            for name in self._config.style_layers
        }

    def _distance(self, have: Grams, want: Grams) -> Tensor:
        energy = torch.zeros(())
        for name, weight in self._config.style_layers.items():
            squares = (have[name] - want[name]).square().sum()
            energy = energy.to(squares) + weight * squares / (4 * have[name].shape[1] ** 2)
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
        have, begins = self.grams(picture), picture
        change = {name: self._style[name] - have[name] for name in have}
        picture = picture.clone()
        for number, tile in enumerate(self.tiles):
            content = tile.of(self._scene.content)
            share = content[0, 0].numel() / self._scene.content[0, 0].numel()
            loss = TileObjective(
                *(self._perceptual, self._config, content),
                begin=tile.of(begins),
                change=change,
                scales=(share * self._scales[0], self._scales[1]),
            )
            tile.lay(paint(loss, tile.of(picture), number, picture), picture)
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
        change: Grams,
        scales: tuple[float, float],
    ) -> None:
        """Take the tile of the content (1, 3, h, w), and of the picture before any of it was painted.

        `change` is what the Gram matrices of the whole lack, and `scales` are what content and style are divided by.
        """
        self._perceptual, self._config, self._scales = perceptual, config, scales
        with torch.no_grad():
            features = features_of(content, perceptual, config)
            self._content = {name: features[name] for name in config.content_layers}
            features = features_of(begin, perceptual, config)
            self._wanted = {name: gram_matrix(features[name]) + change[name] for name in change}

    def __call__(self, picture: Tensor) -> tuple[Tensor, dict[str, float]]:
        """Return the loss of the tile (1, 3, h, w), and its two relative energies."""
        config = self._config
        features = features_of(picture, self._perceptual, config)
        content, style = torch.zeros((2,)).to(picture).unbind()
        for name, weight in config.content_layers.items():
            content = content + weight * content_energy(features[name], self._content[name])
        for name, weight in config.style_layers.items():
            style = style + weight * style_energy(features[name], self._wanted[name])
        content, style = content / self._scales[0], style / self._scales[1]
        loss = config.ratio * content + style + config.variation * total_variation(picture)
        return loss, {"content": content.item(), "style": style.item()}

    def renew(self, _picture: Tensor, _step: int) -> bool:
        """Return False: the loss stays what it is."""
        return False
