"""A training run: the one loop of all recipes, and the checkpoint from which it goes on."""

from __future__ import annotations

import copy
import logging
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, ClassVar, Generic, Protocol, TypeVar

import torch
from safetensors.torch import save
from torch import Tensor, nn
from torch.optim import Optimizer

from vidstyle.disk.pending import make_folder, write_whole
from vidstyle.errors import InputError, TrainingError
from vidstyle.nets.processes import average_gradients, is_first, mean
from vidstyle.training import checkpoint
from vidstyle.training.pace import Pace, Steps
from vidstyle.training.report import Recording, Report

log = logging.getLogger(__name__)

_PATIENCE = 20
"""Steps in a row without a finite loss after which a run ends."""

Net = TypeVar("Net", bound=nn.Module)


class Knobs(Protocol):
    """The fields that every run's config has; it is a dataclass."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def steps(self) -> int:
        """Optimizer steps."""
        ...

    @property
    def batch(self) -> int:
        """Pictures per step."""
        ...

    @property
    def learning_rate(self) -> float:
        """Peak of Adam's rate."""
        ...

    @property
    def average(self) -> float:
        """Decay of the weight average."""
        ...

    @property
    def seed(self) -> int:
        """Seed of all that is random."""
        ...


class Run(Generic[Net]):
    """The training of one network; it goes on from the checkpoint that it finds.

    A recipe gives it a network and the losses of a step. The run takes the steps, averages the weights, reports,
    keeps checkpoints, and ships the average.
    """

    def __init__(
        self,
        net: Net,
        folder: Path | None,
        config: Knobs,
        device: torch.device,
        *,
        subject: str = "",
        pace: Pace | None = None,
        optimizer: Optimizer | None = None,
        clip: float = 5.0,
    ) -> None:
        """Take a network, whose weights that ask for a gradient learn.

        Args:
            net: on its device.
            folder: of the checkpoints; None: there are none.
            config: the knobs.
            device: a torch device.
            subject: tells what it learns.
            pace: when it is over; None: after the steps of `config`.
            optimizer: of the weights that learn; its rate is set at each step; None: Adam.
            clip: the largest norm of a gradient; a longer one is shortened to it.

        Raises:
            InputError: the folder holds a run of another network or subject.
        """
        self.net = net
        self._subject = subject
        self.config = config
        self.average = checkpoint.WeightAverage(net, config.average)
        # Laid out as a network that was loaded: what is drawn and measured is what is shipped.
        self._averaged = copy.deepcopy(net)
        self._averaged.to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]
        self.start = 0
        """The step to begin with."""
        self.skipped = 0
        """Steps left out because the loss or the gradient was not finite."""
        self._failures = 0
        self._pace = pace or Steps(config.steps)
        self._learning = [p for p in net.parameters() if p.requires_grad]
        self._optimizer = optimizer or torch.optim.Adam(
            self._learning, lr=config.learning_rate, betas=(0.9, 0.99)
        )
        self._clip = clip
        self._file = folder and folder / "checkpoint.pt"
        if self._file and self._file.exists():
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
            if is_first():
                log.warning("going on from step %d in %s", self.start, folder)

    @property
    def seed(self) -> int:
        """Seed of data and motion: a resumed run sees other crops and motion than its first part."""
        return self.config.seed + self.start

    def fit(
        self,
        losses_at: Callable[[int], tuple[Tensor, dict[str, Tensor]]],
        recording: Recording | None = None,
        *,
        constrain: Callable[[], None] | None = None,
        sheet: Callable[[int, Net], None] | None = None,
        held_out: Callable[[Net], dict[str, float]] | None = None,
    ) -> None:
        """Take the steps that are left.

        Args:
            losses_at: returns, for the number of a step from 0, the loss to minimize and its parts.
            recording: where reports go, and how often to report, save and draw.
            constrain: brings the weights back, in place, to those that are allowed, after each step.
            sheet: draws paintings of the averaged network.
            held_out: measures the averaged network on pictures that were held out.

        Raises:
            TrainingError: 20 steps in a row without a finite loss.
            OutputError: the folder of the checkpoints cannot be made.
        """
        recording = recording or Recording()
        on_report = recording.on_report
        if self._file:
            make_folder(self._file.parent)
        batch = self.config.batch
        started = time.monotonic()
        step = self.start
        while step < self._pace.steps(step):
            loss, losses = losses_at(step)
            if self._learn(loss, step):
                if constrain:
                    constrain()
                self.average.update(self.net)
            step = done = step + 1
            steps = self._pace.steps(done)
            if on_report and done % recording.report_every == 0:
                rate = (done - self.start) * batch / (time.monotonic() - started)
                values = {name: mean(value).item() for name, value in losses.items()}
                if is_first():
                    on_report(Report(done, steps, values, rate, self.skipped))
            if is_first() and (done % recording.save_every == 0 or done == steps):
                self._save(done)
            if sheet and is_first() and (done % recording.sheet_every == 0 or done == steps):
                sheet(done, self.averaged())
        if on_report and held_out:
            values = {f"held out {k}": v for k, v in held_out(self.averaged()).items()}
            if is_first():
                on_report(Report(step, step, values, 0.0, self.skipped))

    def averaged(self) -> Net:
        """Return a second network that has the average of the weights; it changes with the next call."""
        self._averaged.load_state_dict(self.average.weights)
        return self._averaged

    def ship(self, path: Path) -> Path:
        """Write the average of the weights, in 16 bits, to a safetensors file, and return its path."""
        if is_first():
            write_whole(path, save(checkpoint.shipped_weights(self.average.weights)))
        return path

    def _learn(self, loss: Tensor, step: int) -> bool:
        """Take one step down a loss; leave it out and return False where it is not finite.

        Raises:
            TrainingError: it was not for 20 steps in a row.
        """
        for group in self._optimizer.param_groups:
            group["lr"] = self.config.learning_rate * self._pace.rate(step)
        self._optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        average_gradients(self._learning)
        norm = nn.utils.clip_grad_norm_(self._learning, self._clip)
        if torch.isfinite(mean(loss)) and torch.isfinite(norm):
            self._optimizer.step()
            self._failures = 0
            self._pace.note(loss.item())
            return True
        self.skipped, self._failures = self.skipped + 1, self._failures + 1
        if self._failures >= _PATIENCE:
            raise TrainingError(
                f"the loss was not finite for {_PATIENCE} steps up to step {step}; "
                "start again from the last checkpoint with a lower `learning_rate`"
            )
        return False

    def _save(self, step: int) -> None:
        if self._file is None:
            return
        state: dict[str, Any] = {
            "net": self.net.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "average": self.average.weights,
            "step": step,
            "subject": self._subject,
            "config": asdict(self.config),
        }
        checkpoint.save(self._file, state)
