"""Keyframes against a known truth: `python benchmarks/keyframes.py [--videos FOLDER] [CLIP ...]`.

The painter is a function, `painted`, so that what he would have made of every frame is known: light becomes a ramp of colors with a weak
rest of the clip's own, surfaces are smoothed, and edges get ink. One keyframe, and then two, are learned; the clip is painted as
`vidstyle run` does, and its other frames are compared with the truth by PSNR. Writes benchmarks/results/keyframes.json, whose rows of other
clips stay, and sheets to look at, of frames, truth and painting, where `SHEETS` names a folder.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from common import RESULTS, write
from pipeline import ROOT

import vidstyle
from vidstyle.frame import Pixels
from vidstyle.keyframes.learning import learn_keyframes
from vidstyle.keyframes.painted import Painted
from vidstyle.media.source import FileSource
from vidstyle.training.config import KeyframeConfig

CLIP = ROOT / "samples" / "clip.mp4"
VIDEOS = ["cat_handheld_audio.mp4", "woman_running.mp4"]
"""In a folder of one's own."""

PLACES = (0.25, 0.75)
"""Of the keyframes, over the frames of the clip."""

STEPS = int(os.environ.get("STEPS", "400"))
"""Of one keyframe; two are learned for longer. Not seconds, so that it does not matter who else uses the machine."""

ENCODING = vidstyle.Encoding("ffv1", pixel_format="yuv444p")
"""Colors of half the resolution, as videos have them, would cost the truth itself much: 27.7 dB are left of it in the first clip."""

_RAMP = np.array(
    [[24, 20, 70], [150, 40, 70], [235, 120, 50], [250, 215, 120], [255, 250, 225]], np.float32
)
_INK = np.array([20, 24, 60], np.float32)


def painted(frame: Pixels) -> Pixels:
    """Paint a frame (H, W, 3) uint8."""
    smooth: Any = frame
    for _ in range(2):
        smooth = cv2.bilateralFilter(smooth, 9, 40, 5)
    light = cv2.cvtColor(smooth, cv2.COLOR_RGB2GRAY).astype(np.float32) / 255
    at = light * (len(_RAMP) - 1)
    below = np.clip(at.astype(int), 0, len(_RAMP) - 2)
    share = (at - below)[..., None]
    colors = _RAMP[below] * (1 - share) + _RAMP[below + 1] * share
    colors += 0.5 * (smooth.astype(np.float32) - light[..., None] * 255)
    edges = cv2.GaussianBlur(light, (0, 0), 1.2) - cv2.GaussianBlur(light, (0, 0), 2.8)
    bare = np.clip(1 + 14 * (edges + 0.01), 0.15, 1)[..., None]
    made: Pixels = np.clip(colors * bare + _INK * (1 - bare), 0, 255).round().astype(np.uint8)
    return made


def psnr(one: Pixels, other: Pixels) -> float:
    """Return the peak signal-to-noise ratio, dB, of all three channels."""
    error = np.mean((one.astype(np.float32) - other.astype(np.float32)) ** 2)
    return float(10 * np.log10(255**2 / error))


def frames_of(path: Path) -> list[Any]:
    """Return all frames of a clip, with their times."""
    with FileSource(path) as source:
        return list(source)


def measure(
    clip: Path, places: tuple[float, ...], folder: Path, sheet: Path | None = None
) -> dict[str, Any]:
    """Learn keyframes of a clip, paint it, and compare; write a sheet."""
    frames = frames_of(clip)
    numbers = [round(place * (len(frames) - 1)) for place in places]
    keyframes = [
        Painted(Fraction(frames[n].pts) * frames[n].time_base, painted(frames[n].pixels))
        for n in numbers
    ]
    began, processor = time.monotonic(), time.process_time()
    weights = learn_keyframes(
        clip,
        keyframes,
        folder / f"{clip.stem}{len(places)}.safetensors",
        config=KeyframeConfig(steps=STEPS),
    )
    seconds = time.monotonic() - began, time.process_time() - processor
    output = folder / f"{clip.stem}{len(places)}.mkv"
    vidstyle.stylize(clip, weights, output, encoding=ENCODING)
    result = frames_of(output)
    others = [
        n
        for n in range(0, len(frames), 5)
        if all(abs(n - round(p * (len(frames) - 1))) > 2 for p in PLACES)
    ]
    truth = {n: painted(frames[n].pixels) for n in [*others, *numbers]}
    found = [psnr(result[n].pixels, truth[n]) for n in others]
    if sheet:
        rows = [
            np.concatenate([frames[n].pixels, truth[n], result[n].pixels], 1)
            for n in others[:: max(1, len(others) // 4)][:4]
        ]
        cv2.imwrite(str(sheet), np.concatenate(rows)[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 80])
    return {
        "untouched": float(np.mean([psnr(frames[n].pixels, truth[n]) for n in others])),
        "others": float(np.mean(found)),
        "worst": min(found),
        "keyframes": float(np.mean([psnr(result[n].pixels, truth[n]) for n in numbers])),
        "seconds": seconds[0],
        "processor_seconds": seconds[1],
    }


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("clips", nargs="*", type=Path, metavar="CLIP", help="instead of all three")
    parser.add_argument(
        "--videos",
        type=Path,
        default=ROOT.parent / "shared" / "data" / "video",
        help=f"the folder of {' and '.join(VIDEOS)}",
    )
    given = parser.parse_args()
    clips = given.clips or [CLIP, *(given.videos / name for name in VIDEOS)]
    if missing := [str(clip) for clip in clips if not clip.is_file()]:
        parser.error(f"expected clips, found no {', '.join(missing)}")
    kept = RESULTS / "keyframes.json"
    results: dict[str, Any] = json.loads(kept.read_text()) if kept.is_file() else {}
    if results.get("steps") != STEPS:
        results = {"steps": STEPS}
    results.pop("machine", None)
    sheets = os.environ.get("SHEETS")
    for clip in clips:
        for count in (1, 2):
            sheet = Path(sheets, f"{clip.stem}{count}.jpg") if sheets else None
            with tempfile.TemporaryDirectory() as folder:
                found = measure(clip, PLACES[:count], Path(folder), sheet)
            results.setdefault(clip.stem, {})[str(count)] = found
            print(clip.stem, count, {k: round(v, 2) for k, v in found.items()}, flush=True)
            write("keyframes", results)


if __name__ == "__main__":
    main()
