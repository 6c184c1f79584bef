"""Outputs that appear under their names only when they are whole.

A muxer writes a valid end even after an error, so only the name can say that a file is done. What is
written lies under a hidden name in the same folder, so that the renaming is one step of the disk.
"""

from __future__ import annotations

import contextlib
import logging
import os
import secrets
import shutil
import weakref
from pathlib import Path
from typing import Any, Protocol

from vidstyle.errors import UsageError
from vidstyle.media.containers import container_for, is_sequence, number_pattern
from vidstyle.media.pipes import PendingPipe, is_pipe

log = logging.getLogger(__name__)


def _existing(path: Path) -> list[Path]:
    """Return the files that an output would replace, or mix with."""
    if not is_sequence(path):
        return [path] if path.exists() else []
    pattern = number_pattern(path)
    return [p for p in path.parent.iterdir() if pattern.fullmatch(p.name)]


def _exists(path: Path) -> str:
    return f"{path} exists already; allow `overwrite` or choose another `output`"


def check_output(path: Path, *, overwrite: bool, container: str | None = None) -> None:
    """Refuse an output that cannot or must not be written, before any work is done.

    Args:
        path: of the file, or `-`.
        overwrite: it may exist.
        container: named by the user; None: the file's ending tells.

    Raises:
        UsageError: no such folder, an unknown ending, a folder, or a file that exists.
    """
    container_for(path, container)
    if is_pipe(path):
        return
    try:
        if not path.parent.is_dir():
            raise UsageError(f"cannot write {path}: the folder {path.parent} does not exist")
        if path.is_dir():
            raise UsageError(f"cannot write {path}: it is a folder")
        if not overwrite and _existing(path):
            raise UsageError(_exists(path))
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror}") from error


class PendingOutput(Protocol):
    """An output while it is being made."""

    target: Any
    """The muxer's target: a URL, or an object with `write`."""

    def rename(self, path: Path) -> None:
        """Let another name be the one that `commit` gives."""
        ...

    def commit(self, *, overwrite: bool) -> None:
        """Give it its name."""
        ...

    def discard(self) -> None:
        """Remove it."""
        ...


class PendingFile:
    """One file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        # Not one name for all: two runs to the same output would write into one file.
        self.file = path.with_name(f".{path.name[:40]}.{secrets.token_hex(4)}.part")
        # "file:" keeps a colon in the name from being read as a protocol.
        self.target = f"file:{self.file}"

    def rename(self, path: Path) -> None:
        """Let another name be the final one."""
        self._path = path

    def commit(self, *, overwrite: bool) -> None:
        """Give the file its name."""
        with self.file.open("rb+") as file:
            os.fsync(file.fileno())
        if not overwrite and self._path.exists():  # it may have come meanwhile
            raise UsageError(_exists(self._path))
        self.file.replace(self._path)

    def discard(self) -> None:
        """Remove the file."""
        with contextlib.suppress(OSError):
            self.file.unlink(missing_ok=True)


class PendingFolder:
    """Numbered files, beside their final place in a hidden folder until the last is written."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._pending = path.parent / f".{secrets.token_hex(6)}.part"
        self._pending.mkdir()
        self.target = f"{str(self._pending).replace('%', '%%')}/{path.name}"

    def rename(self, path: Path) -> None:
        """Let another name be the final one."""
        self._path = path

    def commit(self, *, overwrite: bool) -> None:
        """Give every file its name."""
        if not overwrite and _existing(self._path):
            raise UsageError(_exists(self._path))
        made = sorted(self._pending.iterdir())
        older = {p.name for p in _existing(self._path)} - {p.name for p in made}
        for file in made:
            file.replace(self._path.with_name(file.name))
        self._pending.rmdir()
        if older:
            log.warning(
                "%d older pictures, such as %s, still lie beside the new ones",
                len(older),
                min(older),
            )

    def discard(self) -> None:
        """Remove them all."""
        shutil.rmtree(self._pending, ignore_errors=True)


class PendingAddress:
    """An address that is sent to: nothing can be taken back."""

    def __init__(self, address: str) -> None:
        self.target = address

    def rename(self, path: Path) -> None:
        """Do nothing: it has no name."""

    def commit(self, *, overwrite: bool) -> None:
        """Do nothing: all was sent."""

    def discard(self) -> None:
        """Do nothing: what was sent is gone."""


_unfinished: weakref.WeakSet[PendingFile | PendingFolder] = weakref.WeakSet()


def pending_output(path: Path) -> PendingOutput:
    """Begin an output."""
    if is_pipe(path):
        return PendingPipe()
    pending = PendingFolder(path) if is_sequence(path) else PendingFile(path)
    _unfinished.add(pending)
    return pending


def discard_all() -> None:
    """Remove every output that is not finished: the process is about to end at once."""
    for pending in _unfinished:
        pending.discard()
