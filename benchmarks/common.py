"""What every benchmark shares: repeats, medians, the machine, and JSON results.

Machines are shared and noisy: quote medians, and ratios within one run.
"""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"


def spread(values: list[float]) -> dict[str, float]:
    """Return median and interquartile range."""
    low, _, high = statistics.quantiles(values, n=4, method="inclusive")
    return {"median": statistics.median(values), "iqr": high - low}


def repeat(measure: Callable[[], float], *, times: int = 5, warm_up: int = 1) -> dict[str, float]:
    """Call `measure` and return the spread of what it returns."""
    for _ in range(warm_up):
        measure()
    return spread([measure() for _ in range(times)])


def machine() -> dict[str, Any]:
    """Return what the figures depend on."""
    flags = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False
    ).stdout.strip()
    return {
        "processor": next(
            (r.split(":")[1].strip() for r in flags.splitlines() if r.startswith("model name")),
            platform.processor(),
        ),
        "instructions": [f for f in ("avx2", "avx512f", "avx512_bf16", "amx_bf16") if f in flags],
        "cores": len(os.sched_getaffinity(0)),
        "python": platform.python_version(),
        "versions": {n: version(n) for n in ("av", "openvino", "numpy", "vidstyle")},
        "commit": commit,
    }


def write(name: str, results: dict[str, Any]) -> Path:
    """Write results beside the machine's facts as JSON."""
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.json"
    path.write_text(json.dumps({"machine": machine(), **results}, indent=1) + "\n")
    return path
