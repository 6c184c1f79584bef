"""Convert a trained network for the CPU engine: safetensors -> OpenVINO IR.

A maker's tool: it needs torch and OpenVINO's converter. What it writes is shipped; users' machines
only read it. Run it as `make ir`.
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch
from torch import nn

from vidstyle.nets.arbitrary import PALETTE
from vidstyle.runtime.painter import Painter, StyleReader
from vidstyle.runtime.quiet import ov
from vidstyle.runtime.torch_engine import load_network


def _convert(module: nn.Module, inputs: dict[str, torch.Tensor], outputs: list[str]) -> ov.Model:
    with torch.no_grad():
        model = ov.convert_model(module.eval(), example_input=inputs)
    for port, name in zip(model.outputs, outputs, strict=True):
        port.get_tensor().set_names({name})
    return model


def export_openvino(weights: Path, frame_net: Path, deep_net: Path, style_encoder: Path) -> None:
    """Write the three IRs (.xml and .bin) of a network.

    Args:
        weights: safetensors of `Arbitrary`.
        frame_net: .xml to write: frame (1, H, W, 3) u8, style (1, S), statistics (1, T), weight
            (1,) -> frame, statistics. H and W are dynamic, multiples of 8.
        deep_net: .xml to write: the same, with frames of f32 that hold 16-bit levels.
        style_encoder: .xml to write: picture (1, H, W, 3) u8 -> style (1, S).
    """
    net = load_network(weights)
    size = 2 * sum(net.frame_net.norm_channels)
    style = size + PALETTE
    example = {
        "frame": torch.zeros(1, 64, 96, 3, dtype=torch.uint8),
        "style": torch.rand(1, style),
        "statistics": torch.rand(1, size) + 0.5,
        "weight": torch.rand(1),
    }
    shapes = {
        "frame": [1, -1, -1, 3],
        "style": [1, style],
        "statistics": [1, size],
        "weight": [1],
    }
    painter = _convert(Painter(net.frame_net), example, ["painted", "used"])
    painter.reshape(shapes)
    deep_example = example | {"frame": example["frame"].float()}
    deep = _convert(Painter(net.frame_net, deep=True), deep_example, ["painted", "used"])
    deep.reshape(shapes)
    reader = _convert(StyleReader(net.style_encoder), {"picture": example["frame"]}, ["style"])
    reader.reshape({"picture": [1, -1, -1, 3]})
    for model, path in ((painter, frame_net), (deep, deep_net), (reader, style_encoder)):
        ov.save_model(model, path, compress_to_fp16=True)


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    export_openvino(
        folder / "arbitrary.safetensors",
        folder / "arbitrary_frame.xml",
        folder / "arbitrary_frame16.xml",
        folder / "arbitrary_style.xml",
    )
