"""A file that appears under its name only when it is whole."""

from __future__ import annotations

import os
from pathlib import Path

from vidstyle.disk.leftovers import Hidden
from vidstyle.disk.replacing import (
    already_there,
    appear,
    followed,
    irreplaceable,
    take_permissions,
)
from vidstyle.errors import OutputError, UsageError


class PendingFile:
    """One file. Where its name is a link, the file is made where that leads to."""

    def __init__(self, path: Path) -> None:
        """Make it, empty, under a hidden name.

        Raises:
            OSError: it cannot be made.
        """
        self._path = followed(path)
        self._hidden = Hidden(self._path)
        self.file = self._hidden.path
        # "file:" keeps a colon in the name from being read as a protocol.
        self.target = f"file:{self.file}"

    def rename(self, path: Path) -> None:
        """Let another name be the final one."""
        self._path = path

    def commit(self, *, overwrite: bool) -> None:
        """Give the file its name.

        Raises:
            UsageError: what is there, and may have come meanwhile, is not to be replaced.
            OSError: the disk refused.
        """
        with self.file.open("rb+") as file:
            os.fsync(file.fileno())
        if kind := irreplaceable(self._path):
            raise UsageError(f"cannot write {self._path}: it is {kind}, not a file")
        if overwrite:
            take_permissions(self.file, self._path)
            self.file.replace(self._path)
        elif self._path.exists():
            raise already_there(self._path)
        else:
            appear(self.file, self._path)
        self._hidden.release()

    def discard(self) -> None:
        """Remove the file."""
        self._hidden.remove()


def write_whole(path: Path, data: bytes, *, overwrite: bool = True) -> None:
    """Write a file that appears under its name when it is whole.

    Args:
        path: its name; where that is a link, the file is written where it leads to.
        data: all of it.
        overwrite: it may take the place of an older one, whose permissions it keeps.

    Raises:
        UsageError: what is there is no file, or one that may not be replaced.
        OutputError: it cannot be written.
    """
    try:
        pending = PendingFile(path)
        try:
            pending.file.write_bytes(data)
            pending.commit(overwrite=overwrite)
        except BaseException:
            pending.discard()
            raise
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror}") from error


def make_folder(folder: Path) -> None:
    """Make a folder for files to come, and those above it; it may be there.

    Raises:
        OutputError: it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"cannot make the folder {folder}: {error.strerror}") from error
