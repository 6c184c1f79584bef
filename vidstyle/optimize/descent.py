"""The descent that all methods by optimization share: a picture is changed until its loss is low.

Large pictures are made small first, and then enlarged and finished (Gatys et al. 2017, "Controlling
Perceptual Factors", section 6).
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from vidstyle.errors import TrainingError, UsageError
from vidstyle.frame import Pixels
from vidstyle.images.files import read_picture
from vidstyle.optimize.config import MIN_SIDE, OptimizeConfig

_LOOKED_BACK = 10
"""Steps over which `tolerance` asks for a lower loss."""

_MAX_EVALUATIONS = 6
"""Evaluations of the loss in a step of L-BFGS, at most."""


class Objective(Protocol):
    """The loss that a picture minimizes, at one size."""

    def __call__(self, picture: Tensor) -> tuple[Tensor, dict[str, float]]:
        """Return the loss of a picture (1, 3, H, W) in [0, 1], and the energies that it is made of."""
        ...

    def renew(self, picture: Tensor, step: int) -> bool:
        """Update the loss to the picture before a step, from 0; return whether the loss changed."""
        ...


class PiecewiseObjective(ABC):
    """The loss of a picture that is painted piece by piece, at one size."""

    @abstractmethod
    def descend(
        self, picture: Tensor, paint: Callable[[Objective, Tensor, int, Tensor], Tensor]
    ) -> Tensor:
        """Return a picture (1, 3, H, W) after each of its pieces was painted.

        `paint` gets the loss of a piece, the piece, its number from 0, and the picture so far.
        """


@dataclass(frozen=True)
class StepResult:
    """The result of one step of the optimizer."""

    step: int
    """From 1, over all sizes. The energies are those that it began with."""
    steps: int
    loss: float
    energies: dict[str, float]
    """By name, such as content and style."""
    size: tuple[int, int]
    """Height and width."""
    picture: Tensor = field(repr=False)
    """(1, 3, H, W), after the step, about in [0, 1]: it changes with the next one."""
    done: float
    """Share of the run's work that is done, 0 to 1: a step's goes with its pixels."""


@dataclass(frozen=True)
class Checkpoint:
    """The state of a run from which it goes on. The memory of L-BFGS and Adam is not kept: they build it again."""

    step: int
    """As in `StepResult`."""
    picture: Tensor = field(repr=False)
    """(1, 3, H, W), after that step."""


def scaled_size(picture: Pixels, side: int) -> tuple[int, int]:
    """Return height and width of a picture (H, W, 3) whose longest side becomes `side` pixels."""
    height, width = (round(n * side / max(picture.shape[:2])) for n in picture.shape[:2])
    return height, width


def scaled(picture: Pixels, side: int) -> Pixels:
    """Scale a picture (H, W, 3) so that its longest side is `side` pixels, and the other `MIN_SIDE` at least."""
    height, width = (max(MIN_SIDE, n) for n in scaled_size(picture, side))
    return resized(picture, width, height)


def resized(picture: Pixels, width: int, height: int) -> Pixels:
    """Scale a picture (H, W, 3) to a width and height."""
    smaller = max(width, height) < max(picture.shape[:2])
    interpolation = cv2.INTER_AREA if smaller else cv2.INTER_CUBIC
    return np.ascontiguousarray(cv2.resize(picture, (width, height), interpolation=interpolation))


def to_tensor(picture: Pixels, device: torch.device | str = "cpu") -> Tensor:
    """Turn pixels (H, W, 3) uint8 into (1, 3, H, W) in [0, 1]."""
    return torch.from_numpy(picture).to(device).permute(2, 0, 1)[None].float() / 255


def to_pixels(picture: Tensor) -> Pixels:
    """Turn (1, 3, H, W) in [0, 1] into pixels (H, W, 3) uint8."""
    pixels: Pixels = (picture[0].clamp(0, 1) * 255).round().byte().permute(1, 2, 0).cpu().numpy()
    return np.ascontiguousarray(pixels)


def first_picture(config: OptimizeConfig, content: Tensor, style: Tensor) -> Tensor:
    """Return the picture that a run begins with, of the content's shape (1, 3, H, W)."""
    height, width = content.shape[2:]
    if config.files:
        begin = to_tensor(resized(read_picture(config.files[0]), width, height), content.device)
    elif config.init == "style":
        begin = F.interpolate(style, (height, width), mode="bicubic", align_corners=False)
    else:
        begin = content.clone()
    return with_noise(config, begin).clamp(0, 1)


def with_noise(config: OptimizeConfig, begin: Tensor) -> Tensor:
    """Return a picture (1, 3, H, W) with the share of noise that a run begins with."""
    share = {"noise": 1.0, "blend": 0.5}.get(config.init, 0.0)
    if config.noise_share is not None:
        share = config.noise_share
    if not share:
        return begin
    generator = torch.Generator().manual_seed(config.seed)
    noise = torch.rand(begin.shape, generator=generator).to(begin)
    return (1 - share) * begin + share * noise


def coarse_to_fine(
    config: OptimizeConfig,
    sizes: Sequence[int],
    make: Callable[[int], tuple[Tensor, Objective | PiecewiseObjective]],
    *,
    pieces: Callable[[int], int] = lambda _side: 1,
    resume: Checkpoint | None = None,
    on_step: Callable[[StepResult], None] | None = None,
) -> Tensor:
    """Optimize a picture size by size.

    Args:
        config: the knobs.
        sizes: longest sides, rising; mostly `config.sizes`.
        make: returns, for a longest side in pixels, the picture (1, 3, H, W) that a run of that size would
            begin with, and the objective.
        pieces: returns, for a longest side, in how many pieces it is painted, each with the steps of a size.
        resume: go on there; a size of several pieces begins again, with the picture as it is.
        on_step: called after every step; an exception of it ends the run.

    Returns:
        (1, 3, H, W), in [0, 1].

    Raises:
        UsageError: the picture to go on with has another size.
        TrainingError: the loss is not finite.
    """
    begun = resume.step if resume else 0
    picture = resume.picture if resume else None
    counts = [config.steps * pieces(side) for side in sizes]
    for number, (side, count) in enumerate(zip(sizes, counts, strict=True)):
        before = sum(counts[:number])
        skipped = min(max(0, begun - before), count)
        if skipped == count and number < len(sizes) - 1:
            continue
        first, objective = make(side)
        if skipped and picture is not None and picture.shape != first.shape:
            raise UsageError(
                f"expected to go on with {first.shape[3]}x{first.shape[2]} pixels, "
                f"got {picture.shape[3]}x{picture.shape[2]}: another size or other steps"
            )
        if picture is None:
            picture = first
        elif picture.shape != first.shape:
            picture = F.interpolate(
                picture, first.shape[2:], mode="bicubic", align_corners=False
            ).clamp(0, 1)
        picture = picture.to(first.device)

        def report(step: int, loss: float, energies: dict[str, float], now: Tensor) -> None:
            if on_step:
                size = now.shape[2], now.shape[3]
                made = sum(s * s for s in sizes[:number])  # noqa: B023 - called within this pass of the loop
                done = (made + side * side * step / count) / sum(s * s for s in sizes)  # noqa: B023
                on_step(StepResult(before + step, sum(counts), loss, energies, size, now, done))  # noqa: B023

        def paint(loss: Objective, piece: Tensor, n: int, whole: Tensor) -> Tensor:
            return descend(
                *(loss, piece, config),
                lambda step, value, energies, _: report(
                    n * config.steps + step, value, energies, whole
                ),
            )

        if isinstance(objective, PiecewiseObjective):
            picture = objective.descend(picture, paint)
        else:
            picture = descend(objective, picture, config, report, skipped)
    assert picture is not None  # noqa: S101 - there is one size at least
    return picture


def descend(
    objective: Objective,
    begin: Tensor,
    config: OptimizeConfig,
    callback: Callable[[int, float, dict[str, float], Tensor], None] | None = None,
    skipped: int = 0,
) -> Tensor:
    """Optimize a picture (1, 3, H, W) at one size, and return it, in [0, 1].

    `callback` gets each step's number from 1, the loss and energies it began with, and the picture after it.
    The first `skipped` steps are taken as done.
    """
    made = begin.detach()
    # L-BFGS wants one contiguous vector.
    picture = begin.detach().clone(memory_format=torch.contiguous_format).requires_grad_(True)
    optimizer: torch.optim.Optimizer | None = None
    evaluations: list[tuple[float, dict[str, float]]] = []
    mean = _Mean(config.averaging)
    losses: list[float] = []  # since the loss changed
    measured: tuple[Tensor, Tensor, tuple[float, dict[str, float]]] | None = None

    def closure() -> Tensor:
        nonlocal measured
        # A step of L-BFGS begins by asking again for where the last one ended: half of its time.
        if measured is not None and torch.equal(picture, measured[0]):
            evaluations.append(measured[2])
            return measured[1]
        picture.grad = None
        loss, energies = objective(picture)
        # Relative energies have gradients so small that L-BFGS would learn nothing.
        large = loss * picture.numel()
        large.backward()  # type: ignore[no-untyped-call]
        evaluations.append((loss.item(), energies))
        measured = picture.detach().clone(), large.detach(), evaluations[-1]
        return large

    for step in range(skipped, config.steps):
        if objective.renew(picture.detach(), step) or optimizer is None:
            optimizer, measured = _optimizer(picture, config), None
            losses.clear()
        evaluations.clear()
        optimizer.step(closure)  # type: ignore[arg-type]
        loss, energies = evaluations[0]  # the others are of the line search
        if not math.isfinite(loss):
            raise TrainingError(
                f"the loss was not finite at step {step + 1}; lower the learning rate or take adam"
            )
        made = mean.of(picture.detach())
        if callback:
            callback(step + 1, loss, energies, made)
        losses.append(loss)
        if config.tolerance and len(losses) > _LOOKED_BACK:
            before = losses[-1 - _LOOKED_BACK]
            if before - loss <= config.tolerance * abs(before):
                break
    if not torch.isfinite(picture).all():
        raise TrainingError("the last step was not finite; lower the learning rate or take adam")
    return made.clamp(0, 1)


class _Mean:
    """The mean of pictures, each of which counts `decay` times less than the next."""

    def __init__(self, decay: float) -> None:
        self._decay, self._whole = decay, 0.0
        self._sum: Tensor | float = 0.0

    def of(self, picture: Tensor) -> Tensor:
        """Add a picture, and return the mean."""
        if not self._decay:
            return picture
        total = self._decay * self._sum + picture
        self._sum, self._whole = total, self._decay * self._whole + 1
        return total / self._whole


def _optimizer(picture: Tensor, config: OptimizeConfig) -> torch.optim.Optimizer:
    rate = config.learning_rate
    if config.optimizer == "adam":
        return torch.optim.Adam([picture], lr=0.02 if rate is None else rate)
    return torch.optim.LBFGS(
        [picture],
        lr=1.0 if rate is None else rate,
        max_iter=1,
        max_eval=_MAX_EVALUATIONS,
        tolerance_grad=0.0,
        tolerance_change=0.0,
        history_size=20,
        line_search_fn="strong_wolfe",
    )
