"""Neural style transfer by optimisation (Gatys, Ecker and Bethge 2015, 2016).

The picture itself is what is learned: its features shall be the content's deep down, and its Gram matrices
the style's; in regions of the picture those of regions of the styles (Gatys et al. 2017, "Controlling
Perceptual Factors", eq. 5).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
import torch.nn.functional as F
from torch import Tensor

from vidstyle.losses.energies import content_energy, style_energy
from vidstyle.losses.perceptual import gram_matrix
from vidstyle.losses.temporal import total_variation
from vidstyle.nets.perceptual import LAYERS, Perceptual
from vidstyle.optimize.painting import Config, Region, Scene


@dataclass(frozen=True, kw_only=True)
class GatysConfig(Config):
    """Every knob of a run."""

    style_layers: dict[str, float] = field(default_factory=lambda: dict.fromkeys(LAYERS, 0.2))
    """Layer -> weight."""

    @property
    def layers(self) -> dict[str, float]:
        """All layers that are looked at, with weights."""
        return {**self.content_layers, **self.style_layers}

    def objective(self, eyes: Perceptual, scene: Scene) -> GramObjective:
        """Return what a picture of a scene is to be."""
        return GramObjective(eyes, scene, self)


@dataclass(frozen=True)
class _Target:
    """Gram matrices that a region of the picture is to have."""

    share: float
    where: dict[str, Tensor] | None
    """Layer -> (1, 1, h, w), of the picture; None: everywhere."""
    grams: dict[str, Tensor]
    """Layer -> (1, C, C)."""

    def at(self, layer: str) -> tuple[Tensor, Tensor | None]:
        """Return what `style_energy` takes of a layer."""
        return self.grams[layer], None if self.where is None else self.where[layer]


class GramObjective:
    """The loss of Gatys, Ecker and Bethge 2016, eq. 7, for one scene."""

    def __init__(self, eyes: Perceptual, scene: Scene, config: GatysConfig) -> None:
        """Measure the scene."""
        self._eyes, self._config = eyes, config
        self._layers = sorted(config.layers)  # the order of the names is the network's
        with torch.no_grad():
            seen = self._look(scene.content)
            self._content = {name: seen[name] for name in config.content_layers}
            self._targets = _targets(scene, seen, [self._look(s) for s in scene.styles], config)
            # What the other picture would cost: the measure of both energies. Where they are alike, 1.
            other = self._look(F.interpolate(scene.styles[0], scene.content.shape[2:]))
            self._scales = 1.0, 1.0
            far = self._energies(other)[0], self._energies(seen)[1]
            self._scales = float(far[0]) or 1.0, float(far[1]) or 1.0

    def _look(self, picture: Tensor) -> dict[str, Tensor]:
        seen = self._eyes(picture, self._layers, average=self._config.pooling == "average")
        return dict(zip(self._layers, seen, strict=True))

    def _energies(self, seen: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
        config = self._config
        content = sum(
            weight * content_energy(seen[name], self._content[name])
            for name, weight in config.content_layers.items()
        )
        style = sum(
            target.share * weight * style_energy(seen[name], *target.at(name))
            for target in self._targets
            for name, weight in config.style_layers.items()
        )
        return torch.as_tensor(content / self._scales[0]), torch.as_tensor(style / self._scales[1])

    def __call__(self, picture: Tensor) -> tuple[Tensor, dict[str, float]]:
        """Return the loss of a picture (1, 3, H, W), and its two relative energies."""
        content, style = self._energies(self._look(picture))
        loss = self._config.ratio * content + style
        if self._config.variation:
            loss = loss + self._config.variation * total_variation(picture)
        return loss, {"content": content.item(), "style": style.item()}

    def renew(self, _picture: Tensor, _step: int) -> bool:
        """Return False: the loss stays what it is."""
        return False


def within(where: Tensor, features: Tensor) -> Tensor:
    """Bring weights (1, 1, H, W) of pixels to the places of features (B, C, h, w)."""
    # On the CPU: MPS averages only areas that are all of one size.
    return F.interpolate(where.cpu(), features.shape[2:], mode="area").to(features.device)


def _targets(
    scene: Scene,
    seen: dict[str, Tensor],
    likes: Sequence[dict[str, Tensor]],
    config: GatysConfig,
) -> list[_Target]:
    def grams(region: Region) -> dict[str, Tensor]:
        like, part = likes[region.style], region.like
        return {
            name: gram_matrix(like[name], None if part is None else within(part, like[name]))
            for name in config.style_layers
        }

    targets = [
        _Target(r.share, {n: within(r.where, seen[n]) for n in config.style_layers}, grams(r))
        for r in scene.regions
        if r.where is not None
    ]
    whole = [r for r in scene.regions if r.where is None]
    if whole:  # styles that share all of the picture are mixed
        each, share = [grams(r) for r in whole], sum(r.share for r in whole)
        mixed = {
            name: torch.stack(
                [r.share / share * g[name] for r, g in zip(whole, each, strict=True)]
            ).sum(0)
            for name in config.style_layers
        }
        targets.append(_Target(share, None, mixed))
    return targets
