"""Make the picture of the page on many files, docs/many.jpg: `python docs/make_many.py`.

Two parts of the sample clip and a picture, in each style of a folder, by one call; of each result its first frame, under its name.
"""

from __future__ import annotations

import shutil
import tempfile
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np

import vidstyle
from vidstyle.frame import Pixels
from vidstyle.images.grid import grid, labeled
from vidstyle.media.source import FileSource

ROOT = Path(__file__).parent.parent
SAMPLES = ROOT / "samples"
PARTS = {"sea": Fraction(0), "hills": Fraction(4)}
"""Name of each part of the clip, and when it begins, seconds."""
STYLES = ("ink", "mosaic", "swirls")
WIDTH, HEIGHT = 240, 135


def cell(path: Path) -> Pixels:
    """Return the first frame of a file, cut to the shape of the others, under the file's name."""
    with FileSource(path) as source:
        frame = next(iter(source)).pixels
    scale = max(WIDTH / frame.shape[1], HEIGHT / frame.shape[0])
    small = cv2.resize(frame, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    top, left = (small.shape[0] - HEIGHT) // 2, (small.shape[1] - WIDTH) // 2
    return labeled(small[top : top + HEIGHT, left : left + WIDTH].astype(np.uint8), path.name)


def main() -> None:
    """Write it."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        inputs, styles = folder / "inputs", folder / "styles"
        for made in (inputs, styles):
            made.mkdir()
        for part, start in PARTS.items():
            reading = vidstyle.Reading(start=start, end=start + Fraction(1, 5))
            clip = inputs / f"{part}.mp4"
            vidstyle.stylize(SAMPLES / "clip.mp4", "identity", clip, reading=reading)
        shutil.copy(SAMPLES / "seasons" / "dusk.jpg", inputs)
        for style in STYLES:
            shutil.copy(SAMPLES / "styles" / f"{style}.jpg", styles)
        vidstyle.stylize_many(
            [inputs], output=folder / "{name}.{style}.{ext}", style_dir=styles, device="cpu"
        )
        sources = sorted(inputs.iterdir())
        white = np.full((HEIGHT, WIDTH, 3), 255, np.uint8)
        rows = [[white, *map(cell, sources)]]
        for picture in sorted(styles.iterdir()):
            named = (f"{s.stem}.{picture.stem}{s.suffix}" for s in sources)
            rows.append([cell(picture), *(cell(folder / name) for name in named)])
    cv2.imwrite(
        *(str(ROOT / "docs" / "many.jpg"), grid(rows)[..., ::-1]), [cv2.IMWRITE_JPEG_QUALITY, 68]
    )


if __name__ == "__main__":
    main()
