"""A training run: weights, optimizer, their running average, and the checkpoint that holds them."""

from __future__ import annotations

import logging
import math
from dataclasses import asdict
from pathlib import Path
from typing import Any, ClassVar, Protocol

import torch
from torch import Tensor, nn

from vidstyle.errors import InputError, TrainingError
from vidstyle.training import checkpoint

log = logging.getLogger(__name__)

_WARM_UP = 100
"""Steps in which the learning rate rises."""

_PATIENCE = 20
"""Steps in a row without a finite loss after which a run ends."""


class Knobs(Protocol):
    """What every run's config has, a dataclass."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def steps(self) -> int:
        """Optimizer steps."""
        ...

    @property
    def learning_rate(self) -> float:
        """Peak of Adam's rate."""
        ...

    @property
    def average(self) -> float:
        """Decay of the weight average."""
        ...


def rate_at(config: Knobs, step: int) -> float:
    """Return the learning rate of a step: warmed up, then a cosine to zero."""
    warm = min(1.0, (step + 1) / _WARM_UP)
    return config.learning_rate * warm * 0.5 * (1 + math.cos(math.pi * step / config.steps))


class Run:
    """Steps of one network's training; goes on from the checkpoint that it finds."""

    def __init__(
        self,
        net: nn.Module,
        folder: Path,
        config: Knobs,
        device: torch.device,
        *,
        subject: str = "",
    ) -> None:
        """Take a network on its device and the folder of the run; `subject` tells what it learns.

        Raises:
            InputError: the folder holds a run of another network or subject.
        """
        self.net = net
        self._subject = subject
        self.config = config
        self.average = checkpoint.WeightAverage(net, config.average)
        self.start = 0
        """The step to begin with."""
        self.skipped = 0
        """Steps left out because the loss or the gradient was not finite."""
        self._failures = 0
        self._optimizer = torch.optim.Adam(
            net.parameters(), lr=config.learning_rate, betas=(0.9, 0.99)
        )
        self._file = folder / "checkpoint.pt"
        if self._file.exists():
            state = checkpoint.load(self._file, device)
            if state.get("subject", "") != subject:
                raise InputError(
                    f"{folder} holds a run that learns something else; choose another `out`"
                )
            try:
                net.load_state_dict(state["net"])
                self._optimizer.load_state_dict(state["optimizer"])
            except (KeyError, RuntimeError, ValueError) as error:
                raise InputError(
                    f"{folder} holds a run of another network, or of another size; choose another `out`"
                ) from error
            self.average.weights, self.average.updates = state["average"], state["step"]
            self.start = state["step"]
            log.warning("going on from step %d in %s", self.start, folder)

    def learn(self, loss: Tensor, step: int) -> bool:
        """Take one step down a loss; leave it out and return False where it is not finite.

        Raises:
            TrainingError: it was not for 20 steps in a row.
        """
        for group in self._optimizer.param_groups:
            group["lr"] = rate_at(self.config, step)
        self._optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        norm = nn.utils.clip_grad_norm_(self.net.parameters(), 5.0)
        if torch.isfinite(loss) and torch.isfinite(norm):
            self._optimizer.step()
            self._failures = 0
            return True
        self.skipped, self._failures = self.skipped + 1, self._failures + 1
        if self._failures >= _PATIENCE:
            raise TrainingError(
                f"the loss was not finite for {_PATIENCE} steps up to step {step}; "
                "start again from the last checkpoint with a lower `learning_rate`"
            )
        return False

    def save(self, step: int) -> None:
        """Write the checkpoint."""
        state: dict[str, Any] = {
            "net": self.net.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "average": self.average.weights,
            "step": step,
            "subject": self._subject,
            "config": asdict(self.config),
        }
        checkpoint.save(self._file, state)
