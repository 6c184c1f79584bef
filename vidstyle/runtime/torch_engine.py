"""The torch engine: CUDA and MPS, and the CPU as the reference."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from vidstyle.errors import InputError, UsageError
from vidstyle.frame import Pixels
from vidstyle.nets.arbitrary import Arbitrary
from vidstyle.nets.layers import channels_last
from vidstyle.nets.onestyle import OneStyle
from vidstyle.nets.weights import load_weights
from vidstyle.runtime.engine import Statistics, Vector
from vidstyle.runtime.network import NETWORK_FOLLOWING
from vidstyle.runtime.padding import MULTIPLE
from vidstyle.runtime.painter import OneStylePainter, Painter, StyleReader
from vidstyle.runtime.replay import Replay

log = logging.getLogger(__name__)

_BatchKey = tuple[bool, torch.Size]
"""Key of a batch: whether its frames have 16 bits, and its shape."""

_BATCH_PIXELS = 2**23
"""Pixels of a batch on a GPU, at most: nine frames of 1280x720, four of 1920x1080."""

_PIXEL_BYTES = 256
"""Bytes of GPU memory that a pixel of a batch may need: 99 in f32 on the CPU, and the workspace of convolutions."""


class TorchEngine:
    """Runs the network as trained, frames in batches."""

    multiple = MULTIPLE
    strokes = True
    following = NETWORK_FOLLOWING

    def __init__(
        self, weights: Path, device: str, precision: str = "auto", *, takes_pictures: bool = True
    ) -> None:
        """Load weights (.safetensors) onto a torch device: "cuda", "cuda:1", "mps" or "cpu".

        Raises:
            UsageError: the device does not have that precision.
        """
        self.device, self._device = device, torch.device(device)
        # The first is taken by itself; statistics are summed in 32 bits in any case.
        offered = {"cuda": ["f16", "bf16", "f32"], "mps": ["f32", "f16"]}.get(
            self._device.type, ["f32"]
        )
        if precision not in ("auto", *offered):
            raise UsageError(
                f"`precision` {precision} is not offered by torch on {device}; "
                f"expected auto or one of {', '.join(offered)}"
            )
        self.precision = offered[0] if precision == "auto" else precision
        net = load_network(weights)
        self.takes_pictures = isinstance(net, Arbitrary)
        if self.takes_pictures != takes_pictures:
            raise InputError(f"{weights} is no network of one style")
        channels_last(net.frame_net)
        self._statistics = 2 * sum(net.frame_net.norm_channels)
        self._painters = {
            high_bit_depth: make_painter(net, high_bit_depth=high_bit_depth).to(self._device)
            for high_bit_depth in (False, True)
        }
        self._encoder: StyleReader | None = None
        if isinstance(net, Arbitrary):
            self._encoder = StyleReader(net.style_encoder).to(self._device)
        self._half = {"f16": torch.float16, "bf16": torch.bfloat16}.get(self.precision)
        self.name = f"torch {device} {self.precision}"
        self._records = self._device.type == "cuda"
        self._met: _BatchKey | None = None
        """Key of the last batch."""
        self._replays: dict[_BatchKey, Replay] = {}
        """At most one: its memory is as much as a call's."""

    @torch.inference_mode()
    def encode(self, picture: Pixels) -> Vector:
        """See `Engine.encode`."""
        if self._encoder is None:
            raise UsageError("a network of one style takes no picture")
        vector: Vector = self._encoder(self._tensor(picture[None]))[0].cpu().numpy()
        return vector

    def batch(self, height: int, width: int) -> int:
        """See `Engine.batch`: as many as keep a GPU busy, in an eighth of its memory."""
        max_pixels = _BATCH_PIXELS // 8
        if self._device.type == "cuda":
            # Of all memory, not of what is free now: frames of a batch share statistics, and one card
            # shall always paint the same.
            _, memory = torch.cuda.mem_get_info(self._device)
            max_pixels = min(_BATCH_PIXELS, memory // 8 // _PIXEL_BYTES)
        return max(1, min(16, max_pixels // (height * width)))

    @property
    def depth(self) -> int:
        """On CUDA a call runs while the next is stacked and the last handed on; elsewhere it ends first."""
        return 1 if self._device.type == "cuda" else 0

    def expect(self, height: int, width: int, *, high_bit_depth: bool) -> None:
        """See `Engine.expect`: there is nothing to do."""

    def ready(self, height: int, width: int, *, high_bit_depth: bool) -> bool:
        """See `Engine.ready`."""
        return True

    def close(self) -> None:
        """Let go of the recordings, which hold memory of the device."""
        self._replays.clear()
        self._met = None

    def _tensor(self, array: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(np.ascontiguousarray(array)).to(self._device)

    def _upload(self, frames: Sequence[Pixels]) -> torch.Tensor:
        # torch knows little of uint16.
        dtype = torch.float32 if frames[0].dtype == np.uint16 else torch.uint8
        shape = (len(frames), *frames[0].shape)
        # Only copies from and to pinned memory leave this thread free.
        stack = torch.empty(shape, dtype=dtype, pin_memory=self._device.type == "cuda")
        for row, frame in zip(stack.numpy(), frames, strict=True):
            row[:] = frame
        return stack.to(self._device, non_blocking=True)

    @torch.inference_mode()
    def paint(
        self,
        frames: Sequence[Pixels],
        style: Vector,
        statistics: Statistics | None,
        *,
        describe: bool = True,
    ) -> _Painting:
        """See `Engine.paint`."""
        vector, weight = statistics or (np.zeros(self._statistics, np.float32), 0.0)
        inputs = {"statistics": vector[None], "weight": np.array([weight], np.float32)}
        if self.takes_pictures:
            inputs["style"] = style[None]
        tensors = {name: self._tensor(value) for name, value in inputs.items()}
        tensors["frame"] = self._upload(frames)
        return _Painting.of(*self._run(frames[0].dtype == np.uint16, tensors))

    def _run(
        self, high_bit_depth: bool, tensors: dict[str, torch.Tensor]
    ) -> tuple[torch.Tensor, ...]:
        """Call a painter; on CUDA, frames of a kind that comes again are painted by a recording."""

        def call(**tensors: torch.Tensor) -> tuple[torch.Tensor, ...]:
            with torch.autocast(self._device.type, self._half, enabled=self._half is not None):
                painted: tuple[torch.Tensor, ...] = self._painters[high_bit_depth](**tensors)
                return painted

        if not self._records:
            return call(**tensors)
        key = high_bit_depth, tensors["frame"].shape
        with torch.cuda.device(self._device):
            if key == self._met and key not in self._replays:
                self._replays.clear()
                try:
                    self._replays[key] = Replay(call, tensors)
                except RuntimeError as error:
                    log.warning("painting without a CUDA graph: %s", str(error).splitlines()[0])
                    self._records = False
            self._met = key
            replay = self._replays.get(key)
            return replay(tensors) if replay else call(**tensors)


@dataclass(frozen=True)
class _Painting:
    """See `Painting`."""

    painted: torch.Tensor
    used: torch.Tensor
    copied: torch.cuda.Event | None
    """Recorded behind the copy from a GPU."""

    @classmethod
    def of(cls, painted: torch.Tensor, used: torch.Tensor) -> _Painting:
        """Begin to bring painted frames (N, H, W, 3) back from where they are."""
        if not painted.is_cuda:
            return cls(painted, used, None)
        home = torch.empty(painted.shape, dtype=painted.dtype, pin_memory=True)
        home.copy_(painted, non_blocking=True)
        numbers = torch.empty(used.shape, dtype=torch.float32, pin_memory=True)
        numbers.copy_(used, non_blocking=True)
        copied = torch.cuda.Event()  # type: ignore[no-untyped-call]
        copied.record(torch.cuda.current_stream(painted.device))
        return cls(home, numbers, copied)

    def frames(self) -> list[Pixels]:
        """See `Painting.frames`."""
        if self.copied is not None:
            self.copied.synchronize()
        painted = self.painted.cpu().numpy()
        return list(painted.astype(np.uint16) if painted.dtype == np.float32 else painted)

    def statistics(self) -> list[Vector | None]:
        """See `Painting.statistics`."""
        if self.copied is not None:
            self.copied.synchronize()
        return list(self.used.float().cpu().numpy())


def load_network(weights: Path) -> Arbitrary | OneStyle:
    """Load weights from a file, to be run.

    Raises:
        InputError: they are no network's that is known.
    """
    state = load_weights(weights)
    network = OneStyle if "affine" in state else Arbitrary
    return network.from_shipped(state).eval().requires_grad_(False)


def make_painter(net: Arbitrary | OneStyle, *, high_bit_depth: bool) -> Painter | OneStylePainter:
    """Wrap a network in the conversion from bytes and back."""
    if isinstance(net, OneStyle):
        return OneStylePainter(net, high_bit_depth=high_bit_depth)
    return Painter(net.frame_net, high_bit_depth=high_bit_depth)
