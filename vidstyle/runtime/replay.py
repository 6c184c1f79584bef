"""CUDA graphs: the kernels of a call, recorded once and launched at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

_WARM_UP = 3
"""Calls before the recording, in which libraries choose their algorithms and take their memory."""


class Replay:
    """A function of tensors on CUDA, recorded for inputs of one shape.

    The network is small: launching its hundreds of kernels one by one can take longer than running them.
    """

    def __init__(
        self, function: Callable[..., tuple[Tensor, ...]], inputs: Mapping[str, Tensor]
    ) -> None:
        """Record a function that waits for nothing and reads no value.

        Raises:
            RuntimeError: it cannot be recorded, or there is too little memory.
        """
        # A recording reads and writes where it was made.
        self._inputs = {name: value.clone() for name, value in inputs.items()}
        current = torch.cuda.current_stream()
        aside = torch.cuda.Stream()  # type: ignore[no-untyped-call]
        aside.wait_stream(current)
        with torch.cuda.stream(aside):
            for _ in range(_WARM_UP):
                function(**self._inputs)
        current.wait_stream(aside)
        self._graph = torch.cuda.CUDAGraph()
        # Other threads may go on with what they do on the card.
        with torch.cuda.graph(self._graph, capture_error_mode="thread_local"):
            self._outputs = function(**self._inputs)

    def __call__(self, inputs: Mapping[str, Tensor]) -> tuple[Tensor, ...]:
        """Return the function's outputs for inputs, in tensors that the next call overwrites."""
        for name, value in inputs.items():
            self._inputs[name].copy_(value, non_blocking=True)
        self._graph.replay()
        return self._outputs
