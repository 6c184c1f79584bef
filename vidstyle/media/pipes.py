"""Standard input and output as media: `-` in the place of a file's name."""

from __future__ import annotations

import contextlib
import os
import select
import stat
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path

STDIO = Path("-")

_WAIT = 0.1
"""Seconds between two calls of `stop` while nothing comes, or nobody reads."""

_AT_ONCE = 2**20
"""Bytes written to a file at a time."""


def is_pipe(path: object) -> bool:
    """Return whether a name stands for standard input or output."""
    return path == STDIO


class Feed(ABC):
    """Bytes that come while they are read. A read that waits ends when the run is stopped or given up."""

    name = ""
    """For people."""

    def __init__(self, stop: Callable[[], None] | None = None) -> None:
        """Take `stop`, which raises to end a read."""
        self.head = b""
        """What came first, some of it."""
        self.failure: str | None = None
        """The reason why no more can be read, if that is not the end."""
        self._stop = stop
        self._given_up = False

    @property
    def stopped(self) -> Exception | None:
        """The exception that `stop` raises; None where it raises none."""
        try:
            if self._stop:
                self._stop()
        except Exception as reason:
            return reason
        return None

    @property
    def is_over(self) -> bool:
        """True once it is stopped or given up."""
        return self._given_up or self.stopped is not None

    @abstractmethod
    def read(self, size: int) -> bytes:
        """Return up to `size` bytes, none at the end or once it is over.

        Nothing is raised: PyAV would print it.
        """

    def give_up(self) -> None:
        """End the read that waits, and all to come; from another thread."""
        self._given_up = True


class InputPipe(Feed):
    """Standard input as PyAV reads it."""

    name = "standard input"

    def __init__(self, stop: Callable[[], None] | None = None) -> None:
        """Take `stop`, which raises to end a read."""
        super().__init__(stop)
        self._descriptor = sys.stdin.fileno()
        # Windows can wait for sockets alone.
        self._waits = os.name != "nt"

    def read(self, size: int) -> bytes:
        """See `Feed.read`."""
        while not self.is_over:
            if not self._waits or select.select([self._descriptor], [], [], _WAIT)[0]:
                data = os.read(self._descriptor, size)
                self.head = self.head or data
                return data
        return b""


class OutputPipe:
    """Standard output as PyAV writes it.

    As long as it is open, whatever else prints to standard output ends up on standard error: a library's
    greeting would damage the media.
    """

    name = "standard output"

    def __init__(self) -> None:
        sys.stdout.flush()
        self._given_up = False
        self._descriptor = os.dup(1)
        os.dup2(2, 1)
        mode = os.fstat(self._descriptor).st_mode
        waits = os.name != "nt" and not stat.S_ISREG(mode)
        # So many bytes a pipe that is ready takes without waiting for its reader.
        self._at_once = select.PIPE_BUF if waits else _AT_ONCE
        self._waits = waits

    def write(self, data: bytes) -> int:
        """Write all.

        Raises:
            BrokenPipeError: the reader is gone, or the run was given up.
        """
        left = memoryview(data)
        while left:
            if self._given_up:
                raise BrokenPipeError
            if not self._waits or select.select([], [self._descriptor], [], _WAIT)[1]:
                left = left[os.write(self._descriptor, left[: self._at_once]) :]
        return len(data)

    def give_up(self) -> None:
        """End the write that waits; from another thread."""
        self._given_up = True

    def close(self) -> None:
        """Give standard output back."""
        if self._descriptor >= 0:
            os.dup2(self._descriptor, 1)
            os.close(self._descriptor)
            self._descriptor = -1


class PendingPipe:
    """Standard output in the place of a file that is being made: nothing can be taken back."""

    def __init__(self) -> None:
        self.target = OutputPipe()

    def rename(self, path: Path) -> None:
        """Do nothing: it has no name."""

    def commit(self, *, overwrite: bool) -> None:
        """End it."""
        self.target.close()

    def discard(self) -> None:
        """End it."""
        with contextlib.suppress(OSError):
            self.target.close()
