"""Paints frames: `prepare` a style once, `step` through batches of frames.

State is a value that goes in and comes out, so that chunks, seeks and tests need nothing hidden.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from vidstyle.frame import Pixels
from vidstyle.runtime.engine import Engine
from vidstyle.runtime.padding import crop, pad
from vidstyle.stylize.style import fit_style, read_picture


@dataclass(frozen=True, repr=False)
class PreparedStyle:
    """A style as the network takes it."""

    vector: NDArray[np.float32]
    """(S,) gains, shifts and palette."""
    strength: float
    """Share of the painting in the result, 0 (the frame itself) to 1."""


@dataclass(frozen=True, repr=False)
class State:
    """What one batch leaves to the next."""

    statistics: NDArray[np.float32]
    """(T,) channel means and standard deviations with which the last frame was normalised."""


class ArbitraryStylizer:
    """Any style from one picture."""

    def __init__(self, engine: Engine, *, inertia: float = 0.0) -> None:
        """Take the engine that runs the network.

        Args:
            engine: see `vidstyle.runtime.select`.
            inertia: share of the last frame's statistics in the next frame's, 0 to below 1. 0: each
                frame is normalised by its own; more is steadier, and slower to follow a change.
        """
        if not 0 <= inertia < 1:
            raise ValueError(f"expected an inertia from 0 to below 1, got {inertia}")
        self.engine = engine
        self.inertia = inertia

    def prepare(self, style: Path | str | Pixels, *, strength: float = 1.0) -> PreparedStyle:
        """Encode a style picture, a file or pixels (H, W, 3).

        Raises:
            InputError: the file is missing or no picture.
            ValueError: a strength outside 0 to 1, or pixels of another type or shape.
        """
        if not 0 <= strength <= 1:
            raise ValueError(f"expected a strength from 0 to 1, got {strength}")
        picture = style if isinstance(style, np.ndarray) else read_picture(Path(style))
        if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] != 3:
            raise ValueError(
                f"expected a uint8 picture (H, W, 3), got {picture.dtype} {picture.shape}"
            )
        return PreparedStyle(self.engine.encode(fit_style(picture)), strength)

    def step(
        self, frames: Pixels, prepared: PreparedStyle, state: State | None = None
    ) -> tuple[Pixels, State]:
        """Paint frames (N, H, W, 3), in order; return them and the state for the next call."""
        height, width = frames.shape[1:3]
        given = (state.statistics, self.inertia) if state and self.inertia else None
        painted, used = self.engine.paint(pad(frames), prepared.vector, given)
        painted, share = crop(painted, height, width), prepared.strength
        if share < 1:
            pairs = zip(frames, painted, strict=True)
            painted = np.stack([cv2.addWeighted(f, 1 - share, p, share, 0) for f, p in pairs])
        return painted.astype(frames.dtype, copy=False), State(used)


class IdentityStylizer:
    """Leaves frames as they are: `--style identity` tests the pipeline exactly."""

    def step(self, frames: Pixels, prepared: None, state: None) -> tuple[Pixels, None]:
        """Return the frames."""
        return frames, None
