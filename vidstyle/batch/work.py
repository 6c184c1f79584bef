"""The work of a batch: every model loaded once, every style read once, one result after the other."""

from __future__ import annotations

import hashlib
import json
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from vidstyle import api
from vidstyle.batch.plan import Item, Plan, Variant
from vidstyle.batch.report import Made, Outcome, Record, Report, own_version, read_made
from vidstyle.comparison import Comparison
from vidstyle.errors import DamagedInputError, InputError, OutputError, UsageError, VidstyleError
from vidstyle.files import Job, Result, paint_file
from vidstyle.frame import StreamInfo
from vidstyle.images.files import load_picture
from vidstyle.masks import Masks
from vidstyle.media.codecs import Encoding
from vidstyle.media.inputs import check_input, fingerprint
from vidstyle.media.pipes import is_pipe
from vidstyle.media.reading import Reading
from vidstyle.model import IDENTITY, Model, made_by
from vidstyle.pipeline import Progress
from vidstyle.runtime.compute import Compute
from vidstyle.selection import StyleSource, check_method, load_wished, read_style
from vidstyle.shortage import shortage
from vidstyle.stylize.look import Look
from vidstyle.stylize.painter import Painter
from vidstyle.stylize.style import StyleOptions


@dataclass(frozen=True)
class Step:
    """How far a batch is."""

    item: Item
    """It is being painted."""
    number: int
    """Of the item, from 1 on, in the order of the work."""
    count: int
    """All items."""
    progress: Progress
    """Of the item."""
    share: float
    """0 to 1 of the whole work, by the size of the inputs: an estimate."""
    left: float | None
    """Seconds to the end of all, an estimate; None: nothing is known yet."""


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

    def __post_init__(self) -> None:
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
        on_progress: Callable[[Progress], None] | None = None,
        stop: Callable[[], None] | None = None,
    ) -> Result:
        """Paint the only item, as `vidstyle.stylize` does.

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
            on_progress=on_progress,
            stop=stop,
        )

    def paint(
        self,
        *,
        on_progress: Callable[[Step], None] | None = None,
        on_outcome: Callable[[Outcome], None] | None = None,
        stop: Callable[[], None] | None = None,
    ) -> Report:
        """Paint all items. One that fails does not stop the others.

        Args:
            on_progress: called after every batch of frames.
            on_outcome: called after every item.
            stop: called often; what it raises ends the work, when the report is written.

        Raises:
            UsageError: the model cannot be loaded as is wished, or the report is no report.
            OutputError: the report cannot be written.
        """
        record = Record.begin(self.plan.report, self.plan.items, read_made(self.plan.report))
        try:
            _Work(self, record, on_progress, on_outcome, stop).run()
        finally:
            record.write()
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


class _Work:
    """The work while it goes on."""

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
        self._ended = False
        """A function of the caller's has raised."""
        self._settled = 0
        self._weights: dict[Item, int] = {}
        """Of the items that are painted: the size of their inputs."""
        self._work = 0
        """All of it."""
        self._done = 0
        """Weight of those that are over."""
        self._first: tuple[float, float] | None = None
        """Seconds and share when the first frames were painted: what was before does not grow with the work."""

    def run(self) -> None:
        """Settle every item."""
        due = [item for item in self._batch.plan.items if not self._settle_at_once(item)]
        self._weights = {item: max(1, item.source.bytes) for item in due}
        self._work = sum(self._weights.values())
        by_model: dict[str | Path, list[Item]] = {}
        for item in due:
            by_model.setdefault(item.variant.model, []).append(item)
        for name, items in by_model.items():
            try:
                model = load_wished(name, self._batch.compute)
            except InputError as error:
                for item in items:
                    self._fail(item, error)
                continue
            with model:
                self._paint(model, items)

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
            if not item.output.exists() or fingerprint(item.output) != known.output:
                return False
        except Exception as error:
            self._fail(item, error)
        else:
            self._settle(item, status="skipped")
        return True

    def _paint(self, model: Model, items: Sequence[Item]) -> None:
        """Paint the items of one model. All styles are read first: to read one takes memory that frames need later."""
        looks: dict[Variant, Look | Exception] = {}
        for variant in dict.fromkeys(item.variant for item in items):
            self._stop()
            try:
                looks[variant] = self._batch.look_of(model, variant)
            except Exception as error:
                looks[variant] = error
        for item in items:
            self._stop()
            look = looks[item.variant]
            try:
                if isinstance(look, Exception):
                    raise look
                self._paint_item(model, item, look)
            except Exception as error:
                if self._ended:
                    raise
                self._fail(item, error)
            self._done += self._weights[item]

    def _paint_item(self, model: Model, item: Item, look: Look) -> None:
        batch = self._batch
        settings = batch.settings(item) if self._record.path else ""

        def prepare(info: StreamInfo) -> list[Painter[Any]]:
            model.expect(info, look.stroke)
            return [model.stylizer.bind(look)]

        result = paint_file(
            batch.job(item, overwrite=batch.overwrite),
            prepare,
            exact=model.name == IDENTITY,
            on_progress=lambda progress: self._tell(item, progress),
            stop=self._stop,
        )
        made = Made()
        if settings and not is_pipe(item.output):
            made = Made(settings, fingerprint(item.output))
        damaged = result.summary.damaged
        self._settle(
            item,
            status="done",
            reason=f"the input was damaged in {damaged} places" if damaged else "",
            exit_code=DamagedInputError.exit_code if damaged else 0,
            result=result,
            made=made,
        )

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
        outcome = self._record.add(item, **facts)
        self._settled += 1
        if self._on_outcome:
            with self._ending():
                self._on_outcome(outcome)

    def _tell(self, item: Item, progress: Progress) -> None:
        if self._on_progress is None:
            return
        within = min(1.0, progress.frames / progress.total) if progress.total else 0.0
        share = (self._done + within * self._weights[item]) / self._work
        seconds = self._record.seconds
        began, before = self._first = self._first or (seconds, share)
        left = (seconds - began) * (1 - share) / (share - before) if share > before else None
        count = len(self._batch.plan.items)
        with self._ending():
            self._on_progress(Step(item, self._settled + 1, count, progress, share, left))

    def _stop(self) -> None:
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
