"""Shapes of the frame net, timed as the engine runs them: `python benchmarks/shapes.py`.

Random weights, so speed only: CPU milliseconds a frame of 1280x720, bytes in and bytes out, one core, in
fp32 and with most convolutions in int8 as in the shipped network; interleaved rounds. For choosing
budgets; what a shape paints must be trained and looked at.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import torch
from common import machine, spread, write
from networks import multiply_adds
from pipeline import ROOT
from torch import Tensor, nn

from vidstyle.machine.bench import landscape
from vidstyle.nets.arbitrary import FrameNet, Shape
from vidstyle.nets.layers import conv
from vidstyle.runtime.painter import Painter
from vidstyle.runtime.quiet import ov
from vidstyle.training.export import to_int8, to_ir

WIDTH, HEIGHT = 1280, 720
ROUNDS = 7


class Unshuffled(nn.Module):
    """A stem by space-to-depth of 2x2 cells instead of a strided convolution."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv = conv(12, width, 3)

    def forward(self, frame: Tensor) -> Tensor:
        """Return features (B, width, H/2, W/2)."""
        features: Tensor = self.conv(nn.functional.pixel_unshuffle(frame, 2))
        return features


def unshuffled() -> FrameNet:
    """The shipped shape with another stem."""
    net = FrameNet()
    net.stem = Unshuffled(16)  # type: ignore[assignment]
    return net


SHAPES: dict[str, Callable[[], FrameNet]] = {
    "16, 32, 96, two blocks at 1/8 (any style, shipped)": FrameNet,
    "the same, stem by space-to-depth": unshuffled,
    "16, 32, 80": lambda: FrameNet(Shape(eighth=80, blocks=1)),
    "16, 32, 64": lambda: FrameNet(Shape(eighth=64, blocks=1)),
    "16, 24, 64": lambda: FrameNet(Shape(quarter=24, eighth=64, blocks=1)),
    "12, 24, 48": lambda: FrameNet(Shape(12, 24, 48, 1)),
    "8, 16, 48": lambda: FrameNet(Shape(8, 16, 48, 1)),
    "16, 32, 112": lambda: FrameNet(Shape(eighth=112, blocks=1)),
    "16, 32, 144": lambda: FrameNet(Shape(eighth=144, blocks=1)),
    "16, 32, 80, three blocks": lambda: FrameNet(Shape(eighth=80, blocks=3)),
    "16, 40, 80, two blocks": lambda: FrameNet(Shape(quarter=40, eighth=80)),
    "16, 32, 112, two blocks": lambda: FrameNet(Shape(eighth=112)),
    "16, 32, 128, two blocks": lambda: FrameNet(Shape(eighth=128)),
}
"""Channels at 1/2, 1/4 and 1/8; one block at 1/8 where nothing else is said."""


def runs(net: FrameNet) -> dict[str, Callable[[], object]]:
    """Return what paints a frame, in fp32 and in int8."""
    size = 2 * sum(net.norm_channels)
    inputs = {
        "frame": landscape(WIDTH, HEIGHT)[None],
        "style": torch.rand(1, net.style_size).numpy(),
        "statistics": np.zeros((1, size), np.float32),
        "weight": np.zeros(1, np.float32),
    }
    model = to_ir(Painter(net.eval()))
    made: dict[str, Callable[[], object]] = {}
    for name, each in (("fp32", model), ("int8", to_int8(model, [inputs] * 2))):
        shapes = {port.any_name: port.partial_shape for port in each.inputs}
        each.reshape(shapes | {"frame": ov.PartialShape([1, HEIGHT, WIDTH, 3])})
        hints = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": 1}
        compiled = ov.Core().compile_model(each, "CPU", hints)
        made[name] = partial(compiled, inputs)
    return made


def main() -> None:
    """Measure and write benchmarks/results/shapes.json."""
    nets = {name: make() for name, make in SHAPES.items()}
    works = {
        (name, precision): run for name, net in nets.items() for precision, run in runs(net).items()
    }
    times: dict[tuple[str, str], list[float]] = {key: [] for key in works}
    for number in range(ROUNDS + 1):
        for key, work in works.items():
            started = time.process_time()
            work()
            if number:  # the first is for warming up
                times[key].append((time.process_time() - started) * 1e3)
    results: dict[str, Any] = {}
    for name, net in nets.items():
        with torch.no_grad():
            adds = multiply_adds(net, (torch.rand(1, 3, 128, 128), torch.rand(1, net.style_size)))
        results[name] = {"multiply_adds_per_pixel": adds} | {
            precision: spread(times[name, precision]) | {"least": min(times[name, precision])}
            for precision in ("fp32", "int8")
        }
        print(name, results[name])
    print(machine())
    print(write("shapes", results).relative_to(ROOT))


if __name__ == "__main__":
    main()
