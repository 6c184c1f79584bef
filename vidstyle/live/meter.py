"""How late frames are, over a run of any length."""

from __future__ import annotations

import threading

import numpy as np

_BIN_SECONDS, _MAX_SECONDS = 0.001, 10.0
"""Seconds: width of a bin, and what is counted as that at most."""


class Meter:
    """Counts latencies in bins of a millisecond; any thread may add."""

    def __init__(self) -> None:
        self._bins = np.zeros(round(_MAX_SECONDS / _BIN_SECONDS) + 1, np.int64)
        self._lock = threading.Lock()

    def add(self, seconds: float) -> None:
        """Count a latency."""
        place = min(len(self._bins) - 1, max(0, int(seconds / _BIN_SECONDS)))
        with self._lock:
            self._bins[place] += 1

    @property
    def count(self) -> int:
        """How many were added."""
        return int(self._bins.sum())

    def percentile(self, share: float) -> float:
        """Return the latency, seconds, that a share (0 to 1) of the frames did not exceed."""
        total = np.cumsum(self._bins)
        if not total[-1]:
            return 0.0
        return float((np.searchsorted(total, share * total[-1]) + 1) * _BIN_SECONDS)
