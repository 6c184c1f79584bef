"""What a worker does: it paints a file, or some pieces of one, and keeps its models."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from vidstyle import cores, pipeline
from vidstyle.batch.made import Note
from vidstyle.batch.painting import paint_by
from vidstyle.errors import UsageError
from vidstyle.files import Job, Result, read_twice, settings_of
from vidstyle.media.lookahead import LookaheadSource
from vidstyle.media.part import REORDERED, Part, PartSource, Times, Unkept
from vidstyle.media.piece import Arrays, index_path, read_state
from vidstyle.media.pieces import all_settings, folder_of
from vidstyle.media.sink import FileSink
from vidstyle.media.source import FileSource
from vidstyle.model import Model
from vidstyle.pipeline import Checkpoint, Progress
from vidstyle.selection import load_wished
from vidstyle.stylize.look import Look
from vidstyle.stylize.style import StyleOptions
from vidstyle.zoo.names import IDENTITY


@dataclass(frozen=True)
class Network:
    """A model, by its name, and the look in which it paints."""

    name: str | Path
    look: Look
    styles: StyleOptions
    """How the model reads styles: some paint otherwise by it."""


@dataclass(frozen=True, repr=False)
class Task:
    """Some pieces of a file that a worker is to make."""

    job: Job
    network: Network
    settings: dict[str, str]
    """What decides the frames, as the one who gives the task has it."""
    size: int
    """Frames of a piece."""
    batch: int
    """Frames per call of the network; a piece has a multiple of it."""
    piece: int
    """Number of the first."""
    end: int
    """Number of the one before which they end."""
    call: int
    """Index of the frame with which the painting begins."""
    state: Arrays | None
    """In which it does; None: the one that lies with the piece before."""
    first: int
    """Index of the first frame whose time is known."""
    pts: NDArray[np.int64]
    """Of the frames from that one on."""
    checks: NDArray[np.int64]
    """The `check_of` each."""
    time_base: Fraction
    seek: bool
    """Nothing is known against a read that begins later."""


class _Ended(Exception):
    """The run has ended."""


class Worker:
    """Paints, a call at a time; it answers `progress` and `end` meanwhile."""

    def __init__(self, networks: int, encoders: int) -> None:
        """Take the cores that its networks have, and those of the machine as which its encoders work."""
        cores.give(networks=networks, encoders=encoders)
        cv2.setNumThreads(networks)
        self._models: dict[tuple[object, ...], Model] = {}
        self._progress: Progress | None = None
        self._ended = threading.Event()
        self._idle = threading.Event()
        self._idle.set()

    def progress(self) -> Progress | None:
        """Return how far it is with the file; None where it has none."""
        return self._progress

    def end(self) -> None:
        """Let the call that runs end soon, and wait for that."""
        self._ended.set()
        self._idle.wait()

    def paint_file(self, job: Job, network: Network, note: Note | None = None) -> Result | None:
        """Paint a whole file, and note that it is; return None where it was ended.

        Raises:
            VidstyleError: see `files.paint_file`.
        """
        with self._working():
            model = self._model(job, network)
            result = paint_by(model, network.look, job, on_progress=self._advanced, stop=self._stop)
            if note:  # here: whoever has asked may have died
                note.write(job.output)
            return result
        return None

    def paint_pieces(self, task: Task) -> None:
        """Make those of a task that are not there; fewer where it was ended.

        Raises:
            UsageError: this worker would not paint them as those before.
            VidstyleError: see `vidstyle.errors`.
        """
        with self._working():
            self._paint_pieces(task)

    @contextmanager
    def _working(self) -> Iterator[None]:
        """Note that a call runs. One that is ended just returns: Ray prints the traces of errors that nobody asks for."""
        self._idle.clear()
        try:
            yield
        except _Ended:
            return
        finally:
            self._progress = None
            self._idle.set()

    def _paint_pieces(self, task: Task) -> None:
        folder, piece = folder_of(task.job.file), task.piece
        while piece < task.end and index_path(folder, piece).exists():
            piece += 1  # by an earlier try, whose worker died
        if piece == task.end:
            return
        begin, call, state = piece * task.size, task.call, task.state
        if state is None or piece > task.piece:
            call, state = begin, read_state(index_path(folder, piece - 1))
        model, look = self._model(task.job, task.network), task.network.look
        reading, encoding = task.job.options(exact=model.name == IDENTITY)
        with FileSource(task.job.source, reading, stop=self._stop) as source:
            model.expect(source.info, look.stroke)
            painter = model.stylizer.bind(look)
            _check_same(task, all_settings(settings_of(task.job, painter)))
            first = max(0, min(call, begin - REORDERED))
            part = PartSource(source, _times(task, first), task.end * task.size, seek=task.seek)
            known = LookaheadSource(part, first) if read_twice(task.job, source) else None
            kept = Part(folder, piece, begin, first)
            sink = FileSink(
                task.job.file,
                source.info,
                encoding=encoding,
                passthrough=source.passthrough,
                odd=task.job.odd,
                pending=Unkept(task.job.file),
                pieces=kept,
            )
            try:
                with sink:
                    pipeline.run(
                        known or part,
                        painter.ahead(known.after if known else None),
                        sink,
                        batch=task.batch,
                        begin=Checkpoint(call, lambda: state, first, begin),
                        stop=self._stop,
                    )
            finally:
                kept.close()

    def _model(self, job: Job, network: Network) -> Model:
        compute = job.compute
        options = network.styles
        wish = compute.device, compute.precision, compute.low_latency
        key = str(network.name), *wish, options.patch_size, options.patch_stride
        if key not in self._models:
            for model in self._models.values():  # the work goes model by model
                model.close()
            self._models = {key: load_wished(network.name, compute, options)}
        return self._models[key]

    def _advanced(self, progress: Progress) -> None:
        self._progress = progress

    def _stop(self) -> None:
        if self._ended.is_set():
            raise _Ended


def _times(task: Task, first: int) -> Times:
    """Return the times of some frames from one on."""
    part = slice(first - task.first, first - task.first + REORDERED)
    pts, checks = task.pts[part].tolist(), task.checks[part].tolist()
    return Times(first, tuple(pts), task.time_base, tuple(checks))


def _check_same(task: Task, own: dict[str, str]) -> None:
    """Refuse a machine that would paint otherwise."""
    other = sorted(n for n in {*own, *task.settings} if own.get(n) != task.settings.get(n))
    if other:
        name = other[0]
        raise UsageError(
            f"a worker differs in {', '.join(other)}: {name} is {own.get(name)} there and {task.settings.get(name)} here; "
            "its pieces would not fit to the others"
        )
