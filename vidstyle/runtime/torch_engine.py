"""The torch engine: CUDA and MPS, and the CPU as the reference."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file

from vidstyle.frame import Pixels
from vidstyle.nets.arbitrary import Arbitrary
from vidstyle.nets.layers import channels_last
from vidstyle.runtime.engine import Given, Vector
from vidstyle.runtime.painter import Painter, StyleReader


class TorchEngine:
    """Runs the network as trained, frames in batches."""

    def __init__(self, weights: Path, device: str) -> None:
        """Load weights (.safetensors) onto a torch device: "cuda", "cuda:1", "mps" or "cpu"."""
        self._device = torch.device(device)
        net = load_network(weights)
        channels_last(net.frame_net)
        self._statistics = 2 * sum(net.frame_net.norm_channels)
        self._painters = {
            deep: Painter(net.frame_net, deep=deep).to(self._device) for deep in (False, True)
        }
        self._reader = StyleReader(net.style_encoder).to(self._device)
        # 16-bit floats only where they are fast; statistics are summed in 32 bits in any case.
        self._half = self._device.type == "cuda"
        self.name = f"torch {device} {'f16' if self._half else 'f32'}"

    @torch.inference_mode()
    def encode(self, picture: Pixels) -> Vector:
        """See `Engine.encode`."""
        vector: Vector = self._reader(self._tensor(picture[None]))[0].cpu().numpy()
        return vector

    def _tensor(self, array: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(np.ascontiguousarray(array)).to(self._device)

    @torch.inference_mode()
    def paint(self, frames: Pixels, style: Vector, given: Given | None) -> tuple[Pixels, Vector]:
        """See `Engine.paint`."""
        vector = self._tensor(style[None])
        statistics, weight = given or (np.zeros(self._statistics, np.float32), 0.0)
        mixed, mix = self._tensor(statistics[None]), self._tensor(np.array([weight], np.float32))
        deep = frames.dtype == np.uint16
        # torch knows little of uint16.
        pixels = self._tensor(frames.astype(np.float32) if deep else frames)
        painted, used = [], mixed
        # One call for all, unless each frame needs the statistics of the one before it.
        for part in torch.split(pixels, 1 if given else len(frames)):
            with torch.autocast(self._device.type, torch.float16, enabled=self._half):
                some, used = self._painters[deep](part, vector, mixed, mix)
            painted.append(some)
            mixed = used[-1:]
        result = torch.cat(painted).cpu().numpy().astype(frames.dtype)
        return result, used[-1].float().cpu().numpy()


def load_network(weights: Path) -> Arbitrary:
    """Load shipped weights from a file, to be run."""
    net = Arbitrary()
    net.load_shipped(load_file(weights))
    return net.eval().requires_grad_(False)
