"""One video, whose pieces are painted by many workers; what joins them is a run that goes on after all of them."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from vidstyle.cluster.crew import RETRIES, Member, WorkerLostError, lost_too_often
from vidstyle.cluster.scan import Scan
from vidstyle.cluster.session import Cluster
from vidstyle.cluster.worker import Network, Task
from vidstyle.errors import UsageError
from vidstyle.files import Job, Result
from vidstyle.frame import StreamInfo
from vidstyle.masks import FOUND
from vidstyle.media.address import Address, Stored
from vidstyle.media.part import REORDERED
from vidstyle.media.piece import index_path
from vidstyle.media.pieces import Pieces
from vidstyle.media.pipes import is_pipe
from vidstyle.media.sink import is_divisible, piece_frames
from vidstyle.pipeline import Progress
from vidstyle.stylize.beginnings import Beginnings
from vidstyle.stylize.look import Look
from vidstyle.stylize.painter import Painter
from vidstyle.stylize.style import StyleOptions
from vidstyle.stylize.stylizer import BoundStylizer
from vidstyle.zoo.names import IDENTITY

log = logging.getLogger(__name__)

_WAIT = 0.1
"""Seconds between two looks at what the workers have done."""

_MOST = 8
"""Pieces of a task: what is painted before its first one is lost."""


@dataclass
class Spread:
    """Has the pieces of a video painted; see `files.Filler`."""

    cluster: Cluster
    model: str | Path
    """Name of the model."""
    styles: StyleOptions
    """How it reads styles."""
    on_progress: Callable[[Progress], None] | None = None
    stop: Callable[[], None] | None = None
    began: float = field(default_factory=time.monotonic)
    earlier: int = 0
    """Frames that were there before."""
    shown: int = 0
    """Frames that were told of."""

    def __call__(self, job: Job, painter: Painter[Any], info: StreamInfo, pieces: Pieces) -> None:
        """Have the workers make all whole pieces; the frames behind them are left to the run that joins them.

        Raises:
            UsageError: this video is not painted in pieces; or a worker was lost too often.
            VidstyleError: what a worker raised.
        """
        if not isinstance(painter, BoundStylizer):
            raise UsageError("`on` spreads what one network paints; leave a timeline out")
        batch = job.compute.batch or painter.batch(info.height, info.width)
        size = -(-piece_frames(job.encoding.encoder(job.container, info)) // batch) * batch
        exact = self.model == IDENTITY
        kept = pieces.kept()
        self.earlier = len(kept) * size
        scan = Scan(job, Beginnings(painter, batch), size, exact=exact)
        scan.start()
        try:
            _Distribution(self, job, painter, pieces, scan, batch, size, kept).run(info)
        finally:
            scan.give_up()

    def tell(self, frames: int, total: int | None) -> None:
        """Tell how many frames are painted; never of fewer than before."""
        self.shown = max(self.shown, frames)
        if self.on_progress:
            seconds = time.monotonic() - self.began
            earlier = min(self.shown, self.earlier)
            # From the start on: the first pieces of all workers are there at once.
            rate = (self.shown - earlier) / seconds if self.shown > earlier else None
            self.on_progress(Progress(self.shown, total, seconds, earlier, rate))

    def joined(self, progress: Progress) -> None:
        """Tell how far the run is that joins the pieces."""
        self.tell(progress.frames, progress.total)

    def result(self, result: Result) -> Result:
        """Return the result of all, given that of the run that joins the pieces."""
        summary = replace(
            result.summary,
            seconds=time.monotonic() - self.began,
            resumed=min(self.earlier, result.summary.frames),
        )
        count = self.cluster.crew.most
        engine = f"{result.engine}, {count} worker{'s' if count != 1 else ''}"
        return replace(result, summary=summary, engine=engine)


@dataclass
class _Distribution:
    """Which worker makes which pieces."""

    spread: Spread
    job: Job
    painter: BoundStylizer
    pieces: Pieces
    scan: Scan
    batch: int
    size: int
    done: set[int]
    losses: Counter[int] = field(default_factory=Counter)
    """Workers that were lost, by the piece that they made then."""

    def run(self, info: StreamInfo) -> None:
        """Give pieces to workers until all are there."""
        crew, scan = self.spread.cluster.crew, self.scan
        busy: dict[Any, tuple[Member, Task]] = {}
        taken: set[int] = set()
        while True:
            if self.spread.stop:
                self.spread.stop()
            if scan.error:
                raise scan.error
            ended = scan.ended
            crew.tend()
            while (task := self._next(taken)) and (worker := crew.take()):
                taken.update(range(task.piece, task.end))
                busy[worker.actor.paint_pieces.remote(task)] = worker, task
            if not busy and ended and not (set(range(scan.whole)) - self.done):
                return
            taken -= self._wait(busy)
            folder = self.pieces.folder
            self.done |= {n for n in taken - self.done if index_path(folder, n).exists()}
            self.spread.tell(len(self.done) * self.size, info.frames)

    def _wait(self, busy: dict[Any, tuple[Member, Task]]) -> set[int]:
        """Wait a little for workers; return the pieces that nobody makes any more, since their worker is lost."""
        cluster = self.spread.cluster
        if not busy:
            time.sleep(_WAIT)
            return set()
        ended = set(cluster.ray.wait(list(busy), timeout=_WAIT)[0])
        lost: set[int] = set()
        for answer, (worker, task) in [*busy.items()]:
            try:
                if answer not in ended:
                    cluster.crew.check(worker)
                    continue
                cluster.crew.result(worker, answer)
                self.done.update(range(task.piece, task.end))
            except WorkerLostError as error:
                lost |= self._missing(task, error)
            del busy[answer]
            cluster.crew.give_back(worker)
        return lost

    def _missing(self, task: Task, error: WorkerLostError) -> set[int]:
        """Return the pieces that a lost worker has not made.

        Raises:
            WorkerLostError: as many as are allowed were lost with one of them.
        """
        pieces = set(range(task.piece, task.end))
        whole = {n for n in pieces if index_path(self.pieces.folder, n).exists()}
        self.done |= whole
        missing = pieces - whole
        if missing:
            self.losses[min(missing)] += 1
            if self.losses[min(missing)] > RETRIES:
                raise lost_too_often(error) from error
        log.info("a worker is lost; %d of its pieces are given to others", len(missing))
        return missing

    def _next(self, taken: set[int]) -> Task | None:
        """Return the next pieces that can be begun now, if any."""
        whole = self.scan.whole
        left = [n for n in range(whole) if n not in taken and n not in self.done]
        share = len(left) // (2 * len(self.spread.cluster.crew))
        for first in left:
            if self._lead(first) > self.size and first - 1 not in self.done:
                continue  # a long shot: whoever paints the piece before goes on with this one
            end = first + 1
            while end < whole and end not in taken and end not in self.done:
                if end - first >= min(_MOST, share) and self._lead(end) <= self.size:
                    break
                end += 1
            return self._task(first, end)
        return None

    def _lead(self, piece: int) -> int:
        """Return the frames that are painted before a piece, where it is begun with nothing but the scan."""
        return piece * self.size - self.scan.leads[piece].call

    def _task(self, first: int, end: int) -> Task:
        scan, begin = self.scan, first * self.size
        lead, state = scan.leads[first], None
        if first - 1 not in self.done:
            state = lead.state
        known = max(0, min(lead.call, begin - REORDERED))
        network = network_of(self.spread.model, self.painter.look, self.spread.styles)
        if scan.time_base is None:
            raise ValueError("expected a scan of some frames")
        return Task(
            absolute(self.job),
            network,
            self.pieces.settings,
            size=self.size,
            batch=self.batch,
            piece=first,
            end=end,
            call=lead.call,
            state=state,
            first=known,
            pts=np.array(scan.pts[known : end * self.size]),
            checks=np.array(scan.checks[known : end * self.size]),
            time_base=scan.time_base,
            seek=scan.seekable,
        )


def check_divisible(job: Job) -> None:
    """Refuse a job that is not painted in pieces, before anything is opened.

    Raises:
        UsageError: it is not.
    """
    if isinstance(job.source, Stored) or isinstance(job.output, Stored):
        raise UsageError(
            "`on` spreads one video by its pieces, which lie in a shared folder: give the video and the output names "
            "there; several inputs are spread whole, also to and from addresses"
        )
    whole = is_pipe(job.source) or job.compute.low_latency or job.reading.hwaccel
    beside = job.masks.mask or job.comparison.compare
    if whole or beside or not is_divisible(job.file, job.container, job.encoding):
        raise UsageError(
            "`on` spreads one video by its pieces: it and its output are files (no GIF, WebP or single picture), without "
            "`mask`, `compare`, `hwaccel`, `low_latency` and passes of the encoder; several inputs are spread whole"
        )


def absolute(job: Job) -> Job:
    """Return a job as another process finds it."""
    source = job.source
    if not isinstance(source, Address):
        source = source.absolute()
    names = (n if n in FOUND else str(Path(n).absolute()) for n in job.masks.mask)
    masks = replace(job.masks, mask=tuple(names))
    output = job.output.absolute() if isinstance(job.output, Path) else job.output
    return replace(job, source=source, output=output, masks=masks)


def network_of(name: str | Path, look: Look, styles: StyleOptions) -> Network:
    """Return a network as another process finds it."""
    own = Path(name)
    return Network(own.absolute() if own.is_file() else name, look, styles)
