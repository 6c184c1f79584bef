"""Make docs/regions.jpg: what is named in pictures, and one frame in the colors of a night with and without: `python docs/make_regions.py`."""

from __future__ import annotations

import tempfile
from pathlib import Path

import cv2
import numpy as np

from vidstyle.api import stylize
from vidstyle.frame import Pixels
from vidstyle.images.files import read_picture
from vidstyle.images.naming import color_of, name_map, names_of
from vidstyle.images.regions import colors_of
from vidstyle.media.source import FileSource
from vidstyle.runtime.namer import RegionNamer

DOCS = Path(__file__).parent
SAMPLES = DOCS.parent / "samples"
FRAME, WIDTH, HEIGHT = 60, 420, 236


def frame() -> Pixels:
    """Read a frame of the sample clip."""
    with FileSource(SAMPLES / "clip.mp4") as source:
        return next(f.pixels for n, f in enumerate(source) if n == FRAME)


def night(picture: Pixels, labels: np.ndarray) -> Pixels:
    """Return the frame, mirrored, under a blue night: deep blue where the sky is, dark elsewhere."""
    sky = cv2.GaussianBlur((labels == color_of("sky")).astype(np.float32), (0, 0), 3)[..., None]
    light = picture.mean(2, keepdims=True) / 255
    blue = np.array([18, 40, 150]) + 90 * light * np.array([0.4, 0.7, 1.0])
    dark = picture * np.array([0.42, 0.36, 0.3])
    return np.ascontiguousarray(
        (sky * blue + (1 - sky) * dark).clip(0, 255).astype(np.uint8)[:, ::-1]
    )


def shown(picture: Pixels, title: str, names: list[str] | None = None) -> Pixels:
    """Return a picture at the size of the sheet with its title, and the names in their colors."""
    made = cv2.resize(picture, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)
    left = 6
    for text, color in [(title, None), *((n, color_of(n)) for n in names or [])]:
        (width, _), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, 0.42, 1)
        back = (0, 0, 0) if color is None else tuple(color >> s & 255 for s in (16, 8, 0))
        cv2.rectangle(made, (left - 4, 0), (left + width + 4, 18), back, -1)
        cv2.putText(
            made, text, (left, 13), cv2.FONT_HERSHEY_SIMPLEX, 0.42, (255,) * 3, 1, cv2.LINE_AA
        )
        left += width + 10
    return made.astype(np.uint8)


def main() -> None:
    """Write the picture."""
    namer, picture = RegionNamer(), frame()
    own = name_map(namer(picture), picture)
    style = night(picture, own)
    other = name_map(namer(style), style)
    with tempfile.TemporaryDirectory() as folder:
        content, look = Path(folder) / "day.png", Path(folder) / "night.png"
        for path, pixels in ((content, picture), (look, style)):
            cv2.imwrite(str(path), pixels[..., ::-1])
        made = []
        for regions in (None, "names"):
            stylize(
                content,
                look,
                Path(folder) / "out.png",
                method="photoreal",
                regions=regions,
                overwrite=True,
            )
            made.append(read_picture(Path(folder) / "out.png"))
    rows = [
        [shown(picture, "a frame"), shown(colors_of(own), "found", names_of(own))],
        [shown(style, "a night"), shown(colors_of(other), "found", names_of(other))],
        [shown(made[0], "without regions"), shown(made[1], "--regions names")],
    ]
    sheet = np.vstack([np.hstack(row) for row in rows])
    cv2.imwrite(str(DOCS / "regions.jpg"), sheet[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 86])


if __name__ == "__main__":
    main()
