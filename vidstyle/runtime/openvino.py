"""The CPU engine: OpenVINO on the shipped, converted network. No torch."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from vidstyle.frame import Pixels
from vidstyle.runtime.engine import Given, Vector
from vidstyle.runtime.quiet import ov

_MOST_REQUESTS = 4
"""Frames in flight at most: each needs memory of its own."""


class OpenVinoEngine:
    """Compiles the network for each frame size it meets; every style uses the same compilation."""

    def __init__(self, frame_net: Path, deep_net: Path, style_encoder: Path) -> None:
        """Take the three networks (.xml with .bin beside it), as `vidstyle.export` writes them."""
        self._core = ov.Core()
        # Left to itself the runtime takes bf16 where the processor has it; say so, always.
        capable = self._core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
        self._precision = "bf16" if "BF16" in capable else "f32"
        self.name = f"OpenVINO CPU {self._precision}"
        self._requests = min(_MOST_REQUESTS, os.cpu_count() or 1)
        self._frame_nets = {False: frame_net, True: deep_net}
        self._style_encoder = style_encoder
        self._statistics: int = self._core.read_model(frame_net).input("statistics").shape[1]
        self._compiled: tuple[tuple[int, int, bool], ov.AsyncInferQueue] | None = None

    def encode(self, picture: Pixels) -> Vector:
        """See `Engine.encode`. In f32: once a style, it may as well be exact."""
        model = self._core.read_model(self._style_encoder)
        compiled = self._core.compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
        vector: Vector = compiled(picture[None])[0][0]
        return vector

    def _queue(self, height: int, width: int, deep: bool) -> ov.AsyncInferQueue:
        if self._compiled is None or self._compiled[0] != (height, width, deep):
            model = self._core.read_model(self._frame_nets[deep])
            shapes = {port.any_name: port.partial_shape for port in model.inputs}
            # A dynamic size costs 7-11 % on every frame, compiling for one 0.2 s once.
            model.reshape(shapes | {"frame": ov.PartialShape([1, height, width, 3])})
            compiled = self._core.compile_model(
                model,
                "CPU",
                {
                    "INFERENCE_PRECISION_HINT": self._precision,
                    # A frame to each core instead of all cores to each frame: no waiting at
                    # every layer; some 15 % faster end to end at 640x360 on two cores.
                    "NUM_STREAMS": self._requests,
                    # Decoder and encoder threads need the cores too.
                    "ENABLE_CPU_PINNING": False,
                },
            )
            self._compiled = (height, width, deep), ov.AsyncInferQueue(compiled, self._requests)
        return self._compiled[1]

    def paint(self, frames: Pixels, style: Vector, given: Given | None) -> tuple[Pixels, Vector]:
        """See `Engine.paint`."""
        count, height, width, _ = frames.shape
        deep = frames.dtype == np.uint16
        queue = self._queue(height, width, deep)
        painted = np.empty_like(frames)
        used = np.empty((count, self._statistics), np.float32)

        def take(request: ov.InferRequest, index: int) -> None:
            # Jobs end out of order; the tensors belong to the request and are overwritten.
            painted[index] = request.get_output_tensor(0).data[0]
            used[index] = request.get_output_tensor(1).data[0]

        queue.set_callback(take)
        statistics, weight = given or (np.zeros(self._statistics, np.float32), 0.0)
        for index in range(count):
            # Every input, every time: a missing one would silently be the last one used.
            frame = frames[index : index + 1]
            queue.start_async(
                {
                    "frame": frame.astype(np.float32) if deep else frame,
                    "style": style[None],
                    "statistics": statistics[None],
                    "weight": np.array([weight], np.float32),
                },
                userdata=index,
            )
            if given:  # the next frame needs this one's statistics
                queue.wait_all()
                statistics = used[index]
        queue.wait_all()
        return painted, used[-1].copy()
