"""Make the maps and the pictures of docs/doodle.md: `python docs/make_doodle.py [--features NAME]`.

The maps are drawn here: samples/styles/fauve_sem.png says what is what in the sample style, samples/doodle.png is the
doodle. From them come docs/doodle.jpg, and docs/swap.jpg and docs/inverse.jpg of the sample clip.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import cv2
import numpy as np
from make_paint import FRAME, SAMPLES, frames, style, write

from vidstyle.api import stylize_frames
from vidstyle.frame import Pixels
from vidstyle.optimize.api import paint
from vidstyle.optimize.config import DoodleConfig, SwapConfig
from vidstyle.optimize.descent import resized
from vidstyle.optimize.regionfiles import RegionFiles

SKY, HALO, SUN = (255, 127, 0), (255, 255, 0), (255, 255, 255)
HILLS, MEADOW, HOUSES = (127, 0, 255), (0, 127, 0), (127, 127, 127)
WATER, BOAT, SHORE = (0, 0, 255), (0, 255, 255), (255, 0, 127)
LEAVES, TRUNK = (0, 255, 0), (127, 0, 0)

Points = list[tuple[int, int]]


class Map:
    """A picture with a color for each thing, drawn from back to front."""

    def __init__(self, width: int, height: int) -> None:
        self.pixels: Pixels = np.full((height, width, 3), SKY, np.uint8)

    def area(self, color: tuple[int, int, int], points: Points) -> None:
        """Fill a polygon."""
        cv2.fillPoly(self.pixels, [np.array(points, np.int32)], color)

    def ovals(self, color: tuple[int, int, int], *ovals: tuple[int, int, int, int]) -> None:
        """Fill ellipses: center and half axes."""
        for x, y, a, b in ovals:
            cv2.ellipse(self.pixels, (x, y), (a, b), 0, 0, 360, color, -1)

    def boat(self, x: int, y: int, size: int) -> None:
        """Draw a boat: where its mast ends, and its height."""
        half = size // 2
        self.area(BOAT, [(x, y), (x - half, y + size * 3 // 4), (x + half, y + size * 3 // 4)])
        foot = y + size
        hull = [(x - half - 4, y + size * 3 // 4), (x + half + 4, y + size * 3 // 4)]
        self.area(BOAT, [*hull, (x + half - 8, foot), (x - half + 8, foot)])

    def write(self, path: Path) -> Path:
        """Write it, and return where."""
        cv2.imwrite(str(path), self.pixels[..., ::-1])
        return path


def map_of_style() -> Map:
    """Return what is what in samples/styles/fauve.jpg."""
    made = Map(640, 512)
    made.ovals(HALO, (452, 84, 76, 72))
    made.ovals(SUN, (452, 84, 38, 37))
    far = [(0, 168), (60, 150), (150, 186), (250, 132), (350, 188), (470, 160), (560, 190)]
    made.area(HILLS, [*far, (640, 165), (640, 270), (0, 270)])
    made.area(MEADOW, [(335, 232), (470, 230), (640, 210), (640, 266), (335, 266)])
    made.area(
        HOUSES, [(5, 225), (200, 225), (265, 193), (318, 187), (346, 208), (342, 270), (5, 274)]
    )
    made.area(WATER, [(0, 272), (342, 270), (342, 264), (640, 264), (640, 512), (0, 512)])
    shore = [(0, 380), (40, 386), (130, 413), (250, 447), (400, 469), (500, 462), (600, 444)]
    made.area(SHORE, [*shore, (640, 440), (640, 512), (0, 512)])
    made.boat(300, 278, 88)
    made.boat(468, 250, 104)
    made.boat(556, 262, 52)
    made.area(TRUNK, [(108, 225), (130, 225), (120, 512), (76, 512)])
    made.area(TRUNK, [(578, 255), (602, 255), (622, 512), (578, 512)])
    crowns = [(42, 200, 38, 34), (112, 118, 46, 36), (60, 150, 40, 30), (176, 145, 42, 40)]
    made.ovals(LEAVES, *crowns, (102, 190, 46, 38), (152, 196, 46, 40), (200, 186, 38, 36))
    made.ovals(LEAVES, (500, 235, 40, 33), (585, 162, 44, 36), (525, 190, 36, 28))
    made.ovals(LEAVES, (556, 228, 46, 40), (604, 236, 54, 38), (625, 190, 30, 40))
    return made


def doodle() -> Map:
    """Return a bay of another shape: the sun on the left, a hill and a tree on the right, one boat."""
    made = Map(640, 480)
    made.ovals(HALO, (170, 100, 84, 80))
    made.ovals(SUN, (170, 100, 42, 41))
    made.area(
        HILLS,
        [
            (0, 230),
            (120, 205),
            (300, 215),
            (430, 110),
            (540, 170),
            (640, 130),
            (640, 264),
            (0, 264),
        ],
    )
    made.area(MEADOW, [(0, 232), (200, 226), (330, 240), (330, 264), (0, 264)])
    made.area(HOUSES, [(345, 215), (400, 190), (470, 205), (520, 195), (520, 266), (345, 266)])
    made.area(WATER, [(0, 262), (640, 262), (640, 480), (0, 480)])
    made.area(
        SHORE, [(0, 420), (150, 440), (330, 430), (470, 385), (640, 350), (640, 480), (0, 480)]
    )
    made.boat(250, 262, 120)
    made.boat(90, 280, 66)
    made.area(TRUNK, [(548, 210), (574, 210), (586, 480), (540, 480)])
    made.ovals(
        LEAVES, (500, 185, 50, 42), (560, 110, 60, 48), (615, 170, 50, 46), (555, 190, 56, 46)
    )
    return made


def make_doodle(features: str) -> None:
    """The doodle beside the style, its map, and the painting."""
    style_map = map_of_style().write(SAMPLES / "styles" / "fauve_sem.png")
    drawn = doodle().write(SAMPLES / "doodle.png")
    began = time.monotonic()
    painted = paint(
        drawn,
        SAMPLES / "styles" / "fauve.jpg",
        method=DoodleConfig(),
        regions=RegionFiles(style_regions=style_map),
        features=features,
    )
    print(f"doodle: {time.monotonic() - began:.0f} s", flush=True)
    height, width = painted.shape[:2]

    def fitted(picture: Pixels) -> Pixels:
        return resized(picture, width, height)

    top = [("the style", fitted(style("fauve"))), ("its map", fitted(map_of_style().pixels))]
    write("doodle.jpg", [top, [("a doodle", fitted(doodle().pixels)), ("the painting", painted)]])


def make_swap(features: str) -> None:
    """Style swap, with small patches and with larger ones."""
    content, rows = frames(FRAME, 1)[0], []
    for name in ("swirls", "woodcut"):
        row = []
        for title, config in (
            ("patches of 3", SwapConfig(size=320)),
            ("patches of 9", SwapConfig(size=320, patch_size=9, patch_stride=3)),
        ):
            began = time.monotonic()
            row.append((title, paint(content, style(name), method=config, features=features)))
            print(f"{title}, {name}: {time.monotonic() - began:.0f} s", flush=True)
        rows.append(row)
    write("swap.jpg", rows)


def make_inverse() -> None:
    """Style swap in one pass, beside the styles."""
    width, height = 480, 270
    content, rows = resized(frames(FRAME, 1)[0], width, height), []
    for name in ("swirls", "woodcut"):
        row = [(f"the style {name}", resized(style(name), width, height))]
        for size in (3, 7):
            began = time.process_time()
            (made,) = stylize_frames([content], style(name), method="swap", patch_size=size)
            row.append((f"patches of {size}", made))
            print(f"patches of {size}, {name}: {time.process_time() - began:.1f} s", flush=True)
        rows.append(row)
    write("inverse.jpg", rows)


def main() -> None:
    """Make the pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", choices=["doodle", "swap", "inverse", []])
    parser.add_argument("--features", default="own")
    options = parser.parse_args()
    makers = {
        "doodle": lambda: make_doodle(options.features),
        "swap": lambda: make_swap(options.features),
        "inverse": make_inverse,
    }
    for name in options.names or makers:
        makers[name]()


if __name__ == "__main__":
    main()
