"""What an output may replace: a plain file, and none that is read."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from pathlib import Path

from vidstyle.disk.replacing import already_there, followed, irreplaceable
from vidstyle.errors import UsageError
from vidstyle.media.address import Location, Place, Stored
from vidstyle.media.containers import is_sequence, number_pattern
from vidstyle.media.stores import place_of


def existing(path: Path) -> list[Path]:
    """Return the files that an output would replace, or mix with."""
    if not is_sequence(path):
        return [path] if path.exists() else []
    pattern = number_pattern(path)
    return [p for p in path.parent.iterdir() if pattern.fullmatch(p.name)]


def check_replaceable(path: Path, *, overwrite: bool, named: str = "output") -> None:
    """Refuse an output that cannot or must not be replaced.

    Args:
        path: of the file; where it is a link, that which it leads to. Or of numbered pictures: links are none.
        overwrite: it may exist.
        named: the field that it is given as, for messages.

    Raises:
        UsageError: no such folder; a folder, a device, a pipe or a socket; or a file that exists.
    """
    try:
        parent = followed(path).parent
        if not parent.is_dir():
            raise UsageError(f"cannot write {path}: the folder {parent} does not exist")
        there = existing(path)
        for file in there:
            _check_plain(file, named, linked=not is_sequence(path))
        if there and not overwrite:
            raise already_there(path, named)
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror}") from error


def _check_plain(path: Path, named: str, *, linked: bool) -> None:
    kind = irreplaceable(path, linked=linked)
    if kind in {"a folder", "a link"}:
        raise UsageError(f"cannot write {path}: it is {kind}")
    if kind:
        way_out = f"choose another `{named}`"
        if named == "output":
            way_out = (
                "what is to go there, write to standard output: `output` - `container` matroska"
            )
        raise UsageError(f"cannot write {path}: it is {kind}, not a file; {way_out}")


def check_apart(target: Place, inputs: Iterable[Location], *, named: str = "output") -> None:
    """Refuse an output that would replace a file that is read.

    Args:
        target: the output, or its address; also numbered pictures.
        inputs: files, and addresses.
        named: the field that the output is given as, for messages.

    Raises:
        UsageError: it would, under whatever name.
        VidstyleError: see `media.stores`.
    """
    there = place_of(target, "write") if isinstance(target, Stored) else target
    others = [place_of(p) if isinstance(p, Stored) else p for p in inputs]
    files = [p for p in others if isinstance(p, Path)]
    with contextlib.suppress(OSError):
        if not isinstance(there, Path):
            same = there in others
        elif is_sequence(there):
            _check_numbers_apart(there, files)
            return
        else:
            same = there.exists() and any(there.samefile(f) for f in files if f.exists())
        if same:
            raise UsageError(f"{target} is an input itself; choose another `{named}`")


def _check_numbers_apart(target: Path, files: list[Path]) -> None:
    pattern = number_pattern(target)
    beside = {p for p in {f.parent for f in files} if p.exists() and p.samefile(target.parent)}
    for file in files:
        number = pattern.fullmatch(file.name)
        if file.parent in beside and number and target.name % int(number[1]) == file.name:
            raise UsageError(
                f"{file} is an input itself, which {target} would replace; choose another `output`"
            )
