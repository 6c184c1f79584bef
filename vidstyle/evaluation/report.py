"""Measures a painted clip beside its input: `vidstyle metrics`."""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import zip_longest
from pathlib import Path
from typing import Protocol, cast, runtime_checkable

import cv2
import numpy as np
from numpy.typing import NDArray

from vidstyle.errors import InputError, MissingPackageError
from vidstyle.evaluation.picture import contrast, luma, sharpness
from vidstyle.evaluation.steadiness import error_map, find_still, flicker, warping_error
from vidstyle.flow.dis import find_flow
from vidstyle.flow.types import Floats
from vidstyle.flow.warp import consistent
from vidstyle.frame import Frame, Pixels
from vidstyle.images.files import PictureSource, load_picture
from vidstyle.media.atomic_output import check_output
from vidstyle.media.overwriting import check_apart
from vidstyle.media.reading import Reading
from vidstyle.media.sink import FileSink
from vidstyle.media.source import FileSource
from vidstyle.zoo import catalog

SIDE = 360
"""Short side, pixels, to which larger clips are scaled before they are measured."""

FAR = 5
"""Frames between the two of the long warping error."""

_MIN_SIDE = 16
"""Shortest side, pixels, of clips that are measured: smaller ones have no flow."""

_EVERY = 8
"""Frames from one measurement of style and content to the next."""

_HOTTEST = 0.25
"""Root of the error that is shown as the hottest color, of [0, 1]."""

_BLANK = 1 / 255
"""Contrast of the input, one level, below which it shows rounding and grain at most: nothing to be relative to."""

_PALEST = 0.01
"""Contrast over the input's below which an output is blank, and has no excess."""


@runtime_checkable
class Compares(Protocol):
    """Compares painted frames with a style; see `evaluation.likeness`, which needs torch."""

    def compare(self, painted: Floats, frame: Floats) -> tuple[float, float]:
        """Return the style and content distance of a painted frame (H, W, 3) in [0, 1]."""
        ...


@dataclass(frozen=True)
class Metrics:
    """Means over a clip; None where nothing could be measured."""

    frames: int
    warp1: float | None
    """100 x RMSE against the frame before, warped by the flow of the input."""
    warp1_input: float | None
    """The same on the input itself: the error of noise and of the flow."""
    warp5: float | None
    """Against the frame five before."""
    warp5_input: float | None
    contrast: float | None
    """Standard deviation of the luma, over the input's; None where the input is blank."""
    sharpness: float | None
    """Mean Sobel gradient of the luma, over the input's; likewise."""
    flicker: float | None
    """Mean change, levels of 255, where the input is still."""
    flicker_input: float | None
    style: float | None
    """Distance to the style: 1 as the input, 0 as the style."""
    content: float | None
    """Distance to the input: 0 as the input."""

    @property
    def excess1(self) -> float | None:
        """The warping error that painting adds, divided by the contrast, so that outputs of unequal contrast compare."""
        return self._excess(self.warp1, self.warp1_input)

    @property
    def excess5(self) -> float | None:
        """The same over five frames."""
        return self._excess(self.warp5, self.warp5_input)

    def _excess(self, of: float | None, floor: float | None) -> float | None:
        if of is None or floor is None or self.contrast is None or self.contrast < _PALEST:
            return None
        return (of - floor) / self.contrast


def _small(pixels: Pixels, height: int, width: int) -> Floats:
    peak = np.iinfo(pixels.dtype).max
    unit = pixels.astype(np.float32) / np.float32(peak)
    if unit.shape[:2] == (height, width):
        return unit
    return cast(Floats, cv2.resize(unit, (width, height), interpolation=cv2.INTER_AREA))


def _pairs(clip: FileSource, painted: FileSource) -> Iterator[tuple[Frame, Floats, Floats]]:
    """Go through both clips together: the input's frame, and both as small floats."""
    one, other = clip.info, painted.info
    # An odd row or column may have been cut off, or a size chosen; another shape is another clip.
    if abs(one.width * other.height - other.width * one.height) > 2 * (one.width + one.height):
        raise InputError(
            f"expected clips of the same shape, got {one.width}x{one.height} and "
            f"{other.width}x{other.height}"
        )
    if min(other.height, other.width) < _MIN_SIDE:
        raise InputError(f"expected clips of {_MIN_SIDE} pixels each way at least")
    scale = min(1.0, SIDE / min(other.height, other.width))
    height, width = (round(s * scale) for s in (other.height, other.width))
    for number, (frame, made) in enumerate(zip_longest(clip, painted)):
        if frame is None or made is None:
            shorter = clip if frame is None else painted
            raise InputError(
                f"expected as many frames in both clips, but {shorter.path.name} ends after {number}"
            )
        yield frame, _small(frame.pixels, height, width), _small(made.pixels, height, width)


class _Heatmap:
    """Writes the warping error as a video."""

    def __init__(self, sink: FileSink) -> None:
        self._sink = sink

    def write(self, frame: Frame, errors: Floats | None, visible: np.ndarray | None) -> None:
        if errors is None or visible is None:
            shape = (self._sink.info.height, self._sink.info.width, 3)
            shown: NDArray[np.uint8] = np.full(shape, 64, np.uint8)
        else:
            heat = (np.sqrt(errors) / _HOTTEST * 255).clip(0, 255).astype(np.uint8)
            colors = cv2.applyColorMap(heat, cv2.COLORMAP_TURBO)
            shown = cast(NDArray[np.uint8], cv2.cvtColor(colors, cv2.COLOR_BGR2RGB))
            shown[~visible] = 64
        shown_frame = replace(frame, pixels=shown, alpha=None)
        self._sink.write(self._sink.convert(shown_frame))


class _Sums:
    """Means of what was measured, by name."""

    def __init__(self) -> None:
        self._values: dict[str, list[float]] = {}

    def add(self, name: str, value: float | None) -> None:
        if value is not None:
            self._values.setdefault(name, []).append(value)

    def mean(self, name: str) -> float | None:
        values = self._values.get(name)
        return float(np.mean(values)) if values else None

    def ratio(self, name: str) -> float | None:
        """Return the painted clip's mean divided by the input's; None where the input is blank."""
        if (self.mean("contrast_input") or 0.0) < _BLANK:
            return None
        of, over = self.mean(name), self.mean(f"{name}_input")
        return of / over if of is not None and over else None


def find_likeness(style: PictureSource, features: str | Path = "own") -> Compares:
    """Prepare a style for `measure`, once for many clips.

    Args:
        style: the picture: a file, or pixels (H, W, 3), uint8 RGB.
        features: the perceptual network: "own"; "vgg19", torchvision's; or a safetensors file.

    Raises:
        InputError: the picture or the network cannot be read.
        MissingPackageError: torch is missing.
    """
    if isinstance(style, str | Path):
        catalog.check_picture(style)
    pixels = load_picture(style)
    try:
        from vidstyle.evaluation.likeness import Likeness
        from vidstyle.zoo.features import load_features
    except ImportError as error:
        raise MissingPackageError(
            "style and content distance need torch: pip install 'vidstyle[torch]'"
        ) from error
    return Likeness(load_features(str(features)), pixels.astype(np.float32) / np.float32(255))


def measure(
    source: str | Path,
    painted: str | Path,
    *,
    style: PictureSource | Compares | None = None,
    heatmap: str | Path | None = None,
    overwrite: bool = False,
    stop: Callable[[], None] | None = None,
) -> Metrics:
    """Measure a painted clip beside its input: how steady it is, how like the style, and what was kept.

    Both are read frame by frame, and scaled to a short side of 360 pixels if they are larger.

    Args:
        source: the input, a video file.
        painted: what was made of it: a video with as many frames, of the same shape.
        style: the picture whose style was meant, for style and content distance of every eighth frame: a file,
            or pixels (H, W, 3), uint8 RGB; or what `find_likeness` returned. None measures neither.
        heatmap: a video of the warping error to write: blue is steady, red an error of a quarter of the
            whole range, gray where a place is not visible in both frames.
        overwrite: replace that video if it exists.
        stop: called for every frame; what it raises stops the measurement, and no heatmap is left.

    Returns:
        Means over the clip.

    Raises:
        InputError: a clip or the style cannot be read, or the clips do not go together.
        UsageError: the heatmap exists, is one of the clips, or no video can have its name.
        MissingPackageError: a style is given, and torch is missing.
        OutputError: the heatmap cannot be written.
    """
    source, painted = Path(source), Path(painted)
    heatmap = Path(heatmap) if heatmap else None
    if heatmap:
        check_output(heatmap, overwrite=overwrite, named="heatmap")
        pictures = [Path(style)] if isinstance(style, str | Path) else []
        check_apart(heatmap, [source, painted, *pictures], named="heatmap")
    likeness = style if style is None or isinstance(style, Compares) else find_likeness(style)
    sums, past, count = _Sums(), deque[tuple[Floats, Floats, np.ndarray]](maxlen=FAR), 0
    with contextlib.ExitStack() as stack:
        clip = stack.enter_context(FileSource(source, Reading(hdr="passthrough")))
        other = stack.enter_context(FileSource(painted, Reading(hdr="passthrough")))
        heat: _Heatmap | None = None
        sink: FileSink | None = None
        for frame, before, after in _pairs(clip, other):
            if stop:
                stop()
            if heatmap and sink is None:
                height, width, _ = after.shape
                info = replace(clip.info, height=height, width=width, bits=8, alpha=False)
                sink = stack.enter_context(FileSink(heatmap, info, overwrite=overwrite))
                heat = _Heatmap(sink)
            gray = (luma(before) * 255).round().astype(np.uint8)
            for name, picture in (("", after), ("_input", before)):
                sums.add(f"contrast{name}", contrast(picture))
                sums.add(f"sharpness{name}", sharpness(picture))
            errors = visible = None
            for gap in (1, FAR):
                if len(past) < gap:
                    continue
                before_then, after_then, gray_then = past[-gap]
                flow = find_flow(gray, gray_then)
                shared = consistent(flow, find_flow(gray_then, gray))
                of_output = error_map(after, after_then, flow)
                sums.add(f"warp{gap}", warping_error(of_output, shared))
                of_input = error_map(before, before_then, flow)
                sums.add(f"warp{gap}_input", warping_error(of_input, shared))
                if gap == 1:
                    errors, visible = of_output, shared
                    still = find_still(before, before_then)
                    sums.add("flicker", flicker(after, after_then, still))
                    sums.add("flicker_input", flicker(before, before_then, still))
            if heat:
                heat.write(frame, errors, visible)
            if likeness and count % _EVERY == 0:
                to_style, to_input = likeness.compare(after, before)
                sums.add("style", to_style)
                sums.add("content", to_input)
            past.append((before, after, gray))
            count += 1
        if sink:
            sink.commit()
    return Metrics(
        frames=count,
        warp1=sums.mean("warp1"),
        warp1_input=sums.mean("warp1_input"),
        warp5=sums.mean(f"warp{FAR}"),
        warp5_input=sums.mean(f"warp{FAR}_input"),
        contrast=sums.ratio("contrast"),
        sharpness=sums.ratio("sharpness"),
        flicker=sums.mean("flicker"),
        flicker_input=sums.mean("flicker_input"),
        style=sums.mean("style"),
        content=sums.mean("content"),
    )
