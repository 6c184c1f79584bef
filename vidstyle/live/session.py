"""The live loop: the newest frame in, painted, out; one frame at a time."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from vidstyle.errors import UsageError
from vidstyle.frame import Pixels
from vidstyle.live.controls import Command, Lines, parse_line
from vidstyle.live.meter import Meter
from vidstyle.live.outputs import Output
from vidstyle.live.pace import Pace
from vidstyle.media.capture import Captured

log = logging.getLogger(__name__)

_TRIALS, _FRAMES = 4, 6
"""Sizes to try before the first frame at most, and blank frames to paint in each."""

_WAIT = 0.1
"""Seconds between two calls of `stop` while no frame comes."""


class Camera(Protocol):
    """Gives the newest frame; see `LiveSource`."""

    came: int
    dropped: int
    lost: int

    def forget(self) -> None:
        """Begin to count anew, without the frames that have come so far."""
        ...

    def take(self, seconds: float) -> Captured | None:
        """Wait for the next frame."""
        ...


class Painter(Protocol):
    """Paints frame after frame; see `LivePainter`."""

    def forget(self) -> None:
        """Take the next frame for the first one."""
        ...

    def expect(self, height: int, width: int) -> None:
        """Begin to get ready for painting at a size."""
        ...

    def ready(self, height: int, width: int) -> bool:
        """Return whether painting at a size would begin without a pause."""
        ...

    def paint(self, pixels: Pixels, size: tuple[int, int], now: float) -> Pixels:
        """Paint a frame at a size."""
        ...

    def obey(self, command: Command, now: float) -> str:
        """Change something, and return what it is now."""
        ...


@dataclass(frozen=True)
class Status:
    """How it goes."""

    frames: int
    """Painted so far."""
    came: int
    dropped: int
    """Frames that came while another was painted, and were replaced by a newer one."""
    lost: int
    """Times the source was lost and came back."""
    seconds: float
    rate: float
    """Frames a second, of late."""
    latency: float
    """Median of the seconds from a frame's capture to its output."""
    latency95: float
    """The same, as the 95th percentile."""
    size: tuple[int, int]
    """Height and width at which frames are painted."""


class Session:
    """Joins a source, a painter, outputs and controls."""

    def __init__(
        self,
        camera: Camera,
        painter: Painter,
        outputs: Sequence[Output],
        pace: Pace,
        *,
        lines: Lines | None = None,
        warm_up: bool = True,
        say: Callable[[str], None] = log.warning,
        on_status: Callable[[Status], None] | None = None,
        every: float = 5.0,
    ) -> None:
        """Take them.

        Args:
            camera: the source.
            painter: paints.
            outputs: take the frames; the latency is measured at the first; with none, when a
                frame is painted.
            pace: chooses the size.
            lines: of the line protocol; see `controls`.
            warm_up: find the size before the first frame, which is not late then; else it comes sooner.
            say: told what has changed, and what could not be.
            on_status: called every so often, and at the end.
            every: seconds between two.
        """
        self._camera, self._painter, self._outputs = camera, painter, outputs
        self._pace, self._lines, self._on_status = pace, lines, on_status
        self._every, self._say, self._warms_up = every, say, warm_up
        self._meter = Meter()
        self._frames = 0
        self._size = pace.size
        self._began = time.monotonic()

    def run(self, stop: Callable[[], None] | None = None, seconds: float | None = None) -> Status:
        """Paint until the source ends, a command says quit, or a time has passed.

        Args:
            stop: called often; what it raises ends the run, and is raised.
            seconds: None: no time.

        Raises:
            VidstyleError: the source is gone, or an output failed.
        """
        if self._warms_up:
            self._warm_up(stop)
        self._camera.forget()
        began = reported = self._began = time.monotonic()
        counted = 0
        quitting = False
        while not quitting and (seconds is None or time.monotonic() - began < seconds):
            if stop:
                stop()
            for command in self._commands():
                quitting |= command.what == "quit"
            try:
                captured = self._camera.take(_WAIT)
            except EOFError:
                break
            if captured:
                self._paint(captured)
            now = time.monotonic()
            if self._on_status and now - reported >= self._every:
                rate = (self._frames - counted) / (now - reported)
                self._on_status(self.status(rate))
                reported, counted = now, self._frames
        return self.status()

    def _warm_up(self, stop: Callable[[], None] | None) -> None:
        """Find the size to begin with, and get ready for it: the first frames shall not be late."""
        height, width = self._size
        blank = np.zeros((height, width, 3), np.uint8)
        for _ in range(_TRIALS):
            if stop:
                stop()
            self._painter.expect(*self._size)
            self._painter.paint(blank, self._size, 0.0)
            if not any(self._pace.took(self._time(blank)) for _ in range(_FRAMES)):
                break
            self._size = self._pace.size
        self._painter.forget()
        if self._size != (height, width):
            self._say(f"painting at {self._size[1]}x{self._size[0]}, to keep up")

    def _time(self, pixels: Pixels) -> float:
        began = time.monotonic()
        self._painter.paint(pixels, self._size, 0.0)
        return time.monotonic() - began

    def _paint(self, captured: Captured) -> None:
        began = time.monotonic()
        if captured.pixels.shape[:2] != self._pace.full:  # as after a stream was lost
            self._pace = self._pace.anew(*captured.pixels.shape[:2])
            self._size = self._pace.size
        next_size = self._pace.size
        if next_size != self._size and self._painter.ready(*next_size):
            self._say(f"painting at {next_size[1]}x{next_size[0]}")
            self._size = next_size
        painted = self._painter.paint(captured.pixels, self._size, began)
        for number, output in enumerate(self._outputs):
            output.put(painted, captured.stamp, None if number else self._meter)
        if not self._outputs:
            self._meter.add(time.monotonic() - captured.stamp)
        self._frames += 1
        # While a new size is being prepared the processor is busy with that.
        if next_size == self._size and self._pace.took(captured.cost + time.monotonic() - began):
            self._painter.expect(*self._pace.size)

    def _commands(self) -> list[Command]:
        """Obey the commands that have come, and return them."""
        done: list[Command] = [c for output in self._outputs for c in output.commands()]
        wrong: list[UsageError] = []
        for line in self._lines.poll() if self._lines else []:
            try:
                done.append(parse_line(line))
            except UsageError as error:
                wrong.append(error)
        if wrong:
            others = len(wrong) - 1
            self._say(f"{wrong[0]}{f', and {others} other lines' if others else ''}")
        for command in done:
            if command.what == "quit":
                continue
            try:
                self._say(self._painter.obey(command, time.monotonic()))
            except UsageError as error:
                self._say(str(error))
        return done

    def status(self, rate: float | None = None) -> Status:
        """Return the state of the run; without a `rate`, the mean rate of the whole run."""
        camera, meter = self._camera, self._meter
        seconds = time.monotonic() - self._began
        return Status(
            frames=self._frames,
            came=camera.came,
            dropped=camera.dropped,
            lost=camera.lost,
            seconds=seconds,
            rate=self._frames / max(seconds, 1e-6) if rate is None else rate,
            latency=meter.percentile(0.5),
            latency95=meter.percentile(0.95),
            size=self._size,
        )
