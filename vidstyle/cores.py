"""How many processor cores there are for this process, and what they are for."""

from __future__ import annotations

import os

_given: dict[str, int] = {}


def give(*, networks: int, encoders: int) -> None:
    """Let networks, and encoders, compute with as many threads as on a machine of so many cores: this one is shared."""
    _given.update(networks=networks, encoders=encoders)


def given(use: str) -> int | None:
    """Return how many cores were given to networks or to encoders; None: nothing was said."""
    return _given.get(use)


def cores(use: str = "") -> int:
    """Return the number of cores that this process may use: fewer than the machine has where it is bound to some.

    Args:
        use: networks or encoders, where they are asked for these.
    """
    if use in _given:
        return _given[use]
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
