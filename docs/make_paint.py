"""Make docs/paint.jpg: a frame of the sample clip, painted by optimisation through several networks.

`python docs/make_paint.py [--teacher FILE]`; with the teacher of the perceptual network there is a row of its own.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import cv2
import numpy as np

from vidstyle.features import load_features
from vidstyle.media.source import FileSource
from vidstyle.optimize.gatys import Config, paint_picture
from vidstyle.pictures import read_picture

DOCS = Path(__file__).parent
SAMPLES = DOCS.parent / "samples"
STYLES = ("swirls", "mosaic", "ink")
SIZE, STEPS, FRAME = 384, 200, 60


def labelled(picture: np.ndarray, text: str) -> np.ndarray:
    """Write a text into a corner of a picture (H, W, 3)."""
    for color, width in (((0, 0, 0), 4), ((255, 255, 255), 1)):
        cv2.putText(picture, text, (8, 20), cv2.FONT_HERSHEY_SIMPLEX, 0.5, color, width)
    return picture


def main() -> None:
    """Paint, and write the sheet."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--teacher")
    options = parser.parse_args()
    with FileSource(SAMPLES / "clip.mp4") as source:
        frame = next(f.pixels for n, f in enumerate(source) if n == FRAME)
    rows = []
    for name in ("own", *filter(None, [options.teacher])):
        eyes, row = load_features(name), []
        for style in STYLES:
            began = time.monotonic()
            like = read_picture(SAMPLES / "styles" / f"{style}.jpg")
            painted = paint_picture(frame, [like], eyes, Config(size=SIZE, steps=STEPS))
            print(f"{name} {style}: {time.monotonic() - began:.0f} s", flush=True)
            row.append(labelled(painted.copy(), "our network" if name == "own" else "its teacher"))
        rows.append(np.concatenate(row, 1))
    sheet = np.concatenate(rows, 0)[..., ::-1]
    cv2.imwrite(str(DOCS / "paint.jpg"), sheet, [cv2.IMWRITE_JPEG_QUALITY, 88])


if __name__ == "__main__":
    main()
