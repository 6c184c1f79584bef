"""End-to-end speed, memory and the stages alone: `make bench`.

The sample clip, at 640x360 and enlarged to 1280x720, runs through the whole command in a process of
its own: decode, network, encode, copied sound. `fps` divides all frames by the wall time of the whole
process, start included. Memory is the process's peak, for a short and a long clip. The stages are
measured alone, in CPU milliseconds a frame, on stylized output: its texture costs the encoder more.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from common import machine, repeat, spread, write

from vidstyle.frame import Frame
from vidstyle.media.sink import FileSink
from vidstyle.media.source import FileSource
from vidstyle.runtime.select import select_engine
from vidstyle.stylize.stylizer import ArbitraryStylizer

ROOT = Path(__file__).parent.parent
CLIP = ROOT / "samples" / "clip.mp4"
STYLE = ROOT / "samples" / "styles" / "swirls.jpg"


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
    _, status, usage = os.wait4(pid, 0)
    wall = time.perf_counter() - started
    if status:
        raise SystemExit(f"the command failed with status {status}")
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def measure_stages(clip: Path, out: Path, frames: int = 24) -> dict[str, Any]:
    """Measure decode, network and encode alone: CPU milliseconds a frame."""
    stylizer = ArbitraryStylizer(select_engine("cpu"))
    prepared = stylizer.prepare(STYLE)

    def decode() -> float:
        started = time.process_time()
        with FileSource(clip) as source:
            count = sum(1 for _ in source)
        return (time.process_time() - started) * 1e3 / count

    with FileSource(clip) as source:
        info = source.info
        some = [f for f, _ in zip(source, range(frames), strict=False)]
    pixels = np.stack([f.pixels for f in some])
    painted = pixels

    def network() -> float:
        nonlocal painted
        started = time.process_time()
        painted, _ = stylizer.step(pixels, prepared)
        return (time.process_time() - started) * 1e3 / len(pixels)

    result = {"decode": repeat(decode), "network": repeat(network)}

    def encode() -> float:
        started = time.process_time()
        with FileSink(out, info, overwrite=True) as sink:
            for frame, image in zip(some, painted, strict=True):
                sink.write(sink.convert(Frame(image, frame.pts, frame.time_base, frame.color)))
            sink.commit()
        return (time.process_time() - started) * 1e3 / len(some)

    return result | {"encode": repeat(encode)}


def main() -> None:
    """Measure and write benchmarks/results/pipeline.json."""
    results: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out.mp4"
        for name, width, height, short, long in (
            ("640x360", 640, 360, 450, 1800),
            ("1280x720", 1280, 720, 120, 480),
        ):
            clip = make_clip(Path(folder) / "short.mp4", width, height, short)
            runs = [run_command(clip, out) for _ in range(6)][1:]
            much = run_command(make_clip(Path(folder) / "long.mp4", width, height, long), out)
            results[name] = {
                "frames": short,
                "fps": spread([short / wall for wall, _, _ in runs]),
                "cpu_ms_per_frame": spread([1e3 * cpu / short for _, cpu, _ in runs]),
                "peak_mib": spread([m for _, _, m in runs]),
                "long_frames": long,
                "long_fps": long / much[0],
                "long_peak_mib": much[2],
                "stages_cpu_ms_per_frame": measure_stages(clip, out),
            }
            print(name, results[name], flush=True)
    print(machine())
    print(write("pipeline", results).relative_to(ROOT))


if __name__ == "__main__":
    main()
