"""L-BFGS against Adam for `vidstyle paint`: `python benchmarks/optimizers.py [--large WxH]`.

1,000 steps of Adam at each learning rate; then L-BFGS until half the time of such a run is over. One picture of
256x256 pixels from its content, through the shipped perceptual network. Writes benchmarks/results/optimizers.json;
with --large time and memory of one larger picture instead, in a process of their own, to large_WxH.json.
"""

from __future__ import annotations

import argparse
import contextlib
import resource
import time
from typing import Any

import cv2
import numpy as np
from common import write
from pipeline import ROOT

from vidstyle.frame import Pixels
from vidstyle.images.files import read_picture
from vidstyle.media.source import FileSource
from vidstyle.optimize.config import GatysConfig
from vidstyle.optimize.descent import StepResult
from vidstyle.optimize.painting import paint_picture
from vidstyle.zoo.features import load_features

RATES = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1)
ADAM_STEPS = 1000
FRAME = 60
STYLES = ("swirls", "mosaic")


class _Over(Exception):
    """The time is."""


def cut(width: int, height: int) -> Pixels:
    """Return the middle of a frame of the sample clip, scaled to a size."""
    with FileSource(ROOT / "samples" / "clip.mp4") as source:
        frame = next(f.pixels for n, f in enumerate(source) if n == FRAME)
    rows, columns, _ = frame.shape
    tall, wide = min(rows, columns * height // width), min(columns, rows * width // height)
    top, left = (rows - tall) // 2, (columns - wide) // 2
    middle = frame[top : top + tall, left : left + wide]
    interpolation = cv2.INTER_AREA if height < rows else cv2.INTER_CUBIC
    return np.ascontiguousarray(cv2.resize(middle, (width, height), interpolation=interpolation))


def run(content: Pixels, style: Pixels, seconds: float | None, **knobs: Any) -> dict[str, float]:
    """Paint, until so many seconds are over; return steps, seconds and the lowest loss."""
    losses: list[float] = []
    perceptual = load_features()
    began = time.monotonic()

    def report(step: StepResult) -> None:
        losses.append(step.loss)
        if seconds is not None and time.monotonic() - began > seconds:
            raise _Over

    with contextlib.suppress(_Over):
        paint_picture(content, [style], perceptual, GatysConfig(**knobs), on_step=report)
    return {
        "steps": len(losses),
        "seconds": time.monotonic() - began,
        "loss": losses[-1],
        "lowest": min(losses),
    }


def large(size: str, steps: int) -> None:
    """Measure a larger picture with the other knobs at their defaults, and write large_WxH.json."""
    width, height = map(int, size.split("x"))
    style = read_picture(ROOT / "samples" / "styles" / f"{STYLES[0]}.jpg")
    began = time.monotonic()
    knobs = GatysConfig(size=max(width, height), steps=steps)
    paint_picture(cut(width, height), [style], load_features(), knobs)
    results = {
        "steps": steps,
        "seconds": time.monotonic() - began,
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
    print(results)
    print(write(f"large_{size}", results).relative_to(ROOT))


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--large", metavar="WxH", help="only time and memory of a picture of this size"
    )
    parser.add_argument(
        "--steps", type=int, default=200, help="of that, at each size (default: 200)"
    )
    args = parser.parse_args()
    if args.large:
        large(args.large, args.steps)
        return
    results: dict[str, Any] = {}
    content = cut(256, 256)
    for name in STYLES:
        style = read_picture(ROOT / "samples" / "styles" / f"{name}.jpg")
        adam = {
            f"{rate:g}": run(
                content,
                style,
                None,
                size=256,
                steps=ADAM_STEPS,
                optimizer="adam",
                learning_rate=rate,
            )
            for rate in RATES
        }
        best = min(adam, key=lambda rate: adam[rate]["lowest"])
        half = adam[best]["seconds"] / 2
        lbfgs = run(content, style, half, size=256, steps=10**6)
        results[name] = {"adam": adam, "best_rate": best, "lbfgs_in_half_the_time": lbfgs}
        print(name, results[name], flush=True)
    print(write("optimizers", results).relative_to(ROOT))


if __name__ == "__main__":
    main()
