"""Make the picture of docs/stroke.md: a frame of the sample clip at four sizes of strokes, docs/stroke.jpg."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from make_sheet import MIDDLE, ROOT

import vidstyle
from vidstyle import Look
from vidstyle.images.grid import labeled
from vidstyle.media.source import FileSource

STROKES = (0.5, None, 1.2, 2.5)
SIZE = 1280, 720


def main() -> None:
    """Write the picture: the middle of each painting, pixel for pixel."""
    with FileSource(ROOT / "samples" / "clip.mp4") as source:
        small = next(f.pixels for n, f in enumerate(source) if n == MIDDLE)
    frame = np.asarray(cv2.resize(small, SIZE, interpolation=cv2.INTER_CUBIC), np.uint8)
    shown = []
    for name in (ROOT / "samples" / "styles" / "swirls.jpg", Path("starry_night")):
        with vidstyle.load("arbitrary" if name.suffix else name, device="cpu") as model:
            style = model.style(name) if name.suffix else None
            painted = [model(frame, Look(style, stroke=stroke)) for stroke in STROKES]
        cut = [p[180:540, 400:720] for p in painted]
        words = ["no --stroke" if s is None else f"--stroke {s:g}" for s in STROKES]
        shown.append(np.concatenate([*map(labeled, cut, words)], 1))
    path = str(ROOT / "docs" / "stroke.jpg")
    cv2.imwrite(path, np.concatenate(shown)[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 84])


if __name__ == "__main__":
    main()
