"""Steadiness of clips by optimization: `python benchmarks/clips.py`.

Frames of the sample clip by `vidstyle paint`: each alone by Gatys' method, and by `--method video`; measured as
`vidstyle metrics` does. Writes benchmarks/results/clips.json.
"""

from __future__ import annotations

import tempfile
import time
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
from common import machine, write
from pipeline import ROOT

import vidstyle
from vidstyle.evaluation.report import measure
from vidstyle.images.files import read_picture
from vidstyle.media.source import FileSource
from vidstyle.optimize.clip import paint_video
from vidstyle.optimize.config import GatysConfig, VideoConfig
from vidstyle.optimize.painting import paint_picture
from vidstyle.zoo.features import load_features

SIZE, STEPS, FIRST, FRAMES = 192, 60, 60, 8
LOSSLESS = vidstyle.Encoding("ffv1")


def main() -> None:
    """Paint, measure and write."""
    results: dict[str, Any] = {"size": SIZE, "steps": STEPS, "frames": FRAMES}
    perceptual = load_features()
    style = read_picture(ROOT / "samples" / "styles" / "swirls.jpg")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        clip, painted = folder / "clip.mkv", folder / "painted.mkv"
        reading = vidstyle.Reading(
            start=Fraction(FIRST, 30), end=Fraction(FIRST + FRAMES, 30), size=(SIZE, -1)
        )
        vidstyle.stylize(
            ROOT / "samples" / "clip.mp4", "identity", clip, reading=reading, encoding=LOSSLESS
        )
        with FileSource(clip) as source:
            frames = [f.pixels for f in source]
        began = time.monotonic()
        (folder / "alone").mkdir()
        for number, frame in enumerate(frames):
            made = paint_picture(frame, [style], perceptual, GatysConfig(size=SIZE, steps=STEPS))
            cv2.imwrite(str(folder / "alone" / f"{number:03d}.png"), made[..., ::-1])
        seconds = {"alone": time.monotonic() - began}
        began = time.monotonic()
        config = VideoConfig(size=SIZE, steps=STEPS)
        paint_video(clip, [style], perceptual, painted, config, encoding=LOSSLESS)
        seconds["video"] = time.monotonic() - began
        for side, file in (("alone", folder / "alone" / "%03d.png"), ("video", painted)):
            found = measure(clip, file)
            results[side] = {
                "warp1": found.warp1,
                "warp5": found.warp5,
                "excess1": found.excess1,
                "excess5": found.excess5,
                "contrast": found.contrast,
                "seconds_a_frame": seconds[side] / FRAMES,
            }
            print(side, results[side], flush=True)
    print(machine())
    print(write("clips", results).relative_to(ROOT))


if __name__ == "__main__":
    main()
