"""Masks that are found in each frame, and made steady over a shot."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from vidstyle.frame import Frame, Pixels
from vidstyle.images.masks import Mask
from vidstyle.pipeline import Arrays
from vidstyle.stylize.shots import Shot, thumbnail

Segmenter = Callable[[Pixels], Mask]
"""Returns the mask, of any size, of a frame (H, W, 3)."""

_STEADY, _MOVED = 0.25, 0.75
"""Share of what is found anew where it is as it was, and what is added to it where all has changed."""


def once(segmenter: Segmenter) -> Segmenter:
    """Let a segmenter look once at a frame that several masks ask it about."""
    seen: list[tuple[Pixels, Mask]] = []

    def find(frame: Pixels) -> Mask:
        if not seen or seen[0][0] is not frame:
            seen[:] = [(frame, segmenter(frame))]
        return seen[0][1]

    return find


@dataclass(frozen=True)
class FoundMask:
    """Masks that a segmenter finds; see `layers.MaskSource`."""

    segmenter: Segmenter
    fit: Callable[[Mask, Frame], Mask]
    """Fits a mask to a frame."""

    def at(self, frame: Frame, memory: Arrays) -> tuple[Mask, Arrays]:
        """Return the next frame's mask: what flickers is evened out, what moves is followed, and a cut begins anew."""
        mask, memory = evened(self.segmenter(frame.pixels), frame.pixels, memory)
        return self.fit(mask, frame), memory


def evened(found: Mask, frame: Pixels, memory: Arrays) -> tuple[Mask, Arrays]:
    """Even out over a shot what is found in its frames, of values from 0 to 1, and return it with the memory for the next one.

    Args:
        found: of any shape.
        frame: (H, W, 3), in which it was found.
        memory: empty for the first frame.
    """
    mask, now, same = found.copy(), thumbnail(frame), False
    shot = Shot.first(now)
    if memory:
        change, contrast = np.asarray(memory["levels"], np.float64).tolist()
        before = Shot(np.asarray(memory["last"], np.float32), change, contrast)
        shot, same = before.follow(now, rises=False)
    if same and memory["mask"].shape == mask.shape:
        moved = mask - np.asarray(memory["mask"], np.float32)
        mask -= np.asarray(moved * (1 - _STEADY - _MOVED * np.abs(moved)), np.float32)
    levels = np.array([shot.change, shot.contrast], np.float64)
    return mask, {"mask": mask, "last": shot.last, "levels": levels}
