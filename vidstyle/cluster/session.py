"""A cluster of Ray and its workers, from the beginning of a run to its end."""

from __future__ import annotations

import contextlib
import importlib
import logging
import os
import secrets
import signal
import socket
import sys
import warnings
from collections.abc import Iterator
from functools import partial
from importlib.util import find_spec
from types import TracebackType
from typing import Any, Self

from vidstyle.cluster.crew import SAME, Crew, Member
from vidstyle.cluster.options import Spreading
from vidstyle.cluster.worker import Worker
from vidstyle.cores import cores
from vidstyle.errors import MissingPackageError, UsageError
from vidstyle.runtime.compute import Compute

_STORE = 80 * 2**20
"""Bytes of the object store of a cluster that is begun here, about the least that Ray takes: no pixels go through it."""

_ENVIRONMENT = {
    "RAY_AUTH_MODE": "token",
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_IGNORE_UNHANDLED_ERRORS": "1",
    "RAY_gcs_server_port_wait_time_s": "120",
    "RAY_raylet_start_wait_time_s": "120",
    "RAY_worker_niceness": "0",
}
"""Set unless the user has. Without them Ray has tokens on in a cluster of its own alone, reports its use, prints what became of work
that was given up, does not wait for a busy machine, and lets workers have what others leave of the processors (nice 15)."""

_UNNEEDED = ("start_monitor", "start_log_monitor", "start_api_server")
"""What starts Ray's processes that ask for more machines, pass on what workers print, and serve the dashboard."""

_SECONDS = 5.0
"""In which an address must answer, and workers must end by themselves."""


class Cluster:
    """Workers of Ray; use it as a context manager: none of them is left at its end."""

    def __init__(self, spreading: Spreading, compute: Compute) -> None:
        """Take where they are to be, and what they compute on.

        Raises:
            MissingPackageError: Ray is not installed, or not what a ray:// address needs.
            UsageError: this process uses Ray already, or has imported it without tokens.
        """
        if "ray._raylet" in sys.modules and "RAY_AUTH_MODE" not in os.environ:
            raise UsageError(
                "Ray was imported without tokens, which `on` takes: set RAY_AUTH_MODE=token in the environment before the "
                "program begins, or let vidstyle import Ray"
            )
        for name, value in _ENVIRONMENT.items():  # Ray reads it as it is imported
            os.environ.setdefault(name, value)
        if spreading.address is None and "RAY_AUTH_TOKEN_PATH" not in os.environ:
            os.environ.setdefault(
                "RAY_AUTH_TOKEN", secrets.token_hex(32)
            )  # else one is kept for ever
        try:
            self.ray: Any = importlib.import_module("ray")
        except ImportError as error:
            raise MissingPackageError(
                "`on` spreads the work by Ray, which is not installed: pip install 'vidstyle[ray]'"
            ) from error
        if self.ray.is_initialized():  # `close` would end what is not its own
            raise UsageError("this process uses Ray already: call ray.shutdown() before `on`")
        if (spreading.on or "").startswith("ray://") and not find_spec("grpc"):
            raise MissingPackageError(
                "`on` at a ray:// address needs grpcio, which is not installed: pip install 'vidstyle[ray]'"
            )
        self._spreading, self._compute = spreading, compute
        self.crew: Crew
        """Its workers, from `__enter__` on."""

    def __enter__(self) -> Self:
        try:
            with _signals_kept():
                self._begin()
            self.crew = self._crew()
        except BaseException:
            self.close()
            raise
        return self

    def _begin(self) -> None:
        address = self._spreading.address
        options: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
        if address is None:
            asked = (self._spreading.workers or 0) * self._spreading.worker_cores
            options |= {"address": "local", "num_cpus": asked or cores()}
            options |= {"object_store_memory": _STORE, "include_dashboard": False}
        else:
            _check_reachable(address)
            options |= {"address": address}
        try:
            with warnings.catch_warnings(action="ignore"), _few_processes(self.ray):
                self.ray.init(**options)  # what it warns of is in the error, too
        except Exception as error:
            said = _said(error)
            way_out = f"{SAME}, and the same token; or the head is very busy: try again later"
            if address is None:
                way_out = "on a machine that is very busy, try again later, or take `jobs`"
            raise UsageError(
                f"Ray does not begin {address or 'on this machine'}: {said}; {way_out}"
            ) from error

        # It prints to standard output what became of workers, whatever `log_to_driver` says; it offers no other way.
        with contextlib.suppress(AttributeError):
            self.ray._private.worker._worker_logs_enabled = False

    def _crew(self) -> Crew:
        """Ask for as many workers as the machines have room for."""
        has = [node["Resources"] for node in self.ray.nodes() if node["Alive"]]
        each, gpus = self._spreading.worker_cores, self._wants_gpus(has)
        rooms = [int(h.get("CPU", 0)) // each for h in has]  # a worker is on one machine
        if gpus:
            rooms = [min(n, int(h.get("GPU", 0))) for n, h in zip(rooms, has, strict=True)]
        count = min(sum(rooms), self._spreading.workers or sum(rooms))
        if not count:
            raise UsageError(
                f"no machine of the cluster has {each} cores for a worker; choose fewer `worker_cores`"
            )
        kind = self.ray.remote(
            num_cpus=each,
            num_gpus=1 if gpus else 0,
            max_concurrency=2,  # one works, another tells how far that is
        )(Worker)
        return Crew(self.ray, partial(kind.remote, each, cores()), count)

    def _wants_gpus(self, has: list[dict[str, float]]) -> bool:
        wanted = self._compute.device == "auto" or self._compute.device.startswith("cuda")
        return wanted and any(h.get("GPU", 0) >= 1 for h in has)

    def end(self, worker: Member, answer: Any) -> Any:
        """End a worker; return the result of its call; None where there is none."""
        with contextlib.suppress(Exception):
            self.ray.wait([worker.actor.end.remote()], timeout=_SECONDS)
            return self.ray.get(answer, timeout=_SECONDS)
        return None

    def close(self) -> None:
        """Let the workers end what they do, and end them."""
        if not self.ray.is_initialized():
            return
        with contextlib.suppress(Exception):
            ending = [worker.actor.end.remote() for worker in self.crew.members if worker.begun]
            if ending:
                self.ray.wait(ending, num_returns=len(ending), timeout=_SECONDS)
            for worker in self.crew.members:
                self.ray.kill(worker.actor)
        self.ray.shutdown()

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


@contextlib.contextmanager
def _few_processes(ray: Any) -> Iterator[None]:
    """Let a cluster that begins here do without the processes that serve others than its work: they take as long to start as a worker.

    Ray has no option for this; where a version calls them otherwise, they start.
    """
    node = getattr(getattr(getattr(ray, "_private", None), "node", None), "Node", None)
    kept = {name: getattr(node, name) for name in _UNNEEDED if hasattr(node, name)}
    for name in kept:
        setattr(node, name, lambda *_, **__: None)
    try:
        yield
    finally:
        for name, start in kept.items():
            setattr(node, name, start)


def _said(error: Exception) -> str:
    """Return the first sentence of an error; of one that announces another one, that, too."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    if not lines:
        return type(error).__name__
    said = lines[0].partition(". ")[0]
    if said.endswith(":") and len(lines) > 1:
        said += f" {lines[-1]}"
    return said.rstrip(".")


def _check_reachable(address: str) -> None:
    """Ask whether anybody listens: Ray itself would ask for half a minute."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), _SECONDS).close()
    except (OSError, ValueError, OverflowError) as error:
        raise UsageError(
            f"nobody answers at {address}, where `on` looks for Ray: {error}"
        ) from error


@contextlib.contextmanager
def _signals_kept() -> Iterator[None]:
    """Undo what Ray does to the signals that the caller has chosen to hear."""
    kept = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in kept.items():
            with contextlib.suppress(ValueError):  # not in the main thread
                signal.signal(number, handler)
