"""The network as the page in a browser takes it: the bytes of a canvas in, those of a canvas out."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from vidstyle.export.graph import finished, traced
from vidstyle.nets.arbitrary import FrameNet
from vidstyle.nets.layers import guard
from vidstyle.nets.palette import cells_to_image
from vidstyle.nets.shape import MULTIPLE

_SMALL = 64
"""Numbers of a weight that stays in 32 bits: there is nothing to be saved."""


class CanvasFilter(nn.Module):
    """RGBA bytes (1, H, W, 4) -> painted, likewise and opaque; statistics go in and come out.

    Sides are of 17 pixels or more.
    """

    style: Tensor

    def __init__(self, net: FrameNet, style: Tensor) -> None:
        """Take a frame net, which is changed, and the style (1, S) that it paints in."""
        super().__init__()
        guard(net)
        self.net = net
        self.register_buffer("style", style)

    def forward(self, frame: Tensor, statistics: Tensor, share: Tensor) -> tuple[Tensor, Tensor]:
        """Paint a frame.

        Args:
            frame: (1, H, W, 4) uint8.
            statistics: (1, T) to normalize with.
            share: (1,) of them in a mixture with the frame's own, 0 to 1.

        Returns:
            The painted frame, (1, H, W, 4) uint8, and the frame's own statistics, (1, T).
        """
        height, width = frame.shape[1], frame.shape[2]
        below, right = ((MULTIPLE - side % MULTIPLE) % MULTIPLE for side in (height, width))
        x = frame[..., :3].permute(0, 3, 1, 2).float() / 255
        x = nn.functional.pad(x, (0, right, 0, below), mode="reflect")
        cells, own = self.net.cells(x, self.style, statistics, share)
        painted = cells_to_image(cells)[:, :height, :width]
        opaque = nn.functional.pad(painted, (0, 1), value=1.0)
        return (opaque.clamp(0, 1) * 255).round().to(torch.uint8), own


def canvas_onnx(net: FrameNet, style: Tensor, notes: Mapping[str, str]) -> bytes:
    """Convert a frame net that paints in a style (1, S); its weights take 16 bits each.

    Args:
        net: the frame net, which is changed.
        style: the style.
        notes: what the file says of itself.
    """
    paint = CanvasFilter(net, style)
    count = 2 * sum(net.norm_channels)
    frame = torch.randint(0, 255, (1, 6 * MULTIPLE + 1, 8 * MULTIPLE + 1, 4), dtype=torch.uint8)
    sides = {1: "height", 2: "width"}
    model = traced(
        paint,
        {"frame": frame, "statistics": torch.rand(1, count), "share": torch.rand(1)},
        ["painted", "own"],
        {"frame": sides, "painted": sides},
        opset=17,
    )
    _halve_weights(model)
    _split_by_slices(model)
    return finished(model, notes)


def _halve_weights(model: onnx.ModelProto) -> None:
    """Keep weights as floats of 16 bits, which are cast when the file is loaded, in place."""
    graph = model.graph
    casts = []
    for weight in graph.initializer:
        if weight.data_type != TensorProto.FLOAT or np.prod(weight.dims) < _SMALL:
            continue
        name, half = weight.name, f"{weight.name}.half"
        values = numpy_helper.to_array(weight).astype(np.float16)
        weight.CopyFrom(numpy_helper.from_array(values, half))
        casts.append(helper.make_node("Cast", [half], [name], to=TensorProto.FLOAT))
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)


def _split_by_slices(model: onnx.ModelProto) -> None:
    """Replace each Split by a Slice for each of its parts, in place: WebGPU gives a shader ten buffers at most."""
    graph = model.graph
    constants = {
        node.output[0]: numpy_helper.to_array(node.attribute[0].t)
        for node in graph.node
        if node.op_type == "Constant" and node.attribute[0].name == "value"
    }
    nodes = []
    for node in graph.node:
        if node.op_type != "Split" or len(node.input) < 2 or node.input[1] not in constants:
            nodes.append(node)
            continue
        ends = np.cumsum(constants[node.input[1]])
        axis = np.array([helper.get_node_attr_value(node, "axis")])
        for part, start, end in zip(node.output, [0, *ends], ends, strict=False):
            bounds = {"start": np.array([start]), "end": np.array([end]), "axis": axis}
            names = {word: f"{part}.{word}" for word in bounds}
            graph.initializer.extend(
                numpy_helper.from_array(value.astype(np.int64), names[word])
                for word, value in bounds.items()
            )
            nodes.append(helper.make_node("Slice", [node.input[0], *names.values()], [part]))
    del graph.node[:]
    graph.node.extend(nodes)
