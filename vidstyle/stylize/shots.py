"""Shots: what was learned of one does not reach into the next."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from vidstyle.frame import Pixels
from vidstyle.pipeline import Stylizer
from vidstyle.stylize.wrapper import Beginner, Wrapper

_SIZE = 32, 18
"""Width and height of the thumbnails that are compared."""

_LEAST_CHANGE = 20.0
"""Mean change of a thumbnail, levels of 255, below which no cut is seen. Clips of people, animals,
streets and camera moves change by 1 to 19 from frame to frame, cuts by 40 to 80."""

_SUDDEN = 2.5
"""A cut changes this many times more than the frames before it did."""

_RISE = 2.0
"""Contrast over the shot's at which it begins anew: a fade from black ends."""

Thumbnail = NDArray[np.float32]


def thumbnail(frame: Pixels) -> Thumbnail:
    """Return a frame (H, W, 3) as a thumbnail, levels of 255."""
    small = cv2.resize(frame, _SIZE, interpolation=cv2.INTER_AREA).astype(np.float32)
    return cast(Thumbnail, small / 257 if frame.dtype == np.uint16 else small)


@dataclass(frozen=True, repr=False)
class Shot:
    """What is remembered of a shot."""

    last: Thumbnail
    change: float
    """Running mean of the change from frame to frame."""
    contrast: float
    """Running mean of the thumbnails' standard deviation."""

    @classmethod
    def begin(cls, now: Thumbnail) -> Shot:
        """Remember the first frame of a clip."""
        return cls(now, 3.0, float(now.std()))

    def go_on(self, now: Thumbnail) -> tuple[Shot, bool]:
        """Take the next frame.

        Returns:
            The shot it belongs to; True where it is the same one.
        """
        change = float(np.abs(now - self.last).mean())
        contrast = float(now.std())
        cut = change > max(_LEAST_CHANGE, _SUDDEN * self.change)
        brighter = contrast > _RISE * (self.contrast + 2.0)
        # Where all changes all the time, as under a strobe, that is no cut at every frame.
        usual = max(1.0, self.change + 0.3 * (change - self.change))
        if cut or brighter:
            return Shot(now, usual, contrast), False
        return Shot(now, usual, self.contrast + 0.05 * (contrast - self.contrast)), True


_CUT_AHEAD = 35.0
"""Mean change, as above, at which a look ahead ends: it sees frames half a second apart."""

_APART = 2
"""Of the frames that come, every second is learned from, since each costs a painting; not the first, which is
painted anyway."""

_SHORTEST = 12
"""Frames of a shot after which the next one is looked ahead at all: a strobe makes a cut of every flash."""


@dataclass(frozen=True, repr=False)
class ShotState:
    """What one call leaves to the next."""

    shot: Shot | None
    inner: Any
    frames: int = 0
    """How many there were ..."""
    begun: int = -_SHORTEST
    """... when this shot began."""


class ShotStylizer(Wrapper):
    """A stylizer for video with cuts around one for a single shot, whose state it drops at cuts."""

    def __init__(
        self, inner: Stylizer, ahead: Callable[[int], Iterable[Pixels]] | None = None
    ) -> None:
        """Take the stylizer and, for a file, what shows some of the frames that come.

        Args:
            inner: paints a shot; a `Beginner` where `ahead` is given.
            ahead: yields frames from the one with an index on, two a second.
        """
        super().__init__(inner)
        self._ahead = ahead

    def start(
        self, frames: Sequence[Pixels], prepared: Any, state: ShotState | None = None
    ) -> tuple[Callable[[], list[Pixels]], ShotState]:
        """Begin to paint frames (H, W, 3) of one size, in order, shot by shot."""
        state = state or ShotState(None, None)
        shot, inner, begun = state.shot, state.inner, state.begun
        parts: list[tuple[list[Pixels], Any]] = [([], inner)]
        for index, frame in enumerate(frames, state.frames):
            now = thumbnail(frame)
            following, same = shot.go_on(now) if shot else (Shot.begin(now), False)
            if not same:
                known = index - begun >= _SHORTEST
                parts.append(([], self._look_ahead(index, now, prepared) if known else None))
                begun = index
            shot = following
            parts[-1][0].append(frame)
        finishes = []
        for part, begin in parts:
            if part:
                finish, inner = self.inner.start(part, prepared, begin)
                finishes.append(finish)
        state = ShotState(shot, inner, state.frames + len(frames), begun)
        return (lambda: [p for finish in finishes for p in finish()]), state

    def _look_ahead(self, index: int, now: Thumbnail, prepared: Any) -> Any:
        """Return a state for the shot that begins at a frame with an index and a thumbnail."""
        if self._ahead is None:
            return None
        samples: list[Pixels] = []
        for n, frame in enumerate(self._ahead(index)):
            last, now = now, thumbnail(frame)
            if np.abs(now - last).mean() > _CUT_AHEAD:
                break
            if n and n % _APART == 0:
                samples.append(frame)
        return cast(Beginner, self.inner).begin(samples, prepared) if samples else None
