"""The frames of a clip painted in whatever order they are asked for, as editors and frame servers do."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from threading import Lock

from vidstyle.frame import Pixels
from vidstyle.stylize.look import Look
from vidstyle.stylize.state import State
from vidstyle.stylize.stylizer import Finish, Stylizer

_KEPT = 16
"""Painted frames that are kept: whoever asks from several threads asks a little out of order."""

_REACH, _PER_SECOND = 4, 2
"""Seconds that are looked ahead, and frames of each."""


class AnyOrder:
    """Paints the frame with an index, always the same, whatever was asked for before.

    A painting depends on the frames before it. So a clip is painted in sections, each from its own beginning on and
    with a look ahead, as the first frames of a shot are: to paint a frame all those before it in its section are painted.
    """

    def __init__(
        self,
        stylizer: Stylizer,
        look: Look,
        frame: Callable[[int], Pixels],
        count: int,
        *,
        rate: float,
        section: int,
    ) -> None:
        """Take a clip.

        Args:
            stylizer: paints.
            look: how.
            frame: returns the frame (H, W, 3) with an index; all are of one size and dtype.
            count: frames of the clip.
            rate: frames a second, about.
            section: frames of a section; 0: the whole clip is one.
        """
        stylizer.check(look)
        self._stylizer, self._look, self._frame = stylizer, look, frame
        self._count, self._section = count, section or count
        self._apart = max(1, round(rate / _PER_SECOND))
        self._lock = Lock()
        self._painted: OrderedDict[int, Pixels] = OrderedDict()
        self._begin_at(0)

    def __call__(self, index: int) -> Pixels:
        """Return a painted frame (H, W, 3), which must not be written to; from any thread.

        Raises:
            IndexError: there is no such frame.
        """
        if not 0 <= index < self._count:
            raise IndexError(f"expected a frame from 0 to {self._count - 1}, got {index}")
        with self._lock:
            if index not in self._painted:
                try:
                    self._paint_to(index)
                except BaseException:
                    self._begin_at(0)
                    raise
            return self._painted[index]

    def _begin_at(self, first: int) -> None:
        self._first, self._next = first, first
        self._state: State | None = None
        self._calls: deque[Finish] = deque()

    def _paint_to(self, index: int) -> None:
        """Paint on, or from the beginning of the section, up to a frame."""
        first = index - index % self._section
        if first != self._first or index < self._next - len(self._calls):
            self._begin_at(first)
        end = min(first + self._section, self._count)
        depth = self._stylizer.depth(self._look)
        while index not in self._painted:
            while self._next < end and len(self._calls) <= depth:
                finish, self._state = self._stylizer.start(
                    [self._frame(self._next)], self._look, self._state, lookahead=self._ahead
                )
                self._calls.append(finish)
                self._next += 1
            number = self._next - len(self._calls)
            (self._painted[number],) = self._calls.popleft()()
            self._painted.move_to_end(number)
            if len(self._painted) > _KEPT:
                self._painted.popitem(last=False)

    def _ahead(self, index: int) -> Iterator[Pixels]:
        """Yield coming frames, from the one with an index in the section on."""
        begin = self._first + index
        end = min(self._count, begin + _REACH * _PER_SECOND * self._apart)
        return map(self._frame, range(begin, end, self._apart))
