"""The perceptual network that the losses look through: a VGG-19 up to relu5_1, with any widths.

It only measures; it is never run on a user's machine unless he trains.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from vidstyle.errors import InputError

STAGES = (2, 2, 4, 4, 1)
"""Convolutions between two poolings in VGG-19 (Simonyan and Zisserman, 2015), up to conv5_1."""


class Perceptual(nn.Module):
    """Features relu1_1, relu2_1, ... relu5_1 of an RGB picture in [0, 1].

    Parameter names follow the paper (`conv3_2.weight`), so that a state dict names its layers; the
    widths are read from it by `from_state_dict`.
    """

    def __init__(self, widths: tuple[int, ...] = (16, 32, 64, 128, 128)) -> None:
        super().__init__()
        self.widths = widths
        self.preprocess = nn.Conv2d(3, 3, 1)
        previous = 3
        for stage, (width, count) in enumerate(zip(widths, STAGES, strict=True), start=1):
            for i in range(1, count + 1):
                layer = nn.Conv2d(previous, width, 3, padding=1, padding_mode="reflect")
                self.add_module(f"conv{stage}_{i}", layer)
                previous = width

    @classmethod
    def from_state_dict(cls, state: dict[str, Tensor]) -> Perceptual:
        """Build the network that fits a state dict and load it; other keys are passed over.

        Raises:
            InputError: a layer is missing.
        """
        try:
            net = cls(tuple(state[f"conv{s}_1.weight"].shape[0] for s in range(1, 6)))
            net.load_state_dict({name: state[name] for name in net.state_dict()})
        except (KeyError, RuntimeError) as error:
            raise InputError(
                f"expected the layers of a VGG-19 by name, conv1_1 on: {error}"
            ) from None
        return net.eval().requires_grad_(False)

    def forward(self, x: Tensor, *, depth: int = 4) -> list[Tensor]:
        """Return [relu1_1, ... relu<depth>_1] of x (B, 3, H, W); each stage halves the size."""
        features = []
        x = self.preprocess(x)
        for stage in range(1, depth + 1):
            if stage > 1:
                x = F.max_pool2d(x, 2)
            last = 1 if stage == depth else STAGES[stage - 1]
            for i in range(1, last + 1):
                x = F.relu(self.get_submodule(f"conv{stage}_{i}")(x))
                if i == 1:
                    features.append(x)
        return features
