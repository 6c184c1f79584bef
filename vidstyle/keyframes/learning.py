"""The Python API to learn painted frames of a clip. It imports torch when it is called."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from vidstyle.errors import InputError, UsageError
from vidstyle.images.files import load_picture
from vidstyle.keyframes.clip import frames_at, spread
from vidstyle.keyframes.lesson import Lesson
from vidstyle.keyframes.painted import Painted
from vidstyle.media.address import Location, located
from vidstyle.media.inputs import check_input, fingerprint
from vidstyle.media.overwriting import check_apart, check_replaceable
from vidstyle.media.pipes import is_pipe
from vidstyle.media.reading import Reading
from vidstyle.optimize.api import paint
from vidstyle.optimize.config import GatysConfig
from vidstyle.training.config import KeyframeConfig
from vidstyle.zoo import catalog
from vidstyle.zoo.tensors import Tensors

if TYPE_CHECKING:
    from vidstyle.optimize.descent import StepResult
    from vidstyle.training.report import Report

log = logging.getLogger(__name__)

_SUBJECT = "learned from"
"""Note in the weights of what they were learned from."""


def learn_keyframes(
    source: str | Path | Location,
    keyframes: Sequence[Painted],
    out: str | Path,
    *,
    reading: Reading | None = None,
    config: KeyframeConfig | None = None,
    base: str | Path | None = None,
    device: str = "auto",
    overwrite: bool = False,
    named: str = "out",
    on_report: Callable[[Report], None] | None = None,
    stop: Callable[[], None] | None = None,
) -> Path:
    """Learn painted frames of a clip: what is returned is a style in which all of it looks painted by that hand.

    Args:
        source: the video; it is read more than once.
        keyframes: at least one.
        out: the weights to write, a .safetensors. Those that are there, learned from the same, are left as they are.
        reading: what is read of the video: as it will be painted.
        config: the knobs; by default it learns for 90 seconds, several keyframes longer.
        base: safetensors to begin with, of an any-style network or another style's; by default the small one that is shipped.
        device: "auto", or a device of torch; see `train_style`.
        overwrite: replace other weights that are there.
        named: the field that `out` is given as, for messages.
        on_report: called after every tenth step; what it raises ends the learning, and nothing is written.
        stop: called often, before every step too; what it raises ends it.

    Returns:
        The path of the weights, a style for `vidstyle.stylize`; the network for the CPU engine lies beside it.

    Raises:
        UsageError: no keyframe; a time outside the clip; a clip of one frame, or standard input; or weights that exist.
        InputError: what cannot be read, or a painting of another shape than the clip.
        MissingPackageError: torch is missing.
        OutputError: the weights cannot be written.
        TrainingError: 20 steps in a row without a finite loss.
    """
    if not keyframes:
        raise UsageError("expected a `keyframe` to learn from, got none")
    place, target = read_twice(source), Path(out)
    check_apart(target, [file for k in keyframes for file in k.files], named=named)
    config = config or KeyframeConfig()
    config.check()
    start = Path(base) if base else catalog.verify(catalog.find("small").weights)
    subject = _subject(place, keyframes, reading, config, start)
    if target.is_file() and _is_of(target, subject):
        log.warning("%s was learned from the same before", target)
        return target
    check_replaceable(target, overwrite=overwrite, named=named)
    lesson = Lesson.read(place, keyframes, reading, config, start, device, stop)
    from vidstyle.training.keyframes import learn, ship

    net = learn(
        lesson.net,
        lesson.keyframes,
        lesson.shots,
        lesson.features,
        config,
        on_report=on_report,
        stop=stop,
    )
    ship(net, target, {_SUBJECT: subject})
    return target


def paint_keyframes(
    source: str | Path | Location,
    style: str | Path | Sequence[str | Path],
    count: int,
    *,
    reading: Reading | None = None,
    config: GatysConfig | None = None,
    device: str = "auto",
    on_step: Callable[[int, StepResult], None] | None = None,
    stop: Callable[[], None] | None = None,
) -> list[Painted]:
    """Let the program paint some frames of a clip itself, by optimization, each as `paint` does.

    Args:
        source: the video.
        style: the picture in whose style, or several, which are mixed.
        count: how many frames, from all over its shots.
        reading: what is read of the video.
        config: the knobs of the method; by default those of `paint`, at the size of the clip up to 640 pixels.
        device: see `paint`.
        on_step: called after every step with the number of the painting, from 0; what it raises ends it.
        stop: called often while the video is read.

    Raises:
        VidstyleError: as `paint`.
    """
    place = read_twice(source)
    times = spread(place, count, reading)
    moments = frames_at(place, times, reading, stop=stop)
    painted = []
    for number, (time, moment) in enumerate(zip(times, moments, strict=True)):
        frame = load_picture(moment.frame.pixels)
        made = paint(
            frame,
            list(style) if isinstance(style, list | tuple) else style,
            method=config or GatysConfig(size=min(640, max(frame.shape[:2]))),
            device=device,
            on_step=None if on_step is None else _numbered(on_step, number),
        )
        painted.append(Painted(time, made))
    return painted


def read_twice(source: str | Path | Location) -> Location:
    """Return where a clip is that can be read more than once.

    Raises:
        UsageError: it cannot.
        InputError: no such file.
    """
    place = located(source)
    if is_pipe(place):
        raise UsageError(
            "keyframes are learned before the painting: name a file, not standard input"
        )
    check_input(place)
    return place


def _numbered(
    on_step: Callable[[int, StepResult], None], number: int
) -> Callable[[StepResult], None]:
    return lambda step: on_step(number, step)


def _subject(
    source: Location,
    keyframes: Sequence[Painted],
    reading: Reading | None,
    config: KeyframeConfig,
    base: Path,
) -> str:
    """Return what tells apart what is learned."""
    parts = [fingerprint(source), repr(reading or Reading()), repr(config)]
    parts += [hashlib.sha256(base.read_bytes()).hexdigest(), *(k.fingerprint for k in keyframes)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _is_of(weights: Path, subject: str) -> bool:
    """Return whether weights were learned from this, and their network is whole."""
    try:
        notes = Tensors.read(weights).notes
        catalog.open_file(weights).verified(catalog.open_file(weights).frame_net)
    except InputError:
        return False
    return notes.get(_SUBJECT) == subject
