"""Neural style transfer by optimisation (Gatys, Ecker and Bethge 2015, 2016).

The picture itself is what is learned: its features shall be the content's deep down, and its Gram matrices
the style's. Large pictures are made small first, and then enlarged and finished (Gatys et al. 2017,
"Controlling Perceptual Factors", section 6).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from vidstyle.errors import InputError, TrainingError, UsageError
from vidstyle.frame import Pixels
from vidstyle.losses.energies import content_energy, style_energy
from vidstyle.losses.perceptual import gram_matrix
from vidstyle.losses.temporal import total_variation
from vidstyle.nets.perceptual import LAYERS, NAMES, Perceptual
from vidstyle.optimize.colors import light_of, match_colors, with_light_of

_SMALLEST = 256
"""Longest side, pixels, at which a coarse-to-fine run begins."""

_LARGEST_SCALE = 8.0

_MOST_LOOKS = 6
"""Looks at the loss in a step of L-BFGS, at most."""

_LEAST = 32
"""Shortest side, pixels, that reaches the deepest layers."""

INITS = ("content", "noise", "style", "blend")
OPTIMIZERS = ("lbfgs", "adam")
COLORS = ("style", "luminance", "linear")


@dataclass(frozen=True)
class Config:
    """Every knob of a run."""

    size: int = 512
    """Longest side of the result, pixels."""
    steps: int = 200
    """Optimizer steps, at the last size; each smaller size gets as many."""
    content_layers: dict[str, float] = field(default_factory=lambda: {"relu4_2": 1.0})
    """Layer -> weight."""
    style_layers: dict[str, float] = field(default_factory=lambda: dict.fromkeys(LAYERS, 0.2))
    """Layer -> weight."""
    ratio: float = 1e-3
    """alpha / beta, content over style (eq. 7). The energies are sums over a network of any width, so
    each is first divided by what it is for the other picture: 1 is as far as content and style are."""
    variation: float = 0.0
    """Weight of the total variation."""
    init: str = "content"
    """One of `INITS`; blend is content and noise by halves."""
    optimizer: str = "lbfgs"
    """One of `OPTIMIZERS`."""
    learning_rate: float | None = None
    """None: 1 for L-BFGS, 0.02 for Adam."""
    pooling: str = "max"
    """Or average, which the paper found a little smoother."""
    colors: str = "style"
    """The style's; or keep the content's: only light is painted, under its hues ("luminance"), or the
    style picture is given its colors first ("linear"; both Gatys et al. 2016, "Preserving Color")."""
    style_scale: float = 1.0
    """Longest side of the style over the result's."""
    seed: int = 1
    """Of noise."""

    def __post_init__(self) -> None:
        for name, value, known in (
            ("init", self.init, INITS),
            ("optimizer", self.optimizer, OPTIMIZERS),
            ("pooling", self.pooling, ("max", "average")),
            ("colors", self.colors, COLORS),
        ):
            if value not in known:
                raise UsageError(f"expected {name} {' or '.join(known)}, got {value}")
        if self.size < _LEAST or self.steps < 1:
            raise UsageError(
                f"expected a size of {_LEAST} pixels and a step at least, got {self.size}, {self.steps}"
            )
        if not 0 < self.style_scale <= _LARGEST_SCALE:
            raise UsageError(
                f"expected a style scale from 0 to {_LARGEST_SCALE:g}, got {self.style_scale}"
            )
        if self.learning_rate is not None and not 0 < self.learning_rate < math.inf:
            raise UsageError(f"expected a positive learning rate, got {self.learning_rate}")
        layers = {**self.content_layers, **self.style_layers}
        if not layers or not set(layers) <= set(NAMES):
            raise UsageError(f"expected layers of {', '.join(NAMES)}, got {', '.join(layers)}")
        weights = (self.ratio, self.variation, *layers.values())
        if not all(math.isfinite(w) and w >= 0 for w in weights):
            raise UsageError(f"expected ratio and weights of 0 or more, got {weights}")


@dataclass(frozen=True)
class Step:
    """What one step of the optimizer found."""

    step: int
    """From 1, over all sizes. The energies are those that it began with."""
    steps: int
    height: int
    width: int
    content: float
    """Energy over the style picture's."""
    style: float
    """Energy over the content's."""
    loss: float


def scaled(picture: Pixels, side: int) -> Pixels:
    """Scale a picture (H, W, 3) so that its longest side is `side` pixels."""
    factor = side / max(picture.shape[:2])
    way = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    height, width = (max(_LEAST, round(n * factor)) for n in picture.shape[:2])
    return np.ascontiguousarray(cv2.resize(picture, (width, height), interpolation=way))


def sizes(longest: int) -> list[int]:
    """Return the longest sides of a coarse-to-fine run, each at most twice the one before."""
    count = max(0, math.ceil(math.log2(longest / _SMALLEST)))
    return [math.ceil(longest / 2**n) for n in range(count, -1, -1)]


def to_tensor(picture: Pixels, device: torch.device | str = "cpu") -> Tensor:
    """Turn pixels (H, W, 3) uint8 into (1, 3, H, W) in [0, 1]."""
    return torch.from_numpy(picture).to(device).permute(2, 0, 1)[None].float() / 255


class Objective:
    """The loss of a picture for one content and its styles, at one size."""

    def __init__(
        self,
        eyes: Perceptual,
        content: Tensor,
        styles: Sequence[Tensor],
        shares: Sequence[float],
        config: Config,
    ) -> None:
        """Take pictures (1, 3, H, W) in [0, 1], and the styles' shares, which sum to 1."""
        self._eyes, self._config = eyes, config
        named = {*config.content_layers, *config.style_layers}
        self._layers = sorted(named)  # the order of the names is the network's
        with torch.no_grad():
            of = self._look(content)
            likes = [self._look(style) for style in styles]
            self._content = {name: of[name] for name in config.content_layers}
            self._grams = {
                name: torch.stack(
                    [s * gram_matrix(like[name]) for like, s in zip(likes, shares, strict=True)]
                ).sum(0)
                for name in config.style_layers
            }
            # What the other picture would cost: the measure of both energies. Where they are alike, 1.
            other = self._look(F.interpolate(styles[0], content.shape[2:]))
            self._scales = 1.0, 1.0
            far = self._energies(other)[0], self._energies(of)[1]
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
            weight * style_energy(seen[name], self._grams[name])
            for name, weight in config.style_layers.items()
        )
        return torch.as_tensor(content / self._scales[0]), torch.as_tensor(style / self._scales[1])

    def __call__(self, picture: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return the loss of a picture (1, 3, H, W), and its two relative energies."""
        content, style = self._energies(self._look(picture))
        loss = self._config.ratio * content + style
        if self._config.variation:
            loss = loss + self._config.variation * total_variation(picture)
        return loss, content, style


def paint_picture(
    content: Pixels,
    styles: Sequence[Pixels],
    eyes: Perceptual,
    config: Config | None = None,
    *,
    shares: Sequence[float] | None = None,
    device: torch.device | str = "cpu",
    on_step: Callable[[Step, Callable[[], Pixels]], None] | None = None,
) -> Pixels:
    """Paint a picture in the style of others.

    Args:
        content: (H, W, 3) uint8 RGB.
        styles: likewise, of any size.
        eyes: the perceptual network; see `vidstyle.features`.
        config: the knobs.
        shares: of the styles, of any sum; None: equal ones.
        device: a torch device.
        on_step: told of every step, with a function that gives the picture as it is.

    Returns:
        (h, w, 3) uint8, its longest side `config.size`.

    Raises:
        UsageError: no style, or shares that do not fit.
        TrainingError: the loss is not finite.
    """
    config = config or Config()
    weights = [1.0] * len(styles) if shares is None else list(shares)
    if not styles or len(weights) != len(styles) or not sum(weights) > 0 or min(weights) < 0:
        raise UsageError(f"expected styles and a share for each, got {len(styles)}, {weights}")
    for picture in (content, *styles):
        if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] != 3:
            raise InputError(
                f"expected uint8 pictures (H, W, 3), got {picture.dtype} {picture.shape}"
            )
    given = content
    if config.colors == "linear":
        styles = [match_colors(style, content) for style in styles]
    if config.colors == "luminance":
        content = light_of(content)
        styles = [match_colors(light_of(style), content) for style in styles]
    shared = [w / sum(weights) for w in weights]
    eyes = eyes.to(device)
    generator = torch.Generator().manual_seed(config.seed)
    picture_now: Tensor | None = None
    done, all_sizes = 0, sizes(config.size)
    for side in all_sizes:
        small = scaled(content, side)
        of = to_tensor(small, device)
        likes = [to_tensor(scaled(s, round(side * config.style_scale)), device) for s in styles]
        objective = Objective(eyes, of, likes, shared, config)
        if picture_now is None:
            begin = _first(config.init, of, likes[0], generator)
        else:
            begin = F.interpolate(picture_now, of.shape[2:], mode="bicubic", align_corners=False)

        def told(step: int, values: tuple[float, float, float], now: Tensor) -> None:
            if on_step:
                report = Step(
                    step=done + step,  # noqa: B023 - called within this turn of the loop
                    steps=config.steps * len(all_sizes),
                    height=now.shape[2],
                    width=now.shape[3],
                    content=values[1],
                    style=values[2],
                    loss=values[0],
                )
                on_step(report, lambda: _finish(now, given, config))

        picture_now = _descend(objective, begin, config, told)
        done += config.steps
    assert picture_now is not None  # noqa: S101 - there is one size at least
    return _finish(picture_now, given, config)


def _first(init: str, content: Tensor, style: Tensor, generator: torch.Generator) -> Tensor:
    noise = torch.rand(content.shape, generator=generator).to(content.device)
    return {
        "content": content.clone(),
        "noise": noise,
        "style": F.interpolate(style, content.shape[2:], mode="bicubic", align_corners=False),
        "blend": (content + noise) / 2,
    }[init].clamp(0, 1)


def _descend(
    objective: Objective,
    begin: Tensor,
    config: Config,
    told: Callable[[int, tuple[float, float, float], Tensor], None],
) -> Tensor:
    """Optimise a picture (1, 3, H, W) for `config.steps`, and return it, in [0, 1]."""
    # L-BFGS wants one contiguous vector.
    picture = begin.detach().clone(memory_format=torch.contiguous_format).requires_grad_(True)
    optimizer: torch.optim.Optimizer
    if config.optimizer == "lbfgs":
        rate = 1.0 if config.learning_rate is None else config.learning_rate
        optimizer = torch.optim.LBFGS(
            [picture],
            lr=rate,
            max_iter=1,
            max_eval=_MOST_LOOKS,
            tolerance_grad=0.0,
            tolerance_change=0.0,
            history_size=20,
            line_search_fn="strong_wolfe",
        )
    else:
        rate = 0.02 if config.learning_rate is None else config.learning_rate
        optimizer = torch.optim.Adam([picture], lr=rate)
    looks: list[tuple[float, float, float]] = []

    def closure() -> Tensor:
        optimizer.zero_grad(set_to_none=True)
        loss, content, style = objective(picture)
        # Relative energies have gradients so small that L-BFGS would learn nothing.
        large = loss * picture.numel()
        large.backward()  # type: ignore[no-untyped-call]
        looks.append((loss.item(), content.item(), style.item()))
        return large

    for step in range(1, config.steps + 1):
        looks.clear()
        optimizer.step(closure)  # type: ignore[no-untyped-call]
        if not math.isfinite(looks[0][0]):
            raise TrainingError(
                f"the loss was not finite at step {step}; lower the learning rate or take adam"
            )
        told(step, looks[0], picture.detach())  # the others are where a line search looked
    if not torch.isfinite(picture).all():
        raise TrainingError("the last step was not finite; lower the learning rate or take adam")
    return picture.detach().clamp(0, 1)


def _finish(picture: Tensor, content: Pixels, config: Config) -> Pixels:
    pixels: Pixels = (picture[0].clamp(0, 1) * 255).round().byte().permute(1, 2, 0).cpu().numpy()
    if config.colors == "luminance":
        pixels = with_light_of(pixels, scaled(content, max(pixels.shape[:2])))
    return pixels
