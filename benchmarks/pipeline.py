"""End-to-end speed, memory and the stages alone: `make bench`.

The sample clip, at 640x360 and enlarged to 1280x720, runs through the whole command in a process of
its own: decode, network, encode, copied sound. `fps` divides all frames by the wall time of the whole
process, start included. Memory is the process's peak, for a short and a long clip. The stages are
measured alone, in CPU milliseconds a frame, on stylized output: its texture costs the encoder more.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

from common import machine, spread, write

from vidstyle import Look, load
from vidstyle.frame import Frame
from vidstyle.media.sink import FileSink
from vidstyle.media.source import FileSource
from vidstyle.runtime.select import select_engine

ROOT = Path(__file__).parent.parent
CLIP = ROOT / "samples" / "clip.mp4"
STYLE = ROOT / "samples" / "styles" / "swirls.jpg"
OWN = "starry_night"
"""The network of one style."""

ROUNDS = 5


def make_clip(path: Path, width: int, height: int, frames: int) -> Path:
    """Repeat the sample clip to a length and scale it, with PyAV's filters and x264."""
    import av

    with av.open(str(CLIP)) as source, av.open(str(path), "w") as output:
        stream = output.add_stream("libx264", rate=30, options={"crf": "20", "preset": "veryfast"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        done = 0
        while done < frames:
            source.seek(0)
            for frame in source.decode(video=0):
                if done == frames:
                    break
                scaled = frame.reformat(width, height, "yuv420p")
                scaled.pts, scaled.time_base = done, Fraction(1, 30)
                output.mux(stream.encode(scaled))
                done += 1
        output.mux(stream.encode(None))
    return path


def run_command(clip: Path, out: Path, style: str = str(STYLE)) -> tuple[float, float, float]:
    """Run the command; return wall seconds, CPU seconds and peak memory in MiB."""
    args = [sys.executable, "-m", "vidstyle", "run", str(clip), "-s", style, "-o", str(out)]
    started = time.perf_counter()
    pid = os.posix_spawn(sys.executable, [*args, "-y", "-q", "--device", "cpu"], os.environ)
    peak = 0.0
    while True:
        # Not ru_maxrss: it counts what this process had in memory when it started the other.
        facts = Path(f"/proc/{pid}/status").read_text()
        row = next((r for r in facts.splitlines() if r.startswith("VmHWM")), None)
        peak = float(row.split()[1]) / 1024 if row else peak
        done, status, usage = os.wait4(pid, os.WNOHANG)
        if done:
            break
        time.sleep(0.02)
    wall = time.perf_counter() - started
    if status:
        raise SystemExit(f"the command failed with status {status}")
    return wall, usage.ru_utime + usage.ru_stime, peak


def stages(clip: Path, out: Path, frames: int = 24) -> dict[str, Callable[[], float]]:
    """Return what measures decode, network and encode alone: CPU milliseconds a frame."""
    model = load(device="cpu")
    look = Look(model.style(STYLE))

    def decode() -> float:
        started = time.process_time()
        with FileSource(clip) as source:
            count = sum(1 for _ in source)
        return (time.process_time() - started) * 1e3 / count

    with FileSource(clip) as source:
        info = source.info
        some = [f for f, _ in zip(source, range(frames), strict=False)]
    pixels = [f.pixels for f in some]
    painted, _ = model.step(pixels, look)

    def network() -> float:
        started = time.process_time()
        model.step(pixels, look)
        return (time.process_time() - started) * 1e3 / len(pixels)

    def encode() -> float:
        started = time.process_time()
        with FileSink(out, info, overwrite=True) as sink:
            for frame, image in zip(some, painted, strict=True):
                sink.write(sink.convert(Frame(image, frame.pts, frame.time_base, frame.color)))
            sink.commit()
        return (time.process_time() - started) * 1e3 / len(some)

    return {"decode": decode, "network": network, "encode": encode}


_FIRST_FRAME = """
import os, sys, time
import vidstyle.cli.progress
def shown(self, progress):
    print(time.time(), "torch" in sys.modules, flush=True)
    os._exit(0)
vidstyle.cli.progress.ProgressDisplay.__call__ = shown
import vidstyle.cli.app
vidstyle.cli.app.main()
"""


def first_frame(clip: Path, out: Path) -> float:
    """Return seconds from the start of a process to its first painted frame; torch stays out."""
    args = ["run", str(clip), "-s", str(STYLE), "-o", str(out), "-y", "-q", "--device", "cpu"]
    started = time.time()
    done = subprocess.run(
        [sys.executable, "-c", _FIRST_FRAME, *args], capture_output=True, text=True, check=True
    )
    when, torch = done.stdout.split()
    if torch != "False":
        raise SystemExit("torch was imported")
    for left in out.parent.glob(f".{out.name}.*.part"):
        left.unlink()
    return float(when) - started


def measure(folder: Path, width: int, height: int, short: int, long: int) -> dict[str, Any]:
    """Measure one size. Parts and whole in turns: the machine's speed changes within minutes."""
    out = folder / "out.mp4"
    clip, longer = folder / f"{short}.mp4", folder / f"{long}.mp4"
    make_clip(clip, width, height, short)
    make_clip(longer, width, height, long)
    cores = len(os.sched_getaffinity(0))
    parts = stages(clip, out)
    alone: dict[str, list[float]] = {name: [] for name in parts}
    runs, owns, longs, ratios, starts = [], [], [], [], []
    for number in range(ROUNDS + 1):
        once = {name: part() for name, part in parts.items()}
        run = run_command(clip, out)
        own = run_command(clip, out, OWN)
        much = run_command(longer, out)
        start = first_frame(clip, out)
        if number:  # the first is for warming up
            for name, value in once.items():
                alone[name].append(value)
            runs.append(run)
            owns.append(own)
            longs.append(much)
            ratios.append(much[0] * 1e3 / long / (sum(once.values()) / cores))
            starts.append(start)
    return {
        "frames": short,
        "fps": spread([short / wall for wall, _, _ in runs]),
        "one_style_fps": spread([short / wall for wall, _, _ in owns]),
        "one_style_over_any_style": spread(
            [run[0] / own[0] for run, own in zip(runs, owns, strict=True)]
        ),
        "cpu_ms_per_frame": spread([1e3 * cpu / short for _, cpu, _ in runs]),
        "peak_mib": spread([m for _, _, m in runs]),
        "long_frames": long,
        "long_fps": spread([long / wall for wall, _, _ in longs]),
        "long_cpu_ms_per_frame": spread([1e3 * cpu / long for _, cpu, _ in longs]),
        "long_peak_mib": spread([m for _, _, m in longs]),
        "stages_cpu_ms_per_frame": {name: spread(values) for name, values in alone.items()},
        "ratio_of_long_wall_to_stages_over_cores": spread(ratios),
        "first_frame_s": spread(starts),
    }


def main() -> None:
    """Measure and write benchmarks/results/pipeline.json."""
    results: dict[str, Any] = {"engine": select_engine("cpu").name}
    for name, width, height, short, long in (
        ("640x360", 640, 360, 450, 900),
        ("1280x720", 1280, 720, 150, 300),
    ):
        with tempfile.TemporaryDirectory() as folder:
            results[name] = measure(Path(folder), width, height, short, long)
        print(name, results[name], flush=True)
    print(machine())
    print(write("pipeline", results).relative_to(ROOT))


if __name__ == "__main__":
    main()
