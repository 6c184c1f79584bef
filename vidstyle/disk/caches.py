"""Folders for what can be made again, below the user's cache folder."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from vidstyle.errors import UsageError

PLACE = "VIDSTYLE_CACHE"
"""The environment variable that names another cache folder."""


def cache_folder(name: str) -> Path:
    """Return the folder for one kind of files, which need not be there.

    Raises:
        UsageError: nothing tells where it is.
    """
    if own := os.environ.get(PLACE):
        return Path(own) / name
    try:
        if sys.platform == "win32":
            local = os.environ.get("LOCALAPPDATA")
            base = Path(local) if local else Path.home() / "AppData" / "Local"
        elif sys.platform == "darwin":
            base = Path.home() / "Library" / "Caches"
        else:
            # The specification wants relative ones ignored.
            xdg = Path(os.environ.get("XDG_CACHE_HOME", ""))
            base = xdg if xdg.is_absolute() else Path.home() / ".cache"
    except RuntimeError as error:
        raise UsageError(f"there is no home folder; set {PLACE} to a folder for {name}") from error
    return base / "vidstyle" / name
