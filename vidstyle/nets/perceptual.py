"""The perceptual network whose features the losses compare: a VGG-19 up to relu5_1, with any widths.

It only measures; it is never run on a user's machine unless he trains or measures.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Literal

import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from vidstyle.errors import InputError
from vidstyle.nets.vgg import LAYERS, NAMES, STAGES

__all__ = ["DISTILLED", "LAYERS", "NAMES", "STAGES", "Perceptual"]

DISTILLED = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu4_2", "relu5_1")
"""Layers that a training teaches: all that style and content losses compare."""


class Perceptual(nn.Module):
    """Features of an RGB picture in [0, 1].

    Parameter names follow the paper (`conv3_2.weight`), so that a state dict names its layers; the
    widths are read from it by `from_state_dict`.
    """

    def __init__(
        self,
        widths: tuple[int, ...] = (16, 32, 64, 128, 128),
        *,
        stages: tuple[int, ...] = STAGES,
        padding: Literal["reflect", "zeros"] = "reflect",
    ) -> None:
        """Make it with random weights.

        Args:
            widths: channels of each stage.
            stages: convolutions of each stage; fewer than VGG-19 has for one that ends earlier.
            padding: as `torch.nn.Conv2d` names it.
        """
        super().__init__()
        self.widths, self.stages = widths, stages
        self.preprocess = nn.Conv2d(3, 3, 1)
        previous = 3
        for stage, (width, count) in enumerate(zip(widths, stages, strict=True), start=1):
            for i in range(1, count + 1):
                layer = nn.Conv2d(previous, width, 3, padding=1, padding_mode=padding)
                self.add_module(f"conv{stage}_{i}", layer)
                previous = width

    @classmethod
    def from_state_dict(
        cls, state: Mapping[str, Tensor], *, padding: Literal["reflect", "zeros"] = "reflect"
    ) -> Perceptual:
        """Build the network that fits a state dict and load it; other keys are passed over.

        Raises:
            InputError: a layer is missing.
        """
        try:
            widths = tuple(state[f"conv{s}_1.weight"].shape[0] for s in range(1, 6))
            net = cls(widths, padding=padding)
            net.load_state_dict({name: state[name] for name in net.state_dict()})
        except (KeyError, RuntimeError) as error:
            raise InputError(
                "expected the layers of a VGG-19 by name, preprocess and conv1_1 on: "
                + str(error).split("\n", maxsplit=1)[0]
            ) from None
        return net.eval().requires_grad_(False)

    def forward(
        self,
        x: Tensor,
        layers: Sequence[str] = LAYERS[:4],
        *,
        average: bool = False,
        recompute: bool = False,
    ) -> list[Tensor]:
        """Return features of x (B, 3, H, W), by default relu1_1 to relu4_1.

        Args:
            x: RGB in [0, 1].
            layers: names such as "relu4_2", in the network's order; nothing behind the last is
                computed. Stage k has 1/2^(k-1) of the resolution.
            average: pool by the mean, not by the largest (Gatys et al. 2016).
            recompute: keep only the features and the input of each stage for the gradient, and
                compute the rest once more: a third more time for less memory (Chen et al. 2016,
                "Training Deep Nets with Sublinear Memory Cost").
        """
        if not layers or list(layers) != [name for name in NAMES if name in layers]:
            raise ValueError(
                f"expected names of layers in order, relu1_1 to relu5_1, got {', '.join(layers)}"
            )
        features: list[Tensor] = []
        x = self.preprocess(x)
        for stage in range(1, len(self.stages) + 1):
            run = partial(self._stage, stage=stage, layers=layers, average=average)
            x, *found = (
                checkpoint(run, x, use_reentrant=False, preserve_rng_state=False)
                if recompute
                else run(x)
            )
            features += found
            if len(features) == len(layers):
                break
        return features

    def _stage(
        self, x: Tensor, *, stage: int, layers: Sequence[str], average: bool
    ) -> tuple[Tensor, ...]:
        """Return the next stage's input, and the features of this stage's `layers`, all (B, C, h, w)."""
        found = []
        for i in range(1, self.stages[stage - 1] + 1):
            name = f"{stage}_{i}"
            x = F.relu(self.get_submodule(f"conv{name}")(x))
            if f"relu{name}" in layers:
                found.append(x)
            if f"relu{name}" == layers[-1]:
                return x, *found
        return (F.avg_pool2d(x, 2) if average else F.max_pool2d(x, 2)), *found
