"""Addresses (http, https) in the place of a file's name."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TypeAlias
from urllib.parse import unquote, urlsplit, urlunsplit

from vidstyle.errors import InputError

_SCHEME = re.compile(r"([a-z][a-z0-9+.-]+):/", re.IGNORECASE)


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


Location: TypeAlias = Path | Address
"""Where an input is."""


def looks_like_address(text: str | Path) -> bool:
    """Return whether a text is an address of any kind, or one whose slash `Path` has eaten."""
    return _SCHEME.match(str(text)) is not None


def located(text: str | Path | Address) -> Location:
    """Tell an address from a file's name.

    Raises:
        InputError: an address of a kind that is not read.
    """
    if not isinstance(text, str) or "://" not in text or not (found := _SCHEME.match(text)):
        return Path(text) if isinstance(text, str) else text
    if found[1].lower() not in {"http", "https"}:
        way = "name the file itself" if found[1].lower() == "file" else "vidstyle live takes others"
        raise InputError(f"cannot read {Address(text)}: expected http:// or https://; {way}")
    return Address(text)
