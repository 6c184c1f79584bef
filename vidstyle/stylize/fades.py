"""How one value goes over into another."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Faded = TypeVar("Faded", float, NDArray[np.float32])


def _ease(share: float) -> float:
    return share * share * (3 - 2 * share)


CURVES: dict[str, Callable[[float], float]] = {"ease": _ease, "linear": lambda share: share}
"""How much of the way is gone at a share of the time, each 0 to 1: ease begins and ends slowly."""


def faded(before: Faded, after: Faded, share: float) -> Faded:
    """Return the value at a share of the way, 0 to 1."""
    if share >= 1:
        return after
    way = np.float32(share) * (after - before)
    return before + way  # type: ignore[return-value]
