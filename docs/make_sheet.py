"""Make the contact sheets of the documents.

The sample clip in every sample style, docs/sheet.jpg; in every style that has a network of its own, docs/styles.jpg. The pictures of the page on looking before the work: docs/choose.jpg, docs/compare.jpg.
"""

from __future__ import annotations

import tempfile
from itertools import islice
from pathlib import Path

import cv2
import numpy as np

import vidstyle
from vidstyle import stylize_frames
from vidstyle.images.files import read_picture
from vidstyle.media.source import FileSource
from vidstyle.zoo import catalog

ROOT = Path(__file__).parent.parent
STYLES = ("swirls", "woodcut", "mosaic", "ink", "fauve", "pointillist")
MOMENTS = (20, 75, 130)
MIDDLE = MOMENTS[1]


def fitted(picture: np.ndarray, width: int, height: int) -> np.ndarray:
    """Scale a picture to cover width x height and cut its middle out."""
    scale = max(width / picture.shape[1], height / picture.shape[0])
    size = (round(picture.shape[1] * scale + 0.5), round(picture.shape[0] * scale + 0.5))
    scaled = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    top, left = (scaled.shape[0] - height) // 2, (scaled.shape[1] - width) // 2
    return scaled[top : top + height, left : left + width]


def save(path: Path, rows: list[list[np.ndarray]], width: int, height: int) -> None:
    """Write rows of pictures as one JPEG."""
    grid = np.concatenate(
        [np.concatenate([fitted(p, width, height) for p in row], 1) for row in rows]
    )
    cv2.imwrite(str(path), grid[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 88])


def save_choose() -> None:
    """Write a sheet as `vidstyle sheet` draws it, and a frame of each comparison."""
    clip = ROOT / "samples" / "clip.mp4"
    styles: list[str | Path] = [
        "great_wave",
        "starry_night",
        ROOT / "samples" / "styles" / "mosaic.jpg",
    ]
    sheet = vidstyle.sheet(clip, styles, moments=3, strengths=[0.5, 1], cell=240)
    save(ROOT / "docs" / "choose.jpg", [[sheet]], sheet.shape[1], sheet.shape[0])
    with tempfile.TemporaryDirectory() as folder:
        shown = []
        for way in ("split", "wipe"):
            made = Path(folder) / f"{way}.mkv"
            vidstyle.stylize(clip, "starry_night", made, compare=way)
            with FileSource(made) as source:
                shown.append(next(islice(source, MIDDLE, None)).pixels)
    save(ROOT / "docs" / "compare.jpg", [shown], 480, 270)


def main() -> None:
    """Write the pictures."""
    save_choose()
    with FileSource(ROOT / "samples" / "clip.mp4") as source:
        frames = [f.pixels for f in source]
    chosen = [frames[i] for i in MOMENTS]
    pictures = {n: read_picture(ROOT / "samples" / "styles" / f"{n}.jpg") for n in STYLES}
    painted = {n: list(stylize_frames(chosen, p)) for n, p in pictures.items()}
    white = np.full_like(chosen[0], 255)
    rows = [[white, *chosen], *([pictures[n], *painted[n]] for n in STYLES)]
    save(ROOT / "docs" / "sheet.jpg", rows, 400, 225)
    frame = frames[MIDDLE]
    own = [frame, *(next(stylize_frames([frame], name)) for name in catalog.styles())]
    save(ROOT / "docs" / "styles.jpg", [own[n : n + 3] for n in range(0, len(own), 3)], 400, 225)


if __name__ == "__main__":
    main()
