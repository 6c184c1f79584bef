"""Sheets of regions by name beside labels: `python benchmarks/regions.py OUT --pictures FOLDER`.

A row has a picture, its labels in the colors of names, black where there is none, and what is found in it. The rows are the pictures of
models/regions.csv that were held out, or all with `--all`, so many on a sheet, OUT/regions_N.png. Printed is of each name which share of its places
is found, and which share of the places that get it is right. Without `--all` these figures are written to benchmarks/results/regions.json. The pictures
are not in the repository: models/regions.md lists them.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from common import write
from pipeline import ROOT

from vidstyle.frame import Pixels
from vidstyle.images.naming import COLORS, NAMES, color_of, name_map, names_of
from vidstyle.images.regions import Labels, colors_of
from vidstyle.runtime.namer import RegionNamer
from vidstyle.training.regions import NOTHING, Labeled, read_labels

WIDTH, HEIGHT, ROWS = 320, 240, 6
"""Of a picture on a sheet, and the rows of a sheet."""


def tile(picture: Pixels, names: Sequence[str] = ()) -> Pixels:
    """Return a picture at the size of the sheet, with names in their colors."""
    made = cv2.resize(picture, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)
    for line, name in enumerate(names):
        place = (4, 14 + 15 * line)
        red, green, blue = (color_of(name) >> s & 255 for s in (16, 8, 0))
        for color, thickness in (((255, 255, 255), 3), ((red, green, blue), 1)):
            cv2.putText(made, name, place, cv2.FONT_HERSHEY_SIMPLEX, 0.45, color, thickness)
    return np.asarray(made, np.uint8)


def labels_of(labeled: Labeled) -> Labels:
    """Return the labels of a picture as a map of its size."""
    height, width = labeled.picture.shape[:2]
    cells = cv2.resize(labeled.labels, (width, height), interpolation=cv2.INTER_NEAREST)
    return np.array([*COLORS, 0], np.int32)[cells]


def count(labeled: Labeled, found: Labels) -> np.ndarray:
    """Return how many cells that are labeled one name, down, are found to be another, across."""
    height, width = labeled.labels.shape
    cells = cv2.resize(found, (width, height), interpolation=cv2.INTER_NEAREST)
    known = labeled.labels != NOTHING
    numbers = np.searchsorted(np.sort(COLORS), cells[known])
    pairs = labeled.labels[known], np.argsort(COLORS)[numbers]
    counts = np.zeros((len(NAMES), len(NAMES)), np.int64)
    np.add.at(counts, pairs, 1)
    return counts


def report(counts: np.ndarray) -> dict[str, Any]:
    """Return what the counts of all pictures mean, and print it."""
    right, labeled, given = counts.diagonal(), counts.sum(1), counts.sum(0)
    share = right.sum() / max(1, counts.sum())
    print(f"right: {share:.2f} of {counts.sum()} places")
    names = {}
    for name, row, n, of, among in zip(NAMES, counts, right, labeled, given, strict=True):
        names[name] = {
            "share": of / max(1, counts.sum()),
            "found": n / max(1, of),
            "right": n / max(1, among),
            "IoU": n / max(1, of + among - n),
        }
        taken = dict(zip(NAMES, (row / max(1, of)).tolist(), strict=True))
        print(
            f"{name:10}",
            *(f"{key} {value:.2f}" for key, value in names[name].items()),
            "taken for",
            *(f"{value:.2f}" for value in taken.values()),
        )
        names[name]["taken for"] = taken
    return {"places": int(counts.sum()), "right": share, "names": names}


def main() -> None:
    """Write the sheets."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--pictures", type=Path, required=True, help="where the names begin at")
    parser.add_argument("--labels", type=Path, default=ROOT / "models" / "regions.csv")
    parser.add_argument("--all", action="store_true", help="also those that it learned from")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    namer, counts = RegionNamer(), np.zeros((len(NAMES), len(NAMES)), np.int64)
    chosen = (x for x in read_labels(options.pictures, options.labels) if options.all or x.held_out)
    number = 0
    while some := list(islice(chosen, ROWS)):
        rows = []
        for labeled in some:
            own, found = labels_of(labeled), name_map(namer(labeled.picture), labeled.picture)
            counts += count(labeled, found)
            maps = [tile(colors_of(labels), names_of(labels)) for labels in (own, found)]
            rows.append(np.hstack([tile(labeled.picture), *maps]))
        number += 1
        cv2.imwrite(str(options.out / f"regions_{number}.png"), np.vstack(rows)[..., ::-1])
    results = report(counts)
    if not options.all:
        print(write("regions", results))


if __name__ == "__main__":
    main()
