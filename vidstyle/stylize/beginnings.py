"""Where the shots of a clip begin, found without painting: there, what paints needs to know nothing of what was before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from vidstyle.frame import Pixels
from vidstyle.stylize.packing import Arrays, pack
from vidstyle.stylize.recolor import FOLLOWED
from vidstyle.stylize.shots import split
from vidstyle.stylize.state import State
from vidstyle.stylize.stroke import scaled, working_size
from vidstyle.stylize.stylizer import BoundStylizer


@dataclass(frozen=True, repr=False)
class Beginning:
    """A frame from which on a clip can be painted as if all before it had been painted, too."""

    frame: int
    """Its index."""
    call: int
    """Index of the first frame of the call with it: what is painted from there up to the frame is of no use."""
    state: Arrays
    """In which that call is made."""


class Beginnings:
    """Follows a clip as the stylizer does that paints it, and tells where it can be begun."""

    def __init__(self, painter: BoundStylizer, batch: int) -> None:
        """Take the stylizer, in its look, and the frames of each of its calls."""
        self._stylizer, self._look = painter.stylizer, painter.look
        self._batch = batch
        self._state = self._called = State()
        following = self._stylizer.engine.following is not None
        self._anywhere = not (following or self._look.stability or self._look.colors in FOLLOWED)

    def take(self, frames: Sequence[Pixels]) -> list[Beginning]:
        """Take the next frames (H, W, 3), and return those among them with which the clip can be begun."""
        return [beginning for frame in frames for beginning in self._take(frame)]

    def _take(self, frame: Pixels) -> list[Beginning]:
        state, index = self._state, self._state.frames
        if index % self._batch == 0:
            self._called = state
        fresh = self._anywhere
        if not self._anywhere:
            size = working_size(frame, self._look.stroke)
            seen = frame if size == frame.shape[:2] else scaled(frame, size)
            ((_, part, _),) = split([seen], state.shot, index, rises=self._stylizer.rises)
            fresh = part.fresh
            state = replace(
                state, shot=part.shot, begun=index if fresh else state.begun, style=self._look.style
            )
        self._state = replace(state, frames=index + 1)
        if not fresh:
            return []
        return [Beginning(index, self._called.frames, pack(self._called))]
