"""A thousand hours of video on a hundred machines, by a model of time: `python benchmarks/scale.py`.

Nothing is run: CPU milliseconds a frame come from benchmarks/results/pipeline.json, and what one machine does for a long video from
workers.json where that is there, else from the decoding in pipeline.json. The clips of a list are handed out in their order, each to the
first worker that is free; a worker that is lost begins its clip anew. Prints the figures of docs/scale.md; tables.py writes its tables.
"""

from __future__ import annotations

import heapq
import json
import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"

HOURS, RATE, SIZE = 1000, 25, "1280x720"
MACHINES, CORES = 100, 8
LONGEST = 180
"""Minutes of a clip at most."""
BITRATE = 8.0
"""Megabits a second of the video that is read, and of that which is written."""
TOGETHER = 1.15
"""Time of a worker of many cores over the ideal of these: docs/speed.md has it of two."""
START = 15.0
"""Seconds until a worker paints: Ray, the libraries, the model, the compiling."""


def of(name: str) -> dict[str, Any]:
    """Return the results of a benchmark; none where it was not run."""
    path = RESULTS / f"{name}.json"
    return json.loads(path.read_text()) if path.exists() else {}


@dataclass(frozen=True)
class Costs:
    """CPU milliseconds a frame."""

    whole: float
    scan: float
    join: float

    @classmethod
    def measured(cls) -> Costs:
        """Read them."""
        found = of("pipeline")[SIZE]
        stages = {name: value["median"] for name, value in found["stages_cpu_ms_per_frame"].items()}
        whole = found["long_cpu_ms_per_frame"]["median"]
        own = of("workers")
        # The sample clip is a quarter of the size; decoding grows with the pixels.
        larger = 4 if own else 1
        scan = larger * own["scan_ms"] if own else stages["decode"]
        join = larger * own["join_ms"] if own else stages["decode"]
        return cls(whole, scan, join)


def clips(mean_minutes: float, seed: int) -> list[float]:
    """Return the lengths, seconds, of clips that last `HOURS` together; a few are much longer than most."""
    draw = random.Random(seed)
    lengths: list[float] = []
    left = 3600.0 * HOURS
    while left > 0:
        lengths.append(60 * min(LONGEST, mean_minutes * draw.lognormvariate(-0.18, 0.6)))
        left -= lengths[-1]
    return lengths


def by_clip(lengths: list[float], ms: float, workers: int, *, lost_hours: float = 0) -> float:
    """Return the seconds until the last clip is painted; each worker is lost once in so many hours, 0: never."""
    draw = random.Random(0)
    free = [START] * workers
    for length in lengths:
        seconds, begun = length * RATE * ms / 1000, heapq.heappop(free)
        while lost_hours and (lost := draw.expovariate(1 / (3600 * lost_hours))) < seconds:
            begun += lost + START
        heapq.heappush(free, begun + seconds)
    return max(free)


def by_pieces(length: float, costs: Costs, workers: int) -> tuple[float, float]:
    """Return the seconds of one video by its pieces, and those of them in which one machine alone works."""
    frames = length * RATE
    scan, join = frames * costs.scan / 1000, frames * costs.join / 1000
    lead = 1 + 50 / 500  # half a shot of 100 frames is lost before a task of two pieces
    painted = frames * costs.whole * lead / 1000 / workers
    tail = 125 * costs.whole / 1000 / CORES
    return START + max(scan, painted) + join + tail, scan + join + tail


def ideal(costs: Costs) -> float:
    """Return the seconds that `HOURS` would take if no core ever waited."""
    return 3600 * HOURS * RATE * costs.whole / 1000 / (MACHINES * CORES)


def over_the_ideal(mean_minutes: float) -> tuple[int, float, tuple[float, ...]]:
    """Return how many clips there are, the minutes of the longest, and the time over the ideal.

    The times are those as the clips come, longest first, as they come with a worker lost every 24 hours of its work, and with one worker for each
    machine.
    """
    costs, lengths = Costs.measured(), clips(mean_minutes, 1)
    workers = MACHINES * CORES
    times = (
        by_clip(lengths, costs.whole, workers),
        by_clip(sorted(lengths, reverse=True), costs.whole, workers),
        by_clip(lengths, costs.whole, workers, lost_hours=24),
        by_clip(lengths, costs.whole * TOGETHER / CORES, MACHINES),
    )
    return len(lengths), max(lengths) / 60, tuple(seconds / ideal(costs) for seconds in times)


def film(workers: int) -> tuple[float, float, float]:
    """Return the seconds of two hours by pieces, those of them by one machine alone, and how many times faster it is than one core."""
    costs = Costs.measured()
    seconds, alone = by_pieces(2 * 3600, costs, workers)
    return seconds, alone, 2 * 3600 * RATE * costs.whole / 1000 / seconds


def main() -> None:
    """Print the figures that are in no table."""
    costs, workers = Costs.measured(), MACHINES * CORES
    print(
        f"CPU ms a frame of {SIZE}: whole {costs.whole:.1f}, scan {costs.scan:.1f}, join {costs.join:.1f}"
    )
    print(f"ideal of {workers} cores: {ideal(costs) / 3600:.2f} h")
    moved = workers * BITRATE / 8 / (costs.whole * RATE / 1000)
    print(f"read from the shared folder, and written to it: {moved:.0f} MB a second each")
    print(f"frames a second of all: {workers * 1000 / costs.whole:.0f}")


if __name__ == "__main__":
    main()
