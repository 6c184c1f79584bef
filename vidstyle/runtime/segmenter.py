"""Finds people or faces in a frame, with networks that MediaPipe's wheels carry; its code is not asked.

Bazarevsky et al. 2019, "BlazeFace", and Google's model cards of "MediaPipe Selfie Segmentation" and "BlazeFace (full range)".
"""

from __future__ import annotations

import math
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from vidstyle.errors import MissingPackageError
from vidstyle.frame import Pixels, Plane
from vidstyle.images.masks import Mask
from vidstyle.runtime.quiet import core

PACKAGE = "mediapipe==0.10.21"
"""The last one whose wheel carries the networks (Apache 2.0; Python 3.9 to 3.12)."""

_WIDE = 2.0
"""Width over height of frames from which on the network for wide ones sees more."""

_SURE = 0.5
"""Of a face."""

_FACE = 0.62, 0.85
"""Half axes of a head, over the side of the box from brows to chin: across, and down."""

_FINE = 3
"""Ellipses are drawn so many times finer than faces are sought."""

_UP = 0.1
"""By how much its middle lies above the box's, over the side."""


def _network(name: str) -> Path:
    """Return the file of a network.

    Raises:
        MissingPackageError: there is none.
    """
    spec = find_spec("mediapipe")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        for path in Path(folder).glob(f"modules/*/{name}.tflite"):
            return path
    raise MissingPackageError(
        "people and faces are found by networks that a package carries: "
        f"pip install --no-deps '{PACKAGE}' (docs/where.md)"
    )


class PersonSegmenter:
    """Finds people: those who are near fill the frame in height, more or less; far ones are missed."""

    def __init__(self) -> None:
        """Find the networks.

        Raises:
            MissingPackageError: they are not installed.
        """
        self._square = _network("selfie_segmentation")
        self._wide = _network("selfie_segmentation_landscape")
        self._compiled: dict[Path, Any] = {}

    def __call__(self, frame: Pixels) -> Mask:
        """Return where people are, of the network's size, for a frame (H, W, 3)."""
        height, width, _ = frame.shape
        path = self._wide if width / height > _WIDE else self._square
        if path not in self._compiled:
            self._compiled[path] = _compiled(path)
        network = self._compiled[path]
        _, rows, columns, _ = network.input(0).shape
        found = network(_small(frame, columns, rows)[None])[0][0, ..., 0]
        return np.asarray(found, np.float32).copy()


class FaceSegmenter:
    """Finds heads, as ellipses around faces, those that are turned to the camera at least in part."""

    def __init__(self) -> None:
        """Find the network.

        Raises:
            MissingPackageError: it is not installed.
        """
        self._path = _network("face_detection_full_range_sparse")
        self._network: Any = None

    def __call__(self, frame: Pixels) -> Mask:
        """Return where heads are, of a size of its own, for a frame (H, W, 3)."""
        if self._network is None:
            self._network = _compiled(self._path)
        side = self._network.input(0).shape[1]
        height, width, _ = frame.shape
        scale = side / max(height, width)
        columns, rows = max(1, round(width * scale)), max(1, round(height * scale))
        image = np.zeros((side, side, 3), np.float32)
        image[:rows, :columns] = 2 * _small(frame, columns, rows) - 1
        boxes, scores = sorted(self._network(image[None]).values(), key=lambda v: -v.shape[-1])
        grid = math.isqrt(boxes.shape[1])
        mask = np.zeros((_FINE * rows, _FINE * columns), np.uint8)
        likely = 1 / (1 + np.exp(-scores[0, :, 0].clip(-50, 50)))
        for number in np.flatnonzero(likely > _SURE):
            row, column = divmod(int(number), grid)
            self._draw(
                mask, boxes[0, number], (column + 0.5) * side / grid, (row + 0.5) * side / grid
            )
        soft = cv2.blur(mask, (2 * _FINE + 1, 2 * _FINE + 1))
        return np.asarray(soft / np.float32(255), np.float32)

    @staticmethod
    def _draw(mask: Plane, box: Any, left: float, top: float) -> None:
        """Draw a head: of the box come its middle, its size, and points from which on the eyes."""
        x, y, width, height = (float(v) for v in box[:4])
        across, down = (float(v) for v in box[6:8] - box[4:6])  # from the right eye to the left one
        angle = math.atan2(down, across)
        size = max(width, height)
        center = (
            _FINE * (left + x + _UP * size * math.sin(angle)),
            _FINE * (top + y - _UP * size * math.cos(angle)),
        )
        axes = 2 * _FINE * _FACE[0] * size, 2 * _FINE * _FACE[1] * size
        ellipse = (center, axes, math.degrees(angle))
        cv2.ellipse(mask, ellipse, 255, -1)


SEGMENTERS: dict[str, Callable[[], Callable[[Pixels], Mask]]] = {
    "person": PersonSegmenter,
    "face": FaceSegmenter,
}
"""What can be found."""


def _small(frame: Pixels, columns: int, rows: int) -> np.ndarray:
    small = cv2.resize(frame, (columns, rows), interpolation=cv2.INTER_AREA)
    return small.astype(np.float32) / np.float32(np.iinfo(frame.dtype).max)


def _compiled(path: Path) -> Any:
    from openvino import opset13 as ops
    from openvino.frontend import FrontEndManager

    frontend = FrontEndManager().load_by_framework("tflite")
    model = frontend.convert_partially(frontend.load(str(path)))
    for node in model.get_ordered_ops():
        if node.get_type_name() == "TFFrameworkNode":
            # An operation of MediaPipe's own: a transposed convolution with a bias, 2x2 at stride 2, to one channel.
            x, weights, bias = (node.input(n).get_source_output() for n in range(3))
            by_cell = ops.reshape(ops.transpose(weights, [3, 0, 1, 2]), [-1, 4], special_zero=False)
            cells = ops.add(ops.matmul(x, by_cell, False, False), bias)
            planes = ops.depth_to_space(ops.transpose(cells, [0, 3, 1, 2]), "blocks_first", 2)
            larger = ops.transpose(planes, [0, 2, 3, 1]).output(0)
            for target in node.output(0).get_target_inputs():
                target.replace_source_output(larger)
    model.validate_nodes_and_infer_types()
    return core().compile_model(model, "CPU", {"INFERENCE_NUM_THREADS": 1})
