"""Folders of inputs: which of their files are videos and pictures, by the endings of their names."""

from __future__ import annotations

import os
from pathlib import Path

from vidstyle.errors import InputError
from vidstyle.media.containers import CONTAINERS, ONLY_READ, PICTURES

_ENDINGS = (
    "3g2 3gp asf divx dv f4v flv h264 h265 hevc ivf m2t m2ts m2v mjpeg mjpg mpe mpeg mpg mpv mts mxf nut ogm ogv "
    "rm rmvb vob wmv wtv y4m"
)
VIDEOS = frozenset({*CONTAINERS, *(f".{ending}" for ending in _ENDINGS.split())})
"""File name endings of videos, as cameras, recorders and the web name them."""

STILLS = frozenset({*PICTURES, *ONLY_READ, ".webp"})
"""File name endings of pictures."""


def files_in(folder: Path, endings: frozenset[str], *, recursive: bool = False) -> list[Path]:
    """Return the files of a folder whose names have one of some endings, sorted; none that is hidden.

    Args:
        folder: links in it to other folders are not followed.
        endings: in lower case, with their dot.
        recursive: look into the folders below it, too.

    Raises:
        InputError: it cannot be read.
    """

    def refuse(error: OSError) -> None:
        raise InputError(f"cannot read the folder {error.filename}: {error.strerror}") from error

    found: list[Path] = []
    for place, below, names in os.walk(folder, onerror=refuse):
        found += (
            Path(place, name)
            for name in names
            if not name.startswith(".") and Path(name).suffix.lower() in endings
        )
        below[:] = [name for name in below if recursive and not name.startswith(".")]
    return sorted(found)
