"""How large an exported page is, and what its networks take: `python benchmarks/page.py onnxruntime-web-VERSION.tgz`.

The file is that of `npm pack onnxruntime-web`. The page has a network of one style and a picture. Sizes are those of its files; the CPU time of
a frame of 640x360 is measured in Node.js, in wasm with one thread (benchmarks/page.mjs). Writes benchmarks/results/page.json.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tarfile
import tempfile
from pathlib import Path

from common import spread, write
from pipeline import ROOT

import vidstyle

STYLES: dict[str, str | Path] = {
    "network of one style": "starry_night",
    "picture": ROOT / "samples" / "styles" / "swirls.jpg",
}


def sizes(page: Path) -> dict[str, float]:
    """Return the megabytes of the parts of a page."""
    runtime = [*(page / "runtime").iterdir()]
    webgpu = [f for f in runtime if "asyncify" in f.name or "webgpu" in f.name]
    parts = {
        "page": [f for f in page.iterdir() if f.is_file()],
        "each network of one style": [page / "styles" / "starry_night.onnx"],
        "each picture": [page / "styles" / "swirls.onnx"],
        "onnxruntime-web, wasm": [f for f in runtime if f not in webgpu],
        "onnxruntime-web, WebGPU": webgpu,
    }
    return {part: sum(f.stat().st_size for f in files) / 1e6 for part, files in parts.items()}


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runtime", type=Path)
    runtime = parser.parse_args().runtime
    with tempfile.TemporaryDirectory() as folder:
        page = vidstyle.export_web([*STYLES.values()], Path(folder) / "page", runtime=runtime)
        with tarfile.open(runtime) as package:
            package.extractall(folder, filter="data")
        nets = [str(page / "styles" / f"{Path(style).stem}.onnx") for style in STYLES.values()]
        script = Path(__file__).with_suffix(".mjs")
        ort = Path(folder) / "package" / "dist" / "ort.wasm.min.mjs"
        told = subprocess.run(
            ["node", script, ort, *nets], capture_output=True, text=True, check=True
        )
        times = json.loads(told.stdout)
        took = {kind: spread(times[net]) for kind, net in zip(STYLES, nets, strict=True)}
        print(write("page", {"megabytes": sizes(page), "cpu_ms_per_frame": took}))


if __name__ == "__main__":
    main()
