"""How a strength below 1 compares with a cross-fade of the same share: `python benchmarks/strength.py [CLIP ...]`.

For the middle frame of the sample clip, or of others, no wider than 480 pixels, in each of six sample styles and in six networks of one
style: style distance (for pictures) and content distance, as `vidstyle metrics` measures them, and how much two pictures show at once. For that the fine detail
of the mixture is told by that of the frame and that of the painting, as a sum of so much of each (least squares): 4 times
the product of the two amounts is 1 for a cross-fade of a half, and 0 where one of them is all.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np

import vidstyle
from vidstyle.evaluation.likeness import Likeness
from vidstyle.frame import Pixels
from vidstyle.images.files import read_picture
from vidstyle.media.video import Video
from vidstyle.zoo.features import load_features

ROOT = Path(__file__).parent.parent
STYLES = sorted((ROOT / "samples" / "styles").glob("*.jpg"))
NETWORKS = ("starry_night", "great_wave", "the_scream", "udnie", "the_kiss", "composition_vii")
WIDEST = 480
"""Pixels: wider frames are made smaller."""
SHARES = (0.25, 0.5, 0.75)


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


def middle(clip: Path) -> Pixels:
    """Return the middle frame (H, W, 3) of a clip."""
    with Video.open(clip) as video:
        half = Fraction(video.info.frames or 0) / (video.info.frame_rate or 1) / 2
        picture = next(video.read(half, alpha=False)).pixels
    height, width, _ = picture.shape
    size = min(width, WIDEST), round(height * min(1, WIDEST / width))
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    return small.astype(np.uint8, copy=False)


def main(clips: list[Path]) -> None:
    """Print a table."""
    frames = [middle(clip) for clip in clips]
    perceptual = load_features()
    print("| style | look | style distance | content distance | two pictures |")
    print("|---|---|---|---|---|")
    for kind, names in (("a picture", STYLES), ("a network of one style", NETWORKS)):
        found: dict[str, list[tuple[float, float, float]]] = defaultdict(list)
        for name in names:
            own = name if isinstance(name, Path) else None  # the picture of the style
            with vidstyle.load("arbitrary" if own else name) as model:
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
                            row = near, content, two_pictures(mixed, frame, painted)
                            found[f"{what} {share}"].append(row)
        for called, rows in found.items():
            means = [f"{value:.2f}" for value in np.mean(rows, 0)]
            means[0] = means[0] if names is STYLES else ""
            print(f"| {kind} | {called} | {' | '.join(means)} |")


if __name__ == "__main__":
    main([Path(p) for p in sys.argv[1:]] or [ROOT / "samples" / "clip.mp4"])
