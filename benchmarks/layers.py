"""Where the network's time goes, by kind of operation: `python benchmarks/layers.py`.

The shipped any-style network at 1280x720 on one core, by the runtime's own counters, in each precision that the processor has.
Writes benchmarks/results/layers.json.
"""

from __future__ import annotations

import statistics
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import openvino as ov
from common import write

from vidstyle.runtime.openvino import offered_precisions
from vidstyle.zoo import catalog

HEIGHT, WIDTH = 720, 1280
ROUNDS = 15


def times(path: Path, floats: str) -> dict[str, float]:
    """Return milliseconds a frame by kind of operation, medians over the rounds, floats as told."""
    core = ov.Core()
    model = core.read_model(path)
    shapes = {port.any_name: port.partial_shape for port in model.inputs}
    model.reshape(shapes | {"frame": ov.PartialShape([1, HEIGHT, WIDTH, 3])})
    compiled = core.compile_model(
        model,
        "CPU",
        {"INFERENCE_PRECISION_HINT": floats, "INFERENCE_NUM_THREADS": 1, "PERF_COUNT": True},
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
    model = catalog.find()
    offered = offered_precisions()
    floats = next(name for name in offered if name != "int8")
    rows: dict[str, Any] = {}
    for name in reversed(offered):
        small = name == "int8"
        spent = times(model.int8_net if small else model.frame_net, floats if small else name)
        # As the engine has it: what is not in int8 is in the fastest floats.
        title = f"int8 and {floats}" if small else name
        rows[title] = dict(sorted(spent.items(), key=lambda kind: -kind[1]))
    for name, spent in rows.items():
        print(name, {kind: round(ms, 1) for kind, ms in spent.items()})
    print(write("layers", {"size": [HEIGHT, WIDTH], "milliseconds": rows}))


if __name__ == "__main__":
    main()
