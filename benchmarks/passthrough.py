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
from typing import Any

import av
from common import machine, repeat, spread, write
from pipeline import ROOT, make_clip, run_command

from vidstyle.media.codecs import Encoding
from vidstyle.media.color import ColorConverter, tags_of

FRAMES = 600
SOME = 60
"""Frames for the parts alone."""


def parts(clip: Path, out: Path) -> dict[str, Any]:
    """Measure the parts: CPU milliseconds a frame."""

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
            forth.to_rgb(picture, tags, deep=False, precise=True)
        return SOME

    pixels = [forth.to_rgb(p, tags, deep=False, precise=True)[0] for p in pictures]

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
        "decode": repeat(timed(decode)),
        "to RGB": repeat(timed(to_rgb)),
        "from RGB": repeat(timed(from_rgb)),
        "encode": repeat(timed(encode)),
    }


def main() -> None:
    """Measure and write benchmarks/results/passthrough.json."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out.mp4"
        clip = make_clip(Path(folder) / "clip.mp4", 1280, 720, FRAMES)
        alone = parts(clip, out)
        runs = [run_command(clip, out, "identity") for _ in range(6)][1:]
        walls = [wall * 1e3 / FRAMES for wall, _, _ in runs]
        cores = os.cpu_count() or 1
        bound = sum(part["median"] for part in alone.values()) / cores
        results = {
            "frames": FRAMES,
            "parts_cpu_ms_per_frame": alone,
            "sum_over_cores_ms": bound,
            "wall_ms_per_frame": spread(walls),
            "cpu_ms_per_frame": spread([cpu * 1e3 / FRAMES for _, cpu, _ in runs]),
            "ratio": spread([wall / bound for wall in walls]),
        }
    print(results)
    print(machine())
    print(write("passthrough", results).relative_to(ROOT))


if __name__ == "__main__":
    main()
