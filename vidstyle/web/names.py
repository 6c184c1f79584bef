"""Names of files that come from elsewhere."""

from __future__ import annotations

import re
import unicodedata
from pathlib import PurePosixPath, PureWindowsPath

from vidstyle.errors import UsageError

_MOST = 100
"""Bytes in UTF-8: the name of a result has that of its style, too, and 255 is what disks hold."""

PICTURE_ENDINGS = {".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"}

_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\.|$)", re.IGNORECASE)
"""Devices, on Windows, whatever comes behind the dot."""


def safe_name(given: str, otherwise: str) -> str:
    """Return a name without a folder, a number's pattern (%05d) or anything that a shell or an option begins with.

    Args:
        given: what somebody calls a file.
        otherwise: the name where nothing is left of it.
    """
    last = PurePosixPath(PureWindowsPath(given).name).name
    letters = re.sub(r"[^\w. ()+-]", "_", unicodedata.normalize("NFC", last))
    stem, dot, suffix = letters.strip(". -").rpartition(".")
    if not dot or len(suffix) > 8:
        stem, dot, suffix = f"{stem}{dot}{suffix}", "", ""
    stem = stem.encode()[:_MOST].decode(errors="ignore").strip(". -")
    name = f"{stem}{dot}{suffix}"
    if not stem.strip("_. -") or _RESERVED.match(name):
        name = f"{otherwise}{dot}{suffix}"
    return name


def picture_name(given: str, otherwise: str) -> str:
    """Return a name as `safe_name` does, with the ending of a picture."""
    name = safe_name(given, otherwise)
    return name if PurePosixPath(name).suffix.lower() in PICTURE_ENDINGS else f"{name}.jpg"


def numbered(name: str, taken: set[str], most: int = 1000) -> str:
    """Return a name that is not taken: as it is, or with a number.

    Raises:
        UsageError: there are too many.
    """
    path = PurePosixPath(name)
    lower = {one.lower() for one in taken}
    tries = (name, *(f"{path.stem} {n}{path.suffix}" for n in range(2, most)))
    found = next((one for one in tries if one.lower() not in lower), None)
    if found is None:
        raise UsageError(f"there are too many files called {name}; remove some")
    return found
