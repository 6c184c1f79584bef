"""Changes to a live session while it runs, by a line protocol and by keys in the window."""

from __future__ import annotations

import contextlib
import queue
import threading
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from vidstyle.errors import UsageError
from vidstyle.stylize.fades import CURVES, faded

FADE = 0.5
"""Seconds in which one style goes over into another."""

NUMBERS = ("strength", "blend", "stability")
"""Fields of `Look`, 0 to 1, that fade."""

HELP = "style NAME|NUMBER|next|previous, strength 0..1, blend 0..1, stability 0..1, stroke 0.5..3, compare, quit"
"""The lines."""

KEYS = "1-9 and n, p: style; + -: strength; ] [: stability; c: compare; q: quit"
"""The keys."""

_STEP = 0.1
"""By which a key changes a number."""


@dataclass(frozen=True)
class Command:
    """One change."""

    what: str
    """style, strength, blend, stability, stroke, compare or quit."""
    value: str | float = ""
    """Of a style its name, its number from 1, next or previous; otherwise a number."""
    relative: bool = False
    """The number is added to the present value instead of replacing it."""


def parse_line(line: str) -> Command:
    """Read a line of the protocol.

    Raises:
        UsageError: it says nothing that is known.
    """
    what, _, value = line.strip().partition(" ")
    value = value.strip()
    if what in {"quit", "q"} and not value:
        return Command("quit")
    if what == "compare" and not value:
        return Command("compare")
    if what == "style" and value:
        return Command("style", value)
    if what in (*NUMBERS, "stroke"):
        low, high = (0.5, 3.0) if what == "stroke" else (0.0, 1.0)
        try:
            number = float(value)
        except ValueError:
            number = -1.0
        if low <= number <= high:
            return Command(what, number)
    raise UsageError(f"expected {HELP}, got {line.strip()!r}")


def parse_key(key: int) -> Command | None:
    """Read a key's code; None: it means nothing."""
    letter = chr(key) if 0 < key < 256 else ""
    if letter and letter in "123456789":
        return Command("style", letter)
    return {
        "n": Command("style", "next"),
        "p": Command("style", "previous"),
        "+": Command("strength", _STEP, relative=True),
        "-": Command("strength", -_STEP, relative=True),
        "]": Command("stability", _STEP, relative=True),
        "[": Command("stability", -_STEP, relative=True),
        "c": Command("compare"),
        "q": Command("quit"),
        "\x1b": Command("quit"),
    }.get(letter)


_LONGEST, _MAX_LINES = 1000, 100
"""Bytes of a line, and lines that wait."""


class Lines:
    """Lines of a stream, read in a thread; no faster than they are asked for, and the rest of a long one is let go."""

    def __init__(self, stream: BinaryIO) -> None:
        self._lines: queue.Queue[str] = queue.Queue(_MAX_LINES)
        self._stream = stream
        threading.Thread(target=self._read, daemon=True, name="lines").start()

    def _read(self) -> None:
        with contextlib.suppress(OSError, ValueError):  # it is closed
            whole = True
            while line := self._stream.readline(_LONGEST):
                if whole and line.strip():
                    self._lines.put(line.decode("utf-8-sig", "replace"))
                whole = line.endswith(b"\n")

    def poll(self) -> list[str]:
        """Return the lines that have come since the last call."""
        lines: list[str] = []
        while len(lines) < _MAX_LINES and not self._lines.empty():
            lines.append(self._lines.get())
        return lines


Values = NDArray[np.float32]


class Fade:
    """A value that goes smoothly to where it is sent."""

    def __init__(self, value: Values, seconds: float = FADE) -> None:
        """Begin at a value; take the seconds in which it goes elsewhere."""
        self._from = self._to = value
        self._began = float("-inf")
        self._default = self._seconds = seconds
        self._curve = "ease"

    def to(
        self, value: Values, now: float, seconds: float | None = None, curve: str = "ease"
    ) -> None:
        """Send it to a value, from wherever it is now, by a curve of `CURVES`."""
        self._from, self._to, self._began = self.at(now), value, now
        self._seconds, self._curve = self._default if seconds is None else seconds, curve

    def moving(self, now: float) -> bool:
        """Return whether the value is changing, or was changing a short while ago."""
        return now - self._began < 2 * self._seconds

    def at(self, now: float) -> Values:
        """Return the value at a time, seconds."""
        if now >= self._began + self._seconds:
            return self._to
        share = max(0.0, (now - self._began) / self._seconds)
        return faded(self._from, self._to, CURVES[self._curve](share))
