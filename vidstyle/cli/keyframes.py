"""Keyframes of `vidstyle run`: painted or read, learned, and told of meanwhile."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from vidstyle.cli.signals import StopOnSignal
from vidstyle.cli.steps import StepDisplay
from vidstyle.cli.timeleft import TimeLeft
from vidstyle.errors import UsageError
from vidstyle.keyframes.learning import learn_keyframes, paint_keyframes
from vidstyle.keyframes.painted import NETWORK, KeyframeOptions
from vidstyle.media.address import located
from vidstyle.media.atomic_output import check_output
from vidstyle.media.inputs import check_input
from vidstyle.media.overwriting import check_apart, check_replaceable
from vidstyle.media.reading import Reading
from vidstyle.naming import default_output
from vidstyle.training.config import KeyframeConfig

if TYPE_CHECKING:
    from vidstyle.optimize.descent import StepResult
    from vidstyle.training.report import Report

_SECONDS = 10.0
"""Between two lines."""


@contextmanager
def learned_network(
    options: KeyframeOptions,
    source: str,
    style: Sequence[str],
    reading: Reading,
    device: str,
    stop: StopOnSignal,
    output: str | None,
    container: str | None,
    *,
    overwrite: bool,
    quiet: bool,
) -> Iterator[Path]:
    """Learn the keyframes of a clip, and yield the network; it is kept where `learn_to` says.

    Args:
        options: what is painted, or is to be.
        source: the clip.
        style: pictures in whose style keyframes are to be painted.
        reading: what is read of the clip.
        device: of torch.
        stop: raises once a signal has come.
        output: of the painting that follows; None: beside the input.
        container: of it, where its name does not tell.
        overwrite: replace what is there.
        quiet: tell nothing.

    Raises:
        UsageError: a style beside keyframes that are painted, or none for those that are to be.
        VidstyleError: see `learn_keyframes`.
    """
    if options.keyframe and style:
        raise UsageError("a `keyframe` is the style: leave `style` out")
    if options.paint_keyframes and not style:
        raise UsageError("`paint_keyframes` paints in the style of a picture: give a `style`")
    place = located(source)
    check_input(place)
    name = "+".join(Path(s).stem for s in style) or options.painted[0].name
    target = Path(output) if output is not None else default_output(place, name)
    # It is said before the minutes that are spent, not behind them.
    check_output(target, overwrite=overwrite, container=container)
    check_apart(target, [file for keyframe in options.painted for file in keyframe.files])
    if options.learn_to and options.paint_keyframes:
        check_replaceable(options.learn_to, overwrite=overwrite, named="learn_to")
    with TemporaryDirectory(prefix="vidstyle-") as folder:
        keyframes = options.painted
        if options.paint_keyframes:
            with StepDisplay(quiet=quiet) as display:
                keyframes = paint_keyframes(
                    *(source, style, options.paint_keyframes),
                    reading=reading,
                    device=device,
                    on_step=_painting(display, options.paint_keyframes, stop),
                    stop=stop,
                )
        yield learn_keyframes(
            *(source, keyframes, options.learn_to or Path(folder, f"{name}{NETWORK}")),
            reading=reading,
            config=KeyframeConfig(seconds=options.learn),
            device=device,
            overwrite=overwrite,
            named="learn_to",
            on_report=_reporter(stop, quiet=quiet),
            stop=stop,
        )


def _painting(
    display: StepDisplay, count: int, stop: StopOnSignal
) -> Callable[[int, StepResult], None]:
    def step(number: int, step: StepResult) -> None:
        stop()
        done = (number + step.step / step.steps) / count
        display.step(step, f"keyframe {number + 1} of {count}, ", done=done)

    return step


def _reporter(stop: StopOnSignal, *, quiet: bool) -> Callable[[Report], None]:
    """Return a function that tells of the learning now and then, and raises when a signal has asked for the end."""
    left, told = TimeLeft(), time.monotonic()

    def report(step: Report) -> None:
        nonlocal told
        stop()
        remaining = left(step.step / step.steps)
        if quiet or (remaining and time.monotonic() - told < _SECONDS):
            return
        told = time.monotonic()
        losses = "  ".join(f"{name} {value:.3g}" for name, value in step.losses.items())
        print(
            f"learning, step {step.step}: {losses}  {remaining}".rstrip(),
            file=sys.stderr,
            flush=True,
        )

    return report
