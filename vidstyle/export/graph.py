"""The network as other programs take it: planes of floats in, planes of floats out, of any size."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence
from io import BytesIO

import numpy as np
import onnx
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vidstyle.frame import Pixels
from vidstyle.nets.arbitrary import FrameNet
from vidstyle.nets.layers import guard
from vidstyle.nets.palette import cells_to_image
from vidstyle.nets.shape import MULTIPLE
from vidstyle.runtime.padding import pad

FRAME, STYLE, PAINTED = "frame", "style", "painted"
"""Names of the inputs and of the output."""


class Filter(nn.Module):
    """Frame (1, 3, H, W), RGB from 0 to 1 -> painted frame, likewise; sides of 17 pixels or more."""

    own_style: Tensor | None
    statistics: Tensor | None
    share: Tensor | None

    def __init__(
        self,
        net: FrameNet,
        style: Tensor | None = None,
        statistics: Tensor | None = None,
        share: float = 1.0,
    ) -> None:
        """Take a frame net, which is changed.

        Args:
            net: the frame net.
            style: (1, S), what it paints in; None: it is an input.
            statistics: (1, T) to normalize with; None: each frame's own.
            share: of the statistics in a mixture with the frame's own, 0 to 1.
        """
        super().__init__()
        guard(net)
        self.net = net
        self.register_buffer("own_style", style)
        self.register_buffer("statistics", statistics)
        mixed = statistics is not None and share < 1
        self.register_buffer("share", torch.tensor([share]) if mixed else None)

    def forward(self, frame: Tensor, style: Tensor | None = None) -> Tensor:
        """Paint a frame; `style` (1, S) where it has none of its own."""
        height, width = frame.shape[2], frame.shape[3]
        below, right = ((MULTIPLE - side % MULTIPLE) % MULTIPLE for side in (height, width))
        x = F.pad(frame, (0, right, 0, below), mode="reflect")
        vector = style if self.own_style is None else self.own_style
        assert vector is not None  # noqa: S101 - what is traced has one
        cells, _ = self.net.cells(x, vector, self.statistics, self.share)
        painted = cells_to_image(cells).permute(0, 3, 1, 2)
        return painted[:, :, :height, :width].clamp(0, 1)


@torch.no_grad()
def mean_statistics(net: FrameNet, style: Tensor, frames: Iterable[Pixels]) -> Tensor:
    """Return the mean (1, T) of the statistics of frames (H, W, 3), painted in a style (1, S)."""
    found = []
    for frame in frames:
        levels = np.float32(np.iinfo(frame.dtype).max)
        x = torch.from_numpy(pad(frame).astype(np.float32) / levels).permute(2, 0, 1)[None]
        found.append(net.cells(x, style)[1])
    return torch.stack(found).mean(0)


def to_onnx(
    paint: Filter, size: tuple[int, int] | None, opset: int, notes: Mapping[str, str]
) -> bytes:
    """Convert a filter.

    Args:
        paint: it.
        size: width and height of its frames, pixels; None: any.
        opset: version of ONNX's operators.
        notes: what the file says of itself.
    """
    width, height = size or (8 * MULTIPLE + 1, 6 * MULTIPLE + 1)
    inputs, names = [torch.rand(1, 3, height, width)], [FRAME]
    if paint.own_style is None:
        inputs, names = [*inputs, torch.rand(1, paint.net.style_size)], [*names, STYLE]
    sides = {2: "height", 3: "width"}
    return finished(
        traced(
            paint,
            dict(zip(names, inputs, strict=True)),
            [PAINTED],
            {} if size else {FRAME: sides, PAINTED: sides},
            opset,
        ),
        notes,
    )


def traced(
    module: nn.Module,
    inputs: Mapping[str, Tensor],
    outputs: Sequence[str],
    dynamic: Mapping[str, Mapping[int, str]],
    opset: int,
) -> onnx.ModelProto:
    """Convert a module.

    Args:
        module: it.
        inputs: examples of what it takes, by the names that they will have.
        outputs: names of what it returns.
        dynamic: name of an input or output -> number of a side that may be of any length -> its name.
        opset: version of ONNX's operators.
    """
    data = BytesIO()
    with warnings.catch_warnings():
        # The exporter by tracing needs no other package, and its graphs run in older programs; it is told to be old.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            module.eval(),
            tuple(inputs.values()),
            data,  # type: ignore[arg-type]
            dynamo=False,
            opset_version=opset,
            input_names=list(inputs),
            output_names=list(outputs),
            dynamic_axes={name: dict(sides) for name, sides in dynamic.items()},
        )
    return onnx.load_model_from_string(data.getvalue())


def finished(model: onnx.ModelProto, notes: Mapping[str, str]) -> bytes:
    """Return the file of a model that has been checked, with what it says of itself."""
    onnx.helper.set_model_props(model, dict(notes))
    model.producer_name = "vidstyle"
    onnx.checker.check_model(model, full_check=True)
    return bytes(model.SerializeToString())
