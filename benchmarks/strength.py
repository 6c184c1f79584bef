"""How a strength below 1 compares with a cross-fade of the same share: `python benchmarks/strength.py [CLIP ...]`.

For the middle frame of the sample clip, or of others, no wider than 480 pixels, in each of six sample styles and in six networks of one
style: style distance (for pictures) and content distance, as `vidstyle metrics` measures them, and how much two pictures show at once. For that the fine detail
of the mixture is told by that of the frame and that of the painting, as a sum of so much of each (least squares): 4 times
the product of the two amounts is 1 for a cross-fade of a half, and 0 where one of them is all.

Then flicker and warping error, as `vidstyle metrics` measures them, over 20 frames of the first clip from its middle on; and the time of mixing a
frame and its painting. Writes benchmarks/results/strength.json.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from common import repeat, write

import vidstyle
from vidstyle.evaluation.likeness import Likeness
from vidstyle.evaluation.report import measure
from vidstyle.frame import Pixels
from vidstyle.images.files import read_picture
from vidstyle.media.video import Video
from vidstyle.stylize.strength import blend, close, tones_first
from vidstyle.zoo.features import load_features

ROOT = Path(__file__).parent.parent
STYLES = sorted((ROOT / "samples" / "styles").glob("*.jpg"))
NETWORKS = ("starry_night", "great_wave", "the_scream", "udnie", "the_kiss", "composition_vii")
WIDEST = 480
"""Pixels: wider frames are made smaller."""
SHARES = (0.25, 0.5, 0.75)
FRAMES = 20
LOSSLESS = vidstyle.Encoding("ffv1")
KINDS: dict[str, Sequence[str | Path]] = {"a picture": STYLES, "a network of one style": NETWORKS}
SIZES = ((640, 360), (1920, 1080))

Mix = Callable[[Pixels, Pixels, float], Pixels]
MIXES: dict[str, Mix] = {
    "`blend`": blend,
    "`strength`, a picture": close,
    "`strength`, a network of one style": tones_first,
}


def detail(picture: np.ndarray) -> np.ndarray:
    """Return the fine detail (H * W,) of a picture (H, W, 3)."""
    gray = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32)
    return (gray - cv2.GaussianBlur(gray, (0, 0), 2)).ravel()


def two_pictures(mixed: np.ndarray, frame: np.ndarray, painted: np.ndarray) -> float:
    """Return 4 times the product of the amounts of a frame's and of its painting's detail in a mixture."""
    parts = np.stack([detail(frame), detail(painted)], 1)
    of_frame, of_painting = np.linalg.lstsq(parts, detail(mixed), rcond=None)[0]
    return 4 * float(of_frame * of_painting)


def floats(picture: Pixels) -> np.ndarray:
    """Return a picture (H, W, 3) as floats of 0 to 1."""
    return picture.astype(np.float32) / 255


def half(video: Video) -> Fraction:
    """Return the time of the middle, seconds."""
    return Fraction(video.info.frames or 0) / (video.info.frame_rate or 1) / 2


def middle(clip: Path) -> Pixels:
    """Return the middle frame (H, W, 3) of a clip."""
    with Video.open(clip) as video:
        picture = next(video.read(half(video), alpha=False)).pixels
    height, width, _ = picture.shape
    size = min(width, WIDEST), round(height * min(1, WIDEST / width))
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    return small.astype(np.uint8, copy=False)


def means(rows: list[dict[str, float]]) -> dict[str, float]:
    """Return the mean of each value."""
    return {name: float(np.mean([row[name] for row in rows])) for name in rows[0]}


def distances(clips: list[Path]) -> dict[str, dict[str, dict[str, float]]]:
    """Return style distance (for pictures), content distance and how much two pictures show, by kind of style and by look."""
    frames = [middle(clip) for clip in clips]
    perceptual = load_features()
    told: dict[str, dict[str, dict[str, float]]] = {}
    for kind, names in KINDS.items():
        found: dict[str, list[dict[str, float]]] = defaultdict(list)
        for name in names:
            own = name if isinstance(name, Path) else None  # the picture of the style
            with vidstyle.load("arbitrary" if own else name, device="cpu") as model:
                full = vidstyle.Look(model.style(own) if own else None)
                likeness = Likeness(perceptual, floats(read_picture(own or STYLES[0])))
                for frame in frames:
                    painted = model(frame, full)
                    for share in SHARES:
                        looks = {
                            "blend": replace(full, blend=share),
                            "strength": replace(full, strength=share),
                        }
                        for what, look in looks.items():
                            mixed = model(frame, look)
                            near, content = likeness.compare(floats(mixed), floats(frame))
                            row = {"style": near} if own else {}
                            row["content"] = content
                            row["two pictures"] = two_pictures(mixed, frame, painted)
                            found[f"{what} {share}"].append(row)
        told[kind] = {look: means(rows) for look, rows in found.items()}
    return told


def steadiness(clip: Path) -> dict[str, dict[str, dict[str, float]]]:
    """Return flicker and warping error of a part of a clip, by kind of style and by look."""
    with Video.open(clip) as video:
        start, rate = half(video), video.info.frame_rate or 1
        size = min(video.info.width, WIDEST), -1
    part = vidstyle.Reading(start=start, end=start + FRAMES / Fraction(rate), size=size)
    looks = {"strength 1": (1.0, 1.0), "blend 0.5": (1.0, 0.5), "strength 0.5": (0.5, 1.0)}
    found: dict[str, dict[str, dict[str, float]]] = {}
    with tempfile.TemporaryDirectory() as name:
        frames, painted = Path(name) / "frames.mkv", Path(name) / "painted.mkv"
        vidstyle.stylize(clip, "identity", frames, reading=part, encoding=LOSSLESS)
        for kind, styles in KINDS.items():
            found[kind] = {}
            for look, (strength, share) in looks.items():
                rows = []
                for style in styles:
                    vidstyle.stylize(
                        *(frames, style, painted),
                        strength=strength,
                        blend=share,
                        encoding=LOSSLESS,
                        device="cpu",
                        overwrite=True,
                    )
                    told = measure(frames, painted)
                    rows.append({"flicker": told.flicker or 0.0, "warp1": told.warp1 or 0.0})
                found[kind][look] = means(rows)
    return found


def took(mix: Mix, frame: Pixels, painted: Pixels) -> float:
    """Return the milliseconds of CPU time that it takes to mix a frame and its painting to halves."""
    began = time.process_time()
    mix(frame, painted, 0.5)
    return 1e3 * (time.process_time() - began)


def mixing(frame: Pixels) -> dict[str, dict[str, dict[str, float]]]:
    """Return these milliseconds by kind of look and by size."""
    cv2.setNumThreads(1)
    found: dict[str, dict[str, dict[str, float]]] = {}
    for look, mix in MIXES.items():
        found[look] = {}
        for width, height in SIZES:
            large = cv2.resize(frame, (width, height)).astype(np.uint8, copy=False)
            painted = np.ascontiguousarray(large[::-1])
            times = repeat(partial(took, mix, large, painted), times=25)
            found[look][f"{width}x{height}"] = times
    return found


def main(clips: list[Path]) -> None:
    """Measure and write."""
    results = {
        "clips": [clip.stem for clip in clips],
        "distances": distances(clips),
        "frames": FRAMES,
        "steadiness": steadiness(clips[0]),
        "mixing_cpu_ms": mixing(middle(clips[0])),
    }
    print(write("strength", results))


if __name__ == "__main__":
    main([Path(p) for p in sys.argv[1:]] or [ROOT / "samples" / "clip.mp4"])
