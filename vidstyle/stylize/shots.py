"""Shots: what was learned of one does not reach into the next."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from vidstyle.frame import Pixels
from vidstyle.stylize.wrapper import Wrapper

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


@dataclass(frozen=True, repr=False)
class ShotState:
    """What one call leaves to the next."""

    shot: Shot | None
    inner: Any


class ShotStylizer(Wrapper):
    """A stylizer for video with cuts around one for a single shot, whose state it drops at cuts."""

    def start(
        self, frames: Sequence[Pixels], prepared: Any, state: ShotState | None = None
    ) -> tuple[Callable[[], list[Pixels]], ShotState]:
        """Begin to paint frames (H, W, 3) of one size, in order, shot by shot."""
        shot, inner = (state.shot, state.inner) if state else (None, None)
        parts: list[tuple[list[Pixels], Any]] = [([], inner)]
        for frame in frames:
            now = thumbnail(frame)
            shot, same = shot.go_on(now) if shot else (Shot.begin(now), True)
            if not same:
                parts.append(([], None))
            parts[-1][0].append(frame)
        finishes = []
        for part, begin in parts:
            if part:
                finish, inner = self.inner.start(part, prepared, begin)
                finishes.append(finish)
        return (lambda: [p for finish in finishes for p in finish()]), ShotState(shot, inner)
