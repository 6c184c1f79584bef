"""What a kept model costs beside its engine: `python benchmarks/single.py`.

Twelve single pictures of 640x360 through `model(picture, look)`, and twelve calls of the bare engine, in turn in one
process; the ratio is what matters. Beside them `stylize_frames` of one picture at a time, which loads the model
each time.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

from common import write
from pipeline import STYLE

from vidstyle import Look, load, stylize_frames
from vidstyle.machine.bench import landscape
from vidstyle.runtime.padding import pad

PICTURES, ROUNDS = 12, 7


def seconds(work: Callable[[], object]) -> float:
    """Return how long a function takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def main() -> None:
    """Measure and write benchmarks/results/single.json."""
    pictures = [landscape(640, 360, seed) for seed in range(PICTURES)]
    started = time.perf_counter()
    model = load(device="cpu")
    look = Look(model.style(STYLE))
    model(pictures[0], look)
    set_up = time.perf_counter() - started
    assert look.style is not None
    values = look.style.values

    def kept() -> None:
        for picture in pictures:
            model(picture, look)

    def bare() -> None:
        for picture in pictures:
            model.engine.paint([pad(picture)], values, None).frames()

    def anew() -> None:
        for picture in pictures:
            list(stylize_frames([picture], STYLE, device="cpu"))

    kept()
    bare()
    pairs = [(seconds(kept), seconds(bare)) for _ in range(ROUNDS)]
    ratio = statistics.median(k / b for k, b in pairs)
    found = {
        "engine": model.engine.name,
        "pictures": PICTURES,
        "set_up_seconds": round(set_up, 3),
        "kept_seconds": round(statistics.median(k for k, _ in pairs), 3),
        "bare_seconds": round(statistics.median(b for _, b in pairs), 3),
        "ratio": round(ratio, 3),
        "anew_seconds": round(seconds(anew), 2),
    }
    print(found)
    print(write("single", found))


if __name__ == "__main__":
    main()
