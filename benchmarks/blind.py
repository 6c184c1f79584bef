"""A blind test of strokes: `python benchmarks/blind.py OUT`, then match OUT/frames.png to OUT/styles.png by eye.

Styles stand under letters, frames of a clip painted in them under numbers, in a shuffled order, all at full size, in gray, and of one
mean and one deviation, so that neither color nor tone gives a style away. OUT/key.json says which is which: whoever looks must not.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
from pipeline import ROOT

import vidstyle
from vidstyle import Look
from vidstyle.frame import Pixels
from vidstyle.images.files import read_picture
from vidstyle.media.source import FileSource

STYLES = ("swirls", "woodcut", "mosaic", "ink", "fauve", "pointillist")
MOMENT = 75
WIDTH, HEIGHT = 560, 400
MEAN, DEVIATION = 128, 48


def even_gray(picture: Pixels) -> Pixels:
    """Return the middle, WIDTH x HEIGHT pixels at full size, in gray of one mean and deviation."""
    scale = max(1.0, WIDTH / picture.shape[1], HEIGHT / picture.shape[0])
    large = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
    top, left = (large.shape[0] - HEIGHT) // 2, (large.shape[1] - WIDTH) // 2
    middle = large[top : top + HEIGHT, left : left + WIDTH].astype(np.uint8)
    gray = cv2.cvtColor(middle, cv2.COLOR_RGB2GRAY).astype(np.float32)
    even = (gray - gray.mean()) / (gray.std() + 1e-3) * DEVIATION + MEAN
    return even.clip(0, 255).astype(np.uint8)


def write_sheet(path: Path, pictures: Sequence[Pixels], names: Sequence[str]) -> None:
    """Write three pictures a row, each under its name."""
    cells = []
    for picture, name in zip(pictures, names, strict=True):
        cell = cv2.copyMakeBorder(even_gray(picture), 36, 4, 4, 4, cv2.BORDER_CONSTANT, value=255)
        cv2.putText(cell, name, (10, 28), cv2.FONT_HERSHEY_SIMPLEX, 0.9, 0, 2)
        cells.append(cell)
    rows = [np.concatenate(cells[at : at + 3], 1) for at in range(0, len(cells), 3)]
    cv2.imwrite(str(path), np.concatenate(rows))


def main() -> None:
    """Paint, shuffle and write the sheets and the key."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--model", default="arbitrary", help="as `vidstyle.load` takes it")
    parser.add_argument("--clip", type=Path, default=ROOT / "samples" / "clip.mp4")
    parser.add_argument("--style", type=Path, action="append", help="instead of the samples'")
    parser.add_argument("--seed", type=int, help="of the shuffling; by default another each time")
    options = parser.parse_args()
    paths = options.style or [ROOT / "samples" / "styles" / f"{name}.jpg" for name in STYLES]
    with FileSource(options.clip) as source:
        frame = next(islice(source, MOMENT, None)).pixels
    order = list(range(len(paths)))
    random.Random(options.seed).shuffle(order)
    with vidstyle.load(options.model) as model:
        painted = [model(frame, Look(model.style(paths[n]))) for n in order]
    options.out.mkdir(parents=True, exist_ok=True)
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"[: len(paths)]
    numbers = [str(n + 1) for n in range(len(paths))]
    write_sheet(options.out / "styles.png", [read_picture(path) for path in paths], letters)
    write_sheet(options.out / "frames.png", painted, numbers)
    key = {number: letters[n] for number, n in zip(numbers, order, strict=True)}
    (options.out / "key.json").write_text(json.dumps(key, indent=1) + "\n")


if __name__ == "__main__":
    main()
