"""The one thread in which everything is painted: models are loaded, compiled and called there alone."""

from __future__ import annotations

import heapq
import itertools
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

ResultT = TypeVar("ResultT")

PICTURE, TILE, RENDER = range(3)
"""What comes first: the picture that somebody looks at, the small ones of a gallery, the work of minutes."""


class Engine:
    """Calls functions one after the other, the most urgent first; pictures also between two batches of a render."""

    def __init__(self) -> None:
        self._due: list[tuple[int, int, Future[Any], Callable[[], Any]]] = []
        self._number = itertools.count()
        self._changed = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._work, daemon=True, name="engine")
        self._thread.start()

    @property
    def closed(self) -> bool:
        """Everything is to end."""
        return self._closed

    def call(self, function: Callable[[], ResultT], urgency: int) -> Future[ResultT]:
        """Let a function be called; a future that is cancelled before drops it."""
        future: Future[ResultT] = Future()
        with self._changed:
            if self._closed:
                future.cancel()
            else:
                heapq.heappush(self._due, (urgency, next(self._number), future, function))
                self._changed.notify()
        return future

    def breathe(self) -> None:
        """Call all that is more urgent than a render, from within one."""
        while self._call_next(RENDER):
            pass

    def close(self, seconds: float = 20) -> None:
        """Drop what is due, and wait for what is being painted: it asks `closed`."""
        with self._changed:
            self._closed = True
            dropped, self._due = self._due, []
            self._changed.notify()
        for _, _, future, _ in dropped:
            future.cancel()
        self._thread.join(seconds)

    def _work(self) -> None:
        while not self._closed:
            with self._changed:
                self._changed.wait_for(lambda: self._due or self._closed)
            self._call_next(RENDER + 1)

    def _call_next(self, below: int) -> bool:
        """Call the next function, if it is more urgent than `below`."""
        with self._changed:
            if not self._due or self._due[0][0] >= below:
                return False
            _, _, future, function = heapq.heappop(self._due)
        if future.set_running_or_notify_cancel():
            try:
                future.set_result(function())
            except BaseException as error:  # it is raised where the result is waited for
                future.set_exception(error)
        return True
