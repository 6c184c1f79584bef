"""What a user calls: whole files, or frames in and frames out. It joins media to stylizers."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from vidstyle import pipeline
from vidstyle.errors import UsageError
from vidstyle.frame import Pixels
from vidstyle.media.codecs import CONTAINERS, Encoding
from vidstyle.media.sink import FileSink, check_output
from vidstyle.media.source import FileSource, check_input
from vidstyle.pipeline import Progress, Summary
from vidstyle.runtime.select import select_engine
from vidstyle.stylize.stylizer import ArbitraryStylizer, IdentityStylizer

log = logging.getLogger(__name__)

BATCH = 4
"""Frames per call of the network."""

IDENTITY = "identity"
"""The style that changes nothing."""


@dataclass(frozen=True)
class Result:
    """A finished file."""

    output: Path
    summary: Summary
    engine: str
    """What computed it, for people."""


def default_output(source: Path, style: str | Path) -> Path:
    """Return the name beside the input: in.mp4 with starry.jpg gives in.starry.mp4.

    Containers that are only read, such as in.webm, become .mp4.
    """
    suffix = source.suffix if source.suffix.lower() in CONTAINERS else ".mp4"
    return source.with_name(f"{source.stem}.{Path(style).stem}{suffix}")


def _stylizer(style: str | Path | Pixels, strength: float, device: str) -> tuple[Any, Any, str]:
    if not 0 <= strength <= 1:
        raise UsageError(f"expected a strength from 0 to 1, got {strength:g}")
    if isinstance(style, str | Path) and str(style) == IDENTITY:
        return IdentityStylizer(), None, "none (identity)"
    engine = select_engine(device)
    stylizer = ArbitraryStylizer(engine)
    return stylizer, stylizer.prepare(style, strength=strength), engine.name


def stylize(
    source: str | Path,
    style: str | Path | Pixels,
    output: str | Path | None = None,
    *,
    strength: float = 1.0,
    encoding: Encoding | None = None,
    device: str = "auto",
    overwrite: bool = False,
    on_progress: Callable[[Progress], None] | None = None,
    stop: Callable[[], None] | None = None,
) -> Result:
    """Paint a video file like a picture; sound and time stay as they are.

    Args:
        source: the video.
        style: a picture file, pixels (H, W, 3) uint8 RGB, or "identity", which changes nothing.
        output: the file to make; its ending chooses the container. By default `default_output`.
        strength: 0 (the video itself) to 1 (all painting).
        encoding: codec and quality; H.264 at crf 18 by default.
        device: auto, cpu, cuda, cuda:N, mps or torch-cpu.
        overwrite: replace an output that exists.
        on_progress: called after every batch.
        stop: called often; what it raises stops the run, and nothing is left behind.

    Raises:
        VidstyleError: see `vidstyle.errors`. No output file is left then.
    """
    source = Path(source)
    check_input(source)
    name = style if isinstance(style, str | Path) else "styled"
    target = Path(output) if output is not None else default_output(source, name)
    check_output(target, overwrite=overwrite)
    if target.exists() and target.samefile(source):
        raise UsageError(f"{target} is the input itself; choose another output with -o")
    exact = isinstance(style, str | Path) and str(style) == IDENTITY
    with FileSource(source, precise=exact) as frames:
        stylizer, prepared, engine = _stylizer(style, strength, device)
        log.info("painting on %s", engine)
        with FileSink(
            target,
            frames.info,
            encoding=encoding,
            passthrough=frames.passthrough,
            overwrite=overwrite,
        ) as sink:
            summary = pipeline.run(
                frames,
                stylizer,
                prepared,
                sink,
                batch=BATCH,
                on_progress=on_progress,
                stop=stop,
            )
    return Result(target, summary, engine)


def stylize_frames(
    frames: Iterable[Pixels],
    style: str | Path | Pixels,
    *,
    strength: float = 1.0,
    device: str = "auto",
) -> Iterator[Pixels]:
    """Paint frames (H, W, 3) uint8 RGB of one size, lazily, a few at a time.

    Raises:
        ValueError: a frame of another type, shape or size than the first.
        VidstyleError: see `vidstyle.errors`.
    """
    stylizer, prepared, _ = _stylizer(style, strength, device)
    state = None
    remaining = iter(frames)
    shape: tuple[int, ...] | None = None
    while batch := list(islice(remaining, BATCH)):
        for frame in batch:
            shape = shape or frame.shape
            if frame.dtype != np.uint8 or frame.ndim != 3 or frame.shape != (*shape[:2], 3):
                raise ValueError(
                    f"expected uint8 frames of shape {(*shape[:2], 3)}, "
                    f"got {frame.dtype} {frame.shape}"
                )
        painted, state = stylizer.step(np.stack(batch), prepared, state)
        yield from painted
