"""What many results in one command cost beside the painting: `python benchmarks/batch.py`.

Twenty short clips, parts of the sample clip, in three of the sample styles by one `vidstyle run` in a process of its own.
`ratio` is the wall time of the whole process, start included, over the summed time in which its results were painted, from
the first frame of each that is read to its last that is written, as the report has it. `separate_ratio` is the same of commands
for one result each, of which a few are run. `network_ratio` is over the time of the network alone, for frames in memory: decoding
and encoding overlap with it as far as there are cores. Writes benchmarks/results/batch.json.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from fractions import Fraction
from pathlib import Path
from typing import Any

from common import write
from pipeline import CLIP, ROOT

import vidstyle
from vidstyle.media.source import FileSource

CLIPS, FRAMES, ALONE = 20, 45, 5
STYLES = ("ink", "mosaic", "swirls")


def make_clips(folder: Path) -> None:
    """Cut the sample clip into overlapping parts."""
    for number in range(CLIPS):
        start = Fraction(5 * number, 30)
        reading = vidstyle.Reading(start=start, end=start + Fraction(FRAMES, 30))
        vidstyle.stylize(CLIP, "identity", folder / f"{number:02}.mp4", reading=reading)


def run(*words: str | Path) -> tuple[float, dict[str, Any]]:
    """Run the command; return its wall seconds, and its report."""
    report = Path(tempfile.mkstemp(suffix=".json")[1])
    report.unlink()
    command = [sys.executable, "-m", "vidstyle", "run", *map(str, words)]
    command += ["--device", "cpu", "--report", str(report), "--quiet"]
    started = time.perf_counter()
    subprocess.run(command, check=True, env=os.environ | {"PYTHONPATH": str(ROOT)})
    seconds = time.perf_counter() - started
    told: dict[str, Any] = json.loads(report.read_text())
    report.unlink()
    return seconds, told


def painting(report: dict[str, Any]) -> float:
    """Return the seconds in which the results of a report were painted."""
    return float(sum(result["seconds"] for result in report["results"]))


def network(clip: Path, style: Path) -> float:
    """Return the seconds that the network alone takes for a clip in memory."""
    with FileSource(clip) as source:
        frames = [frame.pixels for frame in source]
    with vidstyle.load(device="cpu") as model:
        look = vidstyle.Look(model.style(style))
        list(model.stream(frames, look))
        started = time.perf_counter()
        list(model.stream(frames, look))
        return time.perf_counter() - started


def main() -> None:
    """Measure and write."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        clips, styles, out = folder / "clips", folder / "styles", folder / "out"
        for made in (clips, styles, out):
            made.mkdir()
        make_clips(clips)
        for style in STYLES:
            path = ROOT / "samples" / "styles" / f"{style}.jpg"
            (styles / path.name).write_bytes(path.read_bytes())
        before = network(clips / "00.mp4", styles / "ink.jpg")
        wall, report = run(clips, "--style-dir", styles, "-o", out / "{name}.{style}.{ext}")
        after = network(clips / "00.mp4", styles / "ink.jpg")
        alone = [
            run(clips / f"{n:02}.mp4", "-s", styles / "ink.jpg", "-o", folder / f"{n}.mp4")
            for n in range(ALONE)
        ]
    painted = painting(report)
    results = {
        "clips": CLIPS,
        "styles": len(STYLES),
        "frames_each": FRAMES,
        "engine": report["results"][0]["engine"],
        "wall_seconds": round(wall, 1),
        "painting_seconds": round(painted, 1),
        "ratio": round(wall / painted, 3),
        "network_ratio": round(wall / (report["done"] * (before + after) / 2), 3),
        "separate_ratio": round(sum(w for w, _ in alone) / sum(painting(r) for _, r in alone), 3),
    }
    print(results)
    print(write("batch", results).relative_to(ROOT))


if __name__ == "__main__":
    main()
