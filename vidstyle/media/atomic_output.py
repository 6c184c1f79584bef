"""Outputs that appear under their names only when they are whole.

A muxer writes a valid end even after an error, so only the name can say that a file is done. What is
written lies under a hidden name in the same folder, so that the renaming is one step of the disk.
"""

from __future__ import annotations

import logging
import weakref
from pathlib import Path
from typing import Any, Protocol

from vidstyle.disk.leftovers import Hidden
from vidstyle.disk.pending import PendingFile
from vidstyle.disk.replacing import appear, take_permissions
from vidstyle.media.address import Place, Stored
from vidstyle.media.containers import container_for, is_sequence
from vidstyle.media.overwriting import check_replaceable, existing
from vidstyle.media.pipes import PendingPipe, is_pipe
from vidstyle.media.stores import check_storable

log = logging.getLogger(__name__)


def check_output(
    path: Place, *, overwrite: bool, container: str | None = None, named: str = "output"
) -> None:
    """Refuse an output that cannot or must not be written, before any work is done.

    Args:
        path: of the file, or `-`, or its address.
        overwrite: it may exist.
        container: named by the user; None: the file's ending tells.
        named: the field that it is given as, for messages.

    Raises:
        UsageError: an unknown ending; or see `check_replaceable`.
        VidstyleError: see `media.stores.check_storable`.
    """
    container_for(path, container)
    if isinstance(path, Stored):
        check_storable(path, overwrite=overwrite)
    elif not is_pipe(path):
        check_replaceable(path, overwrite=overwrite, named=named)


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


class PendingFolder:
    """Numbered files, beside their final place in a hidden folder until the last is written."""

    def __init__(self, path: Path) -> None:
        """Make the folder.

        Raises:
            OSError: it cannot be made.
        """
        self._path = path
        self._hidden = Hidden(path, folder=True)
        self.folder = self._hidden.path
        self.target = f"{str(self.folder).replace('%', '%%')}/{path.name}"

    def rename(self, path: Path) -> None:
        """Let another name be the final one."""
        self._path = path

    def commit(self, *, overwrite: bool) -> None:
        """Give every file its name."""
        check_replaceable(self._path, overwrite=overwrite)
        made = sorted(self.folder.iterdir())
        older = {p.name for p in existing(self._path)} - {p.name for p in made}
        if overwrite:
            for file in made:
                take_permissions(file, self._path.with_name(file.name))
                file.replace(self._path.with_name(file.name))
        else:
            self._appear(made)
        self._hidden.remove()
        if older:
            log.warning(
                "%d older pictures, such as %s, still lie beside the new ones",
                len(older),
                min(older),
            )

    def _appear(self, made: list[Path]) -> None:
        named = []
        try:
            for file in made:
                appear(file, self._path.with_name(file.name))
                named.append(self._path.with_name(file.name))
        except BaseException:  # another run has begun to name its own
            for path in named:
                path.unlink(missing_ok=True)
            raise

    def discard(self) -> None:
        """Remove them all."""
        self._hidden.remove()


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
