"""What a file may replace, and how it takes its name: nothing but a plain file is ever replaced."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from pathlib import Path

from vidstyle.errors import UsageError

_KINDS = (
    (stat.S_ISREG, None),
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


def followed(path: Path) -> Path:
    """Return where a link leads to, even if nothing is there yet; or the path itself.

    Raises:
        OSError: it leads to itself.
    """
    if not path.is_symlink():
        return path
    target = Path(os.path.realpath(path))
    if target.is_symlink():
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
    return target


def irreplaceable(path: Path, *, linked: bool = True) -> str | None:
    """Say what is there that is no plain file, such as "a device"; None: a plain file, or nothing.

    Args:
        path: the name.
        linked: where it is a link, look at what that leads to.
    """
    try:
        mode = path.stat(follow_symlinks=linked).st_mode
    except FileNotFoundError:
        return None
    return next((name for is_kind, name in _KINDS if is_kind(mode)), "a link")


def already_there(path: object, named: str = "output") -> UsageError:
    """Return the error of an output, given as a field of that name, that exists and may not be replaced."""
    return UsageError(
        f"{path} exists already; pass `overwrite` to replace it, or choose another `{named}`"
    )


def take_permissions(made: Path, replaced: Path) -> None:
    """Give a file the owner, as far as can be, and the mode of the one that it will replace, if there is one."""
    with contextlib.suppress(FileNotFoundError):
        old, new = replaced.stat(), made.stat()
        if (old.st_uid, old.st_gid) != (new.st_uid, new.st_gid):
            with contextlib.suppress(OSError):
                os.chown(made, old.st_uid, old.st_gid)
        made.chmod(stat.S_IMODE(old.st_mode) & 0o777)


def appear(made: Path, path: Path) -> None:
    """Give a file a name that is free; of several that want it, one gets it.

    Raises:
        UsageError: the name was taken meanwhile.
    """
    try:
        try:
            os.link(made, path)
        except FileExistsError:
            raise
        except OSError:  # no hard links here: the name is reserved, then replaced
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
            made.replace(path)
            return
    except FileExistsError:
        raise already_there(path) from None
    made.unlink()
