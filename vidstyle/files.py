"""Painting whole files: it joins sources and sinks of media to a stylizer."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from vidstyle import pipeline
from vidstyle.comparison import Comparison
from vidstyle.errors import Interrupted, UsageError
from vidstyle.frame import StreamInfo
from vidstyle.masks import Masks
from vidstyle.media.address import Address, Location, Place, Stored
from vidstyle.media.atomic_output import check_output
from vidstyle.media.codecs import Encoding, hardware_encoder
from vidstyle.media.containers import Container, container_for, is_sequence
from vidstyle.media.inputs import check_input, fingerprint, input_files
from vidstyle.media.lookahead import LookaheadSource
from vidstyle.media.overwriting import check_apart
from vidstyle.media.pieces import Pieces
from vidstyle.media.pipes import is_pipe
from vidstyle.media.projection import Projection
from vidstyle.media.reading import Reading
from vidstyle.media.sink import FileSink, is_divisible
from vidstyle.media.source import FileSource
from vidstyle.pipeline import Checkpoint, Progress, Summary
from vidstyle.runtime.compute import Compute
from vidstyle.stylize.layers import Layer, Layers
from vidstyle.stylize.painter import Painter

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Result:
    """A finished file."""

    output: Place
    summary: Summary
    engine: str
    """What computed it, for people."""


@dataclass(frozen=True)
class Job:
    """A file to paint, checked before anything is opened.

    Raises:
        UsageError: the options do not fit together.
        InputError: there is no such input.
        OutputError: the output exists, or cannot be written.
    """

    source: Location
    """The video, a sequence of pictures such as frames/%05d.png, an address, or - for standard input."""
    output: Place
    """The file to make, or its address; its ending chooses the container. - is standard output."""
    reading: Reading = Reading()  # noqa: RUF009 - it is frozen
    """What to read of the video and how."""
    encoding: Encoding = Encoding()  # noqa: RUF009 - it is frozen
    """Codec and quality."""
    odd: str = "pad"
    """What to do with an odd width or height that the encoder cannot hold: pad, crop, 444."""
    compute: Compute = Compute()  # noqa: RUF009 - it is frozen
    """Frames per call of the network, and whether every frame is handed on at once."""
    comparison: Comparison = Comparison()  # noqa: RUF009 - it is frozen
    """Whether what was painted is shown beside the painting."""
    overwrite: bool = False
    """Replace an output that exists."""
    resume: bool = False
    """Keep finished pieces in a folder beside the output until it is whole, and go on after those of a run that was
    cut off."""
    keep_partial: bool = False
    """When it is stopped by a signal, finish what there is as out.partial.mp4."""
    masks: Masks = Masks()  # noqa: RUF009 - it is frozen
    """Where it is painted."""

    def __post_init__(self) -> None:
        check_input(self.source)
        check_output(self.output, overwrite=self.overwrite, container=self.encoding.container)
        stored = isinstance(self.source, Stored)
        read = [self.source] if stored else input_files(self.source)
        check_apart(self.output, [*read, *self.masks.files])
        if isinstance(self.output, Stored) and (self.resume or self.keep_partial):
            raise UsageError(
                f"`resume` and `keep_partial` keep what is not whole beside the output; name a file, not {self.output}"
            )
        if self.reading.keep_rotation and not self.container.rotation:
            raise UsageError(
                f"{self.container.name} cannot tell players to turn the picture; leave `keep_rotation` out"
            )
        single = self.container.is_picture and not is_sequence(self.output)
        if single and self.comparison.compare == "wipe":
            raise UsageError("one picture has no time for a wipe; take `compare` split or side")
        if self.resume:
            self._check_resume()
        if self.keep_partial:
            if is_pipe(self.output):
                raise UsageError("a pipe's reader has all of it anyway; leave `keep_partial` out")
            check_output(self.partial, overwrite=self.overwrite)

    def _check_resume(self) -> None:
        if is_pipe(self.source):
            raise UsageError("standard input cannot be read again; leave `resume` out")
        if self.compute.low_latency or not is_divisible(self.file, self.container, self.encoding):
            raise UsageError(
                "`resume` needs a video that can come in pieces: a file or numbered pictures, no GIF or WebP, "
                "no `low_latency` and no passes of the encoder"
            )

    def settings(self) -> dict[str, str]:
        """Return all that decides what the frames of the output are, but for what paints, and how.

        Raises:
            InputError: the input cannot be read.
        """
        settings = {"input": fingerprint(self.source), "output": self.output.name, "odd": self.odd}
        for part in (self.reading, self.encoding, self.compute, self.comparison, self.masks):
            settings |= {f.name: str(getattr(part, f.name)) for f in fields(part)}
        settings["mask"] = self.masks.fingerprint
        return settings

    def options(self, *, exact: bool) -> tuple[Reading, Encoding]:
        """Return how it is read and encoded; `exact`: see `paint_file`."""
        reading, encoding = self.reading, self.encoding
        if self.compute.low_latency:
            reading = replace(reading, low_latency=True)
            encoding = replace(encoding, low_latency=True)
        if exact or self.masks.mask:  # so that nothing happens to what is not painted
            reading = replace(reading, precise=True)
        return reading, encoding

    @property
    def file(self) -> Path:
        """The output of a job whose output is no address."""
        if isinstance(self.output, Address):
            raise TypeError(f"expected a job on this machine, got one that writes {self.output}")
        return self.output

    @property
    def container(self) -> Container:
        """Of the output."""
        return container_for(self.output, self.encoding.container)

    @property
    def partial(self) -> Path:
        """The name that the beginning gets with `keep_partial`; numbered pictures keep theirs."""
        if is_sequence(self.file):
            return self.file
        return self.file.with_stem(f"{self.file.stem}.partial")


Filler = Callable[[Job, Painter[Any], StreamInfo, Pieces], None]
"""Gets a job, what paints it, the facts of the video, and the pieces that are there."""


def paint_file(
    job: Job,
    prepare: Callable[[StreamInfo], Sequence[Painter[Any]]],
    *,
    exact: bool = False,
    fill: Filler | None = None,
    on_progress: Callable[[Progress], None] | None = None,
    stop: Callable[[], None] | None = None,
) -> Result:
    """Paint a video file; sound and time stay as they are.

    Args:
        job: what and where to.
        prepare: returns what paints it, given the facts of the opened video: a network gets ready for
            its size while styles are read. Or what paints in each mask, where there are as many.
        fill: called before the work of a job that may `resume`: has others write some of its pieces.
        exact: nothing is painted, so colors are converted without the small losses that painting hides.
        on_progress: called after every batch.
        stop: called often; what it raises stops the run, and nothing is left behind.

    Raises:
        VidstyleError: see `vidstyle.errors`. No output file is left then.
    """
    reading, encoding = job.options(exact=exact)
    with FileSource(job.source, reading, stop=stop) as frames:
        if reading.hwaccel:
            encoding = _accelerated(encoding, job.container, reading.hwaccel, frames)
        known = LookaheadSource(frames) if read_twice(job, frames) else None
        shown = job.comparison.source(known or frames)
        if shown.info.width != frames.info.width:
            _drop_projection(frames)
        with ExitStack() as opened:
            masks = job.masks.open(frames.info, reading, opened, stop)
            painter, *others = prepare(frames.info)
            if masks:
                painter = Layers(tuple(map(Layer, (painter, *others), masks)))
            log.info("painting on %s", painter.name)
            pieces = None
            if job.resume:
                pieces = Pieces(job.file, settings_of(job, painter))
                opened.callback(pieces.close)
                if fill:
                    try:
                        fill(job, painter, frames.info, pieces)
                    finally:
                        pieces.find()
            sink = opened.enter_context(
                FileSink(
                    job.file,
                    shown.info,
                    encoding=encoding,
                    passthrough=frames.passthrough,
                    overwrite=job.overwrite,
                    odd=job.odd,
                    pieces=pieces,
                )
            )
            try:
                summary = pipeline.run(
                    shown,
                    job.comparison.stylizer(painter.ahead(known.after if known else None)),
                    sink,
                    batch=job.compute.batch,
                    low_latency=job.compute.low_latency,
                    begin=Checkpoint(pieces.frames, pieces.state)
                    if pieces and pieces.frames
                    else None,
                    on_progress=on_progress,
                    stop=stop,
                )
            except Interrupted:
                if job.keep_partial and sink.frames:
                    sink.keep(job.partial)
                    log.warning("the beginning, %d frames, is in %s", sink.frames, job.partial)
                raise
            if pieces:
                pieces.remove()
    return Result(job.file, summary, painter.name)


def read_twice(job: Job, source: FileSource) -> bool:
    """Return whether frames of a shot are read before it is painted."""
    fed = is_pipe(job.source) or isinstance(job.source, Address)
    once = fed or is_sequence(job.source) or job.reading.is_raw
    return not (once or job.compute.low_latency or source.info.frames == 1)


def settings_of(job: Job, painter: Painter[Any]) -> dict[str, str]:
    """Return all that decides what the frames of an output are."""
    settings = job.settings()
    for name, value in painter.settings().items():
        # Two parts may have a field of the same name.
        settings[name] = f"{settings.get(name, '')} {value}".strip()
    return settings


def _drop_projection(source: FileSource) -> None:
    """Let two pictures side by side not be taken for one sphere, or for what two eyes see."""
    if source.passthrough.projection:
        log.warning("%s is dropped: `compare` side lays it out anew", source.passthrough.projection)
        source.passthrough.projection = Projection()


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
        log.warning("no encoder for `hwaccel` %s here; encoding on the CPU", kind)
    return encoding
