"""The descent that all methods by optimisation share: a picture is changed until its loss is low.

Large pictures are made small first, and then enlarged and finished (Gatys et al. 2017, "Controlling
Perceptual Factors", section 6).
"""

from __future__ import annotations

import math
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
from vidstyle.optimize.config import LEAST, Descent

_MOST_LOOKS = 6
"""Looks at the loss in a step of L-BFGS, at most."""


class Objective(Protocol):
    """What a picture is to be, at one size."""

    def __call__(self, picture: Tensor) -> tuple[Tensor, dict[str, float]]:
        """Return the loss of a picture (1, 3, H, W) in [0, 1], and the energies that it is made of."""
        ...

    def renew(self, picture: Tensor, step: int) -> bool:
        """Look at the picture before a step, from 0; True where the loss is another one from here on."""
        ...


@dataclass(frozen=True)
class Step:
    """What one step of the optimizer found."""

    step: int
    """From 1, over all sizes. The energies are those that it began with."""
    steps: int
    loss: float
    energies: dict[str, float]
    """By name: content, style, ..."""
    size: tuple[int, int]
    """Height and width."""
    picture: Tensor = field(repr=False)
    """(1, 3, H, W), after the step, about in [0, 1]: it changes with the next one."""


@dataclass(frozen=True)
class Halt:
    """Where a run was left. What L-BFGS and Adam remember of the way is not kept: they find it again."""

    step: int
    """As in `Step`."""
    picture: Tensor = field(repr=False)
    """(1, 3, H, W), after that step."""


def scaled_size(picture: Pixels, side: int) -> tuple[int, int]:
    """Return height and width of a picture (H, W, 3) whose longest side becomes `side` pixels."""
    height, width = (round(n * side / max(picture.shape[:2])) for n in picture.shape[:2])
    return height, width


def scaled(picture: Pixels, side: int) -> Pixels:
    """Scale a picture (H, W, 3) so that its longest side is `side` pixels, and the other `LEAST` at least."""
    height, width = (max(LEAST, n) for n in scaled_size(picture, side))
    way = cv2.INTER_AREA if side < max(picture.shape[:2]) else cv2.INTER_CUBIC
    return np.ascontiguousarray(cv2.resize(picture, (width, height), interpolation=way))


def to_tensor(picture: Pixels, device: torch.device | str = "cpu") -> Tensor:
    """Turn pixels (H, W, 3) uint8 into (1, 3, H, W) in [0, 1]."""
    return torch.from_numpy(picture).to(device).permute(2, 0, 1)[None].float() / 255


def to_pixels(picture: Tensor) -> Pixels:
    """Turn (1, 3, H, W) in [0, 1] into pixels (H, W, 3) uint8."""
    pixels: Pixels = (picture[0].clamp(0, 1) * 255).round().byte().permute(1, 2, 0).cpu().numpy()
    return np.ascontiguousarray(pixels)


def first_picture(descent: Descent, content: Tensor, style: Tensor) -> Tensor:
    """Return what a run begins with, like the content (1, 3, H, W)."""
    generator = torch.Generator().manual_seed(descent.seed)
    noise = torch.rand(content.shape, generator=generator).to(content.device)
    return {
        "content": content.clone(),
        "noise": noise,
        "style": F.interpolate(style, content.shape[2:], mode="bicubic", align_corners=False),
        "blend": (content + noise) / 2,
    }[descent.init].clamp(0, 1)


def coarse_to_fine(
    descent: Descent,
    sizes: Sequence[int],
    make: Callable[[int], tuple[Tensor, Objective]],
    *,
    resume: Halt | None = None,
    on_step: Callable[[Step], None] | None = None,
) -> Tensor:
    """Optimise a picture size by size.

    Args:
        descent: the knobs.
        sizes: longest sides, rising; mostly `descent.sizes`.
        make: for a longest side, what a run of that size would begin with, (1, 3, H, W), and the objective.
        resume: go on there.
        on_step: told of every step; what it raises ends the run.

    Returns:
        (1, 3, H, W), in [0, 1].

    Raises:
        UsageError: the picture to go on with has another size.
        TrainingError: the loss is not finite.
    """
    begun = resume.step if resume else 0
    picture = resume.picture if resume else None
    for number, side in enumerate(sizes):
        skipped = min(max(0, begun - number * descent.steps), descent.steps)
        if skipped == descent.steps and number < len(sizes) - 1:
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

        def told(step: int, loss: float, energies: dict[str, float], now: Tensor) -> None:
            if on_step:
                whole = number * descent.steps + step  # noqa: B023 - called within this turn
                size = now.shape[2], now.shape[3]
                on_step(Step(whole, len(sizes) * descent.steps, loss, energies, size, now))

        picture = descend(objective, picture.to(first.device), descent, told, skipped)
    assert picture is not None  # noqa: S101 - there is one size at least
    return picture


def descend(
    objective: Objective,
    begin: Tensor,
    descent: Descent,
    told: Callable[[int, float, dict[str, float], Tensor], None] | None = None,
    skipped: int = 0,
) -> Tensor:
    """Optimise a picture (1, 3, H, W) at one size, and return it, in [0, 1].

    `told` gets each step's number from 1, the loss and energies it began with, and the picture after it.
    The first `skipped` steps are taken as done.
    """
    # L-BFGS wants one contiguous vector.
    picture = begin.detach().clone(memory_format=torch.contiguous_format).requires_grad_(True)
    optimizer: torch.optim.Optimizer | None = None
    looks: list[tuple[float, dict[str, float]]] = []
    measured: tuple[Tensor, Tensor, tuple[float, dict[str, float]]] | None = None

    def closure() -> Tensor:
        nonlocal measured
        # A step of L-BFGS begins by asking again for where the last one ended: half of its time.
        if measured is not None and torch.equal(picture, measured[0]):
            looks.append(measured[2])
            return measured[1]
        picture.grad = None
        loss, energies = objective(picture)
        # Relative energies have gradients so small that L-BFGS would learn nothing.
        large = loss * picture.numel()
        large.backward()  # type: ignore[no-untyped-call]
        looks.append((loss.item(), energies))
        measured = picture.detach().clone(), large.detach(), looks[-1]
        return large

    for step in range(skipped, descent.steps):
        if objective.renew(picture.detach(), step) or optimizer is None:
            optimizer, measured = _optimizer(picture, descent), None
        looks.clear()
        optimizer.step(closure)  # type: ignore[arg-type]
        loss, energies = looks[0]  # the others are where a line search looked
        if not math.isfinite(loss):
            raise TrainingError(
                f"the loss was not finite at step {step + 1}; lower the learning rate or take adam"
            )
        if told:
            told(step + 1, loss, energies, picture.detach())
    if not torch.isfinite(picture).all():
        raise TrainingError("the last step was not finite; lower the learning rate or take adam")
    return picture.detach().clamp(0, 1)


def _optimizer(picture: Tensor, descent: Descent) -> torch.optim.Optimizer:
    rate = descent.learning_rate
    if descent.optimizer == "adam":
        return torch.optim.Adam([picture], lr=0.02 if rate is None else rate)
    return torch.optim.LBFGS(
        [picture],
        lr=1.0 if rate is None else rate,
        max_iter=1,
        max_eval=_MOST_LOOKS,
        tolerance_grad=0.0,
        tolerance_change=0.0,
        history_size=20,
        line_search_fn="strong_wolfe",
    )
