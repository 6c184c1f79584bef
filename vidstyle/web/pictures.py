"""One's own style pictures, kept in a folder of the user's."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from vidstyle.disk.pending import write_whole
from vidstyle.errors import OutputError, UsageError
from vidstyle.images.files import load_picture
from vidstyle.web.names import PICTURE_ENDINGS, numbered, picture_name

_MOST = 500
"""Pictures that are shown."""


def user_folder() -> Path:
    """Return the folder for a user's own style pictures, which need not exist."""
    home = Path.home()
    if sys.platform == "darwin":
        base = home / "Library" / "Application Support"
    elif sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local")
    else:
        named = Path(os.environ.get("XDG_DATA_HOME") or "")
        base = named if named.is_absolute() else home / ".local" / "share"
    return base / "vidstyle" / "styles"


class Pictures:
    """The pictures of a folder by their names, as they were when it was last looked at."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.by_name: dict[str, Path] = {}
        self.look()

    def look(self) -> None:
        """Look into the folder; what cannot be read is empty, and a link is not followed."""
        try:
            found = sorted(self.folder.iterdir())
        except OSError:
            found = []
        pictures = (
            p
            for p in found
            if p.suffix.lower() in PICTURE_ENDINGS and p.is_file() and not p.is_symlink()
        )
        self.by_name = {p.name: p for p, _ in zip(pictures, range(_MOST), strict=False)}

    def keep(self, received: Path, name: str) -> str:
        """Keep a picture under a name like the given one, unless it is kept already.

        Returns:
            The name.

        Raises:
            InputError: it is no picture.
            UsageError: there are too many.
            OutputError: it cannot be written.
        """
        load_picture(received)
        data = received.read_bytes()
        for known, path in self.by_name.items():
            if path.stat().st_size == len(data) and path.read_bytes() == data:
                return known
        wished = picture_name(name, "style")
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            there = {path.name for path in self.folder.iterdir()}
        except OSError as error:
            raise OutputError(f"cannot write into {self.folder}: {error.strerror}") from error
        if len(self.by_name) >= _MOST:
            raise UsageError(f"expected {_MOST} own pictures at most; remove some")
        kept = numbered(wished, there)
        write_whole(self.folder / kept, data, overwrite=False)
        self.look()
        return kept

    def remove(self, name: str) -> None:
        """Remove a picture.

        Raises:
            UsageError: there is none of that name.
            OutputError: it cannot be removed.
        """
        if name not in self.by_name:
            raise UsageError(f"no picture is called {name}")
        try:
            self.by_name[name].unlink(missing_ok=True)
        except OSError as error:
            raise OutputError(f"cannot remove {name}: {error.strerror}") from error
        self.look()
