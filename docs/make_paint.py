"""Make the pictures of the pages on optimization: `python docs/make_paint.py [NAME ...] [--teacher FILE]`.

Names: paint, reconstruct, mrf, photoreal, video; all if none is given. With the teacher of the perceptual network
paint.jpg has a row of its own.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np

from vidstyle.api import stylize_frames
from vidstyle.frame import Pixels
from vidstyle.images.files import read_picture
from vidstyle.media.reading import Reading
from vidstyle.media.source import FileSource
from vidstyle.nets.perceptual import Perceptual
from vidstyle.optimize.clip import paint_video
from vidstyle.optimize.config import Config, GatysConfig, MrfConfig, PhotorealConfig, VideoConfig
from vidstyle.optimize.descent import scaled
from vidstyle.optimize.painting import paint_picture
from vidstyle.optimize.reconstructions import reconstruct, sheet
from vidstyle.optimize.regionfiles import NAMED, NONE, RegionFiles
from vidstyle.optimize.regions import load_regions
from vidstyle.zoo.features import load_features

DOCS = Path(__file__).parent
SAMPLES = DOCS.parent / "samples"
STYLES = ("swirls", "mosaic", "ink")
SEASONS = ("night", "dusk", "winter", "fog")
FRAME = 60


def style(name: str) -> Pixels:
    """Read a sample style."""
    return read_picture(SAMPLES / "styles" / f"{name}.jpg")


def frames(first: int, count: int) -> list[Pixels]:
    """Read frames of the sample clip."""
    with FileSource(SAMPLES / "clip.mp4") as source:
        return [f.pixels for n, f in enumerate(source) if first <= n < first + count]


def labeled(picture: Pixels, text: str) -> Pixels:
    """Write a text into a corner of a picture (H, W, 3)."""
    picture, font = picture.copy(), cv2.FONT_HERSHEY_SIMPLEX
    (width, height), below = cv2.getTextSize(text, font, 0.4, 1)
    cv2.rectangle(picture, (0, 0), (width + 8, height + below + 8), (0, 0, 0), -1)
    cv2.putText(picture, text, (4, height + 4), font, 0.4, (255, 255, 255), 1, cv2.LINE_AA)
    return picture


def write(name: str, rows: Sequence[Sequence[tuple[str, Pixels]]]) -> None:
    """Write a sheet of pictures of one size, with their titles."""
    whole = sheet([[(title, labeled(made, title)) for title, made in row] for row in rows])
    cv2.imwrite(str(DOCS / name), whole[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 86])


def painted(
    content: Pixels, style_picture: Pixels, perceptual: Perceptual, config: Config, name: str
) -> Pixels:
    """Paint, and say how long it took."""
    began = time.monotonic()
    files = RegionFiles(regions=NAMED if isinstance(config, PhotorealConfig) else NONE)
    regions = load_regions(
        files, (Path("content"), [Path("style")]), content, [style_picture], perceptual
    )
    made = paint_picture(content, [style_picture], perceptual, config, regions=regions)
    print(f"{name}: {time.monotonic() - began:.0f} s", flush=True)
    return made


def make_gatys(teacher: str | None) -> None:
    """Three styles, through our own perceptual network and through its teacher."""
    rows = []
    for name in ("own", *filter(None, [teacher])):
        perceptual, title = load_features(name), "our network" if name == "own" else "its teacher"
        config = GatysConfig(size=384)
        rows.append(
            [
                (title, painted(frames(FRAME, 1)[0], style(s), perceptual, config, f"{title}, {s}"))
                for s in STYLES
            ]
        )
    write("paint.jpg", rows)


def make_reconstructions(_teacher: str | None) -> None:
    """The classical figures: content from single layers, texture from growing sets of them, and both."""
    perceptual, size = load_features(), 192
    rows = reconstruct(frames(FRAME, 1)[0], perceptual, "content", size=size)
    texture = scaled(style("mosaic"), size)[: rows[0][0][1].shape[0]]
    write("reconstruct.jpg", rows + reconstruct(texture, perceptual, "style", size=size))
    content = frames(FRAME, 1)[0]
    write("grid.jpg", reconstruct(content, perceptual, "grid", style=style("mosaic"), size=size))


def make_mrf(_teacher: str | None) -> None:
    """Patches beside statistics."""
    perceptual, content = load_features(), frames(FRAME, 1)[0]
    rows = []
    for title, config in (
        ("Gram matrices", GatysConfig(size=224)),
        ("patches", MrfConfig(size=224)),
    ):
        rows.append(
            [
                (title, painted(content, style(s), perceptual, config, f"{title}, {s}"))
                for s in ("woodcut", "fauve")
            ]
        )
    write("mrf.jpg", rows)


def make_photoreal(_teacher: str | None) -> None:
    """A frame at other times: the styles, by optimization, and by the one map for clips."""
    perceptual, content = load_features(), frames(FRAME, 1)[0]
    config = PhotorealConfig(size=224)
    rows: list[list[tuple[str, Pixels]]] = [[], [], []]
    for season in SEASONS:
        style_picture = read_picture(SAMPLES / "seasons" / f"{season}.jpg")
        rows[0].append((season, scaled(style_picture, config.size)))
        made = painted(content, style_picture, perceptual, config, f"photoreal, {season}")
        rows[1].append(("paint --method photoreal", made))
        (fast,) = stylize_frames([content], style_picture, method="photoreal")
        rows[2].append(("run --method photoreal", scaled(fast, config.size)))
    height = min(made.shape[0] for row in rows for _, made in row)
    write("photoreal.jpg", [[(title, made[:height]) for title, made in row] for row in rows])


def make_video(_teacher: str | None) -> None:
    """Frames of a clip, each alone and one after the other; and what changes along the motion."""
    perceptual, count = load_features(), 6
    clip = frames(FRAME, count)
    config = VideoConfig(size=256)
    alone = [
        painted(f, style("swirls"), perceptual, GatysConfig(size=256, steps=100), f"alone, {n}")
        for n, f in enumerate(clip)
    ]
    rate = Fraction(30)
    reading = Reading(start=Fraction(FRAME) / rate, end=Fraction(FRAME + count) / rate)
    with tempfile.TemporaryDirectory() as folder:
        began = time.monotonic()
        target = Path(folder) / "painted.mkv"
        paint_video(
            SAMPLES / "clip.mp4", [style("swirls")], perceptual, target, config, reading=reading
        )
        print(f"video: {time.monotonic() - began:.0f} s", flush=True)
        with FileSource(target) as source:
            steady = [f.pixels for f in source]
    rows = []
    for title, made in (("each frame alone", alone), ("--method video", steady)):
        some = [(title, made[n][: steady[0].shape[0]]) for n in (0, 1, count - 1)]
        change = np.abs(made[1].astype(int) - made[0]).mean(2, keepdims=True).repeat(3, 2) * 2
        rows.append(
            [*some, ("change from the first to the second", change.clip(0, 255).astype(np.uint8))]
        )
    write("video.jpg", rows)


MAKERS: dict[str, Callable[[str | None], None]] = {
    "paint": make_gatys,
    "reconstruct": make_reconstructions,
    "mrf": make_mrf,
    "photoreal": make_photoreal,
    "video": make_video,
}


def main() -> None:
    """Make what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*MAKERS, []])
    parser.add_argument("--teacher")
    options = parser.parse_args()
    for name in options.names or MAKERS:
        MAKERS[name](options.teacher)


if __name__ == "__main__":
    main()
