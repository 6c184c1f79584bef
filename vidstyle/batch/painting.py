"""One result of a batch, by a model that is kept for the others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from vidstyle.files import Filler, Job, Result, paint_file
from vidstyle.frame import StreamInfo
from vidstyle.model import Model
from vidstyle.pipeline import Progress
from vidstyle.staging import staged
from vidstyle.stylize.look import Look
from vidstyle.stylize.painter import Painter
from vidstyle.zoo.names import IDENTITY


def paint_by(
    model: Model,
    look: Look,
    job: Job,
    *,
    fill: Filler | None = None,
    on_progress: Callable[[Progress], None] | None = None,
    stop: Callable[[], None] | None = None,
) -> Result:
    """Paint a file in one look; see `files.paint_file`.

    Raises:
        VidstyleError: see `vidstyle.errors`.
    """

    def prepare(info: StreamInfo) -> list[Painter[Any]]:
        model.expect(info, look.stroke)
        return [model.stylizer.bind(look)]

    exact = model.name == IDENTITY
    with staged(job, stop) as here:
        result = paint_file(
            here, prepare, exact=exact, fill=fill, on_progress=on_progress, stop=stop
        )
    return replace(result, output=job.output)
