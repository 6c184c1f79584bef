"""How fast this machine paints: `vidstyle bench`."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import cast

import cv2
import numpy as np

from vidstyle import pipeline
from vidstyle.api import stylize
from vidstyle.frame import ColorTags, Frame, Pixels, StreamInfo
from vidstyle.media.codecs import Encoding
from vidstyle.media.reading import Reading
from vidstyle.media.sink import FileSink
from vidstyle.media.source import FileSource
from vidstyle.model import Model, load
from vidstyle.stylize.look import Look
from vidstyle.zoo.names import IDENTITY

_RATE = 30
_SECONDS = 4.0
"""Seconds of painting in a measurement, about; each is made `repeats` times after one to warm up."""


@dataclass(frozen=True)
class Rate:
    """Frames a second: median and interquartile range."""

    median: float
    iqr: float


@dataclass(frozen=True)
class Speed:
    """Figures of one frame size."""

    width: int
    height: int
    frames: int
    """Of the clip."""
    network: Rate
    """The network alone, frames from memory, calls overlapping as in a run."""
    files: Rate
    """Decoding and encoding of painted frames, without the network."""
    whole: Rate
    """A whole run, from file to file, with its start: opening, encoding the style, compiling."""


def landscape(width: int, height: int, seed: int = 1) -> Pixels:
    """Return a picture (H, W, 3) with detail of every size, as photographs and paintings have it."""
    rng = np.random.default_rng(seed)
    total = np.zeros((height, width, 3), np.float32)
    cell = max(width, height)
    while cell >= 1:
        shape = (-(-height // cell) + 1, -(-width // cell) + 1, 3)
        layer = cv2.resize(rng.normal(size=shape).astype(np.float32), None, fx=cell, fy=cell)
        total += layer[:height, :width] * cell**0.45
        cell //= 2
    total = 128 + 50 * (total - total.mean()) / total.std()
    return cast(Pixels, total.clip(0, 255).astype(np.uint8))


def _pan(width: int, height: int, frames: int) -> Iterator[Frame]:
    """A camera that pans over a landscape, and a disc that crosses it."""
    scene = landscape(width + frames, height)
    color = ColorTags(1, 1, 1, 1)
    for number in range(frames):
        pixels = scene[:, number : number + width].copy()
        middle = (width * number // frames, height // 2)
        cv2.circle(pixels, middle, height // 6, (210, 60, 40), -1, cv2.LINE_AA)
        yield Frame(pixels, number, Fraction(1, _RATE), color)


def _write(path: Path, width: int, height: int, frames: int) -> None:
    color = ColorTags(1, 1, 1, 1)
    beat = Fraction(1, _RATE)
    info = StreamInfo(width, height, beat, 1 / beat, frames, color, Fraction(1), "yuv420p")
    with FileSink(path, info, encoding=Encoding(crf=20), overwrite=True) as sink:
        for frame in _pan(width, height, frames):
            sink.write(sink.convert(frame))
        sink.commit()


def _rate(measure: Callable[[], float], repeats: int) -> Rate:
    measure()
    values = [measure() for _ in range(repeats)]
    low, _, high = (
        statistics.quantiles(values, n=4, method="inclusive") if repeats > 1 else values * 3
    )
    return Rate(statistics.median(values), high - low)


def network_rate(model: Model, look: Look, frames: list[Pixels]) -> float:
    """Return frames a second of the network alone, its calls overlapping as in a run."""
    started = time.perf_counter()
    for _ in model.stream(frames, look):
        pass
    return len(frames) / (time.perf_counter() - started)


def measure(
    width: int,
    height: int,
    style: Path | None = None,
    *,
    repeats: int = 3,
    device: str = "auto",
    precision: str = "auto",
    stop: Callable[[], None] | None = None,
) -> Speed:
    """Measure one frame size on a clip that is made for it.

    Args:
        width: of the frames, pixels.
        height: likewise.
        style: a style picture; one of random texture if not given.
        repeats: measurements of each kind; their median is reported.
        device: as for `stylize`.
        precision: as for `stylize`.
        stop: as for `stylize`.

    Raises:
        VidstyleError: see `stylize`.
    """
    picture: Path | Pixels = style if style else landscape(400, 320, seed=2)
    model = load(device=device, precision=precision)
    look = Look(model.style(picture))
    some = [frame.pixels for frame in _pan(width, height, 16)]
    network_rate(model, look, some)
    count = max(16, min(600, round(_SECONDS * network_rate(model, look, some))))
    many = [some[i % len(some)] for i in range(count)]
    with tempfile.TemporaryDirectory() as folder:
        clip, painted, again = (Path(folder) / f"{n}.mp4" for n in ("clip", "painted", "again"))
        _write(clip, width, height, count)

        def whole() -> float:
            started = time.perf_counter()
            stylize(
                clip,
                picture,
                painted,
                device=device,
                precision=precision,
                overwrite=True,
                stop=stop,
            )
            return count / (time.perf_counter() - started)

        def files() -> float:
            with (
                FileSource(painted, Reading()) as source,
                FileSink(again, source.info, overwrite=True) as sink,
            ):
                identity = load(IDENTITY).stylizer.bind(Look())
                run = pipeline.run(source, identity, sink, stop=stop)
            return run.frames / run.seconds

        network = _rate(lambda: network_rate(model, look, many), repeats)
        from_file_to_file = _rate(whole, repeats)  # makes what `files` reads
        return Speed(width, height, count, network, _rate(files, repeats), from_file_to_file)
