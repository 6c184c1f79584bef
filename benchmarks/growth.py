"""How time and memory grow with resolution, length and frames under way: `make bench`.

Writes benchmarks/results/growth.json and docs/growth.svg. Memory is the resident set of a run of 640x360
frames, read after so many painted frames.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from common import machine, spread, write
from pipeline import ROOT, STYLE, make_clip

from vidstyle import Look, Model, load
from vidstyle.frame import Pixels
from vidstyle.machine.bench import landscape, network_rate

mpl.use("svg")

SIZES = ((320, 180), (640, 360), (960, 540), (1280, 720), (1920, 1080), (2560, 1440))
LENGTH = 5000
ROUNDS = 5

_MEMORY = """
import sys
import vidstyle
def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096 / 2**20
marks = [int(n) for n in sys.argv[4].split(",")]
def look(progress):
    while marks and progress.frames >= marks[0]:
        print(marks.pop(0), resident(), flush=True)
vidstyle.stylize(*sys.argv[1:4], device="cpu", overwrite=True, on_progress=look)
"""


def pictures(width: int, height: int, count: int) -> list[Pixels]:
    """Return frames to paint."""
    scene = landscape(width + count, height)
    return [scene[:, i : i + width].copy() for i in range(count)]


def memory(folder: Path) -> dict[str, float]:
    """Return the resident set, MiB, after so many frames of one run."""
    clip = make_clip(folder / "clip.mp4", 640, 360, LENGTH)
    marks = [100, 250, 500, 1000, 2000, 3000, 4000, LENGTH]
    done = subprocess.run(
        [sys.executable, "-c", _MEMORY, clip, STYLE, folder / "o.mp4", ",".join(map(str, marks))],
        capture_output=True,
        text=True,
        check=True,
    )
    rows = (line.split() for line in done.stdout.splitlines())
    return {frames: float(mib) for frames, mib in rows}


def rate_of_depth(model: Model, look: Look, frames: list[Pixels], depth: int) -> float:
    """Return frames a second with another number of calls in flight than the engine would keep."""
    calls: deque[Callable[[], list[Pixels]]] = deque()
    state = None
    started = time.perf_counter()
    for frame in frames:
        finish, state = model.stylizer.start([frame], look, state)
        calls.append(finish)
        if len(calls) > depth:
            calls.popleft()()
    for finish in calls:
        finish()
    return len(frames) / (time.perf_counter() - started)


def rates() -> tuple[dict[str, Any], dict[str, Any]]:
    """Return ms a frame of the network by size, and by frames under way at 1280x720."""
    model = load(device="cpu")
    look = Look(model.style(STYLE))
    by_size: dict[str, Any] = {}
    for width, height in SIZES:
        some = pictures(width, height, max(8, 3_000_000 // (width * height)))
        network_rate(model, look, some)
        values = [1e3 / network_rate(model, look, some) for _ in range(ROUNDS)]
        by_size[f"{width}x{height}"] = spread(values)
    some = pictures(1280, 720, 16)
    network_rate(model, look, some)
    # The engine has one request more than streams: deeper queues would wait for these.
    depths: dict[str, list[float]] = {str(d): [] for d in range(model.engine.depth)}
    for _ in range(ROUNDS):
        for depth, values in depths.items():
            values.append(1e3 / rate_of_depth(model, look, some, int(depth)))
    return by_size, {depth: spread(values) for depth, values in depths.items()}


def plot(results: dict[str, Any]) -> None:
    """Draw docs/growth.svg."""
    from matplotlib import pyplot as plt

    mpl.rcParams["svg.hashsalt"] = "vidstyle"
    figure, axes = plt.subplots(1, 3, figsize=(12, 3.6), layout="constrained")
    sizes = results["network_ms_by_size"]
    areas = [np.prod([int(n) for n in s.split("x")]) / 1e6 for s in sizes]
    axes[0].errorbar(
        areas,
        [s["median"] for s in sizes.values()],
        [s["iqr"] / 2 for s in sizes.values()],
        fmt="o-",
    )
    axes[0].set(xlabel="megapixels", ylabel="ms a frame", title="Resolution: the network")
    depths = results["network_ms_by_depth_1280x720"]
    axes[1].errorbar(
        [int(d) + 1 for d in depths],
        [s["median"] for s in depths.values()],
        [s["iqr"] / 2 for s in depths.values()],
        fmt="o-",
    )
    axes[1].set(xlabel="frames under way", title="Overlap: the network, 1280x720")
    memory = results["resident_mib_after_frames_640x360"]
    axes[2].plot([int(n) for n in memory], list(memory.values()), "o-")
    axes[2].set(xlabel="frames", ylabel="MiB", title="Length: memory, 640x360")
    for each in axes:
        each.set_ylim(bottom=0)
        each.grid(alpha=0.3)
    figure.savefig(ROOT / "docs" / "growth.svg", metadata={"Date": None})


def main() -> None:
    """Measure, write and draw."""
    by_size, by_depth = rates()
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        resident = memory(Path(folder))
        print(f"{LENGTH} frames in {time.perf_counter() - started:.0f} s on {os.cpu_count()} cores")
    results = {
        "network_ms_by_size": by_size,
        "network_ms_by_depth_1280x720": by_depth,
        "resident_mib_after_frames_640x360": resident,
    }
    plot(results)
    print(results)
    print(machine())
    print(write("growth", results).relative_to(ROOT))


if __name__ == "__main__":
    main()
