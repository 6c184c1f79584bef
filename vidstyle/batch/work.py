"""The work of a batch: every model loaded once, every style read once, one result after the other."""

from __future__ import annotations

import hashlib
import json
import traceback
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from threading import RLock
from typing import Annotated, Any

from vidstyle import api
from vidstyle.batch.made import Made, Note, fingerprint_of_output
from vidstyle.batch.painting import paint_by
from vidstyle.batch.plan import Item, Plan, Variant
from vidstyle.batch.report import Outcome, Record, Report, own_version, read_made
from vidstyle.batch.step import Pace, Step
from vidstyle.comparison import Comparison
from vidstyle.errors import DamagedInputError, InputError, OutputError, UsageError, VidstyleError
from vidstyle.fields import Between, check
from vidstyle.files import Filler, Job, Result
from vidstyle.images.files import load_picture
from vidstyle.masks import Masks
from vidstyle.media.address import Stored
from vidstyle.media.codecs import Encoding
from vidstyle.media.inputs import check_input
from vidstyle.media.pipes import is_pipe
from vidstyle.media.reading import Reading
from vidstyle.media.stores import make_store_folder
from vidstyle.model import Model
from vidstyle.pipeline import Progress
from vidstyle.runtime.compute import Compute
from vidstyle.selection import StyleSource, check_method, load_wished, read_style
from vidstyle.shortage import shortage
from vidstyle.stylize.look import Look
from vidstyle.stylize.style import StyleOptions
from vidstyle.zoo.names import made_by


@dataclass(frozen=True)
class Batch:
    """A plan, and how its results are made."""

    plan: Plan
    look: Look
    styles: StyleOptions = StyleOptions()  # noqa: RUF009 - it is frozen
    compute: Compute = Compute()  # noqa: RUF009 - it is frozen
    method: str = "network"
    reading: Reading = Reading()  # noqa: RUF009 - it is frozen
    encoding: Encoding = Encoding()  # noqa: RUF009 - it is frozen
    odd: str = "pad"
    comparison: Comparison = Comparison()  # noqa: RUF009 - it is frozen
    masks: Masks = Masks()  # noqa: RUF009 - it is frozen
    overwrite: bool = False
    resume: bool = False
    keep_partial: bool = False
    jobs: Annotated[int, Between(1, 64)] = 1
    """Results that are made at once."""

    def __post_init__(self) -> None:
        check(self)
        for variant in self.plan.variants:
            self._options(variant).shares(len(variant.styles))
        self.masks.check_count(1)
        check_method(self.method, self.compute, self.look)

    def _options(self, variant: Variant) -> StyleOptions:
        """Return how the pictures of a variant are read: shares are of those that are mixed."""
        if any(len(v.styles) > 1 for v in self.plan.variants) and len(variant.styles) == 1:
            return replace(self.styles, style_weights=None)
        return self.styles

    def paint_only(
        self,
        *,
        fill: Filler | None = None,
        on_progress: Callable[[Progress], None] | None = None,
        stop: Callable[[], None] | None = None,
    ) -> Result:
        """Paint the only item, as `vidstyle.stylize` does; `fill`: see `paint_file`.

        Raises:
            VidstyleError: see `vidstyle.errors`.
        """
        (item,) = self.plan.items
        self._make_folder(item)
        return api.run(
            item.source.location,
            item.variant.styles,
            item.output,
            self.look,
            styles=self.styles,
            compute=self.compute,
            method=self.method,
            reading=self.reading,
            encoding=self.encoding,
            odd=self.odd,
            comparison=self.comparison,
            masks=self.masks,
            overwrite=self.overwrite,
            resume=self.resume,
            keep_partial=self.keep_partial,
            fill=fill,
            on_progress=on_progress,
            stop=stop,
        )

    def paint(
        self,
        *,
        work: Callable[..., Work] | None = None,
        on_progress: Callable[[Step], None] | None = None,
        on_outcome: Callable[[Outcome], None] | None = None,
        stop: Callable[[], None] | None = None,
    ) -> Report:
        """Paint all items. One that fails does not stop the others.

        Args:
            work: a kind of `Work` that paints them elsewhere; None: here.
            on_progress: called after every batch of frames.
            on_outcome: called after every item.
            stop: called often; what it raises ends the work, when the report is written.

        Raises:
            UsageError: the model cannot be loaded as is wished, or the report is no report.
            OutputError: the report cannot be written.
        """
        record = Record.begin(self.plan.report, self.plan.items, read_made(self.plan.report))
        try:
            (work or Work)(self, record, on_progress, on_outcome, stop).run()
        finally:
            record.end()
        return record.report

    def job(self, item: Item, *, overwrite: bool) -> Job:
        """Return the job of an item, for which its folder is made.

        Raises:
            VidstyleError: see `Job`.
        """
        self._make_folder(item)
        return Job(
            item.source.location,
            item.output,
            self.reading,
            self.encoding,
            self.odd,
            self.compute,
            comparison=self.comparison,
            masks=self.masks,
            overwrite=overwrite,
            resume=self.resume,
            keep_partial=self.keep_partial,
        )

    def _make_folder(self, item: Item) -> None:
        check_input(item.source.location)
        if self.plan.pattern.makes_folders:
            if isinstance(item.output, Stored):
                make_store_folder(item.output)
                return
            folder = item.output.parent
            try:
                folder.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise OutputError(f"cannot make the folder {folder}: {error.strerror}") from error

    def look_of(self, model: Model, variant: Variant) -> Look:
        """Return the look in a variant's style.

        Raises:
            VidstyleError: see `read_style`.
        """
        options = self._options(variant)
        return replace(self.look, style=read_style(model, variant.pictures, options))

    def settings(self, item: Item) -> str:
        """Return a digest of all that decides what an item's result is.

        Raises:
            InputError: something cannot be read.
        """
        variant, options = item.variant, self._options(item.variant)
        facts = self.job(item, overwrite=True).settings() | {
            "look": str(self.look),
            "vidstyle": own_version(),
            "method": self.method,
            "network": made_by(variant.model),
            "style": " ".join(map(_digest, variant.pictures)),
            "scale": str(options.style_scale),
            "patches": str(options.patch),
            "shares": str(options.shares(len(variant.styles))),
        }
        return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def _digest(picture: StyleSource) -> str:
    """Return what tells a style picture from others."""
    if not isinstance(picture, str | Path):
        return hashlib.sha256(load_picture(picture).tobytes()).hexdigest()
    try:
        return hashlib.sha256(Path(picture).read_bytes()).hexdigest()
    except OSError as error:
        raise InputError(f"cannot read the picture {picture}: {error.strerror}") from error


class _OtherEndedError(Exception):
    """Another job was ended by a function of the caller's."""


class Work:
    """The work while it goes on. Several jobs share it, each a thread with a model of its own."""

    def __init__(
        self,
        batch: Batch,
        record: Record,
        on_progress: Callable[[Step], None] | None,
        on_outcome: Callable[[Outcome], None] | None,
        stop: Callable[[], None] | None,
    ) -> None:
        self._batch, self._record = batch, record
        self._on_progress, self._on_outcome, self._on_stop = on_progress, on_outcome, stop
        self._lock = RLock()
        """Held while something here changes, and while a function of the caller's is called."""
        self._ended = False
        """A function of the caller's has raised."""
        self._jobs = batch.jobs
        self._settled = 0
        self._pace = Pace(())
        self._looks: dict[Variant, Look | Exception] = {}

    def run(self) -> None:
        """Settle every item."""
        due = [item for item in self._batch.plan.items if not self._settle_at_once(item)]
        self._pace = Pace(due)
        by_model: dict[str | Path, list[Item]] = {}
        for item in due:
            by_model.setdefault(item.variant.model, []).append(item)
        for name, items in by_model.items():
            self._together(name, items)

    def _together(self, name: str | Path, items: list[Item]) -> None:
        """Paint the items of one model, so many at once as are wished."""
        jobs = min(self._jobs, len(items))
        waiting = deque(items)
        variants = list(dict.fromkeys(item.variant for item in items))
        if jobs == 1:  # in this thread, which may be the one that hears signals
            self._job(name, variants, waiting)
            return
        with ThreadPoolExecutor(jobs) as pool:
            done = [pool.submit(self._job, name, variants, waiting) for _ in range(jobs)]
        errors = [error for job in done if (error := job.exception())]
        for error in sorted(errors, key=lambda e: isinstance(e, _OtherEndedError)):
            raise error

    def _job(self, name: str | Path, variants: list[Variant], waiting: deque[Item]) -> None:
        try:
            model = load_wished(name, self._batch.compute, self._batch.styles)
        except InputError as error:
            for item in _taken(waiting):
                self._fail(item, error)
            return
        with model:
            self._read_styles(model, variants)
            self._paint(waiting, partial(self._paint_here, model))

    def _settle_at_once(self, item: Item) -> bool:
        """Settle an item that cannot be painted, or is there already."""
        self._stop()
        try:
            if item.variant.refusal:
                raise item.variant.refusal
            if self._record.path is None or is_pipe(item.output):
                return False
            known = self._record.outcomes[item].made
            if not (known.settings and known.settings == self._batch.settings(item)):
                return False
            if fingerprint_of_output(item.output) != known.output:
                return False
        except Exception as error:
            self._fail(item, error)
        else:
            self._settle(item, status="skipped")
        return True

    def _read_styles(self, model: Model, variants: list[Variant]) -> None:
        """Read all styles before the first frame, once for all jobs: to read one takes memory that frames need later."""
        with self._lock:
            for variant in variants:
                self._stop()
                if variant in self._looks:
                    continue
                try:
                    self._looks[variant] = self._batch.look_of(model, variant)
                except Exception as error:
                    self._looks[variant] = error

    def _paint(self, waiting: deque[Item], paint: Callable[[Item, Look], Result]) -> None:
        """Paint items until none is waiting."""
        for item in _taken(waiting):
            self._stop()
            look = self._looks[item.variant]
            try:
                if isinstance(look, Exception):
                    raise look
                self._paint_item(item, look, paint)
            except Exception as error:
                if self._ended:
                    raise
                self._fail(item, error)
            with self._lock:
                self._pace.end(item)

    def _paint_here(self, model: Model, item: Item, look: Look) -> Result:
        job = self._batch.job(item, overwrite=self._batch.overwrite)
        told = partial(self._tell, item)
        return paint_by(model, look, job, on_progress=told, stop=self._stop)

    def _paint_item(self, item: Item, look: Look, paint: Callable[[Item, Look], Result]) -> None:
        note = self._note(item)
        result = paint(item, look)
        made = note.write(item.output) if note else Made()
        damaged = result.summary.damaged
        self._settle(
            item,
            status="done",
            reason=f"the input was damaged in {damaged} places" if damaged else "",
            exit_code=DamagedInputError.exit_code if damaged else 0,
            result=result,
            made=made,
        )

    def _note(self, item: Item) -> Note | None:
        """Return the note of an item that is about to be painted; None: there is no report, or no file."""
        if self._record.path is None or is_pipe(item.output):
            return None
        return Note.begin(self._record.path, str(item.output), self._batch.settings(item))

    def _fail(self, item: Item, error: Exception) -> None:
        if isinstance(error, VidstyleError):
            self._settle(item, status="failed", reason=str(error), exit_code=error.exit_code)
        elif said := shortage(error):
            reason = f"memory, threads or open files do not suffice ({said})"
            self._settle(item, status="failed", reason=reason, exit_code=UsageError.exit_code)
        else:
            lines = str(error).splitlines() or [""]
            self._settle(
                item,
                status="failed",
                reason=f"a bug in vidstyle, please report it: {type(error).__name__}: {lines[0]}",
                exit_code=VidstyleError.exit_code,
                trace="".join(traceback.format_exception(error)),
            )

    def _settle(self, item: Item, **facts: Any) -> None:
        with self._lock:
            outcome = self._record.add(item, **facts)
            self._settled += 1
            if self._on_outcome:
                with self._ending():
                    self._on_outcome(outcome)

    def _tell(self, item: Item, progress: Progress) -> None:
        if self._on_progress is None:
            return
        with self._lock:
            share, left = self._pace.of(item, progress, self._record.seconds)
            count = len(self._batch.plan.items)
            with self._ending():
                self._on_progress(Step(item, self._settled + 1, count, progress, share, left))

    def _stop(self) -> None:
        if self._ended:
            raise _OtherEndedError
        if self._on_stop:
            with self._ending():
                self._on_stop()

    @contextmanager
    def _ending(self) -> Iterator[None]:
        """Let what a function of the caller's raises end the work."""
        try:
            yield
        except BaseException:
            self._ended = True
            raise


def _taken(waiting: deque[Item]) -> Iterator[Item]:
    """Yield what is waiting, each to one thread."""
    with suppress(IndexError):
        while True:
            yield waiting.popleft()
