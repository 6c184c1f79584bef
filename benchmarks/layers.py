"""Where the network's time goes, by kind of operation: `python benchmarks/layers.py`.

The shipped any-style network at 1280x720 on one core, by the runtime's own counters, in f32 and in int8. Writes benchmarks/results/layers.json.
"""

from __future__ import annotations

import statistics
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import openvino as ov
from common import write

from vidstyle import zoo

HEIGHT, WIDTH = 720, 1280
ROUNDS = 15


def times(path: Path) -> dict[str, float]:
    """Return milliseconds a frame by kind of operation, medians over the rounds."""
    core = ov.Core()
    model = core.read_model(path)
    shapes = {port.any_name: port.partial_shape for port in model.inputs}
    model.reshape(shapes | {"frame": ov.PartialShape([1, HEIGHT, WIDTH, 3])})
    compiled = core.compile_model(
        model,
        "CPU",
        {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": 1, "PERF_COUNT": True},
    )
    request = compiled.create_infer_request()
    generator = np.random.default_rng(1)
    inputs = {
        port.any_name: generator.uniform(0.2, 1, tuple(port.shape)).astype(np.float32)
        if port.any_name != "frame"
        else generator.integers(0, 255, tuple(port.shape), np.uint8)
        for port in compiled.inputs
    }
    rounds: list[dict[str, float]] = []
    for _ in range(ROUNDS + 2):
        request.infer(inputs)
        spent: dict[str, float] = defaultdict(float)
        for node in request.get_profiling_info():
            spent[node.node_type] += node.real_time.total_seconds() * 1e3
        rounds.append(spent)
    return {
        kind: statistics.median(r[kind] for r in rounds[2:])
        for kind in rounds[-1]
        if rounds[-1][kind] > 0
    }


def main() -> None:
    """Measure and write."""
    model = zoo.find()
    rows: dict[str, Any] = {
        name: dict(sorted(times(path).items(), key=lambda kind: -kind[1]))
        for name, path in (("f32", model.frame_net), ("int8", model.small_net))
    }
    for name, spent in rows.items():
        print(name, {kind: round(ms, 1) for kind, ms in spent.items()})
    print(write("layers", {"size": [HEIGHT, WIDTH], "milliseconds": rows}))


if __name__ == "__main__":
    main()
