"""Blind sheets of the methods by optimization, this tree beside an older one: `python benchmarks/classics.py OUT --before COMMIT`.

Three pairs for each of gatys, mrf, doodle, photoreal and swap, each painted with the defaults of both trees, one after the other. OUT/METHOD_N.png
shows content and style above, and below the two paintings under A and B in a shuffled order. OUT/key.json says which is which, and how long each
took: whoever looks must not. What is painted already stays, so that a run that was cut off goes on.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
from pipeline import ROOT

from vidstyle.frame import Pixels
from vidstyle.images.files import read_picture
from vidstyle.media.source import FileSource

SAMPLES = ROOT / "samples"
MOMENTS = (30, 75, 120)
STYLES = {
    "gatys": ("swirls", "fauve", "woodcut"),
    "mrf": ("fauve", "woodcut", "mosaic"),
    "swap": ("swirls", "fauve", "mosaic"),
    "photoreal": ("night", "dusk", "winter"),
}
HEIGHT = 512
"""Of a picture on a sheet."""


class Pair(NamedTuple):
    """What is painted like what."""

    method: str
    content: Path
    style: Path
    more: tuple[str, ...] = ()


def sample_pairs(folder: Path) -> list[Pair]:
    """Return three pairs for each method, of the samples; what has to be made of them lies in a folder."""
    with FileSource(SAMPLES / "clip.mp4") as source:
        frames = list(islice(source, max(MOMENTS) + 1))
    contents = []
    for moment in MOMENTS:
        contents.append(folder / f"frame{moment}.png")
        cv2.imwrite(str(contents[-1]), frames[moment].pixels[..., ::-1])
    doodle = read_picture(SAMPLES / "doodle.png")
    height, width = doodle.shape[:2]
    doodles = {
        "doodle": doodle,
        "mirrored": doodle[:, ::-1],
        "left": doodle[height // 4 :, : 3 * width // 4],
    }
    fauve, known = SAMPLES / "styles" / "fauve.jpg", SAMPLES / "styles" / "fauve_sem.png"
    pairs = []
    for name, picture in doodles.items():
        cv2.imwrite(str(folder / f"{name}.png"), picture[..., ::-1])
        more = ("--style-regions", str(known))
        pairs.append(Pair("doodle", folder / f"{name}.png", fauve, more))
    for method, names in STYLES.items():
        where = SAMPLES / ("seasons" if method == "photoreal" else "styles")
        pairs += [Pair(method, c, where / f"{s}.jpg") for c, s in zip(contents, names, strict=True)]
    return pairs


def painted(tree: Path, pair: Pair, target: Path, options: list[str]) -> float | None:
    """Paint a pair with a tree's defaults; return the seconds that it took, None where the tree cannot."""
    if target.exists():
        return 0.0
    words = ["paint", str(pair.content), "--style", str(pair.style), "--method", pair.method]
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "vidstyle", *words, *pair.more, *options, "-o", str(target)],
        env=os.environ | {"PYTHONPATH": str(tree)},
        cwd=target.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        print(f"{tree.name}: {pair.method}: {done.stderr.strip().splitlines()[-1]}", flush=True)
        return None
    return time.monotonic() - began


def cell(picture: Pixels, title: str) -> Pixels:
    """Return a picture of one height under a title."""
    width = round(picture.shape[1] * HEIGHT / picture.shape[0])
    made = cv2.resize(picture, (width, HEIGHT), interpolation=cv2.INTER_AREA)
    framed = cv2.copyMakeBorder(made, 32, 4, 4, 4, cv2.BORDER_CONSTANT, value=(255, 255, 255))
    cv2.putText(framed, title, (8, 24), cv2.FONT_HERSHEY_SIMPLEX, 0.8, (0, 0, 0), 2, cv2.LINE_AA)
    return np.asarray(framed, np.uint8)


def write_sheet(path: Path, rows: list[list[Pixels]]) -> None:
    """Write rows of cells, white where one is shorter."""
    lines = [np.concatenate(row, 1) for row in rows]
    width = max(line.shape[1] for line in lines)
    even = [
        np.pad(x, ((0, 0), (0, width - x.shape[1]), (0, 0)), constant_values=255) for x in lines
    ]
    cv2.imwrite(str(path), np.concatenate(even)[..., ::-1])


def main() -> None:
    """Paint, shuffle, and write sheets and key."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--before", required=True, metavar="COMMIT", help="of the older tree")
    parser.add_argument("--method", action="append", help="only this one; repeatable")
    parser.add_argument(
        "--pair",
        action="append",
        nargs=3,
        metavar=("METHOD", "CONTENT", "STYLE"),
        help="instead of the samples'; repeatable",
    )
    parser.add_argument("--option", action="append", default=[], help="of both, such as --size=96")
    parser.add_argument("--seed", type=int, help="of the shuffling; by default another each time")
    given = parser.parse_args()
    out, shuffle = given.out.absolute(), random.Random(given.seed)
    out.mkdir(parents=True, exist_ok=True)
    (out / "painted").mkdir(exist_ok=True)
    known = out / "key.json"
    key: dict[str, dict[str, Any]] = json.loads(known.read_text()) if known.exists() else {}
    with tempfile.TemporaryDirectory() as folder:
        before = Path(folder) / "before"
        git = ["git", "-C", str(ROOT), "worktree"]
        subprocess.run([*git, "add", "--quiet", "--detach", str(before), given.before], check=True)
        try:
            pairs = [
                Pair(m, Path(c).absolute(), Path(s).absolute()) for m, c, s in given.pair or []
            ]
            counts: dict[str, int] = {}
            for pair in pairs or sample_pairs(Path(folder)):
                if given.method and pair.method not in given.method:
                    continue
                counts[pair.method] = counts.get(pair.method, 0) + 1
                name = f"{pair.method}_{counts[pair.method]}"
                if name in key and None not in key[name]["seconds"].values():
                    continue
                targets = {w: out / "painted" / f"{name}_{w}.png" for w in ("now", "before")}
                took = {
                    which: painted(tree, pair, targets[which], given.option)
                    for which, tree in (("now", ROOT), ("before", before))
                }
                order = [which for which in targets if took[which] is not None]
                shuffle.shuffle(order)
                letters = dict(zip("AB", order, strict=False))
                rows = [
                    [
                        cell(read_picture(pair.content), "content"),
                        cell(read_picture(pair.style), "style"),
                    ],
                    [cell(read_picture(targets[which]), x) for x, which in letters.items()],
                ]
                write_sheet(out / f"{name}.png", [row for row in rows if row])
                key[name] = {**letters, "seconds": took}
                known.write_text(json.dumps(key, indent=1) + "\n")
        finally:
            subprocess.run([*git, "remove", "--force", str(before)], check=True)


if __name__ == "__main__":
    main()
