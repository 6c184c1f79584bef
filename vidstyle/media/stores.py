"""Files in object stores and on servers, which fsspec reads and writes; here each is read and written whole.

Every kind of store raises errors of its own: all of them become ours.
"""

from __future__ import annotations

import contextlib
import errno
import math
import os
import posixpath
import re
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from vidstyle.disk.replacing import already_there
from vidstyle.errors import InputError, MissingPackageError, OutputError, UsageError, VidstyleError
from vidstyle.media.address import Stored

_OBJECTS = frozenset({"abfs", "abfss", "az", "gcs", "gs", "oci", "oss", "s3", "s3a"})
"""Stores of objects: one appears when all of it has come, and there are no folders. Elsewhere a file gets its name when it is whole."""

ELSEWHERE = "TMPDIR names another folder for copies"

_FULL = frozenset({errno.EDQUOT, errno.EFBIG, errno.ENOSPC})

_NUMBERED = re.compile(r"%(?:0\d+)?d")

_WAIT = 0.1
"""Seconds between two looks whether a transfer is to end."""

_LAST = 5.0
"""Seconds in which a store must remove what was sent of a file that is given up."""


def check_stored(address: Stored) -> None:
    """Refuse an input that is not there.

    Raises:
        InputError: it is not, or is a folder, or its store does not give it.
        MissingPackageError: its kind of store needs a package.
    """
    with _opened(address) as (files, path):
        if files.info(path)["type"] == "directory":
            raise InputError(f"cannot read {address}: it is a folder; end its name with a slash")


def size_of(address: Stored) -> int:
    """Return the bytes of a file; 0 where its store does not know them.

    Raises:
        VidstyleError: see `check_stored`.
    """
    with _opened(address) as (files, path):
        return int(files.info(path).get("size") or 0)


def stored_fingerprint(address: Stored) -> str:
    """Return what tells a file from another, or from itself once it was changed, by what its store knows of it.

    Raises:
        VidstyleError: see `check_stored`.
    """
    with _opened(address) as (files, path):
        return str(files.ukey(path))


def is_stored(address: Stored) -> bool:
    """Return whether there is such a file.

    Raises:
        VidstyleError: see `check_stored`.
    """
    with _opened(address) as (files, path):
        return bool(files.exists(path))


def place_of(address: Stored, to: str = "read") -> Path | tuple[Any, str]:
    """Return the file that an address names, where its store is this machine's disk; else its store, and its name there.

    Raises:
        VidstyleError: see `check_stored`.
    """
    with _opened(address, to, OutputError if to == "write" else InputError) as (files, path):
        from fsspec.implementations.cached import CachingFileSystem

        behind = files
        while isinstance(behind, CachingFileSystem):
            behind = behind.fs
        return Path(path) if getattr(behind, "local_file", False) else (behind, path)


def is_store_folder(address: Stored) -> bool:
    """Return whether an address is that of a folder: it ends with a slash, or has no ending and is one.

    Raises:
        VidstyleError: see `check_stored`.
    """
    if address.url.endswith("/") or posixpath.splitext(address.name)[1]:
        return address.url.endswith("/")
    with _opened(address) as (files, path):
        return bool(files.isdir(path))


def stored_in(folder: Stored, endings: frozenset[str], *, recursive: bool) -> list[Stored]:
    """Return the files of a folder as `media.folder.files_in` does.

    Raises:
        VidstyleError: see `check_stored`.
    """
    with _opened(folder) as (files, path):
        root = path.rstrip("/")
        found = [  # at the root of an archive names begin without a slash
            name.removeprefix(root).lstrip("/")
            for name in files.find(root, maxdepth=None if recursive else 1)
        ]
    return [
        folder.below(name)
        for name in sorted(found)
        if posixpath.splitext(name)[1].lower() in endings
        and not any(part.startswith(".") for part in name.split("/"))
    ]


def check_storable(address: Stored, *, overwrite: bool) -> None:
    """Refuse an output that cannot or must not be written.

    Raises:
        UsageError: it exists, or is a folder, or numbered pictures, or its folder does not exist.
        OutputError: its store does not answer.
        MissingPackageError: its kind of store needs a package.
    """
    if _NUMBERED.search(address.name):
        raise UsageError(
            f"cannot write {address}: numbered pictures go into a folder of this machine"
        )
    with _opened(address, "write", OutputError) as (files, path):
        if files.isdir(path):
            raise UsageError(f"cannot write {address}: it is a folder")
        if not overwrite and files.exists(path):
            raise already_there(address)
        if not _has_objects(files) and not files.isdir(posixpath.dirname(path) or "/"):
            raise UsageError(f"cannot write {address}: its folder does not exist")


def make_store_folder(address: Stored) -> None:
    """Make the folder that a file is to lie in, where the store has folders.

    Raises:
        VidstyleError: see `check_storable`.
    """
    with _opened(address, "write", OutputError) as (files, path):
        if not _has_objects(files):
            files.makedirs(posixpath.dirname(path), exist_ok=True)


def fetch(address: Stored, file: Path, stop: Callable[[], None] | None = None) -> None:
    """Read a file into one of this machine, with the time that its store reports: a fit to it is found by that.

    Args:
        address: of it.
        file: is made.
        stop: called meanwhile; raises to end it.

    Raises:
        OutputError: there is no room for it here.
        VidstyleError: see `check_stored`.
    """

    def get() -> None:
        with _opened(address) as (files, path):
            try:
                files.get_file(path, str(file))
            except OSError as error:
                if error.errno not in _FULL:
                    raise
                raise OutputError(
                    f"cannot copy {address} to {file.parent}: {error.strerror}; {ELSEWHERE}"
                ) from error
            with contextlib.suppress(Exception):  # of a store that does not tell
                then = files.modified(path).timestamp()
                os.utime(file, (then, then))

    _wait_for(get, stop)


def send(
    file: Path, address: Stored, *, overwrite: bool, stop: Callable[[], None] | None = None
) -> None:
    """Write a file that is whole on this machine; under its name it appears whole.

    Args:
        file: of this machine.
        address: where it is to be.
        overwrite: it may replace another one.
        stop: see `fetch`.

    Raises:
        VidstyleError: see `check_storable`.
    """
    hidden = f".{address.name}.{secrets.token_hex(4)}.part"

    def put() -> None:
        check_storable(address, overwrite=overwrite)  # it may have come meanwhile
        with _opened(address, "write", OutputError) as (files, path):
            if _has_objects(files):
                files.put_file(str(file), path)
                return
            part = posixpath.join(posixpath.dirname(path), hidden)
            files.put_file(str(file), part)
            files.mv(part, path)

    def remove() -> None:
        with _opened(address, "write", OutputError) as (files, path):
            if not _has_objects(files):
                files.rm_file(posixpath.join(posixpath.dirname(path), hidden))

    try:
        _wait_for(put, stop)
    except BaseException:
        with contextlib.suppress(VidstyleError):  # nothing was sent yet, or nothing answers
            _wait_for(remove, seconds=_LAST)
        raise


@contextlib.contextmanager
def _opened(
    address: Stored, to: str = "read", raised: type[InputError | OutputError] = InputError
) -> Iterator[tuple[Any, str]]:
    """Give the filesystem and the name there; what it raises becomes one line."""
    try:
        from fsspec.core import url_to_fs

        files, path = url_to_fs(address.url)
        files.invalidate_cache()
        yield files, path
    except VidstyleError:
        raise
    except Exception as error:
        kind = MissingPackageError if isinstance(error, ImportError) else raised
        text = (str(error).splitlines() or [""])[0].replace(address.url, str(address))
        if isinstance(error, FileNotFoundError):
            text = "it does not exist" if to == "read" else "its folder does not exist"
        raise kind(f"cannot {to} {address}: {text or type(error).__name__}") from error


def _has_objects(files: Any) -> bool:
    names = files.protocol
    return not _OBJECTS.isdisjoint({names} if isinstance(names, str) else names)


def _wait_for(
    transfer: Callable[[], None],
    stop: Callable[[], None] | None = None,
    seconds: float = math.inf,
) -> None:
    """Run a transfer in a thread, and wait so long: a store that says nothing answers no signal."""
    errors: list[BaseException] = []

    def run() -> None:
        try:
            transfer()
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=run, daemon=True, name="transfer")
    thread.start()
    end = time.monotonic() + seconds
    while thread.is_alive() and time.monotonic() < end:
        thread.join(_WAIT)
        if stop:
            stop()
    if errors:
        raise errors[0]
