"""The finished pieces of an output, kept in a folder beside it: a run that was cut off goes on after them.

A piece holds the encoded packets of some frames, which no later packet refers to, and the state in which the next
frame is painted. It counts once its index is there, which is renamed into place when all else is on the disk.
"""

from __future__ import annotations

import json
import logging
import re
import shutil
from collections.abc import Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import Any

import av

from vidstyle.disk.replacing import irreplaceable
from vidstyle.errors import OutputError, UsageError
from vidstyle.media.piece import (
    Arrays,
    Piece,
    PieceWriter,
    index_path,
    indices,
    packets_of,
    read_state,
    whole_piece,
)

log = logging.getLogger(__name__)

_SETTINGS = "settings.json"

_NAMES = re.compile(r"settings\.json|\d{6}\.(packets|npz|([0-9a-f]+\.)?part)")
"""Of the files of a folder of pieces."""


def all_settings(settings: Mapping[str, str]) -> dict[str, str]:
    """Return settings with those that only this machine has: the version of PyAV, and with it of the encoders."""
    return {**settings, "PyAV": av.__version__}


def folder_of(output: Path) -> Path:
    """Return the folder of an output's pieces."""
    return output.with_name(f"{output.name.replace('%', '_')}.resume")


class Pieces:
    """The pieces of one output: those that were finished before, and the one that is written.

    Only one run at a time has them; `close` gives them free.
    """

    def __init__(self, output: Path, settings: Mapping[str, str]) -> None:
        """Open the folder, or begin it.

        Args:
            output: the output.
            settings: all that decides what its frames are, by name.

        Raises:
            UsageError: the pieces there were made with other settings, another run writes there, or something else lies there.
            OutputError: the folder cannot be made or read.
        """
        self.settings = all_settings(settings)
        self.folder = folder_of(output)
        self._writer = PieceWriter(self.folder)
        self._pieces: list[Piece] = []
        self._removed = False
        try:
            self.folder.mkdir(exist_ok=True)
            _check_own(self.folder)
            self._lock = (self.folder / _SETTINGS).open("a+", encoding="utf-8")
            try:
                take_lock(self._lock, output)
                self.find()
                self._check(self.settings)
            except BaseException:
                self._lock.close()
                raise
        except OSError as error:
            raise OutputError(f"cannot use {self.folder}: {error.strerror or error}") from error

    def _check(self, settings: Mapping[str, str]) -> None:
        self._lock.seek(0)
        text = self._lock.read()
        if not self._is_begun:
            self._lock.truncate(0)
            json.dump(dict(settings), self._lock, indent=1)
            self._lock.flush()
            return
        try:
            before = {str(key): str(value) for key, value in json.loads(text).items()}
        except (ValueError, AttributeError):
            before = {}
        other = sorted(key for key in {*before, *settings} if before.get(key) != settings.get(key))
        if other:
            raise UsageError(
                f"{self.folder} holds {self.frames} frames of a run that differs in {', '.join(other)}; "
                "repeat what was asked for then, or remove that folder to begin anew"
            )

    def find(self) -> None:
        """Find the finished pieces, from the first on; others may write them, too, until they are read."""
        self._find()
        self._earlier = chain.from_iterable(map(packets_of, [*self._pieces]))
        self._next = next(self._earlier, None)

    def _find(self) -> None:
        while (path := index_path(self.folder, len(self._pieces))).exists():
            piece = whole_piece(path, self.frames)
            if piece is None:
                return
            self._pieces.append(piece)

    def kept(self) -> set[int]:
        """Return the numbers of all whole pieces, be they behind one that is not there; remove what is damaged."""
        kept = set()
        for path in sorted(indices(self.folder)):
            if whole_piece(path):
                kept.add(int(path.stem))
            else:
                path.unlink(missing_ok=True)
        return kept

    first_frame = 0
    """Index of the first frame that the sink gets."""

    @property
    def frames(self) -> int:
        """Frames in the finished pieces."""
        return self._pieces[-1].frames if self._pieces else 0

    @property
    def _is_begun(self) -> bool:
        """Whether any piece is there, be it behind one that is not."""
        return next(indices(self.folder), None) is not None

    def state(self) -> Arrays:
        """Return the state after the last finished piece."""
        return read_state(index_path(self.folder, len(self._pieces) - 1))

    @property
    def last_times(self) -> list[int]:
        """The times of the frames of the last finished piece, sorted."""
        return self._pieces[-1].times

    def first(self) -> list[Any]:
        """Return the packets of the first finished piece."""
        return [packet for _, packet in packets_of(self._pieces[0])]

    def after(self, frame: int) -> Iterator[Any]:
        """Yield the packets of finished pieces that came after a frame; ask for each frame in its turn.

        Args:
            frame: its index.
        """
        while self._next is not None and self._next[0] == frame:
            yield self._next[1]
            self._next = next(self._earlier, None)

    def add(self, packet: Any, after: int) -> None:
        """Keep a packet of the piece that is written; `after` is the index of the last frame that was put in.

        Raises:
            OSError: the disk refused.
        """
        self._writer.add(len(self._pieces), packet, after)

    def finish(self, frames: int, state: Arrays) -> None:
        """Finish the piece that is written.

        Args:
            frames: of the output, up to its end.
            state: in which the next frame is painted.

        Raises:
            OSError: the disk refused.
        """
        if piece := self._writer.finish(len(self._pieces), frames, state):
            self._pieces.append(piece)

    def remove(self) -> None:
        """Remove the folder: the output is finished."""
        self._removed = True
        self._end()
        shutil.rmtree(self.folder, ignore_errors=True)

    def close(self) -> None:
        """Leave what is finished for another run; leave nothing where nothing is."""
        if self._removed:
            return
        if not self._is_begun:
            self.remove()
            return
        self._end()
        log.warning(
            "%s frames are kept in %s; `resume` goes on after them",
            self.frames or "some",
            self.folder,
        )

    def _end(self) -> None:
        self._writer.close()
        self._lock.close()


def _check_own(folder: Path) -> None:
    """Refuse a folder in which something else lies: at the end all of it is removed."""
    for path in folder.iterdir():
        if not _NAMES.fullmatch(path.name) or irreplaceable(path, linked=False):
            raise UsageError(
                f"{path} is no piece of an output; move it away, or choose another `output`"
            )


def take_lock(file: Any, output: Path) -> None:
    """Keep other runs to an output out as long as the file is open.

    Raises:
        UsageError: one is there.
    """
    try:
        import fcntl
    except ImportError:  # Windows: there is no telling
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise UsageError(f"another run is writing {output} now; wait for it, or stop it") from error
