"""Addresses in the place of a file's name: http and https, and those of object stores and servers that fsspec knows."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path, PurePosixPath
from typing import TypeAlias
from urllib.parse import unquote, urlsplit, urlunsplit

from vidstyle.errors import InputError, UsageError
from vidstyle.fields import brief

_GET_FSSPEC = "pip install 'vidstyle[fsspec]'"

_SCHEME = re.compile(r"([a-z][a-z0-9+.-]+):/", re.IGNORECASE)

_CACHES = re.compile(r"\A(?:[a-z][a-z0-9+.-]+::)+(?=[a-z][a-z0-9+.-]+:/)", re.IGNORECASE)
"""What stands before an address that is read through it: simplecache::s3://bucket/in.mp4."""


@dataclass(frozen=True)
class Address:
    """An address that is read like a file; text shows it without its password."""

    url: str

    def __str__(self) -> str:
        parts = urlsplit(self.url)
        return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))

    @property
    def name(self) -> str:
        """The last part of its path, such that a file can be called so."""
        name = PurePosixPath(unquote(urlsplit(self.url).path)).name
        return re.sub(r"[^\w .+()\[\],=@~-]", "_", name).lstrip(". ") or "video"


class Stored(Address):
    """An address of a file in an object store or on a server, such as s3://bucket/in.mp4, which fsspec reads and writes."""

    def __str__(self) -> str:
        return re.sub(r"://[^/@]*@", "://", self.url)

    @property
    def name(self) -> str:
        """The last part of its path, such that a file can be called so; these addresses quote nothing."""
        name = posixpath.basename(self._own.rstrip("/"))
        return re.sub(r"[^\w .+()\[\],=@~%-]", "_", name).lstrip(". ") or "video"

    def with_name(self, name: str) -> Stored:
        """Return the address of another file beside it."""
        return Stored(self.url.replace(self._own, f"{self._own.rpartition('/')[0]}/{name}", 1))

    def below(self, name: str) -> Stored:
        """Return the address of a file in this folder, or below it."""
        folder = self._own.rstrip("/")
        folder = self._own if folder.endswith(":") else f"{folder}/"
        return Stored(self.url.replace(self._own, f"{folder}{name}", 1))

    def to_folder_of(self, file: Stored) -> Path:
        """Return the way from this folder to the one that a file in it, or below it, lies in."""
        below = file._own.removeprefix(self._own.rstrip("/")).lstrip("/")
        return Path(posixpath.dirname(below))

    @property
    def _own(self) -> str:
        """What belongs neither to a cache that it is read through nor to the archive that it lies in: simplecache::zip://in.mp4::s3://bucket/a.zip."""
        return _CACHES.sub("", self.url, count=1).partition("::")[0]


Location: TypeAlias = Path | Address
"""Where an input is."""

Place: TypeAlias = Path | Stored
"""Where an output is to be."""


def looks_like_address(text: str | Path) -> bool:
    """Return whether a text is an address of any kind, or one whose slash `Path` has eaten."""
    return (_SCHEME.match(str(text)) or _CACHES.match(str(text))) is not None


def located(text: str | Path | Address, *, stored: bool = False) -> Location:
    """Tell an address from a file's name.

    Args:
        text: either.
        stored: addresses that fsspec knows are taken, too.

    Raises:
        InputError: an address of a kind that is not read.
    """
    if not isinstance(text, str | Path | Address):
        raise InputError(f"expected the name of a file or its address, got {brief(text)}")
    if not isinstance(text, str) or not (scheme := _scheme(text)):
        return Path(text) if isinstance(text, str) else text
    if scheme in {"http", "https"}:
        return Address(text)
    if _is_known(scheme):
        if stored:
            return Stored(text)
        raise InputError(
            f"cannot read {Stored(text)} here: only vidstyle run reads such addresses, without keyframes and "
            "a preview; download it first"
        )
    way = "name the file itself" if scheme == "file" else "vidstyle live takes others"
    if scheme != "file" and not find_spec("fsspec"):
        way = f"more kinds are read with fsspec: {_GET_FSSPEC}; {way}"
    raise InputError(f"cannot read {Address(text)}: expected http:// or https://; {way}")


def placed(text: str | Place) -> Place:
    """Tell an address from the name of a file that is to be written.

    Raises:
        UsageError: an address of a kind that is not written.
    """
    if not isinstance(text, str | Path | Stored):
        raise UsageError(f"expected the name of a file to make, or its address, got {brief(text)}")
    if not isinstance(text, str) or not (scheme := _scheme(text)):
        return Path(text) if isinstance(text, str) else text
    if scheme not in {"http", "https"} and _is_known(scheme):
        return Stored(text)
    way = "name the file itself" if scheme == "file" else "name a file"
    if scheme not in {"file", "http", "https"} and not find_spec("fsspec"):
        way = f"some kinds are written with fsspec: {_GET_FSSPEC}"
    raise UsageError(f"cannot write {Address(text)}: {scheme}:// is not written; {way}")


def _scheme(text: str) -> str | None:
    if "://" not in text or not looks_like_address(text):
        return None
    return text.partition(":")[0].lower()


def _is_known(scheme: str) -> bool:
    """Return whether fsspec is here, and reads addresses of that kind; files are named by their names."""
    if scheme == "file" or not find_spec("fsspec"):
        return False
    from fsspec import available_protocols, registry

    return scheme in {*available_protocols(), *registry}
