"""The state that one call of the stylizer leaves to the next."""

from __future__ import annotations

from dataclasses import dataclass

from vidstyle.runtime.engine import Painting
from vidstyle.stylize.pooling import Pool
from vidstyle.stylize.recolor import ColorState
from vidstyle.stylize.shots import SHORTEST, Shot
from vidstyle.stylize.stabilizer import MotionState
from vidstyle.stylize.style import Style


@dataclass(frozen=True, repr=False)
class State:
    """The state that one call leaves to the next: a value, to be kept, handed on, or dropped for a fresh start."""

    shot: Shot | None = None
    """The memory of the current shot, by which its end is found."""
    pool: Pool | None = None
    """Statistics of the shot's frames, of the calls that are known to have ended."""
    calls: tuple[tuple[Painting, int], ...] = ()
    """The other calls in the shot and how many frames each paints, oldest first: waiting for them takes time."""
    motion: MotionState | None = None
    """The state of the stabilizer; None: the next frame follows nothing."""
    frames: int = 0
    """Frames painted so far: the index of the next one, from the first that was painted."""
    begun: int = -SHORTEST
    """Index of the first frame of the current shot."""
    style: Style | None = None
    """Of the last call."""
    settling: int = 0
    """For how many frames more that style counts as new."""
    colors: ColorState | None = None
    """The colors of the shot, where the look asks for them."""
