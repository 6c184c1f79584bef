"""Live painting: rate, latency and memory over minutes: `python benchmarks/live.py [--minutes 10 | --switches]`.

The camera is a filter graph paced in real time, 30 frames a second. Each run is a process of its own, and
writes what it saw; the parent puts the figures into benchmarks/results/live.json. Latency is from when a
frame came to when it is painted and handed over; nothing is encoded. With --switches the style changes every
three seconds for a minute, and benchmarks/results/switches.json tells the longest pause between two frames then.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path

import numpy as np
from common import write

from vidstyle.frame import Pixels
from vidstyle.live.controls import Command
from vidstyle.live.meter import Meter
from vidstyle.live.pace import Pace
from vidstyle.live.painter import LivePainter
from vidstyle.live.session import Session
from vidstyle.media.capture import LiveSource, address
from vidstyle.runtime.compute import Compute

STYLES = [
    str(Path(__file__).parent.parent / "samples" / "styles" / f"{name}.jpg")
    for name in ("swirls", "woodcut", "mosaic")
]
SIZES = (640, 360), (1280, 720)
_PAGE = 4096
_SETTLED = 20.0
_FADE = 1.0
"""Seconds after a switch that belong to it."""


class Watch:
    """An output that remembers latencies and memory, and asks for the next style every so many seconds."""

    def __init__(self, every: float = 0.0) -> None:
        self.every = every
        self.switches: list[float] = []
        self.came: list[tuple[float, float]] = []
        self.memory: list[tuple[float, float]] = []

    def put(self, pixels: Pixels, stamp: float, meter: Meter | None) -> None:
        """Remember when it came, and how late."""
        now = time.monotonic()
        self.came.append((now, now - stamp))
        if meter:
            meter.add(now - stamp)
        if not self.memory or now - self.memory[-1][0] >= 5:
            pages = int(Path("/proc/self/statm").read_text().split()[1])
            self.memory.append((now, pages * _PAGE / 2**20))

    def settled(self, now: float) -> float:
        """Return when its size will have settled: its steps are another matter than the switches'."""
        return (self.came[0][0] if self.came else now) + _SETTLED

    def commands(self) -> list[Command]:
        """Return what is due."""
        now = time.monotonic()
        last = self.switches[-1] if self.switches else self.settled(now)
        if not self.every or now - last < self.every:
            return []
        self.switches.append(now)
        return [Command("style", "next")]

    def close(self) -> None:
        """Do nothing."""


def watch(width: int, height: int, seconds: float, every: float = 0.0) -> dict[str, object]:
    """Paint one size for a time, changing the style every so many seconds, and say how it went."""
    graph = address(f"testsrc2=size={width}x{height}:rate=30,realtime", "lavfi")
    painter = LivePainter.of(STYLES if every else STYLES[:1], Compute())
    out = Watch(every)
    with LiveSource(graph) as source:
        session = Session(source, painter, [out], Pace(30, height, width))
        status = session.run(seconds=seconds)
    times = np.array(out.came)
    part = max(1, len(times) // 10)
    # Memory is compared from the second tenth on: the first holds the warm-up.
    memory = [m for _, m in out.memory[max(1, len(out.memory) // 10) :]]
    quarter = max(1, len(memory) // 4)
    pauses = np.diff(times[:, 0])
    fading = [pauses[(times[1:, 0] > s) & (times[1:, 0] < s + _FADE)] for s in out.switches]
    return asdict(status) | {
        "latency_first_tenth": float(np.median(times[:part, 1])),
        "latency_last_tenth": float(np.median(times[-part:, 1])),
        "memory_early": statistics.median(memory[:quarter]),
        "memory_late": statistics.median(memory[-quarter:]),
        "longest_pause": float(pauses.max()),
        "longest_pauses_at_switches": [float(p.max()) for p in fading if p.size],
    }


def main() -> None:
    """Measure and write benchmarks/results/live.json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--one", nargs=2, type=int, help=argparse.SUPPRESS)
    parser.add_argument("--switches", action="store_true")
    options = parser.parse_args()
    if options.switches:
        row = watch(SIZES[0][0], SIZES[0][1], 80, every=3)
        print(row)
        print(write("switches", row))
        return
    if options.one:
        print(json.dumps(watch(options.one[0], options.one[1], 60 * options.minutes)))
        return
    rows = {}
    for width, height in SIZES:
        done = subprocess.run(
            [sys.executable, __file__, "--minutes", str(options.minutes), "--one"]
            + [str(width), str(height)],
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        rows[f"{width}x{height}"] = json.loads(done.stdout)
        print(f"{width}x{height}", rows[f"{width}x{height}"], flush=True)
    print(write("live", {"minutes": options.minutes, "rows": rows}))


if __name__ == "__main__":
    main()
