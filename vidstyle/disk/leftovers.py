"""Hidden files and folders in which an output is made, and what is left of them when a run is killed.

A living run holds a lock on what it writes. What is not locked is of a run that is dead, and the next one to the
same name removes it. Where there are no locks (Windows, some network disks), nothing is removed.
"""

from __future__ import annotations

import contextlib
import logging
import os
import re
import secrets
import shutil
import stat
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

log = logging.getLogger(__name__)

_KEPT = 40
"""Letters of the output's name that the hidden name has, too."""


def _lock(descriptor: int) -> bool | None:
    """Lock an open file or folder; False: another holds it, None: there are no locks here."""
    try:
        if fcntl is None:
            return None
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return None
    return True


class Hidden:
    """A hidden file, or folder, beside a path, locked as long as it is made."""

    def __init__(self, path: Path, *, folder: bool = False) -> None:
        """Make an empty one. A file that will replace one is no more readable than that.

        Raises:
            OSError: it cannot be made.
        """
        _remove_dead(path)
        self._descriptor = -1
        while self._descriptor < 0:
            # Not one name for all: two runs to the same output would write into one file.
            self.path = path.with_name(f".{path.name[:_KEPT]}.{secrets.token_hex(4)}.part")
            if folder:
                self.path.mkdir()
                if fcntl is None:  # Windows opens no folder
                    return
                self._descriptor = os.open(self.path, os.O_RDONLY)
            else:
                flags = os.O_RDWR | os.O_CREAT | os.O_EXCL
                self._descriptor = os.open(self.path, flags, _mode(path))
            if not self._is_ours():
                self.release()  # another run came before the lock, and took it for a dead one's
        if fcntl is None:  # an open file could not be renamed there
            self.release()

    def _is_ours(self) -> bool:
        if _lock(self._descriptor) is False:
            return False
        try:
            return os.path.samestat(self.path.stat(), os.fstat(self._descriptor))
        except FileNotFoundError:
            return False

    def release(self) -> None:
        """Give the lock back."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def remove(self) -> None:
        """Remove it, and all in it."""
        _remove(self.path)
        self.release()


def _mode(path: Path) -> int:
    try:
        return 0o600 | (path.stat().st_mode & 0o666)
    except FileNotFoundError:
        return 0o666


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)


def _remove_dead(path: Path) -> None:
    """Remove what dead runs to a path have left."""
    name = re.compile(rf"\.{re.escape(path.name[:_KEPT])}\.[0-9a-f]{{8}}\.part")
    found: list[Path] = []
    with contextlib.suppress(OSError):  # a folder that can be written need not be readable
        found = [p for p in path.parent.iterdir() if name.fullmatch(p.name)] if fcntl else []
    for left in found:
        with contextlib.suppress(OSError):
            _remove_if_dead(left)


def _remove_if_dead(left: Path) -> None:
    found = left.lstat()
    is_folder = stat.S_ISDIR(found.st_mode)
    if not (is_folder or stat.S_ISREG(found.st_mode)) or found.st_uid != os.geteuid():
        return
    # Network disks lock for writing only what is open for it.
    descriptor = os.open(left, (os.O_RDONLY if is_folder else os.O_RDWR) | os.O_NOFOLLOW)
    try:
        if _lock(descriptor):
            _remove(left)
            log.info("removed %s, which a run that was killed had left", left)
    finally:
        os.close(descriptor)
