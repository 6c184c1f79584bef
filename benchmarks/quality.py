"""Quality beside another network's results: `python benchmarks/quality.py DATA PEERS --features FILE`.

PEERS holds clips named clip+style.mp4, made by another network from the first frames of
DATA/video/clip.mp4 in the style DATA/style_hero/style.jpg; both sides are encoded alike and measured by
the same code, `vidstyle metrics`, and by a judge of another family (`outside.py`), since a network is judged leniently
by the perceptual network that it was trained through. DATA/style_val holds styles that no training sees; the worst quarter of
them stands beside their mean. The means go to benchmarks/results/quality.json, and to docs/quality.svg as curves.
"""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import asdict
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import matplotlib as mpl
import numpy as np
from common import write
from outside import Judge, Seen
from pipeline import ROOT

import vidstyle
from vidstyle import Encoding, Look
from vidstyle.evaluation.likeness import Likeness
from vidstyle.evaluation.report import Metrics, measure
from vidstyle.frame import Pixels
from vidstyle.images.files import read_picture
from vidstyle.zoo import catalog
from vidstyle.zoo.features import load_features

ENCODING = Encoding(codec="libx264", crf=14, preset="medium", pixel_format="yuv420p")
STABILITIES = (0.0, 0.5, 1.0)


def prepare(clip: Path, reference: Path, target: Path) -> None:
    """Write as many frames of a clip as `reference` has, scaled by area to its size, without loss."""
    with av.open(str(reference)) as peer:
        stream = peer.streams.video[0]
        width, height = stream.width, stream.height
        count = sum(1 for _ in peer.decode(video=0))
    with av.open(str(clip)) as source, av.open(str(target), "w") as sink:
        out = sink.add_stream("ffv1", rate=Fraction(30))
        out.width, out.height, out.pix_fmt = width, height, "bgr0"
        for frame, _ in zip(source.decode(video=0), range(count), strict=False):
            pixels = cv2.resize(
                frame.to_ndarray(format="rgb24"), (width, height), interpolation=cv2.INTER_AREA
            )
            sink.mux(
                out.encode(
                    av.VideoFrame.from_ndarray(pixels.astype(np.uint8, copy=False), format="rgb24")
                )
            )
        sink.mux(out.encode())


def figures(found: Metrics) -> dict[str, float]:
    """Return what is averaged."""
    values = asdict(found) | {"excess1": found.excess1, "excess5": found.excess5}
    return {name: value for name, value in values.items() if value is not None}


def _rgb(frame: av.VideoFrame) -> Pixels:
    """Return the pixels of a frame as `vidstyle.Model` takes them."""
    return frame.to_ndarray(format="rgb24").astype(np.uint8, copy=False)


def frames_of(clip: Path, every: int = 16) -> list[Pixels]:
    """Return every so many frames of a clip."""
    with av.open(str(clip)) as video:
        frames = enumerate(video.decode(video=0))
        return [_rgb(f) for n, f in frames if n % every == 0]


def outside(judge: Judge, clip: Path, painted: Path, style: Seen) -> dict[str, float]:
    """Return what the outside judge says of a painted clip."""
    pairs = [
        (judge.see(a), judge.see(b))
        for a, b in zip(frames_of(painted), frames_of(clip), strict=False)
    ]
    return {
        "outside style": float(np.mean([judge.style(a, b, style) for a, b in pairs])),
        "outside vector": float(np.mean([judge.vector(a, b, style) for a, b in pairs])),
        "outside content": float(np.mean([judge.content(a, b) for a, b in pairs])),
    }


UNSEEN_CLIPS = ("fox", "car_turn", "bear_pan", "dog_leap_audio")
"""Each unseen style is painted on the first frames of two of these, in turn."""


def unseen(judge: Judge, data: Path) -> dict[str, float]:
    """Return what the outside judge says of the any-style network in styles that no training saw."""
    found = []
    with vidstyle.load() as model:
        for number, path in enumerate(sorted((data / "style_val").glob("*.jpg"))):
            look, style = Look(model.style(path)), judge.see(read_picture(path))
            for step in range(2):
                name = UNSEEN_CLIPS[(number + step) % len(UNSEEN_CLIPS)]
                frame = frames_of(data / "video" / f"{name}.mp4", 10**6)[0]
                scale = 360 / min(frame.shape[:2])
                small = cv2.resize(frame, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
                frame = small.astype(np.uint8, copy=False)
                painted, seen = judge.see(model(frame, look)), judge.see(frame)
                found.append(
                    (
                        judge.style(painted, seen, style),
                        judge.vector(painted, seen, style),
                        judge.content(painted, seen),
                    )
                )
    by_style = np.array(found).reshape(-1, 2, 3).mean(1)
    worst = np.sort(by_style[:, 0])[-len(by_style) // 4 :]
    style, vector, content = by_style.mean(0)
    return {
        "outside style": float(style),
        "outside vector": float(vector),
        "outside content": float(content),
        "outside style, worst quarter": float(worst.mean()),
    }


def plot(means: dict[str, dict[str, float]]) -> None:
    """Draw docs/quality.svg: what steadiness costs in style and in content."""
    from matplotlib import pyplot as plt

    mpl.rcParams["svg.hashsalt"] = "vidstyle"
    figure, axes = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
    for each, distance in zip(axes, ("style", "content"), strict=True):
        for label, start in (("any style", "stability"), ("one style", "one style")):
            found = [m for side, m in means.items() if side.startswith(start)]
            each.plot(
                [m[distance] for m in found], [m["excess1"] for m in found], "o-", label=label
            )
        peer = means["peer"]
        each.plot(peer[distance], peer["excess1"], "s", label="the published network")
        each.set(xlabel=f"{distance} distance", ylabel="excess of the warping error")
        each.set_ylim(bottom=0)
        each.grid(alpha=0.3)
    axes[0].legend()
    figure.savefig(ROOT / "docs" / "quality.svg", metadata={"Date": None})


def main() -> None:
    """Measure and write benchmarks/results/quality.json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("peers", type=Path)
    parser.add_argument("--features", default="own", help="what sees style and content")
    parser.add_argument(
        "--networks",
        type=Path,
        default=catalog.FOLDER / "styles",
        help="folder of networks of one style, named as the style pictures",
    )
    parser.add_argument("--pairs", default="*+*.mp4", help="which of PEERS")
    parser.add_argument("--only", help="beginning of the names of the sides to measure")
    options = parser.parse_args()
    perceptual = load_features(options.features)
    judge = Judge()
    rows: dict[str, list[dict[str, float]]] = {}
    with tempfile.TemporaryDirectory() as folder:
        clip = Path(folder, "in.mkv")
        for peer in sorted(options.peers.glob(options.pairs)):
            name, of = peer.stem.split("+")
            style = options.data / "style_hero" / f"{of}.jpg"
            prepare(options.data / "video" / f"{name}.mp4", peer, clip)
            likeness = Likeness(
                perceptual, read_picture(style).astype(np.float32) / np.float32(255)
            )
            seen_style = judge.see(read_picture(style))
            made = {"peer": peer}
            sides = {f"stability {s:g}": (style, s) for s in STABILITIES}
            own = options.networks / f"{of}.safetensors"
            if own.exists():
                sides |= {f"one style, stability {s:g}": (own, s) for s in STABILITIES}
            for side, (how, stability) in sides.items():
                if options.only and not side.startswith(options.only):
                    continue
                made[side] = painted = Path(folder, f"{side}.mp4")
                vidstyle.stylize(
                    *(clip, how, painted),
                    encoding=ENCODING,
                    stability=stability,
                    overwrite=True,
                )
            for side, painted in made.items():
                found = figures(measure(clip, painted, style=likeness))
                found |= outside(judge, clip, painted, seen_style)
                rows.setdefault(side, []).append(found)
                shown = "  ".join(f"{n} {v:.3f}" for n, v in found.items() if "input" not in n)
                print(f"{peer.stem:36} {side:12} {shown}", flush=True)
    if not rows:
        parser.error(f"no clip+style.mp4 in {options.peers}")
    # A figure may be missing where a clip holds nothing to measure it on, say no still place.
    names = {n for found in rows.values() for row in found for n in row}
    means: dict[str, Any] = {
        side: {n: float(np.mean([r[n] for r in found if n in r])) for n in sorted(names)}
        for side, found in rows.items()
    }
    for side, found in means.items():
        print(side, "  ".join(f"{n} {v:.3f}" for n, v in found.items()))
    new = unseen(judge, options.data)
    print("unseen styles", "  ".join(f"{n} {v:.3f}" for n, v in new.items()))
    if options.only:
        return
    print(write("quality", {"pairs": len(rows["peer"]), "means": means, "unseen": new}))
    plot(means)


if __name__ == "__main__":
    main()
