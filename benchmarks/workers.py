"""What workers of Ray cost beside the painting: `python benchmarks/workers.py [--clips N] [--workers N]`.

Short clips, parts of the sample clip, are painted by one `vidstyle run --on ray` in a process of its own, a worker for each core.
`ratio` is the wall time of the whole process over the ideal of the cores: the summed CPU time of plain runs of some of the clips in
one process, for as many clips, divided by the workers. `begun_ratio` leaves out the time until Ray and its workers are there.
`worker_mib` is the most memory that a worker held, its own pages (RssAnon) alone. `scan_ms` and `join_ms` are the CPU
milliseconds a frame of the two things that one machine does for a single long video: to find where pieces begin, and to join
them. Wants quiet cores. Writes benchmarks/results/workers.json.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import threading
import time
from fractions import Fraction
from pathlib import Path

from common import write
from pipeline import CLIP, ROOT

import vidstyle
from vidstyle.cluster.scan import Scan
from vidstyle.cores import cores
from vidstyle.files import Job
from vidstyle.media.pieces import folder_of
from vidstyle.stylize.beginnings import Beginnings

FRAMES, ALONE, STYLE = 140, 3, "starry_night"


def make_clips(folder: Path, count: int) -> list[Path]:
    """Cut the sample clip into overlapping parts."""
    clips = []
    for number in range(count):
        start = Fraction(number % (150 - FRAMES), 30)
        reading = vidstyle.Reading(start=start, end=start + Fraction(FRAMES, 30))
        clips.append(folder / f"{number:03}.mp4")
        vidstyle.stylize(CLIP, "identity", clips[-1], reading=reading)
    return clips


class Memory(threading.Thread):
    """Looks at the memory of Ray's workers until it is ended."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.ended = threading.Event()
        self.most = 0.0
        self.begun: float | None = None

    def run(self) -> None:
        """Look."""
        while not self.ended.wait(0.2):
            for entry in Path("/proc").iterdir():
                try:
                    if b"ray::Worker" not in (entry / "cmdline").read_bytes():
                        continue
                    lines = (entry / "status").read_text().splitlines()
                except OSError:
                    continue
                self.begun = self.begun or time.perf_counter()
                kib = next((int(s.split()[1]) for s in lines if s.startswith("RssAnon")), 0)
                self.most = max(self.most, kib / 1024)


def spread(clips: list[Path], output: str, workers: int) -> tuple[float, float, float]:
    """Run the command; return its seconds, those from the first painting on, and the memory of a worker, MiB."""
    command = [sys.executable, "-m", "vidstyle", "run", *map(str, clips), "-s", STYLE]
    command += ["-o", output, "--on", "ray", "--workers", str(workers), "--quiet"]
    memory = Memory()
    memory.start()
    started = time.perf_counter()
    subprocess.run(command, check=True, env=os.environ | {"PYTHONPATH": str(ROOT)})
    ended = time.perf_counter()
    memory.ended.set()
    memory.join()
    return ended - started, ended - (memory.begun or started), memory.most


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
    seconds: list[float] = []
    for _ in range(2):  # the second run finds the pieces of the first, which is cut off at its end
        last = 0

        def stop_at_the_end(progress: vidstyle.Progress) -> None:
            nonlocal last
            last = progress.frames
            if not seconds and last >= len(scan.pts):
                raise vidstyle.Interrupted(2)

        before = time.process_time()
        try:
            vidstyle.stylize(clip, STYLE, output, resume=True, on_progress=stop_at_the_end)
        except vidstyle.Interrupted:
            assert folder_of(output).is_dir()
        seconds.append(time.process_time() - before)
    return 1000 * scanned / len(scan.pts), 1000 * seconds[1] / len(scan.pts)


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--clips", type=int, default=40)
    parser.add_argument("--workers", type=int, default=cores())
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder)
        clips = make_clips(here, asked.clips)
        (here / "alone").mkdir()
        each = alone(clips[:ALONE], here / "alone")
        (here / "many").mkdir()
        output = str(here / "many" / "{name}.{ext}")
        seconds, begun, memory = spread(clips, output, asked.workers)
        ideal = each * len(clips) / asked.workers
        # Of more frames than a piece has.
        vidstyle.stylize(
            CLIP, "identity", here / "long.mp4", reading=vidstyle.Reading(fps=Fraction(120))
        )
        scan, join = of_one_machine(here / "long.mp4", here / "one.mp4")
    results = {
        "clips": len(clips),
        "frames_each": FRAMES,
        "workers": asked.workers,
        "seconds": seconds,
        "ideal_seconds": ideal,
        "ratio": seconds / ideal,
        "begun_ratio": begun / ideal,
        "worker_mib": memory,
        "scan_ms": scan,
        "join_ms": join,
    }
    for name, value in results.items():
        print(f"{name}: {value:.2f}" if isinstance(value, float) else f"{name}: {value}")
    print(write("workers", results))


if __name__ == "__main__":
    main()
