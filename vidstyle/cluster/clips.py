"""Many videos, each painted whole by one of many workers."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

from vidstyle.batch.plan import Item, Variant
from vidstyle.batch.work import Work
from vidstyle.cluster.pieces import absolute, network_of
from vidstyle.cluster.session import Cluster, WorkerLostError
from vidstyle.errors import InputError
from vidstyle.files import Result
from vidstyle.pipeline import Progress
from vidstyle.selection import load_wished
from vidstyle.stylize.look import Look

_WAIT = 0.5
"""Seconds between two questions how far a worker is."""


class SpreadWork(Work):
    """The work of a batch, done by workers; a thread here waits for each of them."""

    def __init__(self, cluster: Cluster, *args: Any) -> None:
        """Take the cluster, and what `Work` takes."""
        super().__init__(*args)
        self._cluster = cluster
        self._free = deque(cluster.workers)
        self._jobs = len(cluster.workers)
        self._cut_off: dict[Item, BaseException] = {}
        """What ended the work while a worker had made an item already."""

    def _together(self, name: str | Path, items: list[Item]) -> None:
        """Paint the largest first: what is begun last is what the others wait for at the end."""
        super()._together(name, sorted(items, key=lambda item: -item.source.bytes))

    def _job(self, name: str | Path, variants: list[Variant], waiting: deque[Item]) -> None:
        with self._lock:
            if any(variant not in self._looks for variant in variants):
                try:
                    with load_wished(name, self._batch.compute, self._batch.styles) as model:
                        self._read_styles(model, variants)
                except InputError as error:
                    self._looks |= dict.fromkeys(variants, error)
        self._paint(waiting, self._paint_there)

    def _paint_item(self, item: Item, look: Look, paint: Callable[[Item, Look], Result]) -> None:
        super()._paint_item(item, look, paint)
        if error := self._cut_off.pop(item, None):
            raise error

    def _paint_there(self, item: Item, look: Look) -> Result:
        """Have a worker paint an item; there is one for each thread."""
        worker = self._free.popleft()
        try:
            return self._ask(worker, item, look)
        except WorkerLostError:  # by this item: the next ones get another
            worker = self._cluster.hire()
            raise
        finally:
            self._free.append(worker)

    def _ask(self, worker: Any, item: Item, look: Look) -> Result:
        ray = self._cluster.ray
        job = self._batch.job(item, overwrite=self._batch.overwrite)
        answer = worker.paint_file.remote(
            absolute(job), network_of(item.variant.model, look, self._batch.styles)
        )
        asked = worker.progress.remote()
        while not ray.wait([answer], timeout=_WAIT)[0]:
            try:
                self._stop()
            except BaseException as error:
                made: Result | None = self._cluster.end(worker, answer)
                if made is None:
                    raise
                self._cut_off[item] = error  # when it is in the report: the next run skips it then
                return made
            if ray.wait([asked], timeout=0)[0]:
                self._tell_of(item, asked)
                asked = worker.progress.remote()
        result: Result = self._cluster.result(answer)
        return result

    def _tell_of(self, item: Item, asked: Any) -> None:
        try:
            progress: Progress | None = self._cluster.ray.get(asked)
        except self._cluster.ray.exceptions.RayError:  # what became of its work is told by that
            return
        if progress:
            self._tell(item, progress)
