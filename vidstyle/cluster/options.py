"""Where the work is spread: the wishes of a user, as one value."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated

from vidstyle.errors import UsageError
from vidstyle.fields import MACHINE, Between, check, documented

_ADDRESS = re.compile(r"(ray://)?[^/\s]+:\d+")


@MACHINE
@documented
@dataclass(frozen=True)
class Spreading:
    """Where the work is spread, and how.

    Raises:
        UsageError: that is no address.
    """

    on: str | None = None
    """Distribute the work over workers of Ray: ray, a cluster on this machine alone, which ends with the run; or an existing one, ray://HOST:10001,
    or HOST:6379 if this machine belongs to it. Several inputs are distributed whole, a single one in pieces. All machines must see the same files
    under the same names, or read and write them at addresses (s3://...). None: not at all."""
    worker_cores: Annotated[int, Between(1, 256)] = 1
    """Cores of each worker."""

    workers: Annotated[int | None, Between(1, 10_000)] = None
    """Number of workers. None: as many as the cores allow."""

    def __post_init__(self) -> None:
        check(self)
        if self.on is None and (self.workers is not None or self.worker_cores != 1):
            raise UsageError(
                "`workers` and `worker_cores` are of `on`: give where the work is spread"
            )
        if self.on not in {None, "ray"} and not _ADDRESS.fullmatch(str(self.on)):
            raise UsageError(f"expected `on` ray, ray://HOST:PORT or HOST:PORT, got {self.on}")

    @property
    def address(self) -> str | None:
        """Of the cluster; None: one of this machine alone is begun."""
        return None if self.on == "ray" else self.on
