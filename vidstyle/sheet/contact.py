"""The contact sheet: a row of moments as they are, and a row of them in each style and strength."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Annotated, cast

import cv2
import numpy as np

from vidstyle.errors import InputError, UsageError
from vidstyle.fields import Between, OneOf, check, documented
from vidstyle.frame import Frame, Pixels
from vidstyle.images.files import load_picture
from vidstyle.images.grid import grid, labeled
from vidstyle.media.address import Location, located
from vidstyle.media.inputs import check_input
from vidstyle.media.reading import Reading
from vidstyle.media.video import Video
from vidstyle.model import Model
from vidstyle.moments import find_moments
from vidstyle.runtime.compute import Compute
from vidstyle.selection import METHODS, TAKEN, StyleSource, check_named, load_for
from vidstyle.stylize.look import Look
from vidstyle.zoo import catalog
from vidstyle.zoo.names import IDENTITY

_PICTURES = {".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"}
"""Endings of the files of a folder that are taken for styles."""

_MAX_PIXELS = 2**27
"""Of a sheet."""


@documented
@dataclass(frozen=True)
class SheetOptions:
    """What a sheet shows, and how large.

    Raises:
        UsageError: a value is out of its range.
    """

    moments: Annotated[int, Between(1, 50)] = 4
    """Number of moments, spread over the shots."""
    at_times: tuple[Fraction, ...] = ()
    """A moment, in time of the input, instead of those that are chosen automatically."""
    strengths: Annotated[tuple[float, ...], Between(0, 1)] = (1.0,)
    """Strengths of each style, a row each."""
    cell: Annotated[int, Between(32, 2048)] = 320
    """Longer side of each picture, pixels; it is painted at the size of the video, and then scaled down."""
    method: Annotated[str, OneOf(*METHODS)] = "network"
    """network: a painting. swap: patches of the video replaced by the picture's nearest. photoreal: only its colors, without strokes."""

    def __post_init__(self) -> None:
        check_named(self.method)
        check(self)
        if not self.strengths:
            raise UsageError("expected one of `strengths` at least, got none")


def sheet(
    source: str | Path,
    styles: StyleSource | Sequence[StyleSource] | None = None,
    *,
    moments: int = 4,
    at: Sequence[Fraction | float] = (),
    strengths: Sequence[float] = (1.0,),
    cell: int = 320,
    method: str = "network",
    reading: Reading | None = None,
    device: str = "auto",
    precision: str = "auto",
    stop: Callable[[], None] | None = None,
) -> Pixels:
    """Show moments of a video or a photo in many styles, to choose from before the work.

    Each moment is painted as the first frame of a shot is where nothing is known of the coming ones, with statistics of its own:
    in `stylize` light and contrast are those of its whole shot, so that they may differ a little.

    Args:
        source: the video or photo; see `stylize`. Only the moments are read, where it can be sought in.
        styles: see `StyleSource`; or folders of pictures; None: all that have a network of their own.
        moments: how many, spread over the shots.
        at: seconds, in time of the input: these moments instead.
        strengths: 0 to 1, a row of each style for each.
        cell: longer side of a picture in the sheet, pixels.
        method: see `stylize`.
        reading: what to read of the video, and how.
        device: see `stylize`.
        precision: see `stylize`.
        stop: called often; what it raises ends the work.

    Returns:
        The sheet (H, W, 3) uint8 RGB: the moments as they are, and below them a row for each style and strength.

    Raises:
        VidstyleError: see `vidstyle.errors`.
    """
    given = styles if isinstance(styles, list | tuple) else () if styles is None else (styles,)
    times = tuple(Fraction(time).limit_denominator(10**6) for time in at)
    options = SheetOptions(moments, times, tuple(strengths), cell, method)
    return draw(
        *(located(source), cast(Sequence[StyleSource], given), options),
        compute=Compute(device, precision),
        reading=reading,
        stop=stop,
    )


def draw(
    source: Location,
    styles: Sequence[StyleSource],
    options: SheetOptions,
    *,
    compute: Compute,
    reading: Reading | None = None,
    stop: Callable[[], None] | None = None,
) -> Pixels:
    """Draw a sheet as `sheet` does, with its options by the dataclasses that declare them; no styles: all named ones."""
    check_input(source)
    rows = _read(styles or list(catalog.styles()), options.method)
    with Video.open(source, reading, stop=stop) as video:
        aspect = video.info.sample_aspect_ratio
        size = cell_size(video.info.width * aspect, video.info.height, options.cell)
        across = len(options.at_times) or options.moments
        pixels = size[0] * size[1] * across * (1 + len(rows) * len(options.strengths))
        if pixels > _MAX_PIXELS:
            raise UsageError(
                f"expected a sheet of {_MAX_PIXELS // 10**6} million pixels at most, got "
                f"{pixels // 10**6}; take a smaller `cell`, or fewer styles or moments"
            )
        moments = find_moments(video, options.moments, options.at_times, stop)
    frames = [load_picture(moment.frame.pixels) for moment in moments]
    originals = [small(f, m.frame, size) for f, m in zip(frames, moments, strict=True)]
    drawn = [[_timed(made, m.time) for made, m in zip(originals, moments, strict=True)]]
    for name, painted in _painted(rows, frames, options, compute, stop):
        row = [small(p, m.frame, size) for p, m in zip(painted, moments, strict=True)]
        drawn.append([labeled(row[0], name), *row[1:]])
    return grid(drawn)


@dataclass(frozen=True)
class _Row:
    """A style that was found to be one."""

    name: str
    style: StyleSource
    own: bool
    """It has a network of its own; otherwise it is read by the one that takes any picture."""


def _read(styles: Sequence[StyleSource], method: str) -> list[_Row]:
    rows = []
    for number, style in enumerate(styles, 1):
        if not isinstance(style, str | Path):
            rows.append(_Row(f"style {number}", load_picture(style), own=False))
            continue
        for path in inside(Path(style)):
            own = str(path) == IDENTITY or catalog.find_style(str(path)) is not None
            if own and method != "network":
                raise UsageError(f"{method} takes {TAKEN[method]} of pictures, {path} is a network")
            rows.append(_Row(path.stem, str(path) if own else load_picture(path), own))
    return rows


def inside(path: Path) -> list[Path]:
    """Return the pictures of a folder; of anything else itself."""
    try:
        if not path.is_dir():
            return [path]
        found = sorted(p for p in path.iterdir() if p.suffix.lower() in _PICTURES and p.is_file())
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from error
    if not found:
        raise InputError(f"expected pictures in the folder {path}, found none")
    return found


def _painted(
    rows: Sequence[_Row],
    frames: Sequence[Pixels],
    options: SheetOptions,
    compute: Compute,
    stop: Callable[[], None] | None,
) -> Iterator[tuple[str, list[Pixels]]]:
    """Yield the name of each style and strength, and the frames painted in it."""
    for row, model, look in _models(rows, compute, options.method):
        for strength in options.strengths:
            if stop:
                stop()
            name = row.name if options.strengths == (1,) else f"{row.name} {strength:g}"
            yield name, _paint(model, replace(look, strength=strength), frames)


def _models(
    rows: Sequence[_Row], compute: Compute, method: str
) -> Iterator[tuple[_Row, Model, Look]]:
    """Yield each style with its model, which is closed when the next is asked for, and its look."""
    pictures = [row.style for row in rows if not row.own]
    with ExitStack() as opened:
        if pictures:
            reader, _ = load_for(pictures, compute, method=method)
            opened.enter_context(reader)
            styles = iter([reader.style(picture) for picture in pictures])
        for row in rows:
            if row.own:
                with load_for(row.style, compute, method=method)[0] as model:
                    yield row, model, Look()
            else:
                yield row, reader, Look(next(styles))


def _paint(model: Model, look: Look, frames: Sequence[Pixels]) -> list[Pixels]:
    """Paint frames that have nothing to do with each other, several at once."""
    begun = [model.stylizer.start([frame], look)[0] for frame in frames]
    return [finish()[0] for finish in begun]


def cell_size(width: Fraction, height: int, longer: int) -> tuple[int, int]:
    """Return width and height, in square pixels, of a picture whose longer side becomes `longer`."""
    scale = longer / max(width, Fraction(height))
    return max(1, round(width * scale)), max(1, round(height * scale))


def small(pixels: Pixels, frame: Frame, size: tuple[int, int]) -> Pixels:
    """Return pixels (H, W, 3) uint8 of a frame in the size of a cell, on white where the frame is transparent."""
    shrinks = size[0] * size[1] < pixels.shape[0] * pixels.shape[1]
    how = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
    small = cv2.resize(pixels, size, interpolation=how)
    if frame.alpha is not None:
        most = np.iinfo(frame.alpha.dtype).max
        opacity = cv2.resize(frame.alpha, size, interpolation=how)[..., None] / most
        small = (small * opacity + 255 * (1 - opacity)).round()
    return small.astype(np.uint8)


def _timed(picture: Pixels, time: Fraction | None) -> Pixels:
    return picture if time is None else labeled(picture, _clock(time))


def _clock(time: Fraction) -> str:
    minutes, seconds = divmod(float(time), 60)
    hours, minutes = divmod(int(minutes), 60)
    return f"{hours}:{minutes:02}:{seconds:04.1f}" if hours else f"{minutes}:{seconds:04.1f}"
