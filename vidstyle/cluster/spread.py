"""A batch on a cluster: several inputs one by one, a single one by its pieces."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from vidstyle.batch.report import Outcome, Report
from vidstyle.batch.step import Step
from vidstyle.batch.work import Batch
from vidstyle.cluster.clips import SpreadWork
from vidstyle.cluster.options import Spreading
from vidstyle.cluster.pieces import Spread, check_divisible
from vidstyle.cluster.session import Cluster
from vidstyle.errors import UsageError
from vidstyle.files import Result
from vidstyle.media.pipes import is_pipe
from vidstyle.pipeline import Progress


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
    """Paint all items, each on one worker; see `Batch.paint`.

    Raises:
        VidstyleError: see `Batch.paint`; or the cluster does not begin, or there are pipes, or jobs.
    """
    if batch.jobs > 1:
        raise UsageError("`jobs` are of one machine; `on` has `workers`")
    for item in batch.plan.items:
        job = batch.job(item, overwrite=batch.overwrite)
        if is_pipe(job.source) or is_pipe(job.output):
            raise UsageError("`on` spreads files: no standard input or output")
    with Cluster(spreading, batch.compute) as cluster:
        return batch.paint(
            work=partial(SpreadWork, cluster),
            on_progress=on_progress,
            on_outcome=on_outcome,
            stop=stop,
        )
