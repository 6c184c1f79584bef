"""`vidstyle paint-along IN --keyframe TIME=PICTURE`: the clip follows while a frame is painted."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path
from typing import Annotated

import typer

from vidstyle import Model, load
from vidstyle.cli.options import command, only
from vidstyle.cli.signals import StopOnSignal
from vidstyle.cli.terminal import say
from vidstyle.errors import Interrupted, MissingPackageError, UsageError
from vidstyle.keyframes.along import Along
from vidstyle.keyframes.painted import NETWORK, KeyframeOptions
from vidstyle.media.address import located
from vidstyle.media.atomic_output import check_output
from vidstyle.media.inputs import check_input, input_files
from vidstyle.media.overwriting import check_apart, check_replaceable
from vidstyle.media.pipes import is_pipe
from vidstyle.media.reading import Reading
from vidstyle.naming import default_output
from vidstyle.runtime.compute import Compute
from vidstyle.training.config import KeyframeConfig

_WAIT = 0.2
"""Seconds between two looks for a network, and at signals."""


@command
def paint_along(
    *,
    source: Annotated[str, typer.Argument(metavar="IN", help="The video.")],
    keyframes: Annotated[KeyframeOptions, only("keyframe", "keyframe_mask", "learn", "learn_to")],
    output: Annotated[
        Path | None,
        typer.Option(
            *("-o", "--output"),
            metavar="OUT",
            help="Paint this file again after every save, instead of a window.",
        ),
    ] = None,
    overwrite: Annotated[
        bool,
        typer.Option("-y", "--overwrite", help="Replace an output and weights that exist."),
    ] = False,
    reading: Annotated[
        Reading,
        only("start", "end", "fps", "size", "hdr", "deinterlace", "keep_rotation", "max_pixels"),
    ],
    compute: Annotated[Compute, only("device")],
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No status lines.")] = False,
) -> None:
    """Update a clip while you paint a frame of it: it is painted again after every save of the picture.

    Begin with a frame from vidstyle frame, paint over it, and save as often as you like: the clip, repeated in a window, follows some seconds later,
    and improves during --learn seconds of training. Ctrl-C, or q in the window, ends it, and saves the network, a style for run: in --learn-to, or
    beside the input.
    """
    stop = StopOnSignal()
    if not keyframes.given:
        raise UsageError(
            "give a `keyframe`, TIME=PICTURE, that you paint; vidstyle frame writes it"
        )
    place = located(source)
    if is_pipe(place):
        raise UsageError("the clip is read over and over: name a file, not standard input")
    check_input(place)
    painted = keyframes.painted
    kept = keyframes.learn_to or default_output(place, painted[0].name).with_suffix(NETWORK)
    check_replaceable(kept, overwrite=overwrite, named="learn_to")
    if output:
        if is_pipe(output):
            raise UsageError("the output is painted over and over: name a file")
        check_output(output, overwrite=overwrite)
        check_apart(output, [*input_files(place), *(f for k in painted for f in k.files)])
    from vidstyle.live.loop import show_loop
    from vidstyle.live.outputs import Window

    along = Along(
        *(place, painted, kept),
        reading=reading,
        config=KeyframeConfig(seconds=keyframes.learn),
        device=compute.device,
        overwrite=overwrite,
        named="learn_to",
    )
    with contextlib.ExitStack() as opened:
        windows: list[Window] = []
        if output is None:
            try:
                windows = [Window()]
            except MissingPackageError as error:
                raise MissingPackageError(
                    "no window here: it needs a screen, and OpenCV with windows "
                    "(pip uninstall opencv-python-headless; pip install opencv-python); or give an `output`"
                ) from error
            opened.callback(windows[0].close)
        newest = _Newest(opened.enter_context(along), compute.device)
        with contextlib.suppress(Interrupted):  # the usual way to end it
            if output is None:
                show_loop(place, windows, newest, reading=reading, stop=stop)
            else:
                paint_anew(source, output, along, newest, reading, stop, quiet=quiet)
    if along.is_kept:
        say(f"{kept}: what was learned, a `style`")
    else:
        say("nothing was learned yet")


class _Newest:
    """The model of the newest network."""

    def __init__(self, along: Along, device: str) -> None:
        self._along, self._device = along, device
        self._weights: Path | None = None
        self._model: Model | None = None

    def __call__(self) -> Model | None:
        """Return it; None: there is none yet."""
        weights = self._along.newest()
        if weights and weights != self._weights:
            if self._model:
                self._model.close()
            self._weights, self._model = weights, load(weights, device=self._device)
        return self._model


class _Saved(Exception):
    """The painting that a network learned was painted over."""


def paint_anew(
    source: str,
    output: Path,
    along: Along,
    newest: _Newest,
    reading: Reading,
    stop: StopOnSignal,
    *,
    quiet: bool,
) -> None:
    """Paint a file anew with each network that comes, until it is stopped; a save ends what is painted by an older one."""

    def go_on() -> None:
        stop()
        if along.is_behind:
            raise _Saved

    painted_by: Model | None = None
    while True:
        stop()
        model = newest()
        if model is None or model is painted_by or along.is_behind:
            time.sleep(_WAIT)
            continue
        painted_by = model
        try:
            model.video(source, output, reading=reading, overwrite=True, stop=go_on)
        except _Saved:
            continue
        if not quiet:
            say(f"{output} was painted anew")
