"""What seconds of fitting bring: `python benchmarks/fit.py DATA WORK [--parts any 60 plain reference curve]`.

Each pair is a style of DATA/style_val and a clip of DATA/video, which no training sees. The clip is painted by the any-style network, by fits of
so many seconds, by a fit of a minute that begins with the any-style network's own weights (`plain`), and by a network of one style that
`vidstyle train style` trained for ten minutes on the photos of DATA/content. A judge of another family (`outside.py`) measures every sixteenth
frame: no training looks through it. Steadiness is `vidstyle metrics`' excess of the warping error. Seconds are of one core that does nothing else:
the clock is the process's, and all networks paint in bf16 or floats.

What was measured is kept in WORK, so that an interrupted run goes on, and several runs at once, one a core, share the work. Each writes
benchmarks/results/fit.json and docs/fit.svg of what there is when it ends.
"""

from __future__ import annotations

import argparse
import fcntl
import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from common import write
from outside import Judge
from pipeline import ROOT
from quality import ENCODING, figures, outside

import vidstyle
from vidstyle import Encoding, Reading
from vidstyle.evaluation.report import measure
from vidstyle.images.files import read_picture
from vidstyle.nets.weights import load_weights
from vidstyle.training.api import train_style
from vidstyle.training.clip import clip_frames
from vidstyle.training.config import FitConfig, StyleConfig
from vidstyle.training.export import export_openvino
from vidstyle.training.fit import begin, fit, stroke_picture
from vidstyle.training.pace import Seconds
from vidstyle.zoo import catalog
from vidstyle.zoo.features import load_features

PAIRS = (
    ("gauguin_tahiti", "woman_running"),
    ("vangogh_houses", "bedroom_kids_jump"),
    ("monet_the_japanese_bridge", "car_turn"),
    ("gauguin_tahiti", "dog_leap_audio"),
    ("vangogh_houses", "fox"),
    ("monet_the_japanese_bridge", "bear_pan"),
)
CURVE = PAIRS[:3]
"""One pair of each style has all points of the curve."""

SECONDS = (15, 30, 60, 120, 300)

REFERENCE_STEPS = 700
"""Of `train style`: ten minutes of one core."""

ANY, PLAIN, REFERENCE = "any style", "60 s from any style's weights", "ten minutes"

SHOWN = ("outside style", "outside vector", "outside content", "excess1")


@dataclass(frozen=True)
class Work:
    """The folders, and what all measurements share."""

    data: Path
    folder: Path
    length: int
    judge: Judge

    def style(self, name: str) -> Path:
        """Return the picture of a style."""
        return self.data / "style_val" / f"{name}.jpg"

    def clip(self, name: str) -> Path:
        """Return the beginning of a clip, without loss."""
        path = self.folder / f"{name}.mkv"
        if not path.is_file():
            vidstyle.stylize(
                *(self.data / "video" / f"{name}.mp4", "identity", path.with_suffix(".part.mkv")),
                reading=Reading(end=Fraction(self.length), size=(-1, 360)),
                encoding=Encoding("ffv1"),
                overwrite=True,
            )
            path.with_suffix(".part.mkv").replace(path)
        return path

    def row(self, pair: tuple[str, str], side: str) -> Path:
        """Return the file of what was measured."""
        return self.folder / f"{'+'.join(pair)}, {side}.json"

    def measure(self, pair: tuple[str, str], side: str, how: Path, **more: float) -> None:
        """Paint a clip in a style, a picture or a network; write what the judges say, and a frame beside it."""
        style, clip, row = self.style(pair[0]), self.clip(pair[1]), self.row(pair, side)
        painted = row.with_suffix(".mp4")
        vidstyle.stylize(clip, how, painted, encoding=ENCODING, overwrite=True)
        found = figures(measure(clip, painted))
        found |= outside(self.judge, clip, painted, self.judge.see(read_picture(style))) | more
        row.write_text(json.dumps(found))
        print(row.stem, "  ".join(f"{n} {found[n]:.3f}" for n in SHOWN), flush=True)


def fitted(work: Work, pair: tuple[str, str], side: str, seconds: int) -> None:
    """Fit for so many seconds, and measure."""
    files = catalog.find()
    weights = load_weights(catalog.verify(files.weights))
    if files.known_fit_base and side != PLAIN:
        weights |= load_weights(files.known_fit_base)
    picture, frames = read_picture(work.style(pair[0])), clip_frames(work.clip(pair[1]))
    reports: list[Any] = []
    run = fit(
        begin(weights, picture),
        stroke_picture(picture, frames, FitConfig()),
        *(frames, load_features()),
        pace=Seconds(seconds, time.process_time),
        on_report=reports.append,
    )
    path = work.row(pair, side).with_suffix(".safetensors")
    network = catalog.ModelFiles.of(path, takes_pictures=False, shipped=False)
    run.ship(path)
    export_openvino(network)
    network.note_networks()
    work.measure(pair, side, path, steps=len(reports))


def reference(work: Work, style: str) -> None:
    """Train a network of one style for ten minutes, and measure it on both clips."""
    network = train_style(
        work.style(style),
        content=work.data / "content",
        manifest=ROOT / "models" / "manifest_2.csv",
        out=work.folder / style,
        config=replace(StyleConfig(), steps=REFERENCE_STEPS),
        device="cpu",
        save_every=100,
    )
    for pair in PAIRS:
        if pair[0] == style:
            work.measure(pair, REFERENCE, network)


Job = tuple[list[Path], Callable[[], None]]


def jobs(work: Work, parts: list[str]) -> Iterator[Job]:
    """Yield files, and what writes them; what matters most comes first."""

    def fits(pairs: Sequence[tuple[str, str]], seconds: int, side: str) -> Iterator[Job]:
        for pair in pairs:
            yield [work.row(pair, side)], partial(fitted, work, pair, side, seconds)

    if "any" in parts:
        for pair in PAIRS:
            yield [work.row(pair, ANY)], partial(work.measure, pair, ANY, work.style(pair[0]))
    if "60" in parts:
        yield from fits(PAIRS, 60, "60 s")
    if "plain" in parts and catalog.find().known_fit_base:
        yield from fits(PAIRS, 60, PLAIN)
    if "reference" in parts:
        for style in dict.fromkeys(style for style, _ in PAIRS):
            rows = [work.row(pair, REFERENCE) for pair in PAIRS if pair[0] == style]
            yield rows, partial(reference, work, style)
    if "curve" in parts:
        for seconds in (15, 120, 30, 300):
            yield from fits(CURVE, seconds, f"{seconds} s")


@contextmanager
def claimed(path: Path) -> Iterator[bool]:
    """Tell whether this process alone does what a file stands for."""
    with path.with_suffix(".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


Rows = dict[str, dict[str, dict[str, float]]]


def gathered(work: Work) -> Rows:
    """Return what was measured, by pair and side."""
    sides = [ANY, *(f"{s} s" for s in SECONDS), PLAIN, REFERENCE]
    return {
        "+".join(pair): {
            side: json.loads(work.row(pair, side).read_text())
            for side in sides
            if work.row(pair, side).is_file()
        }
        for pair in PAIRS
    }


def means(rows: Rows, pairs: Sequence[tuple[str, str]]) -> dict[str, dict[str, float]]:
    """Return the means of each side that was measured on all of some pairs."""
    of = [rows["+".join(pair)] for pair in pairs]
    sides = [side for side in of[0] if all(side in found for found in of)]
    return {
        side: {n: float(np.mean([found[side][n] for found in of])) for n in SHOWN} for side in sides
    }


def plot(rows: Rows) -> None:
    """Draw docs/fit.svg: style and content distance over the seconds."""
    import matplotlib as mpl
    from matplotlib import pyplot as plt

    mpl.rcParams["svg.hashsalt"] = "vidstyle"
    found = means(rows, CURVE)
    points = [(s, found[f"{s} s"]) for s in SECONDS if f"{s} s" in found]
    figure, axes = plt.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
    for each, name in zip(axes, ("outside style", "outside content"), strict=True):
        each.plot([s for s, _ in points], [p[name] for _, p in points], "o-", label="fit")
        if PLAIN in found:
            each.plot(60, found[PLAIN][name], "s", label="fit of any style's own weights")
        for side, line in ((ANY, ":"), (REFERENCE, "--")):
            if side in found:
                each.axhline(found[side][name], linestyle=line, color="gray", label=side)
        each.set(xlabel="seconds of one core", ylabel=f"{name.split()[1]} distance", xscale="log")
        each.set_xticks(SECONDS, [str(s) for s in SECONDS])
        each.minorticks_off()
        each.grid(alpha=0.3)
    axes[0].legend()
    figure.savefig(ROOT / "docs" / "fit.svg", metadata={"Date": None})


def main() -> None:
    """Measure what is missing, and write the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("work", type=Path)
    names = ["any", "60", "plain", "reference", "curve"]
    parser.add_argument("--parts", nargs="*", choices=names, default=names)
    parser.add_argument("--length", type=int, default=3, help="seconds of each clip")
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    work = Work(options.data, options.work, options.length, Judge())
    for rows, make in jobs(work, options.parts):
        if not all(row.is_file() for row in rows):
            with claimed(rows[0]) as is_ours:
                if is_ours and not all(row.is_file() for row in rows):
                    make()
    found = gathered(work)
    results = {
        "pairs": found,
        "six pairs": means(found, PAIRS),
        "three pairs": means(found, CURVE),
    }
    print(write("fit", results))
    plot(found)


if __name__ == "__main__":
    main()
