"""What the pipeline costs beside its parts: `make bench`.

`--style identity` on the sample clip enlarged to 1280x720, as a whole process, against the CPU time of
decoding, of converting to RGB and back, and of encoding, each alone in one thread of this process. Both
cores together could do no better than the sum over the number of cores.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import av
from common import machine, spread, write
from pipeline import ROOT, make_clip, run_command

from vidstyle.media.codecs import Encoding
from vidstyle.media.color import ColorConverter, tags_of

FRAMES = 1800
ROUNDS = 5
SOME = 150
"""Frames for the parts alone: the sample clip once, as the rest repeats it."""


def parts(clip: Path, out: Path) -> dict[str, Callable[[], float]]:
    """Return what measures each part alone: CPU milliseconds a frame."""

    def timed(work: Callable[[], int]) -> Callable[[], float]:
        def measure() -> float:
            started = time.process_time()
            count = work()
            return (time.process_time() - started) * 1e3 / count

        return measure

    def decode() -> int:
        with av.open(str(clip)) as container:
            container.streams.video[0].thread_type = "AUTO"
            return sum(1 for _ in container.decode(video=0))

    with av.open(str(clip)) as container:
        pictures = [p for p, _ in zip(container.decode(video=0), range(SOME), strict=False)]
    tags = tags_of(pictures[0])
    forth, back = ColorConverter(), ColorConverter()

    def to_rgb() -> int:
        for picture in pictures:
            forth.to_rgb(picture, tags, high_bit_depth=False, precise=True)
        return SOME

    pixels = [forth.to_rgb(p, tags, high_bit_depth=False, precise=True)[0] for p in pictures]

    def from_rgb() -> int:
        for each in pixels:
            back.from_rgb(each, tags, "yuv420p")
        return SOME

    def encode() -> int:
        with av.open(str(out), "w") as output:
            wishes = Encoding().arguments("libx264")
            stream = output.add_stream("libx264", rate=30, options=wishes)
            stream.width, stream.height, stream.pix_fmt = 1280, 720, "yuv420p"
            for picture in pictures:
                output.mux(stream.encode(picture))
            output.mux(stream.encode(None))
        return SOME

    return {
        "decode": timed(decode),
        "to RGB": timed(to_rgb),
        "from RGB": timed(from_rgb),
        "encode": timed(encode),
    }


def main() -> None:
    """Measure and write benchmarks/results/passthrough.json."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out.mp4"
        clip = make_clip(Path(folder) / "clip.mp4", 1280, 720, FRAMES)
        measures = parts(clip, out)
        cores = len(os.sched_getaffinity(0))
        alone: dict[str, list[float]] = {name: [] for name in measures}
        walls, cpus, ratios = [], [], []
        # Parts and whole in turns: the machine's speed changes within minutes.
        for number in range(ROUNDS + 1):
            once = {name: measure() for name, measure in measures.items()}
            wall, cpu, _ = run_command(clip, out, "identity")
            if number:  # the first is for warming up
                for name, value in once.items():
                    alone[name].append(value)
                walls.append(wall * 1e3 / FRAMES)
                cpus.append(cpu * 1e3 / FRAMES)
                ratios.append(walls[-1] / (sum(once.values()) / cores))
        results = {
            "frames": FRAMES,
            "parts_cpu_ms_per_frame": {name: spread(values) for name, values in alone.items()},
            "wall_ms_per_frame": spread(walls),
            "cpu_ms_per_frame": spread(cpus),
            "ratio_of_wall_to_parts_over_cores": spread(ratios),
        }
    print(results)
    print(machine())
    print(write("passthrough", results).relative_to(ROOT))


if __name__ == "__main__":
    main()
