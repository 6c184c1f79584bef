"""The settings that decide what a painting is, which a run that goes on has to repeat. Known without torch."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping

import numpy as np

_DIGESTS = ("content", "style", "network")
"""Settings that are digests, which say nothing to people."""


def digest(arrays: Iterable[np.ndarray]) -> str:
    """Return a digest of pictures, or of other arrays."""
    found = hashlib.sha256()
    for array in arrays:
        found.update(repr(array.shape).encode())
        found.update(np.ascontiguousarray(array).tobytes())
    return found.hexdigest()


def differences(before: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """Return what differs between the settings of two runs, each in words."""
    found = []
    for name in dict.fromkeys([*before, *now]):
        if before.get(name) != now.get(name):
            then, new = before.get(name, "unset"), now.get(name, "unset")
            found.append(
                f"the {name} differs" if name in _DIGESTS else f"`{name}` was {then}, is {new}"
            )
    return found
