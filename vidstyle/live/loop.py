"""A clip that is shown again and again, by whichever model is the newest."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from vidstyle.images.files import load_picture
from vidstyle.live.outputs import Output
from vidstyle.media.address import Location
from vidstyle.media.reading import Reading
from vidstyle.media.video import Video
from vidstyle.model import Model

if TYPE_CHECKING:
    from vidstyle.stylize.state import State


def show_loop(
    source: Location,
    outputs: Sequence[Output],
    newest: Callable[[], Model | None],
    *,
    reading: Reading | None = None,
    stop: Callable[[], None] | None = None,
) -> None:
    """Show a clip at its own pace, or slower where it cannot be painted so fast, until a command says quit.

    Args:
        source: the video; it is read once for each time that it is shown.
        outputs: take the frames.
        newest: returns the model to paint the next frame with; None: it is shown as it is.
        reading: what is read of the video.
        stop: called before every frame; what it raises ends it.

    Raises:
        VidstyleError: the video cannot be read, or an output failed.
    """
    while True:
        model: Model | None = None
        state: State | None = None
        with Video.open(source, reading, stop=stop) as video:
            began: float | None = None
            for frame in video.frames:
                if stop:
                    stop()
                if any(command.what == "quit" for o in outputs for command in o.commands()):
                    return
                if (now := newest()) is not model:
                    model, state = now, None
                painted = load_picture(frame.pixels)
                if model:
                    (painted,), state = model.step([painted], None, state)
                due = float(frame.pts * frame.time_base)
                began = time.monotonic() - due if began is None else began
                late = time.monotonic() - began - due
                if late < 0:
                    time.sleep(-late)
                else:
                    began += late  # nothing is left out to make up for it
                for output in outputs:
                    output.put(painted, time.monotonic(), None)
