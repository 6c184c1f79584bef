"""The workers of a run: those that have begun are given work; one that dies, or falls silent, is replaced."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from vidstyle.errors import UsageError
from vidstyle.pipeline import Progress

log = logging.getLogger(__name__)

PATIENCE = 300.0
"""Seconds after which a worker that does not answer is given up; the run, where none has answered for so long."""

NOTICE = 30.0
"""Seconds after which it is said that workers have not begun."""

RETRIES = 3
"""Times that work whose worker was lost is given to another one."""

SAME = "every machine needs the same versions of vidstyle, Ray and Python"

_LITTLE_MEMORY = (
    "a machine that has too little memory kills it: choose more `worker_cores`, so that there are "
    "fewer of them"
)

_PULSE, _FIRST = 0.5, 0.05
"""Seconds between two looks at a worker; at one that has not begun."""


class NoWorkerError(UsageError):
    """There is no worker, and none is to be expected."""


class WorkerLostError(UsageError):
    """A worker has died, or does not answer any more; another one was asked for."""


def lost_too_often(error: WorkerLostError) -> WorkerLostError:
    """Return the error that ends work which has cost more workers than it may."""
    return WorkerLostError(f"{RETRIES + 1} workers were lost over the same work: {error}")


class Member:
    """A worker, as the run sees it."""

    def __init__(self, ray: Any, actor: Any) -> None:
        """Take the handle of its actor; see `Worker`."""
        self.actor = actor
        self.begun = False
        """It has answered, and so has its place."""
        self.error: Exception | None = None
        """With which it died."""
        self.heard = self._looked = time.monotonic()
        """When it last answered, or was asked for."""
        self._ray = ray
        self._asked = actor.progress.remote()

    def look(self) -> Progress | None:
        """Return how far it is with a file, where it has answered that since the last look."""
        now = time.monotonic()
        if now - self._looked < (_PULSE if self.begun else _FIRST):
            return None
        self._looked = now
        if not self._ray.wait([self._asked], timeout=0)[0]:
            return None
        try:
            progress: Progress | None = self._ray.get(self._asked)
        except self._ray.exceptions.RayError as error:
            self.error = error
            return None
        self._asked = self.actor.progress.remote()
        self.begun, self.heard = True, now
        return progress

    @property
    def is_silent(self) -> bool:
        """True where it has begun, and does not answer any more."""
        return self.begun and time.monotonic() - self.heard > PATIENCE


class Crew:
    """So many workers. Several threads may share them."""

    def __init__(self, ray: Any, hire: Callable[[], Any], count: int) -> None:
        """Ask for workers; each begins as soon as the cluster has room for it.

        Args:
            ray: the module.
            hire: asks for a worker, and returns the handle of its actor.
            count: of the workers.
        """
        self._ray, self._hire = ray, hire
        self._lock = threading.RLock()
        self.members: list[Member] = []
        self._free: deque[Member] = deque()
        for _ in range(count):
            self._ask_for_one()
        self.most = 0
        """Workers that had begun, at most at a time."""
        self._stillborn = 0
        """Workers that died before they had begun, one after the other."""
        self._since = time.monotonic()
        self._noticed = ""

    def __len__(self) -> int:
        return len(self.members)

    def take(self) -> Member | None:
        """Return a worker that has begun and has nothing to do; None: there is none now.

        Raises:
            NoWorkerError: there will be none.
        """
        with self._lock:
            self.tend()
            ready = next((member for member in self._free if member.begun), None)
            if ready:
                self._free.remove(ready)
            return ready

    def give_back(self, member: Member) -> None:
        """Take a worker back that has nothing to do any more; one that was replaced is forgotten."""
        with self._lock:
            if member in self.members:
                self._free.append(member)

    def tend(self) -> None:
        """Look who has begun, and replace the workers without work that are lost.

        Raises:
            NoWorkerError: there will be none.
        """
        with self._lock:
            for member in [*self._free]:
                member.look()
                if member.error and not member.begun:
                    self._check_births(member.error)
                if member.error or member.is_silent:
                    self._replace(member)
            begun = [member for member in self.members if member.begun]
            if begun:
                self.most = max(self.most, len(begun))
                self._stillborn = 0
            self._check_missing(len(begun))

    def check(self, member: Member) -> Progress | None:
        """Return how far a worker is, if that is new.

        Raises:
            WorkerLostError: it does not answer any more.
        """
        progress = member.look()
        if member.is_silent:
            self._replace(member)
            raise WorkerLostError(f"a worker has not answered for {PATIENCE:.0f} seconds")
        return progress

    def result(self, member: Member, answer: Any) -> Any:
        """Return the result of a worker's call that has ended.

        Raises:
            Exception: what the worker raised.
            WorkerLostError: it has died.
        """
        errors = self._ray.exceptions
        try:
            return self._ray.get(answer)
        except errors.RayTaskError as error:
            raise error.cause from None
        except errors.RayError as error:
            self._replace(member)
            raise WorkerLostError(
                f"a worker has died ({type(error).__name__}); {_LITTLE_MEMORY}"
            ) from error

    def _ask_for_one(self) -> None:
        self.members.append(Member(self._ray, self._hire()))
        self._free.append(self.members[-1])

    def _replace(self, member: Member) -> None:
        """Give a worker up, and ask for another one."""
        with self._lock:
            self._ray.kill(member.actor)
            self.members.remove(member)
            if member in self._free:
                self._free.remove(member)
            self._ask_for_one()

    def _check_births(self, error: Exception) -> None:
        if getattr(error, "actor_init_failed", False):
            said = str(error).strip().splitlines()[-1]
            raise NoWorkerError(f"a worker does not begin: {said}; {SAME}") from error
        self._stillborn += 1
        if self._stillborn > RETRIES:
            raise NoWorkerError(
                f"{self._stillborn} workers died as they began ({type(error).__name__}); {_LITTLE_MEMORY}"
            ) from error

    def _check_missing(self, begun: int) -> None:
        """Say that workers have not begun; end the run where there is none."""
        now = time.monotonic()
        if now - max(member.heard for member in self.members) > PATIENCE:
            raise NoWorkerError(
                f"no worker has begun or answered for {PATIENCE:.0f} seconds: {self._room()}; try again when there is room, "
                "or choose fewer `worker_cores`"
            )
        so = "the work goes on with the others" if begun else "waiting for a worker"
        if so != self._noticed and now - self._since > NOTICE and begun < len(self):
            self._noticed = so
            missing = len(self) - begun
            log.warning(
                "%d of %d workers have not begun: %s; %s", missing, len(self), self._room(), so
            )

    def _room(self) -> str:
        """Say how much of the cluster is free."""
        free = self._ray.available_resources().get("CPU", 0)
        return f"{free:.0f} of {self._ray.cluster_resources().get('CPU', 0):.0f} cores of the cluster are free"
