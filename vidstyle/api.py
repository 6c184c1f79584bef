"""What a user calls: whole files, or frames in and frames out. It joins media to stylizers."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from vidstyle import pipeline
from vidstyle.errors import UsageError
from vidstyle.flow.finder import flow_finder
from vidstyle.frame import Pixels, StreamInfo
from vidstyle.media.codecs import Encoding, hardware_encoder
from vidstyle.media.containers import (
    CONTAINERS,
    PICTURES,
    Container,
    container_for,
    is_sequence,
)
from vidstyle.media.foresight import Foresight
from vidstyle.media.inputs import check_input
from vidstyle.media.parts import check_output
from vidstyle.media.pipes import is_pipe
from vidstyle.media.reading import Reading
from vidstyle.media.sink import FileSink
from vidstyle.media.source import FileSource
from vidstyle.pipeline import Progress, Stylizer, Summary
from vidstyle.runtime.select import find_accelerator, select_engine
from vidstyle.stylize.grading import GradeStylizer, mix_colors
from vidstyle.stylize.look import Look
from vidstyle.stylize.shots import ShotStylizer
from vidstyle.stylize.stabilizer import SteadyStylizer
from vidstyle.stylize.strength import StrengthStylizer
from vidstyle.stylize.stylizer import (
    OWN_STYLE,
    IdentityStylizer,
    NetworkStylizer,
    mix_styles,
)
from vidstyle.zoo import catalog

log = logging.getLogger(__name__)

IDENTITY = "identity"
"""The style that changes nothing."""

PHOTOREAL = "photoreal"

METHODS = ("network", PHOTOREAL)
"""How a video is painted: by a network; or it gets a picture's colors alone, and stays a photo."""


@dataclass(frozen=True)
class Result:
    """A finished file."""

    output: Path
    summary: Summary
    engine: str
    """What computed it, for people."""


Style = str | Path | Pixels
"""A picture file; pixels (H, W, 3) uint8 RGB; the name of a shipped network of one style, such as
"starry_night", or the weights of a trained one (.safetensors); or "identity", which changes nothing."""


def default_output(source: Path, style: Style | Sequence[Style]) -> Path:
    """Return the name beside the input: in.mp4 with starry.jpg gives in.starry.mp4.

    Several styles are joined by +, pixels are "styled". Containers that are only read, such as in.wmv, become .mp4.
    """
    known = {*CONTAINERS, *PICTURES}
    suffix = source.suffix if source.suffix.lower() in known else ".mp4"
    names = ("styled" if isinstance(s, np.ndarray) else Path(s).stem for s in _several(style))
    return source.with_name(f"{source.stem}.{'+'.join(names)}{suffix}")


def _several(style: Style | Sequence[Style]) -> list[Style]:
    styles = [style] if isinstance(style, str | Path | np.ndarray) else list(style)
    if not styles:
        raise UsageError("expected a style, got none")
    if len(styles) > 1 and any(map(_is_identity, styles)):
        raise UsageError("identity does not mix with other styles; use a lower strength")
    if len(styles) > 1 and any(map(_network, styles)):
        raise UsageError(
            "a network of one style does not mix with others; give its picture instead"
        )
    return styles


def _is_identity(style: Style) -> bool:
    return isinstance(style, str | Path) and str(style) == IDENTITY


def _network(style: Style) -> catalog.Model | None:
    """Return the network of one style that is meant, if any."""
    return None if isinstance(style, np.ndarray) else catalog.find_style(str(style))


def _stylizer(
    styles: list[Style],
    look: Look,
    device: str,
    precision: str,
    info: StreamInfo | None = None,
    *,
    method: str,
    low_latency: bool = False,
    ahead: Callable[[int], Iterable[Pixels]] | None = None,
) -> tuple[Any, Any, str]:
    shares = look.shares(len(styles))
    if method not in METHODS:
        raise UsageError(f"no method is called {method}; expected {' or '.join(METHODS)}")
    if _is_identity(styles[0]):
        return IdentityStylizer(), None, "none (identity)"
    network = _network(styles[0])
    if method == PHOTOREAL:
        if network or look.style_scale != 1:
            raise UsageError("photoreal takes the colors of pictures, of no scale")
        raft = look.flow == "raft"
        if precision != "auto" or not (raft or device in {"auto", "cpu"}):
            raise UsageError("photoreal asks no network: leave device and precision out")
        grade = GradeStylizer()
        colors = mix_colors([grade.prepare(style) for style in styles], shares)
        return _around(grade, look, device), colors, "the CPU (colors alone)"
    if network and look.style_scale != 1:
        raise UsageError("the strokes of a network of one style have the size it was trained with")
    engine = select_engine(device, precision, network, low_latency=low_latency)
    stylizer = NetworkStylizer(engine)
    if info:
        stylizer.expect(info)
    if network:
        prepared = OWN_STYLE
    else:
        each = [stylizer.prepare(style, scale=look.style_scale) for style in styles]
        prepared = mix_styles(each, shares)
    return _around(stylizer, look, device, ahead), prepared, engine.name


def _around(
    whole: Stylizer,
    look: Look,
    device: str,
    ahead: Callable[[int], Iterable[Pixels]] | None = None,
) -> Stylizer:
    if look.stability:
        if device == "auto" and look.flow != "dis":
            device = find_accelerator()[0] or "cpu"
        find = flow_finder(look.flow, device.removeprefix("torch-"), quick=True)
        whole = SteadyStylizer(whole, look.stability, find)
    whole = ShotStylizer(whole, ahead)
    if look.strength < 1:
        whole = StrengthStylizer(whole, look.strength)
    return whole


def _tuple(weights: Sequence[float] | None) -> tuple[float, ...] | None:
    return None if weights is None else tuple(weights)


def _same(source: Path, target: Path) -> bool:
    if is_pipe(source) or is_pipe(target):
        return False
    if is_sequence(source) or is_sequence(target):
        return source.absolute() == target.absolute()
    return target.exists() and target.samefile(source)


def _accelerated(
    encoding: Encoding, container: Container, kind: str, source: FileSource
) -> Encoding:
    """Take the hardware's encoder where the user names none and H.264 is due anyway."""
    if encoding.codec is not None or container.codec != "libx264" or source.info.alpha:
        return encoding
    name = hardware_encoder(kind)
    if name is not None:
        return replace(encoding, codec=name)
    if source.accelerated:  # else that was warned of already
        log.warning("no encoder for --hwaccel %s here; encoding on the CPU", kind)
    return encoding


def stylize(
    source: str | Path,
    style: Style | Sequence[Style],
    output: str | Path | None = None,
    *,
    method: str = "network",
    strength: float = 1.0,
    stability: float = 0.0,
    flow: str = "auto",
    style_scale: float = 1.0,
    style_weights: Sequence[float] | None = None,
    reading: Reading | None = None,
    encoding: Encoding | None = None,
    odd: str = "pad",
    low_latency: bool = False,
    device: str = "auto",
    precision: str = "auto",
    batch: int | None = None,
    overwrite: bool = False,
    on_progress: Callable[[Progress], None] | None = None,
    stop: Callable[[], None] | None = None,
) -> Result:
    """Paint a video file like a picture; sound and time stay as they are.

    Args:
        source: the video, a sequence of pictures such as frames/%05d.png, or "-" for standard input.
        style: see `Style`; or several pictures to be mixed.
        output: the file to make; its ending chooses the container. By default `default_output`. "-" is
            standard output, whose container `encoding` names.
        method: one of `METHODS`.
        strength: 0 (the video itself) to 1 (all painting).
        stability: 0 to 1 (strokes follow what moves, and hardly change otherwise); takes time.
        flow: what a stability above 0 follows: dis; raft, which wants torchvision and a GPU; or auto: raft
            on a GPU where its weights have been downloaded, else dis.
        style_scale: 0.25 to 4, by which the style pictures are enlarged before they are read.
        style_weights: shares of several styles, of any sum; None: equal ones.
        reading: what to read of the video, and how: start, end, fps, size, ...
        encoding: codec and quality; by default what suits the container, mostly H.264 at crf 18.
        odd: what to do with an odd width or height that the encoder cannot hold: pad, crop, 444.
        low_latency: hand every frame on as soon as can be, at the price of speed and size.
        device: auto, cpu, cuda, cuda:N, mps or torch-cpu; of the network, and of raft.
        precision: of the network: auto, int8, bf16, f16 or f32; each device offers some.
        batch: frames per call of the network; None: what suits the device and the size.
        overwrite: replace an output that exists.
        on_progress: called after every batch.
        stop: called often; what it raises stops the run, and nothing is left behind.

    Raises:
        VidstyleError: see `vidstyle.errors`. No output file is left then.
    """
    look = Look(strength, stability, flow, style_scale, _tuple(style_weights))
    if batch is not None and batch < 1:
        raise UsageError(f"expected a batch of 1 frame at least, got {batch}")
    source = Path(source)
    check_input(source)
    styles = _several(style)
    encoding = encoding or Encoding()
    if output is None and is_pipe(source):
        raise UsageError("name the output: -o FILE, or -o - for standard output")
    target = Path(output) if output is not None else default_output(source, styles)
    check_output(target, overwrite=overwrite, container=encoding.container)
    container = container_for(target, encoding.container)
    if _same(source, target):
        raise UsageError(f"{target} is the input itself; choose another output with -o")
    reading = reading or Reading()
    if low_latency:
        reading = replace(reading, low_latency=True)
        encoding = replace(encoding, low_latency=True)
    if reading.keep_rotation and not container.rotation:
        raise UsageError(
            f"{container.name} cannot tell players to turn the picture; leave --keep-rotation out"
        )
    if _is_identity(styles[0]):
        reading = replace(reading, precise=True)
    with FileSource(source, reading, stop=stop) as frames:
        if reading.hwaccel:
            encoding = _accelerated(encoding, container, reading.hwaccel, frames)
        once = is_pipe(source) or is_sequence(source) or reading.is_raw or frames.info.frames == 1
        known = None if once or low_latency else Foresight(frames)
        stylizer, prepared, engine = _stylizer(
            styles,
            look,
            device,
            precision,
            frames.info,
            method=method,
            low_latency=low_latency,
            ahead=known.after if known else None,
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
                known or frames,
                stylizer,
                prepared,
                sink,
                batch=batch,
                low_latency=low_latency,
                on_progress=on_progress,
                stop=stop,
            )
    return Result(target, summary, engine)


def stylize_frames(
    frames: Iterable[Pixels],
    style: Style | Sequence[Style],
    *,
    method: str = "network",
    strength: float = 1.0,
    stability: float = 0.0,
    flow: str = "auto",
    style_scale: float = 1.0,
    style_weights: Sequence[float] | None = None,
    device: str = "auto",
    precision: str = "auto",
) -> Iterator[Pixels]:
    """Paint RGB frames (H, W, 3) of one size, uint8 or uint16, lazily.

    The options are those of `stylize`, which of a file knows the first seconds of a shot before it paints
    them, as this does not. Several are under way before the first comes back: each must be an array of its own.

    Raises:
        ValueError: a frame of another type, shape or size than the first.
        VidstyleError: see `vidstyle.errors`.
    """
    look = Look(strength, stability, flow, style_scale, _tuple(style_weights))
    stylizer, prepared, _ = _stylizer(_several(style), look, device, precision, method=method)
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
