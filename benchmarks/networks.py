"""The network beside others' networks, each in torch eager and in OpenVINO: `make bench`.

Milliseconds a frame at 1280x720, batch 1, both cores at one frame; interleaved rounds. Also what the
machine itself reaches: a convolution in torch, and a copy.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from common import machine, spread, write
from pipeline import ROOT
from rivals import RIVALS
from torch import nn

from vidstyle.runtime.openvino import offered_precisions
from vidstyle.runtime.quiet import ov
from vidstyle.runtime.torch_engine import load_network
from vidstyle.zoo import catalog

WIDTH, HEIGHT = 1280, 720
ROUNDS = 5

Measure = Callable[[], None]


def multiply_adds(net: nn.Module, example: tuple[torch.Tensor, ...]) -> float:
    """Return the multiply-adds of all convolutions per pixel of the frame."""
    done = 0

    def count(module: nn.Module, _inputs: Any, output: torch.Tensor) -> None:
        nonlocal done
        done += output[0].numel() * module.weight[0].numel()  # type: ignore[index]

    hooks = [m.register_forward_hook(count) for m in net.modules() if isinstance(m, nn.Conv2d)]
    net(*example)
    for hook in hooks:
        hook.remove()
    return done / (example[0].shape[2] * example[0].shape[3])


def compiled(model: ov.Model, precision: str) -> ov.CompiledModel:
    """Compile for one frame at a time on all cores."""
    hint = {"INFERENCE_PRECISION_HINT": precision, "PERFORMANCE_HINT": "LATENCY"}
    return ov.Core().compile_model(model, "CPU", hint)


def rival(net: nn.Module, precision: str) -> tuple[Measure, Measure]:
    """Return what runs a rival in torch eager and in OpenVINO."""
    frame = torch.rand(1, 3, HEIGHT, WIDTH)
    with torch.no_grad():
        model = ov.convert_model(net, example_input=torch.rand(1, 3, 64, 96))
    model.reshape([1, 3, HEIGHT, WIDTH])
    run = compiled(model, precision)
    array = frame.numpy()
    return lambda: net(frame), lambda: run([array])


def ours(precision: str) -> tuple[Measure, Measure]:
    """Return the same for the shipped network; bytes in and out in OpenVINO."""
    shipped = catalog.find()
    net = load_network(shipped.weights).frame_net
    size = 2 * sum(net.norm_channels)
    frame, style = torch.rand(1, 3, HEIGHT, WIDTH), torch.rand(1, net.style_size)
    model = ov.Core().read_model(shipped.int8_net if precision == "int8" else shipped.frame_net)
    shapes = {port.any_name: port.partial_shape for port in model.inputs}
    model.reshape(shapes | {"frame": ov.PartialShape([1, HEIGHT, WIDTH, 3])})
    run = compiled(model, "f32" if precision == "int8" else precision)
    inputs = {
        "frame": (frame[0].permute(1, 2, 0) * 255).byte().numpy()[None],
        "style": style.numpy(),
        "statistics": np.zeros((1, size), np.float32),
        "weight": np.zeros(1, np.float32),
    }
    return lambda: net(frame, style), lambda: run(inputs)


def milliseconds(work: Measure, least: float = 0.5) -> float:
    """Return the time of one call, over half a second of calls."""
    count, started = 0, time.perf_counter()
    while count == 0 or time.perf_counter() - started < least:
        work()
        count += 1
    return (time.perf_counter() - started) * 1e3 / count


def rates() -> dict[str, Measure]:
    """Return what measures the machine: a convolution (GFLOP) and a copy (GB) a call."""
    plain = nn.Conv2d(64, 64, 3, padding=1).eval()
    features = torch.rand(1, 64, 180, 320)
    source = np.ones(2**27, np.uint8)
    target = np.empty_like(source)
    return {"convolution": lambda: plain(features), "copy": lambda: np.copyto(target, source)}


@torch.inference_mode()
def main() -> None:
    """Measure and write benchmarks/results/networks.json."""
    offered = offered_precisions()
    floats = next(p for p in offered if p != "int8")
    works: dict[str, Measure] = dict(rates())
    sizes: dict[str, float] = {}
    for name, make in RIVALS.items():
        net = make().eval()
        sizes[name] = multiply_adds(net, (torch.rand(1, 3, 128, 128),))
        works[f"{name}, torch f32"], works[f"{name}, OpenVINO {floats}"] = rival(net, floats)
    net = load_network(catalog.find().weights).frame_net
    style = torch.rand(1, net.style_size)
    sizes["vidstyle"] = multiply_adds(net, (torch.rand(1, 3, 128, 128), style))
    for precision in dict.fromkeys((floats, offered[0])):
        eager, fast = ours(precision)
        works["vidstyle, torch f32"] = eager
        works[f"vidstyle, OpenVINO {precision}"] = fast
    times: dict[str, list[float]] = {name: [] for name in works}
    for number in range(ROUNDS + 1):
        for name, work in works.items():
            value = milliseconds(work)
            if number:  # the first is for warming up
                times[name].append(value)
    flop = 2 * 64 * 64 * 9 * 180 * 320
    best = f"vidstyle, OpenVINO {offered[0]}"
    results = {
        "size": [WIDTH, HEIGHT],
        "convolution_gflop_per_s": spread([flop / ms / 1e6 for ms in times.pop("convolution")]),
        "copy_gb_per_s": spread([2**27 / ms / 1e6 for ms in times.pop("copy")]),
        "multiply_adds_per_pixel": sizes,
        "ms": {name: spread(values) for name, values in times.items()},
        f"times_as_fast_as_{best}": {
            name: spread([v / b for v, b in zip(values, times[best], strict=True)])
            for name, values in times.items()
        },
    }
    print(results)
    print(machine())
    print(write("networks", results).relative_to(ROOT))


if __name__ == "__main__":
    main()
