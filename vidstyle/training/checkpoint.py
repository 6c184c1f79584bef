"""Checkpoints of a training run, and the running average of its weights."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from vidstyle.disk.pending import make_folder, write_whole


class WeightAverage:
    """Exponential moving average of a module's weights: smoother pictures than the last step's."""

    def __init__(self, module: nn.Module, decay: float) -> None:
        self.decay = decay
        self.weights = {k: v.detach().clone() for k, v in module.state_dict().items()}
        self.updates = 0

    @torch.no_grad()
    def update(self, module: nn.Module) -> None:
        """Take one step towards the module's weights; early steps are long."""
        self.updates += 1
        share = 1.0 - min(self.decay, self.updates / (self.updates + 10.0))
        for name, value in module.state_dict().items():
            self.weights[name].lerp_(value, share)


def save(path: Path, state: dict[str, Any]) -> None:
    """Write a checkpoint so that a crash leaves the old one or the new one, never half of one."""
    make_folder(path.parent)
    data = io.BytesIO()
    torch.save(state, data)
    write_whole(path, data.getvalue())


def load(path: Path, device: torch.device) -> dict[str, Any]:
    """Read a checkpoint that `save` wrote; tensors only, no arbitrary objects."""
    state: dict[str, Any] = torch.load(path, map_location=device, weights_only=True)
    return state


def shipped_weights(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return a state dict as it is shipped: all of it, in 16 bits."""
    return {name: value.detach().half().cpu().contiguous() for name, value in weights.items()}
