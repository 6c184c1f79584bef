"""How many processor cores there are for this process."""

from __future__ import annotations

import os


def cores() -> int:
    """Return the number of cores that this process may use: fewer than the machine has where it is bound to some."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
