"""What workers of Ray cost beside the painting: `python benchmarks/workers.py [--clips N] [--frames N] [--workers N]`.

Short clips, parts of the sample clip, are painted by one `vidstyle run --on ray` in a process of its own, a worker for each core.
`ratio` is the wall time of the whole process over the ideal of the cores: the summed CPU time of plain runs of some of the clips in
one process, for as many clips, divided by the workers. `begun_ratio` leaves out the time until Ray and its workers are there.
`cpu_seconds` says who had the processors: the workers, the run that asks, and Ray's own processes; `idle_seconds` is what is left of
the workers' cores. `worker_mib` is the most memory that a worker held, its own pages (RssAnon) alone. `scan_ms` and `join_ms` are the CPU
milliseconds a frame of the two things that one machine does for a single long video: to find where pieces begin, and to join
them. Wants quiet cores. Writes benchmarks/results/workers.json, or workers_N.json for clips of another length.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from common import write
from pipeline import CLIP, ROOT

import vidstyle
from vidstyle.cluster.scan import Scan
from vidstyle.cores import cores
from vidstyle.files import Job
from vidstyle.media.pieces import folder_of
from vidstyle.stylize.beginnings import Beginnings

FRAMES, ALONE, STYLE = 140, 3, "starry_night"


def make_clips(folder: Path, count: int, frames: int) -> list[Path]:
    """Cut the sample clip into overlapping parts, slower ones where there are too few frames."""
    clips = []
    slower = -(-frames // FRAMES)
    seconds = Fraction(frames, 30 * slower)
    for number in range(count):
        start = Fraction(number % (150 - FRAMES), 30)
        reading = vidstyle.Reading(
            start=start, end=start + seconds, fps=Fraction(30 * slower) if slower > 1 else None
        )
        clips.append(folder / f"{number:03}.mp4")
        vidstyle.stylize(CLIP, "identity", clips[-1], reading=reading)
    return clips


@dataclass
class Process:
    """What is known of a process that a run has begun."""

    name: str
    seconds: float = 0.0
    """Of a processor."""
    mib: float = 0.0
    """Its own memory, at most."""


class Family(threading.Thread):
    """Looks at the processes of a run until it is ended."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.pid = pid
        self.ended = threading.Event()
        self.found: dict[int, Process] = {}
        self.begun: float | None = None

    def run(self) -> None:
        """Look."""
        ticks = os.sysconf("SC_CLK_TCK")
        while not self.ended.wait(0.1):
            facts: dict[int, tuple[int, float]] = {}
            for entry in Path("/proc").glob("[0-9]*"):
                with contextlib.suppress(OSError):
                    stat = (entry / "stat").read_text().rpartition(")")[2].split()
                    facts[int(entry.name)] = int(stat[1]), (int(stat[11]) + int(stat[12])) / ticks
            below = {self.pid}
            while below:
                for pid in below & facts.keys():
                    self._look(pid, facts[pid][1])
                below = {pid for pid, (parent, _) in facts.items() if parent in below}

    def _look(self, pid: int, seconds: float) -> None:
        entry = Path("/proc") / str(pid)
        with contextlib.suppress(OSError):
            name = (entry / "cmdline").read_bytes().decode(errors="replace")
            status = (entry / "status").read_text().splitlines()
            process = self.found.setdefault(pid, Process(name))
            if "ray::Worker" in name:
                process.name = name
                self.begun = self.begun or time.perf_counter()
            kib = next((int(s.split()[1]) for s in status if s.startswith("RssAnon")), 0)
            process.seconds, process.mib = seconds, max(process.mib, kib / 1024)

    def of(self, kind: str) -> list[Process]:
        """Return the workers, the run that asks, or Ray's own processes."""

        def kind_of(pid: int, process: Process) -> str:
            return (
                "worker" if "ray::Worker" in process.name else "run" if pid == self.pid else "ray"
            )

        return [process for pid, process in self.found.items() if kind_of(pid, process) == kind]


def spread(clips: list[Path], output: str, workers: int) -> tuple[float, float, Family]:
    """Run the command; return its seconds, those from the first worker on, and its processes."""
    command = [sys.executable, "-m", "vidstyle", "run", *map(str, clips), "-s", STYLE]
    command += ["-o", output, "--on", "ray", "--workers", str(workers), "--quiet"]
    started = time.perf_counter()
    run = subprocess.Popen(command, env=os.environ | {"PYTHONPATH": str(ROOT)})
    family = Family(run.pid)
    family.start()
    if run.wait():
        raise SystemExit(f"the run ended with exit code {run.returncode}")
    ended = time.perf_counter()
    family.ended.set()
    family.join()
    return ended - started, ended - (family.begun or started), family


def alone(clips: list[Path], output: Path) -> float:
    """Return the CPU seconds of a clip, painted here by a model that is kept."""
    with vidstyle.load(STYLE) as model:
        model.video(clips[0], output / "warm.mp4")
        before = time.process_time()
        for clip in clips:
            model.video(clip, output / clip.name)
        return (time.process_time() - before) / len(clips)


def of_one_machine(clip: Path, output: Path) -> tuple[float, float]:
    """Return the CPU milliseconds a frame of the scan of a video, and of joining its pieces."""
    size = 250
    with vidstyle.load(STYLE) as model:
        painter = model.stylizer.bind(vidstyle.Look())
        scan = Scan(Job(clip, output), Beginnings(painter, 1), size, exact=False)
        before = time.process_time()
        scan.start()
        scan.join()
        scanned = time.process_time() - before
    there = 2 * size  # frames in two whole pieces
    with vidstyle.load(STYLE) as model:

        def stop_behind(progress: vidstyle.Progress) -> None:
            if progress.frames >= there + 50:
                raise vidstyle.Interrupted(2)

        with contextlib.suppress(vidstyle.Interrupted):
            model.video(clip, output, resume=True, on_progress=stop_behind)
        assert len([*folder_of(output).glob("*.npz")]) == 2
        spent: dict[int, float] = {}

        def note(progress: vidstyle.Progress) -> None:
            spent[progress.frames] = time.process_time()
            if progress.frames >= there:
                raise vidstyle.Interrupted(2)

        with contextlib.suppress(vidstyle.Interrupted):
            model.video(clip, output, resume=True, on_progress=note)
    first, last = min(f for f in spent if f >= 20), max(f for f in spent if f <= there - 20)
    joined = (spent[last] - spent[first]) / (last - first)
    return 1000 * scanned / len(scan.pts), 1000 * joined


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--clips", type=int, default=40)
    parser.add_argument("--frames", type=int, default=FRAMES)
    parser.add_argument("--workers", type=int, default=cores())
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder)
        clips = make_clips(here, asked.clips, asked.frames)
        (here / "alone").mkdir()
        each = alone(clips[:ALONE], here / "alone")
        (here / "many").mkdir()
        output = str(here / "many" / "{name}.{ext}")
        seconds, begun, family = spread(clips, output, asked.workers)
        ideal = each * len(clips) / asked.workers
        # Of more frames than a piece has.
        vidstyle.stylize(
            CLIP, "identity", here / "long.mp4", reading=vidstyle.Reading(fps=Fraction(120))
        )
        scan, join = of_one_machine(here / "long.mp4", here / "one.mp4")
    spent = {
        kind: sum(process.seconds for process in family.of(kind))
        for kind in ("worker", "run", "ray")
    }
    results: dict[str, Any] = {
        "clips": len(clips),
        "frames_each": asked.frames,
        "workers": asked.workers,
        "seconds": seconds,
        "ideal_seconds": ideal,
        "ratio": seconds / ideal,
        "begun_ratio": begun / ideal,
        "cpu_seconds": spent,
        "idle_seconds": asked.workers * seconds - sum(spent.values()),
        "worker_mib": max(process.mib for process in family.of("worker")),
        "scan_ms": scan,
        "join_ms": join,
    }
    for name, value in results.items():
        print(f"{name}: {value:.2f}" if isinstance(value, float) else f"{name}: {value}")
    name = "workers" if asked.frames == FRAMES else f"workers_{asked.frames}"
    print(write(name, results))


if __name__ == "__main__":
    main()
