"""Some pieces of an output, written by a worker: the frames of the file from one on, and the pieces that are made of them."""

from __future__ import annotations

import logging
import tempfile
import zlib
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Any

from vidstyle.frame import Frame, StreamInfo
from vidstyle.media.atomic_output import PendingOutput, pending_output
from vidstyle.media.piece import Arrays, PieceWriter
from vidstyle.media.source import FileSource
from vidstyle.media.video import Video

log = logging.getLogger(__name__)

_ROWS = 32
"""Rows of a frame that are compared."""

REORDERED = 16
"""Frames before a piece whose times its packets may need."""


class Part:
    """Pieces from one on, in the place of `Pieces` in a sink: they are numbered, and nothing is known of those before."""

    def __init__(self, folder: Path, piece: int, frames: int, first_frame: int) -> None:
        """Take the folder.

        Args:
            folder: of the pieces.
            piece: number of the first that is written.
            frames: of the output before it.
            first_frame: index of the first frame that the sink gets, before these.
        """
        self.frames, self.first_frame = frames, first_frame
        self.times: deque[int] = deque(maxlen=REORDERED)
        """Of the last frames before the first piece, in units of the encoder's time base."""
        self._number = piece
        self._writer = PieceWriter(folder)
        self._led = frames == 0

    def add(self, packet: Any, after: int) -> None:
        """See `Pieces.add`."""
        self._writer.add(self._number, packet, after)

    def finish(self, frames: int, state: Arrays) -> None:
        """See `Pieces.finish`."""
        self._writer.finish(self._number, frames, state, () if self._led else tuple(self.times))
        self._number += 1
        self._led = True

    def close(self) -> None:
        """Leave what is not finished."""
        self._writer.close()


class Unkept:
    """An output that is thrown away: of it only the packets are wanted, which `Part` keeps."""

    def __init__(self, path: Path) -> None:
        """Begin it, in a folder of this machine's."""
        self._folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        self._pending: PendingOutput = pending_output(Path(self._folder.name) / path.name)
        self.target = self._pending.target

    def rename(self, path: Path) -> None:
        """Do nothing: it gets no name."""

    def commit(self, *, overwrite: bool) -> None:
        """Throw it away."""
        self.discard()

    def discard(self) -> None:
        """Throw it away."""
        self._pending.discard()
        self._folder.cleanup()


@dataclass(frozen=True, repr=False)
class Times:
    """When the first frames of a part are shown, as the read of the whole file has it."""

    first: int
    """Index of the first of them."""
    pts: tuple[int, ...]
    time_base: Fraction
    checks: tuple[int, ...]
    """The `check_of` each."""


def check_of(frame: Frame) -> int:
    """Return a sum of some rows of a frame, which another one hardly has."""
    return zlib.crc32(frame.pixels[:: max(1, frame.pixels.shape[0] // _ROWS)].tobytes())


class PartSource:
    """The frames of a file from one on to another; see `pipeline.Source`.

    They are those of a read from the file's beginning: where one that begins later yields others, all is read.
    """

    def __init__(self, source: FileSource, times: Times, end: int, *, seek: bool) -> None:
        """Take the source.

        Args:
            source: of the whole file.
            times: of the first frames.
            end: index of the frame before which it ends.
            seek: a read that begins later may be tried.
        """
        self._source, self._times, self._end = source, times, end
        self._seek = seek and times.first > 0

    @property
    def info(self) -> StreamInfo:
        """See `pipeline.Source`."""
        return self._source.info

    @property
    def video(self) -> Video:
        """The opened video."""
        return self._source.video

    @property
    def damage(self) -> int:
        """None: whoever reads the whole file tells of it."""
        return 0

    def give_up(self) -> None:
        """See `pipeline.Source`."""
        self._source.give_up()

    def __iter__(self) -> Iterator[Frame]:
        """Yield the frames."""
        first = self._times.first
        frames = self._sought() if self._seek else None
        if frames is None:
            frames = islice(self._source, first, None)
        yield from islice(frames, self._end - first)

    def _sought(self) -> Iterator[Frame] | None:
        """Return the frames by a read that begins with them; None where it begins with others."""
        times = self._times
        frames = self.video.read(times.pts[0] * times.time_base)
        head = list(islice(frames, len(times.pts)))
        found = [(f.pts, f.time_base, check_of(f)) for f in head]
        due = [(p, times.time_base, c) for p, c in zip(times.pts, times.checks, strict=True)]
        if found != due:
            log.debug("frame %d of %s is not found by its time", times.first, self.video.path)
            return None

        def all_of_them() -> Iterator[Frame]:
            yield from head
            yield from frames

        return all_of_them()
