"""Shots: what was learned of one does not reach into the next."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from vidstyle.frame import Pixels

_SIZE = 32, 18
"""Width and height of the thumbnails that are compared."""

_MIN_CHANGE = 20.0
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
    return small / np.float32(257) if frame.dtype == np.uint16 else small


@dataclass(frozen=True, repr=False)
class Shot:
    """The memory of a shot, by which its end is found."""

    last: Thumbnail
    change: float
    """Running mean of the change from frame to frame."""
    contrast: float
    """Running mean of the thumbnails' standard deviation."""

    @classmethod
    def first(cls, now: Thumbnail) -> Shot:
        """Remember the first frame of a clip."""
        return cls(now, 3.0, float(now.std()))

    def follow(self, now: Thumbnail, *, rises: bool = True) -> tuple[Shot, bool]:
        """Take the next frame.

        Args:
            now: its thumbnail.
            rises: the end of a fade from black begins anew too.

        Returns:
            The shot it belongs to; True where it is the same one.
        """
        change = float(np.abs(now - self.last).mean())
        contrast = float(now.std())
        cut = change > max(_MIN_CHANGE, _SUDDEN * self.change)
        brighter = contrast > _RISE * (self.contrast + 2.0)
        # Where all changes all the time, as under a strobe, that is no cut at every frame.
        usual = max(1.0, self.change + 0.3 * (change - self.change))
        if cut or (rises and brighter):
            return Shot(now, usual, contrast), False
        return Shot(now, usual, self.contrast + 0.05 * (contrast - self.contrast)), True


@dataclass(frozen=True)
class Part:
    """Frames of one shot within a call."""

    shot: Shot
    """After its last frame."""
    now: Thumbnail
    """Of its first frame."""
    fresh: bool
    """It begins the shot."""


def split(
    frames: Sequence[Pixels], shot: Shot | None, first: int, *, rises: bool
) -> list[tuple[list[Pixels], Part, int]]:
    """Part frames (H, W, 3) at cuts.

    Args:
        frames: the next ones of a clip.
        shot: of the frame before; None: there was none.
        first: index of the first of them.
        rises: see `Shot.follow`.

    Returns:
        The frames of each part, the part, and its first frame's index.
    """
    parts: list[tuple[list[Pixels], Part, int]] = []
    for index, frame in enumerate(frames, first):
        now = thumbnail(frame)
        shot, same = shot.follow(now, rises=rises) if shot else (Shot.first(now), False)
        if parts and same:
            parts[-1][0].append(frame)
            parts[-1] = parts[-1][0], replace(parts[-1][1], shot=shot), parts[-1][2]
        else:
            parts.append(([frame], Part(shot, now, fresh=not same), index))
    return parts


CUT_AHEAD = 35.0
"""Mean change, as above, at which a look ahead ends: it sees frames half a second apart."""

_APART = 2
"""Of the frames that come, every second is learned from, since each costs a painting; not the first, which is
painted anyway."""

SHORTEST = 12
"""Frames of a shot after which the next one is looked ahead in at all: a strobe makes a cut of every flash."""


def samples_ahead(now: Thumbnail, frames: Iterable[Pixels]) -> list[Pixels]:
    """Return the frames (H, W, 3) of a shot whose statistics are learned, some one a second, up to the next cut.

    Args:
        now: the thumbnail of the shot's first frame.
        frames: (H, W, 3) from that one on.
    """
    samples: list[Pixels] = []
    for n, frame in enumerate(frames):
        last, now = now, thumbnail(frame)
        if np.abs(now - last).mean() > CUT_AHEAD:
            break
        if n and n % _APART == 0:
            samples.append(frame)
    return samples
