"""Signals: the first asks to stop cleanly, the second ends at once."""

from __future__ import annotations

import os
import signal
from types import FrameType

from vidstyle.errors import Interrupted
from vidstyle.media.atomic_output import discard_all


class StopOnSignal:
    """Install it before a run and hand it over as `stop`: it raises once a signal has come."""

    def __init__(self) -> None:
        self._received = 0
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._receive)
        hangup = getattr(signal, "SIGHUP", None)  # not on Windows
        if hangup and signal.getsignal(hangup) is not signal.SIG_IGN:  # nohup asks to go on
            signal.signal(hangup, self._receive)

    def _receive(self, number: int, _frame: FrameType | None) -> None:
        if self._received:
            discard_all()
            os._exit(128 + number)
        self._received = number

    def __call__(self) -> None:
        """Raise `Interrupted` if a signal has come."""
        if self._received:
            raise Interrupted(self._received)
