"""What seconds of fitting bring: `python benchmarks/fit.py DATA [--seconds 15 30 60 120 300] [--pairs STYLE+CLIP ...]`.

Each pair is a style of DATA/style_val and a clip of DATA/video, which no training sees. Every eighth frame of a clip is painted by the
any-style network and by each fit, in floats, and measured by a judge of another family (`outside.py`): the fit does not look through it. The
seconds are of the process, so that other work on the machine does not count. Steadiness is `vidstyle metrics`' excess of the warping
error, of clips that the shipped way paints. The figures go to benchmarks/results/fit.json, strips of the frames beside it with `--strips DIR`.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np
from common import write
from outside import Judge
from quality import ENCODING, figures, outside

import vidstyle
from vidstyle.evaluation.report import measure
from vidstyle.images.files import read_picture
from vidstyle.media.reading import Reading
from vidstyle.nets.weights import load_weights
from vidstyle.stylize.style import STYLE_SIDE, fit_style
from vidstyle.training.clip import clip_frames
from vidstyle.training.config import FitConfig
from vidstyle.training.export import export_openvino
from vidstyle.training.fit import begin, fit, strip
from vidstyle.zoo import catalog
from vidstyle.zoo.features import load_features

PAIRS = (
    "vangogh_houses+fox",
    "vangogh_houses+bedroom_kids_jump",
    "monet_the_japanese_bridge+car_turn",
    "monet_the_japanese_bridge+bear_pan",
    "gauguin_tahiti+woman_running",
    "gauguin_tahiti+dog_leap_audio",
)
SECONDS = (15.0, 30.0, 60.0, 120.0, 300.0)


def measured(judge: Judge, clip: Path, how: Path, style: Path, folder: Path) -> dict[str, float]:
    """Paint a clip in a style, a picture or a network, and return what both judges say."""
    painted = folder / "painted.mp4"
    vidstyle.stylize(clip, how, painted, encoding=ENCODING, overwrite=True)
    found = figures(measure(clip, painted))
    return found | outside(judge, clip, painted, judge.see(read_picture(style)))


def main() -> None:
    """Measure and write the results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--seconds", type=float, nargs="+", default=SECONDS)
    parser.add_argument("--pairs", nargs="+", default=PAIRS)
    parser.add_argument("--length", type=int, default=3, help="seconds of each clip")
    parser.add_argument("--strips", type=Path, help="folder for pictures of before and after")
    options = parser.parse_args()
    judge, features, config = Judge(), load_features(), FitConfig()
    weights = load_weights(catalog.verify(catalog.find().weights))
    rows: dict[str, dict[str, dict[str, float]]] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        clip = folder / "in.mkv"
        for pair in options.pairs:
            style_name, clip_name = pair.split("+")
            style = options.data / "style_val" / f"{style_name}.jpg"
            reading = Reading(end=options.length)
            vidstyle.stylize(
                options.data / "video" / f"{clip_name}.mp4",
                *("identity", clip),
                reading=reading,
                overwrite=True,
            )
            picture, frames = read_picture(style), clip_frames(clip)
            found = rows[pair] = {"any style": measured(judge, clip, style, style, folder)}
            for seconds in options.seconds:
                run = fit(
                    begin(weights, fit_style(picture)),
                    fit_style(picture, config.style_side / STYLE_SIDE),
                    *(frames, features),
                    seconds=seconds,
                    clock=time.process_time,
                )
                files = catalog.ModelFiles.of(
                    folder / "fit.safetensors", takes_pictures=False, shipped=False
                )
                run.ship(files.weights)
                export_openvino(files, frames=frames)
                files.note_networks()
                found[f"{seconds:g} s"] = measured(judge, clip, files.weights, style, folder)
                if options.strips:
                    before = begin(weights, fit_style(picture))
                    shown = strip(picture, frames, before, run.averaged())
                    target = options.strips / f"{pair}_{seconds:g}.jpg"
                    cv2.imwrite(str(target), np.ascontiguousarray(shown[..., ::-1]))
            for side, figure in found.items():
                told = ("outside style", "outside content", "excess1")
                print(pair, side, "  ".join(f"{n} {figure[n]:.3f}" for n in told), flush=True)
    sides = next(iter(rows.values()))
    means = {
        side: {n: float(np.mean([row[side][n] for row in rows.values()])) for n in sides[side]}
        for side in sides
    }
    print(write("fit", {"pairs": rows, "means": means}))


if __name__ == "__main__":
    main()
