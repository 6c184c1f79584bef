"""Convert a trained network for the CPU engine: safetensors -> OpenVINO IR.

It needs torch, OpenVINO's converter and, for int8, NNCF. Shipped networks are converted by `make ir`, and
users' machines only read them; `vidstyle train style` converts what it has trained.
"""

from __future__ import annotations

import io
import logging
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from torch import nn

from vidstyle.disk.pending import write_whole
from vidstyle.frame import Pixels
from vidstyle.images.files import read_picture
from vidstyle.media.source import FileSource
from vidstyle.nets.arbitrary import Arbitrary
from vidstyle.nets.shape import MULTIPLE
from vidstyle.runtime.painter import OneStylePainter, Painter, StyleReader
from vidstyle.runtime.quiet import core, ov
from vidstyle.runtime.torch_engine import load_network, make_painter
from vidstyle.stylize.style import fit_style
from vidstyle.training.script import run_script
from vidstyle.zoo.catalog import ModelFiles, find, shipped_style, styles


@contextmanager
def _own_logging() -> Iterator[None]:
    """Give the root logger back as it was: converter and quantizer raise levels, and our warnings would be lost from then on."""
    level, handlers = logging.root.level, [(h, h.level) for h in logging.root.handlers]
    try:
        yield
    finally:
        logging.root.setLevel(level)
        logging.root.handlers[:] = [handler for handler, _ in handlers]
        for handler, own in handlers:
            handler.setLevel(own)


def _convert(module: nn.Module, inputs: dict[str, torch.Tensor], outputs: list[str]) -> ov.Model:
    with torch.no_grad(), warnings.catch_warnings(), _own_logging():
        # OpenVINO traces the module by itself; its users can't choose otherwise.
        warnings.filterwarnings("ignore", r"`torch\.jit\.\w+` is deprecated", DeprecationWarning)
        model = ov.convert_model(module.eval(), example_input=inputs)
    for port, name in zip(model.outputs, outputs, strict=True):
        port.get_tensor().set_names({name})
    return model


_FLOAT = ("down1", "up2", "out")
"""Convolutions that stay floats: the first after the stem, whose scale is the frame's own, and the two
that make pixels, whose rounding would be seen as flicker (docs/experiments/speed.md). Those whose kernels a style mixes
do too: they are not known yet."""

_CALIBRATION = 40
"""Frames by whose activations the scales of int8 are chosen."""


def _calibration(
    painter: ov.Model,
    reader: ov.Model | None,
    frames: Sequence[Pixels],
    styles: Sequence[Path],
) -> list[dict[str, Any]]:
    """Return inputs of the painter: frames of one size, each in one of the styles, if it takes any."""
    statistics = np.zeros((1, painter.input("statistics").shape[1]), np.float32)
    items: list[dict[str, Any]] = [
        {
            "frame": frames[number * len(frames) // _CALIBRATION][None],
            "statistics": statistics,
            "weight": np.zeros(1, np.float32),
        }
        for number in range(_CALIBRATION)
    ]
    if reader:
        encode = core().compile_model(reader, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
        vectors = [encode(fit_style(read_picture(p))[None])[0] for p in styles]
        for number, item in enumerate(items):
            item["style"] = vectors[number % len(vectors)]
    return items


def _floats(model: ov.Model) -> list[str]:
    """Return the names of the convolutions that stay floats."""
    ends = tuple(f"net.{name}/aten::_convolution/Convolution" for name in _FLOAT)

    def mixed(convolution: ov.Node) -> bool:
        return convolution.input_value(1).get_node().get_type_name() not in ("Constant", "Convert")

    convolutions = [op for op in model.get_ops() if op.get_type_name() == "Convolution"]
    names = {op.get_friendly_name(): mixed(op) for op in convolutions}
    return [name for name, is_mixed in names.items() if is_mixed or name.endswith(ends)]


@_own_logging()
def to_int8(painter: ov.Model, items: list[dict[str, Any]]) -> ov.Model:
    """Turn most convolutions of a converted `Painter` to int8, by its activations on `items`."""
    sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]  # see `runtime.quiet`
    import nncf

    nncf.set_log_level(logging.ERROR)
    model = painter.clone()
    shapes = {port.any_name: port.partial_shape for port in painter.inputs}
    model.reshape(shapes | {"frame": ov.PartialShape(list(items[0]["frame"].shape))})
    # Normalization, and what surrounds it, in int8 would destroy the picture.
    kinds = ["MVN", "Multiply", "Add", "Subtract", "ReduceMean", "Sqrt", "Divide", "Power", "Pad"]
    with redirect_stdout(io.StringIO()):  # it draws bars there
        small = nncf.quantize(
            model,
            nncf.Dataset(items),
            subset_size=len(items),
            preset=nncf.QuantizationPreset.MIXED,
            ignored_scope=nncf.IgnoredScope(
                names=_floats(model),
                types=[*kinds, "Interpolate", "MatMul"],
                validate=False,
            ),
        )
    small.reshape(shapes)
    return small


def _keep_precision(model: ov.Model) -> None:
    """Let the statistics, an output, be computed in the precision of the rest, by a product with 1.

    What comes after the last product on the way to an output stays in 32 bits. Without a product
    there, every picture of features would be converted for its statistics: a fifth of the time in
    bf16. They are summed in 32 bits anyway.
    """
    result = model.output("used").get_node()
    column = ov.opset13.unsqueeze(result.input_value(0), 2)  # (1, T, 1)
    product = ov.opset13.matmul(column, np.ones((1, 1, 1), np.float32), False, False)
    row = ov.opset13.squeeze(product, 2)
    row.output(0).get_tensor().set_names({"used"})
    result.input(0).replace_source_output(row.output(0))


def to_ir(painter: Painter | OneStylePainter) -> ov.Model:
    """Convert a painter: frame (1, H, W, 3), style (1, S), statistics (1, T), weight (1,)."""
    inner = painter.painter if isinstance(painter, OneStylePainter) else painter
    size = 2 * sum(inner.net.norm_channels)
    frame = torch.zeros(1, 64, 96, 3, dtype=torch.uint8)
    example = {
        "frame": frame.float() if inner.high_bit_depth else frame,
        "style": torch.rand(1, inner.net.style_size),
        "statistics": torch.rand(1, size) + 0.5,
        "weight": torch.rand(1),
    }
    if painter is not inner:
        del example["style"]
    model = _convert(painter, example, ["painted", "used"])
    _keep_precision(model)
    fixed = {name: list(value.shape) for name, value in example.items()}
    model.reshape(fixed | {"frame": [1, -1, -1, 3]})
    return model


def export_openvino(
    model: ModelFiles, samples: Path | None = None, frames: Sequence[Pixels] = ()
) -> None:
    """Write the IRs (.xml and .bin) of a network from its safetensors.

    `frame_net` takes frame (1, H, W, 3) u8, style (1, S), statistics (1, T) and weight (1,) and gives
    frame and statistics; H and W are dynamic, multiples of 8. `float_net_16bit` takes frames of f32 that
    hold 16-bit levels. `style_encoder` takes picture (1, H, W, 3) u8 and gives style (1, S). A network
    of one style takes no style, and has no encoder.

    Args:
        model: where to read and to write.
        samples: folder of a clip.mp4 and of styles/*.jpg; with it `int8_net` is written too, which is
            `frame_net` with most of its convolutions in int8.
        frames: of a clip, (H, W, 3) uint8 of one size, instead of the samples; `int8_net` is left out where NNCF is missing.
    """
    net = load_network(model.weights)
    painter = to_ir(make_painter(net, high_bit_depth=False))
    made = {
        model.frame_net: painter,
        model.float_net_16bit: to_ir(make_painter(net, high_bit_depth=True)),
    }
    reader = None
    if isinstance(net, Arbitrary):
        picture = torch.zeros(1, 64, 96, 3, dtype=torch.uint8)
        reader = _convert(StyleReader(net.style_encoder), {"picture": picture}, ["style"])
        reader.reshape({"picture": [1, -1, -1, 3]})
        made[model.style_encoder] = reader
    if samples:
        with FileSource(samples / "clip.mp4") as source:
            frames = [frame.pixels for frame in source]
    if samples or (frames and find_spec("nncf")):
        pictures = sorted((samples / "styles").glob("*.jpg")) if samples else []
        height, width = (side // MULTIPLE * MULTIPLE for side in frames[0].shape[:2])
        shown = [frame[:height, :width] for frame in frames]
        made[model.int8_net] = to_int8(painter, _calibration(painter, reader, shown, pictures))
    with TemporaryDirectory() as folder:
        for path, network in made.items():
            ov.save_model(network, Path(folder, path.name), compress_to_fp16=True)
            for file in (path.with_suffix(".bin"), path):
                write_whole(file, Path(folder, file.name).read_bytes())


def main(folder: Path, samples: Path) -> None:
    """Convert all shipped networks."""
    export_openvino(find(folder=folder), samples)
    for name in styles(folder):
        export_openvino(shipped_style(name, folder), samples)


if __name__ == "__main__":
    run_script(main)
