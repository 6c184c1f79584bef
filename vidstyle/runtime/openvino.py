"""The CPU engine: OpenVINO on the shipped, converted network. No torch."""

from __future__ import annotations

import logging
import platform
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from vidstyle.cores import cores, given
from vidstyle.errors import InputError, UsageError
from vidstyle.frame import Pixels
from vidstyle.memory import check_room
from vidstyle.runtime.engine import Statistics, Vector
from vidstyle.runtime.network import NETWORK_FOLLOWING
from vidstyle.runtime.padding import MULTIPLE
from vidstyle.runtime.quiet import core, ov
from vidstyle.zoo.catalog import ModelFiles

log = logging.getLogger(__name__)

_MAX_STREAMS = 4
"""Frames computed at once, at most: each needs memory of its own."""


_ADDRESSES = 500 << 20
"""Bytes that the runtime maps at least, with its threads and a small frame. Where they do not fit for one of its
threads, it ends the process, or waits for ever."""


@dataclass
class _Job:
    """A frame on its way through a request of the runtime's."""

    request: ov.InferRequest
    inputs: dict[str, np.ndarray]
    """Shared with the request: they must live until it has ended."""
    painted: Pixels | None = None
    used: Vector | None = None

    def collect(self) -> tuple[Pixels, Vector]:
        """Wait for the request and take its results; afterwards it is free for another job."""
        if self.painted is None or self.used is None:
            self.request.wait()
            # The tensors belong to the request and are overwritten by its next job.
            painted = self.request.get_output_tensor(0).data[0]
            high_bit_depth = painted.dtype == np.float32
            self.painted = painted.astype(np.uint16 if high_bit_depth else np.uint8)
            self.used = self.request.get_output_tensor(1).data[0].copy()
            self.inputs = {}
        return self.painted, self.used


@dataclass(frozen=True)
class _Painting:
    """See `Painting`."""

    jobs: list[_Job]

    def frames(self) -> list[Pixels]:
        """See `Painting.frames`."""
        return [job.collect()[0] for job in self.jobs]

    def statistics(self) -> list[Vector | None]:
        """See `Painting.statistics`."""
        return [job.collect()[1] for job in self.jobs]


def offered_precisions() -> list[str]:
    """Return the precisions that the processor computes fast and well enough, best first; f32 is the last.

    In int8 the convolutions take 0.6 of their time in bf16 on x86, 0.3 of that in f32
    (docs/speed.md); ARM would only simulate it.
    """
    capable = core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    x86 = platform.machine().lower() in {"x86_64", "amd64"}
    having = {"int8": x86 and "INT8" in capable, "bf16": "BF16" in capable}
    having |= {"f16": "FP16" in capable, "f32": True}
    return [name for name, has in having.items() if has]


class OpenVinoEngine:
    """Compiles the network for each frame size it meets; every style uses the same compilation."""

    device = "cpu"
    multiple = MULTIPLE
    strokes = True
    following = NETWORK_FOLLOWING

    def __init__(
        self, model: ModelFiles, precision: str = "auto", *, low_latency: bool = False
    ) -> None:
        """Take a model and one of `PRECISIONS`; `low_latency` gives all cores to each frame.

        Raises:
            InputError: a file of the model is missing or was changed.
            UsageError: the processor does not have that precision.
            OSError: there are too few addresses for the runtime.
        """
        check_room(_ADDRESSES)
        self._model = model
        offered = offered_precisions()
        unknown = model.unknown_networks()
        if unknown:
            log.warning(
                "%s does not say what was made from it: %s beside it may be of other weights%s; train it again "
                "in the same folder to have that written",
                *(model.weights, ", ".join(n.name for n in unknown if n != model.int8_net)),
                f", and {model.int8_net.name} is not used" * (model.int8_net in unknown),
            )
        if model.int8_net not in model.networks or model.int8_net in unknown:
            # A user's own network: int8 needs the maker's tools, and its numbers do not show what it was made from.
            offered = [name for name in offered if name != "int8"]
        if precision not in ("auto", *offered):
            raise UsageError(
                f"`precision` {precision} is not offered on this processor; "
                f"expected auto or one of {', '.join(offered)}"
            )
        self.precision = offered[0] if precision == "auto" else precision
        self.name = f"OpenVINO CPU {self.precision}"
        int8 = self.precision == "int8"
        # What is not in int8 is in the fastest floats. Left to itself the runtime takes bf16 where the
        # processor has it; say so, always.
        self._hint = next(name for name in offered if name != "int8") if int8 else self.precision
        self._streams = 1 if low_latency else min(_MAX_STREAMS, cores("networks"))
        # Frames of 16 bits stay floats: int8 would round what they are for.
        self._frame_nets = {
            False: model.verified(model.int8_net if int8 else model.frame_net),
            True: model.verified(model.float_net_16bit),
        }
        self.takes_pictures = model.takes_pictures
        self._style_encoder = model.verified(model.style_encoder) if self.takes_pictures else None
        self._encoder: ov.CompiledModel | None = None
        ports = {p.any_name: p for p in self._read(model.float_net_16bit).inputs}
        if ("style" in ports) != self.takes_pictures or "statistics" not in ports:
            raise InputError(f"{model.weights} and its converted network do not belong together")
        self._statistics: int = ports["statistics"].shape[1]
        self._size: tuple[int, int, bool] | None = None
        self._expected: tuple[tuple[int, int, bool], Future[Any]] | None = None
        self._free: list[ov.InferRequest] = []
        self._jobs: deque[_Job] = deque()

    def _read(self, network: Path) -> Any:
        """Read a converted network; what was shipped has been checked before."""
        try:
            return core().read_model(network)
        except RuntimeError as error:
            if self._model.shipped:
                raise
            raise InputError(f"the converted network {network} is damaged") from error

    def batch(self, height: int, width: int) -> int:
        """Return 1: each frame is a request of its own, batches bring nothing."""
        return 1

    @property
    def depth(self) -> int:
        """One request for each stream, and one that waits for the first stream to be free."""
        return self._streams + 1

    def encode(self, picture: Pixels) -> Vector:
        """See `Engine.encode`. In f32: once a style, it may as well be exact."""
        if self._style_encoder is None:
            raise UsageError("a network of one style takes no picture")
        if self._encoder is None:
            model = self._read(self._style_encoder)
            hint = {"INFERENCE_PRECISION_HINT": "f32"}
            self._encoder = core().compile_model(model, "CPU", hint)
        vector: Vector = self._encoder(picture[None])[0][0].copy()
        return vector

    def expect(self, height: int, width: int, *, high_bit_depth: bool) -> None:
        """See `Engine.expect`: compile the network in a thread."""
        size = height, width, high_bit_depth
        if self._size != size and not (self._expected and self._expected[0] == size):
            self._expected = size, ThreadPoolExecutor(1).submit(self._compile, *size)

    def ready(self, height: int, width: int, *, high_bit_depth: bool) -> bool:
        """See `Engine.ready`."""
        size = height, width, high_bit_depth
        expected = self._expected
        return self._size == size or bool(expected and expected[0] == size and expected[1].done())

    def _prepare(self, height: int, width: int, high_bit_depth: bool) -> None:
        """Take the network for frames of a size, if the last ones had another."""
        size = height, width, high_bit_depth
        if self._size == size:
            return
        expected, self._expected = self._expected, None
        compiled = expected[1].result() if expected and expected[0] == size else None
        compiled = compiled or self._compile(*size)
        self._encoder = None  # its buffers are large, and styles are read before frames
        self._free = [compiled.create_infer_request() for _ in range(self.depth)]
        self._jobs.clear()  # those in flight keep their requests
        self._size = size

    def _compile(self, height: int, width: int, high_bit_depth: bool) -> Any:
        model = self._read(self._frame_nets[high_bit_depth])
        shapes = {port.any_name: port.partial_shape for port in model.inputs}
        threads = given("networks")
        # A dynamic size costs 7-11 % on every frame, compiling for one 0.2 s once.
        model.reshape(shapes | {"frame": ov.PartialShape([1, height, width, 3])})
        return core().compile_model(
            model,
            "CPU",
            {
                "INFERENCE_PRECISION_HINT": self._hint,
                # A frame to each core instead of all cores to each frame: no waiting at
                # every layer; some 15 % faster end to end at 640x360 on two cores.
                "NUM_STREAMS": self._streams,
                # Decoder and encoder threads need the cores too.
                "ENABLE_CPU_PINNING": False,
                **({"INFERENCE_NUM_THREADS": threads} if threads else {}),
            },
        )

    def _start(self, inputs: dict[str, np.ndarray]) -> _Job:
        if not self._free:
            # Frames take equally long, so the oldest job is the first to end.
            oldest = self._jobs.popleft()
            oldest.collect()
            self._free.append(oldest.request)
        job = _Job(self._free.pop(), inputs)
        job.request.start_async(inputs, share_inputs=True)
        self._jobs.append(job)
        return job

    def paint(
        self,
        frames: Sequence[Pixels],
        style: Vector,
        statistics: Statistics | None,
        *,
        describe: bool = True,
    ) -> _Painting:
        """See `Engine.paint`."""
        height, width, _ = frames[0].shape
        high_bit_depth = frames[0].dtype == np.uint16
        self._prepare(height, width, high_bit_depth)
        vector, weight = statistics or (np.zeros(self._statistics, np.float32), 0.0)
        # Every input, every time: a missing one would silently be the last one used.
        shared = {"statistics": vector[None], "weight": np.array([weight], np.float32)}
        if self.takes_pictures:
            shared["style"] = style[None]
        dtype = np.float32 if high_bit_depth else np.uint8
        return _Painting(
            [self._start(shared | {"frame": np.ascontiguousarray(f, dtype)[None]}) for f in frames]
        )

    def close(self) -> None:
        """Let go of the compiled network and its requests."""
        self._drain()
        self._free, self._encoder, self._size, self._expected = [], None, None, None

    def _drain(self) -> None:
        for job in self._jobs:
            job.collect()
        self._jobs.clear()
