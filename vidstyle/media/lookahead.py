"""Look-ahead in a file: reads the frames of a shot before its first frame is painted."""

from __future__ import annotations

import logging
from array import array
from collections.abc import Iterator
from fractions import Fraction

from vidstyle.frame import Frame, Pixels, StreamInfo
from vidstyle.media.part import PartSource
from vidstyle.media.source import FileSource

log = logging.getLogger(__name__)

_STEP = Fraction(1, 2)
"""Seconds at least between two frames of the look-ahead."""

_REACH = 4
"""Length of the look-ahead, seconds, at most."""

_MAX_PICTURES = 600
"""Pictures that the look-ahead decodes at most: a file without seeking begins far before."""


class LookaheadSource:
    """A source of a file's frames that can also read ahead of one of them."""

    def __init__(self, source: FileSource | PartSource, first: int = 0) -> None:
        """Take the source, one that can be read twice: no pipe; and the index of its first frame."""
        self._source, self._first = source, first
        self._times = array("d")  # seconds: eight bytes a frame, however long the file

    @property
    def info(self) -> StreamInfo:
        """See `pipeline.Source`."""
        return self._source.info

    @property
    def damage(self) -> int:
        """See `pipeline.Source`."""
        return self._source.damage

    def give_up(self) -> None:
        """See `pipeline.Source`."""
        self._source.give_up()

    def __iter__(self) -> Iterator[Frame]:
        """Yield the source's frames."""
        for frame in self._source:
            self._times.append(float(frame.pts * frame.time_base))
            yield frame

    def after(self, index: int) -> Iterator[Pixels]:
        """Yield some two frames (H, W, 3) a second, from about the one with an index on.

        The frame must have been read. An error ends the look-ahead silently: the read that paints reports it.
        """
        video = self._source.video
        try:
            begin = Fraction(self._times[index - self._first]).limit_denominator(10**6)
            for frame in video.read(
                begin,
                begin + _REACH,
                step=_STEP,
                referenced_only=True,
                alpha=False,
                max_pictures=_MAX_PICTURES,
            ):
                yield frame.pixels
        except Exception as error:
            log.debug("cannot look ahead in %s: %s", video.path, error)
