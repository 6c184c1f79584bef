"""The finished pieces of an output, kept in a folder beside it: a run that was cut off goes on after them.

A piece holds the encoded packets of some frames, which no later packet refers to, and the state in which the next
frame is painted. It counts once its index is there, which is renamed into place when all else is on the disk.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import re
import shutil
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO
from zipfile import BadZipFile

import av
import numpy as np
from numpy.typing import NDArray

from vidstyle.disk.replacing import irreplaceable
from vidstyle.errors import OutputError, UsageError

log = logging.getLogger(__name__)

_SETTINGS = "settings.json"

_NAMES = re.compile(r"settings\.json|\d{6}\.(packets|npz|part)")
"""Of the files of a folder of pieces."""

_STATE = "state."
"""What the names of the state's arrays begin with."""

_FIELDS = ("size", "pts", "dts", "duration", "key", "after")
"""Columns of a piece's index, a row per packet; times in units of the encoder's time base; `after` is the index of the
frame after which the packet came."""


@dataclass(frozen=True, repr=False)
class _Piece:
    """A finished piece."""

    packets: Path
    index: NDArray[np.int64]
    """(N, 6), the `_FIELDS` of each packet, in the order of decoding."""
    frames: int
    """Frames of the output up to its end."""


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
        settings = {**settings, "PyAV": av.__version__}  # and the encoders in it
        self.folder = folder_of(output)
        self._pieces: list[_Piece] = []
        self._rows: list[tuple[int, ...]] = []
        self._crc = 0
        self._removed = False
        self._file: BinaryIO | None = None
        try:
            self.folder.mkdir(exist_ok=True)
            _check_own(self.folder)
            self._lock = (self.folder / _SETTINGS).open("a+", encoding="utf-8")
            try:
                _take(self._lock, output)
                self._find()
                self._check(settings)
                self._earlier = chain.from_iterable(map(_packets, [*self._pieces]))
                self._next = next(self._earlier, None)
            except BaseException:
                self._lock.close()
                raise
        except OSError as error:
            raise OutputError(f"cannot use {self.folder}: {error.strerror or error}") from error

    def _check(self, settings: Mapping[str, str]) -> None:
        self._lock.seek(0)
        text = self._lock.read()
        if not self._pieces:
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

    def _find(self) -> None:
        """Find the finished pieces, from the first on."""
        while (path := self._index_path(len(self._pieces))).exists():
            try:
                piece = _read(path)
                if piece.frames <= self.frames:
                    raise ValueError("its frames do not follow")
            except (OSError, ValueError, KeyError, BadZipFile, zlib.error) as error:
                log.warning("%s is damaged (%s): going on before it", path, error)
                return
            self._pieces.append(piece)

    @property
    def frames(self) -> int:
        """Frames in the finished pieces."""
        return self._pieces[-1].frames if self._pieces else 0

    def state(self) -> Mapping[str, NDArray[np.generic]]:
        """Return the state after the last finished piece."""
        with np.load(self._index_path(len(self._pieces) - 1), allow_pickle=False) as held:
            return {n.removeprefix(_STATE): held[n] for n in held if n.startswith(_STATE)}

    @property
    def last_times(self) -> list[int]:
        """The times of the frames of the last finished piece, sorted."""
        return sorted(int(t) for t in self._pieces[-1].index[:, _FIELDS.index("pts")])

    def first(self) -> list[Any]:
        """Return the packets of the first finished piece."""
        return [packet for _, packet in _packets(self._pieces[0])]

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
        if self._file is None:
            self._file = self._packets_path(len(self._pieces)).open("wb")
        data = bytes(packet)
        self._file.write(data)
        self._crc = zlib.crc32(data, self._crc)
        duration, key = packet.duration or 0, int(packet.is_keyframe)
        self._rows.append((len(data), packet.pts, packet.dts, duration, key, after))

    def finish(self, frames: int, state: Mapping[str, NDArray[np.generic]]) -> None:
        """Finish the piece that is written.

        Args:
            frames: of the output, up to its end.
            state: in which the next frame is painted.

        Raises:
            OSError: the disk refused.
        """
        if self._file is None:
            return
        _sync(self._file)
        self._file.close()
        self._file = None
        number = len(self._pieces)
        index = np.array(self._rows, np.int64)
        path = self._index_path(number)
        pending = path.with_suffix(".part")
        with pending.open("wb") as file:
            kept: dict[str, Any] = {f"{_STATE}{name}": array for name, array in state.items()}
            np.savez(file, index=index, frames=frames, crc=self._crc, **kept)
            _sync(file)
        pending.replace(path)
        self._pieces.append(_Piece(self._packets_path(number), index, frames))
        self._rows, self._crc = [], 0

    def remove(self) -> None:
        """Remove the folder: the output is finished."""
        self._removed = True
        self._end()
        shutil.rmtree(self.folder, ignore_errors=True)

    def close(self) -> None:
        """Leave what is finished for another run; leave nothing where nothing is."""
        if self._removed:
            return
        if not self._pieces:
            self.remove()
            return
        self._end()
        log.warning(
            "%d frames are kept in %s; `resume` goes on after them", self.frames, self.folder
        )

    def _end(self) -> None:
        if self._file:
            with contextlib.suppress(OSError):
                self._file.close()
        self._lock.close()

    def _index_path(self, number: int) -> Path:
        return self.folder / f"{number:06}.npz"

    def _packets_path(self, number: int) -> Path:
        return self.folder / f"{number:06}.packets"


def _check_own(folder: Path) -> None:
    """Refuse a folder in which something else lies: at the end all of it is removed."""
    for path in folder.iterdir():
        if not _NAMES.fullmatch(path.name) or irreplaceable(path, linked=False):
            raise UsageError(
                f"{path} is no piece of an output; move it away, or choose another `output`"
            )


def _take(file: Any, output: Path) -> None:
    """Keep other runs out as long as the file is open."""
    try:
        import fcntl
    except ImportError:  # Windows: there is no telling
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise UsageError(f"another run is writing {output} now; wait for it, or stop it") from error


def _read(path: Path) -> _Piece:
    """Read a piece's index, and check its packets."""
    with path.open("rb") as file, np.load(file, allow_pickle=False) as held:
        arrays = {name: held[name] for name in held}  # all, so that their sums are checked
    index, frames, crc = arrays["index"], int(arrays["frames"]), int(arrays["crc"])
    if index.dtype != np.int64 or index.ndim != 2 or index.shape[1] != len(_FIELDS):
        raise ValueError("it is no index")
    packets = path.with_suffix(".packets")
    found = size = 0
    with packets.open("rb") as file:
        while block := file.read(2**20):
            found, size = zlib.crc32(block, found), size + len(block)
    if found != crc or size != index[:, 0].sum():
        raise ValueError("its packets are others")
    return _Piece(packets, index, frames)


def _packets(piece: _Piece) -> Iterator[tuple[int, Any]]:
    """Yield the packets of a piece, each behind the index of the frame after which it came."""
    with piece.packets.open("rb") as file:
        for size, pts, dts, duration, key, after in piece.index.tolist():
            packet = av.Packet(file.read(size))
            packet.pts, packet.dts, packet.duration = pts, dts, duration
            packet.is_keyframe = bool(key)
            yield after, packet


def _sync(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())
