"""A clip that is asked for the picture of a time, again and again, forward."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path
from typing import Self

from vidstyle.frame import Frame, StreamInfo
from vidstyle.media.reading import Reading
from vidstyle.media.video import Video

_TICK = Fraction(1, 1000)
"""Seconds by which rounding may put a frame behind the time at which it is asked for."""


class Moments:
    """The frames of a clip by their times: the last one holds to the end, and the first from the beginning.

    Use it as a context manager.
    """

    def __init__(
        self,
        path: Path,
        reading: Reading | None = None,
        *,
        stop: Callable[[], None] | None = None,
    ) -> None:
        """Open a clip; see `Video.open`.

        Raises:
            InputError: no such file, no video in it, one that is refused, or one without times.
        """
        with ExitStack() as opened:
            video = opened.enter_context(Video.open(path, reading, stop=stop, look_only=True))
            self.info: StreamInfo = video.info
            # A read of its own: that of all the file would gather the packets of its sound.
            self._coming: Iterator[Frame] = video.read()
            self._now = self._next = next(self._coming, None)
            self._opened = opened.pop_all()

    def at(self, time: Fraction) -> Frame:
        """Return the frame that is shown at a time, seconds, no earlier than the last one asked for.

        Raises:
            InputError: the file cannot be read further.
        """
        while self._next and self._next.pts * self._next.time_base <= time + _TICK:
            self._now, self._next = self._next, next(self._coming, None)
        if self._now is None:  # `Video.open` has decoded a frame, which the second read left out
            raise RuntimeError("no frame came")
        return self._now

    @property
    def end(self) -> Fraction | None:
        """When its last frame ends, seconds; None: another one follows the frame that was asked for."""
        last = self._now
        if last is None or self._next:
            return None
        lasts = last.duration * last.time_base if last.duration else 1 / self.info.even_rate
        return last.pts * last.time_base + lasts

    def close(self) -> None:
        """Close the clip."""
        self._opened.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
