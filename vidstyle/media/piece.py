"""One piece of an output's video: its packets in a file, and its index in another, with which it counts."""

from __future__ import annotations

import contextlib
import logging
import os
import secrets
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO
from zipfile import BadZipFile

import av
import numpy as np
from numpy.typing import NDArray

log = logging.getLogger(__name__)

Arrays = Mapping[str, NDArray[np.generic]]

_STATE = "state."
"""What the names of the state's arrays begin with."""

_FIELDS = ("size", "pts", "dts", "duration", "key", "after")
"""Columns of a piece's index, a row per packet; times in units of the encoder's time base; `after` is the index of the
frame after which the packet came."""

_PTS, _DTS = _FIELDS.index("pts"), _FIELDS.index("dts")


def index_path(folder: Path, number: int) -> Path:
    """Return the index of a piece; it is there once the piece is whole."""
    return folder / f"{number:06}.npz"


def indices(folder: Path) -> Iterator[Path]:
    """Yield the indices of the pieces that are there, in any order."""
    return folder.glob("??????.npz")


@dataclass(frozen=True, repr=False)
class Piece:
    """A finished piece."""

    packets: Path
    index: NDArray[np.int64]
    """(N, 6), the `_FIELDS` of each packet, in the order of decoding."""
    frames: int
    """Frames of the output up to its end."""

    @property
    def times(self) -> list[int]:
        """The times of its frames, sorted."""
        return sorted(int(t) for t in self.index[:, _PTS])


class PieceWriter:
    """Writes the pieces of a folder, one after the other."""

    def __init__(self, folder: Path) -> None:
        """Take the folder."""
        self._folder = folder
        self._own = secrets.token_hex(4)
        """Tells its unfinished files from those of another that writes the same piece: one that died, it was thought."""
        self._rows: list[list[int]] = []
        self._crc = 0
        self._file: BinaryIO | None = None

    def add(self, number: int, packet: Any, after: int) -> None:
        """Keep a packet of a piece; `after` is the index of the last frame that was put in.

        Raises:
            OSError: the disk refused.
        """
        if self._file is None:
            self._file = self._pending(number, "a").open("wb")
        data = bytes(packet)
        self._file.write(data)
        self._crc = zlib.crc32(data, self._crc)
        duration, key = packet.duration or 0, int(packet.is_keyframe)
        self._rows.append([len(data), packet.pts, packet.dts, duration, key, after])

    def finish(
        self, number: int, frames: int, state: Arrays, before: Sequence[int] = ()
    ) -> Piece | None:
        """Finish a piece; None where it has no packets.

        Args:
            number: of the piece.
            frames: of the output, up to its end.
            state: in which the next frame is painted.
            before: times of the last frames before it, where its encoder knew of none: the decoding times that an encoder
                makes up before its first picture become these.

        Raises:
            OSError: the disk refused.
        """
        if self._file is None:
            return None
        _sync(self._file)
        self._file.close()
        self._file = None
        index = np.array(self._rows, np.int64)
        if before:
            early = int((index[:, _DTS] < index[:, _PTS].min()).sum())
            index[:early, _DTS] = before[len(before) - early :]
        path = index_path(self._folder, number)
        packets = self._pending(number, "a").replace(path.with_suffix(".packets"))
        pending = self._pending(number, "b")
        with pending.open("wb") as file:
            kept: dict[str, Any] = {f"{_STATE}{name}": array for name, array in state.items()}
            np.savez(file, index=index, frames=frames, crc=self._crc, **kept)
            _sync(file)
        pending.replace(path)
        self._rows, self._crc = [], 0
        return Piece(packets, index, frames)

    def _pending(self, number: int, kind: str) -> Path:
        return self._folder / f"{number:06}.{self._own}{kind}.part"

    def close(self) -> None:
        """Leave the piece that is not finished."""
        if self._file:
            with contextlib.suppress(OSError):
                self._file.close()


def read_state(path: Path) -> Arrays:
    """Return the state after a piece, given its index."""
    with np.load(path, allow_pickle=False) as held:
        return {n.removeprefix(_STATE): held[n] for n in held if n.startswith(_STATE)}


def read_piece(path: Path) -> Piece:
    """Read a piece's index, and check its packets.

    Raises:
        OSError, ValueError, KeyError, BadZipFile, zlib.error: it is damaged.
    """
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
    return Piece(packets, index, frames)


def whole_piece(path: Path, before: int = 0) -> Piece | None:
    """Read a piece that is whole; None, and a warning, where it is damaged.

    Args:
        path: of its index.
        before: frames of the output that are known to lie before it.
    """
    try:
        piece = read_piece(path)
        if piece.frames <= before:
            raise ValueError("its frames do not follow")
    except (OSError, ValueError, KeyError, BadZipFile, zlib.error) as error:
        log.warning("%s is damaged (%s): it is painted anew", path, error)
        return None
    return piece


def packets_of(piece: Piece) -> Iterator[tuple[int, Any]]:
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
