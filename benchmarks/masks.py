"""What a mask for each style costs: `python benchmarks/masks.py`.

The CPU time of a further frame of the sample clip, 640x360, decoded, painted and encoded: in a network of one style, in one mask, and in two
masks with a network each; each mask is a half of the frame. Writes benchmarks/results/masks.json.
"""

from __future__ import annotations

import tempfile
import time
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
from common import spread, write
from pipeline import CLIP

import vidstyle

FRAMES = 30, 90
"""Of a short and a longer run: what differs is the time of the further ones."""
STYLES = ("starry_night", "great_wave")


def run(folder: Path, masks: list[Path], frames: int) -> float:
    """Return the seconds of CPU time that a run takes, its start included."""
    began = time.process_time()
    vidstyle.stylize(
        *(CLIP, STYLES[: max(1, len(masks))], folder / "out.mp4"),
        mask=masks,
        reading=vidstyle.Reading(end=Fraction(frames, 30)),
        device="cpu",
        overwrite=True,
    )
    return time.process_time() - began


def frame(folder: Path, masks: list[Path]) -> float:
    """Return the milliseconds of CPU time of a further frame."""
    short, longer = (run(folder, masks, frames) for frames in FRAMES)
    return 1e3 * (longer - short) / (FRAMES[1] - FRAMES[0])


def main() -> None:
    """Measure and write."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        masks = [folder / "left.png", folder / "right.png"]
        for path, columns in zip(masks, (slice(0, 320), slice(320, 640)), strict=True):
            mask = np.zeros((360, 640), np.uint8)
            mask[:, columns] = 255
            cv2.imwrite(str(path), mask)
        rounds = []
        frame(folder, masks)
        for _ in range(5):
            rounds.append([frame(folder, masks[:count]) for count in range(3)])
    none, one, two = zip(*rounds, strict=True)
    results = {
        "cpu_ms_per_frame": {
            "no mask": spread(list(none)),
            "one mask": spread(list(one)),
            "two masks": spread(list(two)),
        },
        "ratio_of_two_masks_to_one": spread([b / a for a, b in zip(one, two, strict=True)]),
    }
    print(results)
    print(write("masks", results))


if __name__ == "__main__":
    main()
