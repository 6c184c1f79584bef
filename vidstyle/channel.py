"""A queue between two threads of the pipeline."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

ItemT = TypeVar("ItemT")

WAIT = 0.1
"""Seconds between two calls of `check` while a queue is empty or full."""


class Abandoned(Exception):
    """Raised in a helper thread when the main thread has given up."""


class Channel(Generic[ItemT]):
    """A bounded queue that both ends can leave: errors travel down it, `abandon` frees its waiters."""

    def __init__(self, size: int) -> None:
        self._queue: queue.Queue[ItemT | BaseException | None] = queue.Queue(size)
        self._abandoned = threading.Event()

    def put(self, item: ItemT | BaseException | None, check: Callable[[], None]) -> None:
        """Wait for room; None is the end, an exception is raised at the other end."""
        while True:
            check()
            if self._abandoned.is_set():
                raise Abandoned
            try:
                return self._queue.put(item, timeout=WAIT)
            except queue.Full:
                continue

    def get(self, check: Callable[[], None]) -> ItemT | None:
        """Wait for the next item; None is the end."""
        while True:
            check()
            if self._abandoned.is_set():
                raise Abandoned
            try:
                item = self._queue.get(timeout=WAIT)
            except queue.Empty:
                continue
            if isinstance(item, BaseException):
                raise item
            return item

    def empty(self) -> bool:
        """Return whether nothing waits in it."""
        return self._queue.empty()

    def abandon(self) -> None:
        """Free whoever waits, now and later."""
        self._abandoned.set()
