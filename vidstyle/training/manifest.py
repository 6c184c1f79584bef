"""A manifest: the pictures of a training by name and digest, and which of them are held out.

A text file beside the weights, CSV: kind (content or style), name in the folder of that kind, the first 16
hexadecimal digits of its SHA-256, split (train or held).
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

from vidstyle.errors import InputError
from vidstyle.training.data import list_pictures


class Row(NamedTuple):
    """A picture; the fields are the columns of the file."""

    kind: str
    name: str
    sha256: str
    split: str


_MAX_BYTES = 2**25
"""Of a manifest: some 500,000 pictures."""


class Split(NamedTuple):
    """Pictures to learn from, and pictures to measure on."""

    train: list[Path]
    held: list[Path]


def list_rows(kind: str, folder: Path, hold: tuple[str, ...]) -> Iterator[Row]:
    """List the pictures directly in a folder; those whose names start with `hold` are held out.

    Raises:
        InputError: a folder without pictures.
    """
    for path in list_pictures(folder):
        split = "held" if path.name.startswith(hold) else "train"
        yield Row(kind, path.name, _digest(path), split)


def read_manifest(manifest: Path) -> list[Row]:
    """Read what was written of `list_rows`, below a line with the names of the columns.

    Raises:
        InputError: no such file, or no manifest.
    """
    try:
        with manifest.open("rb") as file:
            data = file.read(_MAX_BYTES + 1)
        if len(data) > _MAX_BYTES:
            raise InputError(
                f"expected a manifest of {_MAX_BYTES >> 20} MiB at most, got more in {manifest}"
            )
        head, *rows = csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""))
        if tuple(head) != Row._fields:
            raise ValueError
        found = [Row(*row) for row in rows]
    except OSError as error:
        raise InputError(f"cannot read the manifest {manifest}: {error.strerror}") from error
    except InputError:
        raise
    except (ValueError, TypeError, csv.Error) as error:
        raise InputError(
            f"{manifest} is no manifest of columns {','.join(Row._fields)}; "
            "write one with vidstyle train manifest"
        ) from error
    for row in found:
        if not row.name or Path(row.name).name != row.name or "\0" in row.name:
            raise InputError(f"expected the name of a picture in {manifest}, got {row.name!r}")
        if row.kind not in ("content", "style") or row.split not in ("train", "held"):
            raise InputError(
                f"expected content or style and train or held in {manifest}, got {','.join(row)}"
            )
    return found


def split_pictures(
    kind: str, folder: Path, manifest: Path | None, exclude: tuple[str, ...] = ()
) -> Split:
    """Return the pictures of a folder, as a manifest has them where there is one.

    Args:
        kind: content or style.
        folder: of the pictures.
        manifest: what is not in it is not taken; without one all is learned from.
        exclude: beginnings of file names to leave out.

    Raises:
        InputError: nothing to learn from, or a picture is missing or not the manifest's.
    """
    if manifest is None:
        return Split(list_pictures(folder, exclude), [])
    split = Split([], [])
    for row in read_manifest(manifest):
        if row.kind == kind and not row.name.startswith(exclude):
            _check(folder / row.name, row, manifest)
            getattr(split, row.split).append(folder / row.name)
    if not split.train:
        raise InputError(f"{manifest} has no {kind} picture to learn from")
    return split


@dataclass(frozen=True)
class Folders:
    """The pictures that a recipe learns from: photos, and pictures of styles."""

    content: Path
    """Of photos."""
    style: Path
    """Of style pictures."""
    exclude: tuple[str, ...] = ()
    """Beginnings of file names to leave out."""
    manifest: Path | None = None
    """Tells what to learn from and what to hold out; None: all is learned from."""

    def split(self, kind: Literal["content", "style"]) -> Split:
        """Return the pictures of one folder; raises as `split_pictures` does."""
        folder = self.content if kind == "content" else self.style
        return split_pictures(kind, folder, self.manifest, self.exclude)


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]


def _check(path: Path, row: Row, manifest: Path) -> None:
    try:
        found = f"one with {_digest(path)}" if path.is_file() else "none"
    except OSError as error:  # no permission, or a name that is too long
        raise InputError(f"cannot read the picture {path}: {error.strerror}") from error
    if found != f"one with {row.sha256}":
        raise InputError(
            f"expected the picture {path} with SHA-256 {row.sha256}..., as in {manifest}, got {found}; "
            "get that one, `exclude` it, or write a manifest with vidstyle train manifest"
        )
