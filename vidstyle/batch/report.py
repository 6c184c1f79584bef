"""The report of a batch: what became of each result, for people and programs, and for the run after it.

It is the memory of a batch, too: it holds a digest of what each result was made of, and one of the result itself, by which
a later run sees that it is there already.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from vidstyle.batch.made import Made, read_notes, remove_notes
from vidstyle.batch.plan import Item
from vidstyle.disk.pending import write_whole
from vidstyle.errors import UsageError
from vidstyle.files import Result
from vidstyle.media.address import Place
from vidstyle.media.overwriting import check_replaceable

_FROM_BEST = (0, 3, 2, 4, 1)
"""Exit codes, see `vidstyle.errors`: done, damaged, refused, not written, a bug."""

_SECONDS = 1.0
"""Between two times that the report is written, at least, but for the last."""


@dataclass(frozen=True)
class Outcome:
    """What became of one result."""

    item: Item
    status: str = "waiting"
    """waiting, done, skipped (it is there already, made of the same), or failed."""
    reason: str = ""
    """Of a failure, one line."""
    exit_code: int = 0
    """As `vidstyle.errors` has them: 3 where it is done, and the input was damaged."""
    result: Result | None = None
    """Of what is done."""
    made: Made = Made()  # noqa: RUF009 - it is frozen
    trace: str = ""
    """Of a bug, the traceback."""

    @property
    def source(self) -> str:
        """The input."""
        return str(self.item.source.location)

    @property
    def styles(self) -> list[str]:
        """The styles that were mixed."""
        return self.item.variant.names

    @property
    def output(self) -> Place:
        """The file that was to be made."""
        return self.item.output

    def as_dict(self) -> dict[str, Any]:
        """Return it for JSON."""
        found: dict[str, Any] = {
            "input": self.source,
            "styles": self.styles,
            "output": str(self.output),
            "status": self.status,
            "exit_code": self.exit_code,
        }
        if self.reason:
            found["reason"] = self.reason
        if self.trace:
            found["traceback"] = self.trace
        if self.result:
            summary = self.result.summary
            found |= {
                "frames": summary.frames,
                "resumed": summary.resumed,
                "damaged": summary.damaged,
                "seconds": round(summary.seconds, 3),
                "engine": self.result.engine,
            }
        if self.made.settings:
            found |= self.made.as_dict()
        return found


@dataclass(frozen=True)
class Report:
    """What became of all results, in the order of the plan."""

    outcomes: tuple[Outcome, ...]
    seconds: float
    """From the beginning of the work on."""

    def count(self, status: str) -> int:
        """Return how many results have a status."""
        return sum(outcome.status == status for outcome in self.outcomes)

    @property
    def exit_code(self) -> int:
        """The worst of all.

        A bug (1) comes before an output that could not be written (4), a wrong use or input (2), a damaged input (3), and 0.
        """
        return max((o.exit_code for o in self.outcomes), key=_FROM_BEST.index, default=0)

    def as_dict(self) -> dict[str, Any]:
        """Return it for JSON."""
        counts = {s: self.count(s) for s in ("done", "skipped", "failed", "waiting")}
        return {
            "vidstyle": own_version(),
            **counts,
            "exit_code": self.exit_code,
            "seconds": round(self.seconds, 3),
            "results": [outcome.as_dict() for outcome in self.outcomes],
        }


def own_version() -> str:
    """Return the version of this package."""
    try:
        return version("vidstyle")
    except PackageNotFoundError:
        return "unknown"


def read_made(path: Path | None) -> dict[str, Made]:
    """Return what an earlier report, and its notes, know of results, by their names; nothing where there are none.

    Raises:
        UsageError: there is a file that is no report, or one could not be written there.
    """
    if path is None:
        return {}
    check_replaceable(path, overwrite=True, named="report")
    try:
        results = json.loads(path.read_text(encoding="utf-8"))["results"] if path.exists() else []
        results += read_notes(path)
        return {
            r["output"]: Made(r["made_of"], r["fingerprint"]) for r in results if "made_of" in r
        }
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from error
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise UsageError(
            f"{path} is there and no report of a run; choose another `report`"
        ) from error


@dataclass
class Record:
    """The report while the work goes on."""

    path: Path | None
    outcomes: dict[Item, Outcome]
    began: float = field(default_factory=time.monotonic)
    _written: float = 0.0

    @classmethod
    def begin(cls, path: Path | None, items: Iterable[Item], made: Mapping[str, Made]) -> Record:
        """Begin with all of them waiting; what is known of a result stays known until it is made anew."""
        known = {i: Outcome(i, made=made.get(str(i.output), Made())) for i in items}
        return cls(path, known)

    def add(self, item: Item, **facts: Any) -> Outcome:
        """Take what became of a result.

        Raises:
            OutputError: the report cannot be written.
        """
        outcome = self.outcomes[item] = replace(self.outcomes[item], **facts)
        if time.monotonic() - self._written >= _SECONDS:
            self.write()
        return outcome

    @property
    def seconds(self) -> float:
        """Since it was begun."""
        return time.monotonic() - self.began

    @property
    def report(self) -> Report:
        """As far as it is."""
        return Report(tuple(self.outcomes.values()), self.seconds)

    def write(self) -> None:
        """Write the file, if there is to be one.

        Raises:
            OutputError: it cannot be written.
        """
        if self.path is not None:
            write_whole(self.path, json.dumps(self.report.as_dict(), indent=1).encode() + b"\n")
            self._written = time.monotonic()

    def end(self) -> None:
        """Write the file for the last time.

        Raises:
            OutputError: it cannot be written.
        """
        self.write()
        if self.path is not None:
            remove_notes(self.path)
