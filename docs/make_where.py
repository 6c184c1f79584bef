"""Make the picture of docs/where.md: a frame of the sample clip, painted in masks and in its own colors, docs/where.jpg."""

from __future__ import annotations

import tempfile
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from vidstyle import Reading, stylize
from vidstyle.images.files import read_picture

ROOT = Path(__file__).parent.parent
CLIP = ROOT / "samples" / "clip.mp4"
MOMENT = Reading(start=Fraction(3), end=Fraction(302, 100))
SIZE = 640, 360
SKY = [(0, 0), (640, 0), (640, 148), (560, 132), (440, 128), (380, 118), (320, 134), (0, 122)]


def main() -> None:
    """Write the picture."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        mask = np.zeros(SIZE[::-1], np.uint8)
        cv2.fillPoly(mask, [np.array(SKY)], (255,))
        sky, land = folder / "sky.png", folder / "land.png"
        cv2.imwrite(str(sky), mask)
        cv2.imwrite(str(land), 255 - mask)

        def painted(style: str | list[str], **options: Any) -> np.ndarray:
            out = folder / "out.png"
            stylize(CLIP, style, out, reading=MOMENT, overwrite=True, device="cpu", **options)
            return read_picture(out)

        shown = [
            painted("starry_night", mask=sky, feather=24),
            painted(["starry_night", "great_wave"], mask=[sky, land], feather=24),
            painted("great_wave"),
            painted("great_wave", colors="luminance"),
            painted("great_wave", colors="linear"),
            painted("great_wave", colors="histogram"),
        ]
    rows = [np.concatenate(shown[n : n + 2], 1) for n in range(0, len(shown), 2)]
    grid = cv2.resize(np.concatenate(rows), None, fx=0.7, fy=0.7, interpolation=cv2.INTER_AREA)
    cv2.imwrite(str(ROOT / "docs" / "where.jpg"), grid[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 86])


if __name__ == "__main__":
    main()
