"""Where a network is computed, and how: the wishes of a user, as one value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from vidstyle.errors import UsageError
from vidstyle.fields import MACHINE, Between, OneOf, check, documented

DEVICES = ("auto", "cpu", "cuda", "mps", "torch-cpu")
"""`cuda` may carry an index, as in cuda:1. `torch-cpu` is the slow reference."""

PRECISIONS = ("auto", "int8", "bf16", "f16", "f32")
"""Of the frames; a style is always encoded in f32. Each device offers some of them."""


class Device(OneOf):
    """One of some devices; one may carry a number, as in cuda:1."""

    def check(self, name: str, value: str) -> None:
        """Raise UsageError where a value is none of them."""
        if value.split(":", maxsplit=1)[0] not in self.choices:
            known = ", ".join(self.choices)
            raise UsageError(f"no device is called {value}; expected one of {known}")


@MACHINE
@documented
@dataclass(frozen=True)
class Compute:
    """Where the network is computed, and how.

    Raises:
        UsageError: there is no such device or precision.
    """

    device: Annotated[str, Device(*DEVICES)] = "auto"
    """auto uses CUDA or Apple's MPS where torch finds one, else the CPU; cuda:1 is the second card, torch-cpu
    a slow reference."""
    precision: Annotated[str, OneOf(*PRECISIONS)] = "auto"
    """Precision of the network; auto chooses it for the device."""
    batch: Annotated[int | None, Between(1, 64)] = None
    """Frames per call of the network; by default chosen for the device and the size."""
    low_latency: bool = False
    """Write every frame without delay; slower, and the output is larger."""

    def __post_init__(self) -> None:
        check(self)
