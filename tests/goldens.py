"""Pixels that must not change unnoticed: `python -m tests.goldens [FOLDER]` writes them anew.

Eight frames of 64x48 with a cut, by each kind of network and each method, side by side in one PNG a case. In f32, since
int8 and bf16 differ between processors. A change of these pictures is a change of the output: say so in
the CHANGELOG.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import av
import cv2
import numpy as np

import vidstyle
from tests import commands
from tests.clips import pattern

FOLDER = Path(__file__).parent / "goldens"
STYLES = Path(__file__).parent.parent / "samples" / "styles"
SWIRLS, INK = STYLES / "swirls.jpg", STYLES / "ink.jpg"

Frames = list[np.ndarray]


def frames() -> Frames:
    """Five frames of a shot, and three of another."""
    return [pattern(n if n < 5 else 70 + 2 * n, 64, 48) for n in range(8)]


def deep() -> Frames:
    """The same in 16 bits."""
    return [f.astype(np.uint16) * 257 for f in frames()]


def _stylized(style: object, source: Callable[[], Frames] = frames, **options: object) -> Frames:
    if options.get("method") != "photoreal":
        options.setdefault("device", "cpu")
        options.setdefault("precision", "f32")
    return list(vidstyle.stylize_frames(source(), style, **options))  # type: ignore[arg-type]


def _file(style: object, **options: object) -> Frames:
    """Through a file, which is looked ahead in, without loss."""
    with TemporaryDirectory() as folder:
        clip, out = Path(folder, "in.mkv"), Path(folder, "out.mkv")
        with av.open(str(clip), "w") as container:
            stream = container.add_stream("ffv1", rate=8)
            stream.width, stream.height, stream.pix_fmt = 64, 48, "bgr0"
            for picture in frames():
                container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
            container.mux(stream.encode())
        encoding = vidstyle.Encoding("ffv1", pixel_format="bgr0")
        vidstyle.stylize(clip, style, out, encoding=encoding, **options)  # type: ignore[arg-type]
        with av.open(str(out)) as container:
            return [f.to_ndarray(format="rgb24") for f in container.decode(video=0)]


def _painted(*options: object) -> Frames:
    """One picture, by optimization on the command line."""
    with TemporaryDirectory() as folder:
        photo, out = Path(folder, "photo.png"), Path(folder, "out.png")
        cv2.imwrite(str(photo), cv2.resize(frames()[0], (128, 96))[..., ::-1])
        words = ["paint", photo, "--style", SWIRLS, "-o", out, "--size", 128, "--device", "cpu"]
        words = list(map(str, [*words, *options]))
        commands.run(words, environment=dict(os.environ), timeout=600).check_returncode()
        return [cv2.imread(str(out))[..., ::-1]]


F32 = {"device": "cpu", "precision": "f32"}

CASES: dict[str, Callable[[], Frames]] = {
    "identity": lambda: _stylized("identity"),
    "identity_file": lambda: _file("identity"),
    "any_style": lambda: _stylized(SWIRLS),
    "any_style_deep": lambda: [(f // 257).astype(np.uint8) for f in _stylized(SWIRLS, source=deep)],
    "any_style_file": lambda: _file(SWIRLS, **F32),
    "mixed": lambda: _stylized([SWIRLS, INK], style_weights=[2, 1]),
    "scaled": lambda: _stylized(INK, style_scale=2),
    "weaker": lambda: _stylized(SWIRLS, strength=0.5),
    "steady": lambda: _stylized(SWIRLS, stability=1),
    "steady_weaker": lambda: _stylized(SWIRLS, stability=0.5, strength=0.7),
    "steady_file": lambda: _file(SWIRLS, stability=0.8, **F32),
    "one_style": lambda: _stylized("starry_night"),
    "one_style_file": lambda: _file("great_wave", **F32),
    "photoreal": lambda: _stylized(SWIRLS, method="photoreal"),
    "photoreal_deep": lambda: [
        (f // 257).astype(np.uint8) for f in _stylized(INK, source=deep, method="photoreal")
    ],
    "photoreal_steady": lambda: _stylized(INK, method="photoreal", stability=1, strength=0.5),
    "gatys": lambda: _painted("--steps", 10),
    "mrf": lambda: _painted("--method", "mrf", "--steps", 5),
}


def sheet(pictures: Frames) -> np.ndarray:
    """Lay pictures of one size side by side."""
    return np.concatenate(pictures, 1)


def main(folder: Path = FOLDER) -> None:
    """Write all of them."""
    folder.mkdir(exist_ok=True)
    for name, make in CASES.items():
        cv2.imwrite(str(folder / f"{name}.png"), sheet(make())[..., ::-1])
        print(name)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
