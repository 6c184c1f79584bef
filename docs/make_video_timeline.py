"""Make docs/video_timeline.jpg: a clip that is painted by optimization, by a timeline."""

from __future__ import annotations

import tempfile
from fractions import Fraction
from pathlib import Path

import cv2

from vidstyle import Cue, Encoding, Reading, Timeline
from vidstyle.images.files import read_picture
from vidstyle.images.grid import grid, labeled
from vidstyle.media.source import FileSource
from vidstyle.optimize.clip import paint_video
from vidstyle.optimize.config import VideoConfig
from vidstyle.zoo.features import load_features

ROOT = Path(__file__).parent.parent
STYLES = ROOT / "samples" / "styles"
TIMELINE = Timeline([Cue(0.5, STYLES / "mosaic.jpg", fade=1), Cue(1.75, strength=0.3, fade=0.5)])
SHOWN = {2: "0.2 s: swirls", 8: "1 s: half of each", 13: "1.6 s: mosaic", 19: "2.4 s: strength 0.3"}


def main() -> None:
    """Write the picture."""
    with tempfile.TemporaryDirectory() as name:
        out = Path(name) / "out.mkv"
        paint_video(
            ROOT / "samples" / "clip.mp4",
            [read_picture(STYLES / "swirls.jpg")],
            load_features("own"),
            out,
            VideoConfig(size=256, steps=40),
            timeline=TIMELINE,
            reading=Reading(start=Fraction(0), end=Fraction(5, 2), fps=Fraction(8)),
            encoding=Encoding("ffv1"),
        )
        with FileSource(out) as clip:
            cells = [labeled(f.pixels, SHOWN[n]) for n, f in enumerate(clip) if n in SHOWN]
    path = str(ROOT / "docs" / "video_timeline.jpg")
    cv2.imwrite(path, grid([cells])[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 88])


if __name__ == "__main__":
    main()
