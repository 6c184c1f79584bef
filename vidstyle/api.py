"""What a user calls: whole files, or frames in and frames out. It joins media to stylizers."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from vidstyle import pipeline
from vidstyle.errors import UsageError
from vidstyle.frame import Pixels, StreamInfo
from vidstyle.media.codecs import Encoding, hardware_encoder
from vidstyle.media.containers import CONTAINERS, PICTURES, container_for, is_sequence
from vidstyle.media.inputs import check_input
from vidstyle.media.parts import check_output
from vidstyle.media.reading import Reading
from vidstyle.media.sink import FileSink
from vidstyle.media.source import FileSource
from vidstyle.pipeline import Progress, Summary
from vidstyle.runtime.select import select_engine
from vidstyle.stylize.shots import ShotStylizer
from vidstyle.stylize.stabilizer import SteadyStylizer
from vidstyle.stylize.stylizer import ArbitraryStylizer, IdentityStylizer

log = logging.getLogger(__name__)

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

    Containers that are only read, such as in.wmv, become .mp4.
    """
    known = {*CONTAINERS, *PICTURES}
    suffix = source.suffix if source.suffix.lower() in known else ".mp4"
    return source.with_name(f"{source.stem}.{Path(style).stem}{suffix}")


def _stylizer(
    style: str | Path | Pixels,
    strength: float,
    stability: float,
    device: str,
    precision: str,
    info: StreamInfo | None = None,
) -> tuple[Any, Any, str]:
    for what, value in (("strength", strength), ("stability", stability)):
        if not 0 <= value <= 1:
            raise UsageError(f"expected a {what} from 0 to 1, got {value:g}")
    if isinstance(style, str | Path) and str(style) == IDENTITY:
        return IdentityStylizer(), None, "none (identity)"
    engine = select_engine(device, precision)
    stylizer = ArbitraryStylizer(engine)
    if info:
        stylizer.expect(info)
    prepared = stylizer.prepare(style, strength=strength)
    steady = SteadyStylizer(stylizer, stability) if stability else stylizer
    return ShotStylizer(steady), prepared, engine.name


def _same(source: Path, target: Path) -> bool:
    if is_sequence(source) or is_sequence(target):
        return source.absolute() == target.absolute()
    return target.exists() and target.samefile(source)


def _accelerated(encoding: Encoding, target: Path, kind: str, source: FileSource) -> Encoding:
    """Take the hardware's encoder where the user names none and H.264 is due anyway."""
    if encoding.codec is not None or container_for(target).codec != "libx264" or source.info.alpha:
        return encoding
    name = hardware_encoder(kind)
    if name is not None:
        return replace(encoding, codec=name)
    if source.accelerated:  # else that was warned of already
        log.warning("no encoder for --hwaccel %s here; encoding on the CPU", kind)
    return encoding


def stylize(
    source: str | Path,
    style: str | Path | Pixels,
    output: str | Path | None = None,
    *,
    strength: float = 1.0,
    stability: float = 0.0,
    reading: Reading | None = None,
    encoding: Encoding | None = None,
    odd: str = "pad",
    device: str = "auto",
    precision: str = "auto",
    batch: int | None = None,
    overwrite: bool = False,
    on_progress: Callable[[Progress], None] | None = None,
    stop: Callable[[], None] | None = None,
) -> Result:
    """Paint a video file like a picture; sound and time stay as they are.

    Args:
        source: the video, or a sequence of pictures such as frames/%05d.png.
        style: a picture file, pixels (H, W, 3) uint8 RGB, or "identity", which changes nothing.
        output: the file to make; its ending chooses the container. By default `default_output`.
        strength: 0 (the video itself) to 1 (all painting).
        stability: 0 to 1 (strokes follow what moves, and hardly change otherwise); takes time.
        reading: what to read of the video, and how: start, end, fps, size, ...
        encoding: codec and quality; by default what suits the container, mostly H.264 at crf 18.
        odd: what to do with an odd width or height that the encoder cannot hold: pad, crop, 444.
        device: auto, cpu, cuda, cuda:N, mps or torch-cpu.
        precision: of the network: auto, int8, bf16, f16 or f32; each device offers some.
        batch: frames per call of the network; None: what suits the device and the size.
        overwrite: replace an output that exists.
        on_progress: called after every batch.
        stop: called often; what it raises stops the run, and nothing is left behind.

    Raises:
        VidstyleError: see `vidstyle.errors`. No output file is left then.
    """
    if batch is not None and batch < 1:
        raise UsageError(f"expected a batch of 1 frame at least, got {batch}")
    source = Path(source)
    check_input(source)
    name = style if isinstance(style, str | Path) else "styled"
    target = Path(output) if output is not None else default_output(source, name)
    check_output(target, overwrite=overwrite)
    if _same(source, target):
        raise UsageError(f"{target} is the input itself; choose another output with -o")
    reading = reading or Reading()
    if reading.keep_rotation and not container_for(target).rotation:
        raise UsageError(
            f"{container_for(target).name} cannot tell players to turn the picture; "
            "leave --keep-rotation out"
        )
    if isinstance(style, str | Path) and str(style) == IDENTITY:
        reading = replace(reading, precise=True)
    with FileSource(source, reading) as frames:
        if reading.hwaccel:
            encoding = _accelerated(encoding or Encoding(), target, reading.hwaccel, frames)
        stylizer, prepared, engine = _stylizer(
            style, strength, stability, device, precision, frames.info
        )
        log.info("painting on %s", engine)
        with FileSink(
            target,
            frames.info,
            encoding=encoding,
            passthrough=frames.passthrough,
            overwrite=overwrite,
            odd=odd,
        ) as sink:
            summary = pipeline.run(
                frames,
                stylizer,
                prepared,
                sink,
                batch=batch,
                on_progress=on_progress,
                stop=stop,
            )
    return Result(target, summary, engine)


def stylize_frames(
    frames: Iterable[Pixels],
    style: str | Path | Pixels,
    *,
    strength: float = 1.0,
    stability: float = 0.0,
    device: str = "auto",
    precision: str = "auto",
) -> Iterator[Pixels]:
    """Paint RGB frames (H, W, 3) of one size, uint8 or uint16, lazily.

    Several are under way before the first comes back: each must be an array of its own.

    Raises:
        ValueError: a frame of another type, shape or size than the first.
        VidstyleError: see `vidstyle.errors`.
    """
    stylizer, prepared, _ = _stylizer(style, strength, stability, device, precision)
    remaining = _alike(frames)
    first = next(remaining, None)
    if first is not None:
        size = stylizer.batch(*first.shape[:2])
        yield from pipeline.paint(stylizer, prepared, chain([first], remaining), size)


def _alike(frames: Iterable[Pixels]) -> Iterator[Pixels]:
    first: tuple[object, object] | None = None
    for frame in frames:
        first = first or (frame.dtype, (*frame.shape[:2], 3))
        if frame.dtype not in (np.uint8, np.uint16) or (frame.dtype, frame.shape) != first:
            raise ValueError(
                f"expected uint8 or uint16 frames like the first, {first[0]} {first[1]}, "
                f"got {frame.dtype} {frame.shape}"
            )
        yield frame
