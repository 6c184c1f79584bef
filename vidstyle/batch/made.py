"""What is known of results that are there, noted as soon as they are: the report itself is written at most once a second."""

from __future__ import annotations

import json
import shutil
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from vidstyle.media.address import Place, Stored
from vidstyle.media.inputs import fingerprint_of
from vidstyle.media.overwriting import existing
from vidstyle.media.stores import is_stored, stored_fingerprint


@dataclass(frozen=True)
class Made:
    """What is known of a result that is there."""

    settings: str = ""
    """Digest of its input, style and settings."""
    output: str = ""
    """Fingerprint of the file."""

    def as_dict(self) -> dict[str, str]:
        """Return it for JSON."""
        return {"made_of": self.settings, "fingerprint": self.output}


@dataclass(frozen=True)
class Note:
    """A file beside the report, which whoever has made a result writes; a run that is killed leaves it to the next."""

    path: Path
    output: str
    """The result, as the report names it."""
    settings: str
    """Digest of what it is made of."""

    @classmethod
    def begin(cls, report: Path, output: str, settings: str) -> Note:
        """Make its folder; the file is named such that the next run finds it."""
        folder = folder_of(report).absolute()
        with suppress(OSError):  # as in `write`
            folder.mkdir(exist_ok=True)
        name = f"{sha256(output.encode()).hexdigest()[:32]}.json"
        return cls(folder / name, output, settings)

    def write(self, file: Place) -> Made:
        """Note that a result is whole, if the folder is there, and return what is known of it.

        Args:
            file: the result.

        Raises:
            VidstyleError: it cannot be read.
        """
        made = Made(self.settings, fingerprint_of_output(file))
        with suppress(
            OSError
        ):  # the result counts, and the report has it soon; another machine may not see the folder
            self.path.write_text(json.dumps({"output": self.output} | made.as_dict()), "utf-8")
        return made


def fingerprint_of_output(output: Place) -> str:
    """Return what tells a result from another, all of its pictures where it is numbered ones; nothing where there is none.

    Raises:
        VidstyleError: it cannot be read.
    """
    if isinstance(output, Stored):
        return stored_fingerprint(output) if is_stored(output) else ""
    files = sorted(existing(output)) if output.parent.is_dir() else []
    return fingerprint_of(files) if files else ""


def folder_of(report: Path) -> Path:
    """Return where the notes of a report lie."""
    return report.with_name(f"{report.name}.made")


def read_notes(report: Path) -> list[dict[str, Any]]:
    """Return what the notes of a run that was killed know, each as an entry of a report."""
    notes = []
    for file in folder_of(report).glob("*.json"):
        with suppress(OSError, ValueError):  # one that was cut off while it was written
            notes.append(json.loads(file.read_text(encoding="utf-8")))
    return notes


def remove_notes(report: Path) -> None:
    """Remove the notes of a report that has all that they know."""
    shutil.rmtree(folder_of(report), ignore_errors=True)
