"""Many videos, each painted whole by one of many workers."""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from vidstyle.batch.made import Note
from vidstyle.batch.plan import Item, Variant
from vidstyle.batch.work import Work
from vidstyle.cluster.crew import RETRIES, Member, WorkerLostError, lost_too_often
from vidstyle.cluster.pieces import absolute, network_of
from vidstyle.cluster.session import Cluster
from vidstyle.cluster.worker import Network
from vidstyle.errors import InputError
from vidstyle.files import Job, Result
from vidstyle.selection import load_wished
from vidstyle.stylize.look import Look

log = logging.getLogger(__name__)

_WAIT = 0.5
"""Seconds between two questions how far a worker is."""

_FREE = 0.05
"""Seconds between two looks for a free worker: as they begin, their cores wait for this."""


class SpreadWork(Work):
    """The work of a batch, done by workers; a thread here waits for each of them."""

    def __init__(self, cluster: Cluster, *args: Any) -> None:
        """Take the cluster, and what `Work` takes."""
        super().__init__(*args)
        self._cluster = cluster
        self._jobs = len(cluster.crew)
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
        """Have a worker paint an item, and another one where that one is lost."""
        job = absolute(self._batch.job(item, overwrite=self._batch.overwrite))
        network = network_of(item.variant.model, look, self._batch.styles)
        note = self._note(item)
        losses = 0
        while True:
            try:
                return self._ask(item, job, network, note)
            except WorkerLostError as error:
                losses += 1
                if losses > RETRIES:
                    raise lost_too_often(error) from error
                log.info("%s is painted anew: %s", item, error)
                job = replace(job, overwrite=True)  # what is there now is of the lost worker

    def _ask(self, item: Item, job: Job, network: Network, note: Note | None) -> Result:
        crew, worker = self._cluster.crew, self._free_worker()
        try:
            answer = worker.actor.paint_file.remote(job, network, note)
            while not self._cluster.ray.wait([answer], timeout=_WAIT)[0]:
                try:
                    self._stop()
                except BaseException as error:
                    made: Result | None = self._cluster.end(worker, answer)
                    if made is None:
                        raise
                    # Raised when it is in the report, by which the next run skips it.
                    self._cut_off[item] = error
                    return made
                if progress := crew.check(worker):
                    self._tell(item, progress)
            result: Result = crew.result(worker, answer)
            return result
        finally:
            crew.give_back(worker)

    def _free_worker(self) -> Member:
        """Wait for a worker that has nothing to do."""
        while True:
            self._stop()
            with self._ending():  # without workers: the others would wait as long
                if worker := self._cluster.crew.take():
                    return worker
            time.sleep(_FREE)
