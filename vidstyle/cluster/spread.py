"""A batch on a cluster: several inputs one by one, a single one by its pieces if it has some."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from vidstyle.batch.painting import paint_by
from vidstyle.batch.plan import Item
from vidstyle.batch.report import Outcome, Report
from vidstyle.batch.step import Step
from vidstyle.batch.work import Batch, Work
from vidstyle.cluster.clips import SpreadWork
from vidstyle.cluster.options import Spreading
from vidstyle.cluster.pieces import Spread, check_divisible
from vidstyle.cluster.session import Cluster
from vidstyle.errors import UsageError, VidstyleError
from vidstyle.files import Result
from vidstyle.media.pipes import is_pipe
from vidstyle.model import Model
from vidstyle.pipeline import Progress
from vidstyle.stylize.look import Look


def paint_one(
    batch: Batch,
    spreading: Spreading,
    *,
    on_progress: Callable[[Progress], None] | None = None,
    stop: Callable[[], None] | None = None,
) -> Result:
    """Paint the only item by its pieces; those that are whole are kept until all are.

    Raises:
        VidstyleError: see `vidstyle.errors`.
    """
    (item,) = batch.plan.items
    if item.variant.refusal:
        raise item.variant.refusal
    check_divisible(batch.job(item, overwrite=batch.overwrite))
    batch = replace(batch, resume=True)
    with Cluster(spreading, batch.compute) as cluster:
        spread = Spread(cluster, item.variant.model, batch.styles, on_progress, stop)
        return spread.result(batch.paint_only(fill=spread, on_progress=spread.joined, stop=stop))


def paint_many(
    batch: Batch,
    spreading: Spreading,
    *,
    on_progress: Callable[[Step], None] | None = None,
    on_outcome: Callable[[Outcome], None] | None = None,
    stop: Callable[[], None] | None = None,
) -> Report:
    """Paint all items, each on one worker, and a single one by its pieces if it has some; see `Batch.paint`.

    Raises:
        VidstyleError: see `Batch.paint`; or the cluster does not begin, or there are pipes, or jobs.
    """
    if batch.jobs > 1:
        raise UsageError("`jobs` are of one machine; `on` has `workers`")
    if any(is_pipe(i.source.location) or is_pipe(i.output) for i in batch.plan.items):
        raise UsageError("`on` spreads files: no standard input or output")
    kind = PieceWork if _is_one_in_pieces(batch) else SpreadWork
    with Cluster(spreading, batch.compute) as cluster:
        return batch.paint(
            work=partial(kind, cluster),
            on_progress=on_progress,
            on_outcome=on_outcome,
            stop=stop,
        )


def _is_one_in_pieces(batch: Batch) -> bool:
    if len(batch.plan.items) != 1:
        return False
    try:
        check_divisible(batch.job(batch.plan.items[0], overwrite=True))
    except VidstyleError:  # where no job can be, the work says why
        return False
    return True


class PieceWork(Work):
    """The work of a batch of one item that has pieces, by these."""

    def __init__(self, cluster: Cluster, *args: Any) -> None:
        """Take the cluster, and what `Work` takes."""
        super().__init__(*args)
        self._cluster = cluster

    def _paint_here(self, model: Model, item: Item, look: Look) -> Result:
        told = partial(self._tell, item)
        fill = Spread(self._cluster, item.variant.model, self._batch.styles, told, self._stop)
        job = replace(self._batch.job(item, overwrite=self._batch.overwrite), resume=True)
        return fill.result(
            paint_by(model, look, job, fill=fill, on_progress=fill.joined, stop=self._stop)
        )
