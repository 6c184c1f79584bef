"""Keyframes of `vidstyle run`: painted or read, learned, and told of meanwhile."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from vidstyle.cli.signals import StopOnSignal
from vidstyle.cli.steps import StepDisplay
from vidstyle.cli.terminal import say
from vidstyle.cli.timeleft import TimeLeft
from vidstyle.errors import UsageError
from vidstyle.keyframes.learning import learn_keyframes, paint_keyframes, read_twice
from vidstyle.keyframes.painted import NETWORK, KeyframeOptions
from vidstyle.masks import Masks
from vidstyle.media.address import placed
from vidstyle.media.overwriting import check_apart, check_replaceable
from vidstyle.media.reading import Reading
from vidstyle.stylize.cues import style_name
from vidstyle.stylize.style import StyleOptions
from vidstyle.training.config import KeyframeConfig
from vidstyle.training.fitting import Fitting
from vidstyle.zoo import catalog

if TYPE_CHECKING:
    from vidstyle.optimize.descent import StepResult
    from vidstyle.training.report import Report

_SECONDS = 10.0
"""Between two lines."""


def check_keyframes(
    keyframes: KeyframeOptions,
    source: str,
    style: Sequence[str],
    styles: StyleOptions,
    masks: Masks,
    fitting: Fitting,
    method: str,
    output: str | None,
    *,
    resume: bool,
) -> None:
    """Refuse what does not go with keyframes.

    Raises:
        UsageError: what does not; the input cannot be read twice; the output is a mask; or a style beside keyframes that
            are painted, or none for those that are to be.
        InputError: no such input, or a style is a network.
    """
    if method != "network":
        raise UsageError(f"a network learns keyframes: `method` {method} does not go with them")
    if keyframes.keyframe and style:
        raise UsageError("a `keyframe` is the style: leave `style` out")
    if keyframes.paint_keyframes and not style:
        raise UsageError("`paint_keyframes` paints in the style of a picture: give a `style`")
    read_twice(source)
    for picture in style:
        catalog.check_picture(picture)
    for option in fields(styles):
        if getattr(styles, option.name) != option.default:
            raise UsageError(
                f"the network of keyframes is its own style: leave `{option.name}` out"
            )
    if len(masks.mask) > 1:
        raise UsageError(f"keyframes are one style: expected one `mask`, got {len(masks.mask)}")
    if fitting.fit is not None:
        raise UsageError("`fit` and a `keyframe` each make the network: leave one out")
    if output is not None:
        check_apart(placed(output), [f for keyframe in keyframes.painted for f in keyframe.files])
    if resume and not keyframes.learn_to:
        raise UsageError(
            "what is learned differs from run to run; to `resume`, keep it by `learn_to`"
        )


@contextmanager
def learned_network(
    options: KeyframeOptions,
    source: str,
    style: Sequence[str],
    reading: Reading,
    device: str,
    stop: StopOnSignal,
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
        overwrite: replace what is there.
        quiet: tell nothing.

    Raises:
        VidstyleError: see `learn_keyframes`.
    """
    name = style_name(style) if style else options.painted[0].name
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
        say(f"learning, step {step.step}: {losses}  {remaining}".rstrip())

    return report
