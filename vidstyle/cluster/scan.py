"""One read of a video, in a thread, that finds where its pieces can be begun."""

from __future__ import annotations

import threading
from array import array
from fractions import Fraction

from vidstyle.files import Job
from vidstyle.media.part import check_of
from vidstyle.media.source import FileSource
from vidstyle.stylize.beginnings import Beginning, Beginnings


class Scan(threading.Thread):
    """Reads all frames, and keeps of each its time, and of the pieces from where on they can be painted."""

    def __init__(self, job: Job, beginnings: Beginnings, size: int, *, exact: bool) -> None:
        """Take the job.

        Args:
            job: whose input is read.
            beginnings: finds them.
            size: frames of a piece.
            exact: see `files.paint_file`.
        """
        super().__init__(daemon=True, name="scan")
        self._job, self._beginnings, self._size, self._exact = job, beginnings, size, exact
        self._given_up = threading.Event()
        self.pts, self.checks = array("q"), array("q")
        """Of each frame; see `media.part.Times`."""
        self.leads: list[Beginning] = []
        """Of each piece: the last beginning at its first frame, or before."""
        self.time_base: Fraction | None = None
        self.seekable = job.reading.fps is None and job.reading.deinterlace == "off"
        """Nothing is known against a read that begins later."""
        self.ended = False
        self.error: BaseException | None = None

    @property
    def whole(self) -> int:
        """Pieces that are known to be whole, by all their frames."""
        return len(self.checks) // self._size

    def run(self) -> None:
        """Read."""
        try:
            self._read()
        except BaseException as error:
            self.error = error
        self.ended = True

    def _read(self) -> None:
        last: Beginning | None = None
        reading, _ = self._job.options(exact=self._exact)
        with FileSource(self._job.source, reading, stop=self._check) as source:
            for index, frame in enumerate(source):
                self._check()
                last = next(iter(self._beginnings.take([frame.pixels])), last)
                if index % self._size == 0 and last:
                    self.leads.append(last)
                if (
                    frame.damaged
                    or source.damage
                    or frame.time_base != (self.time_base or frame.time_base)
                ):
                    self.seekable = False
                self.time_base = frame.time_base
                self.pts.append(frame.pts)
                self.checks.append(check_of(frame))

    def _check(self) -> None:
        if self._given_up.is_set():
            raise GivenUpError

    def give_up(self) -> None:
        """End it."""
        self._given_up.set()
        self.join()


class GivenUpError(Exception):
    """Nobody wants to know the rest."""
