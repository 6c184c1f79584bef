"""A painting that goes on: a model, the style that it paints in, and what the last frame has left."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

import cv2
import numpy as np

from vidstyle.frame import Pixels
from vidstyle.live.controls import Fade, Values
from vidstyle.model import Model
from vidstyle.runtime.padding import padded_size
from vidstyle.stylize.look import Look
from vidstyle.stylize.state import State
from vidstyle.stylize.style import Style


class Voice:
    """One painting of a stream, whose style fades into others of its model."""

    def __init__(self, model: Model, style: Style | None) -> None:
        """Begin in a style; None: the model has its own."""
        self.model, self._style = model, style
        self._values = Fade(_values(style))
        self._state: State | None = None

    def to(
        self, style: Style | None, now: float, seconds: float | None = None, curve: str = "ease"
    ) -> None:
        """Go over into another style of the model; see `Fade.to`."""
        self._style = style
        self._values.to(_values(style), now, seconds, curve)

    def style_at(self, now: float) -> Style | None:
        """Return the style at a time, seconds."""
        if self._style is not None and self._values.moving(now):
            return replace(self._style, values=self._values.at(now))
        return self._style

    def expect(self, height: int, width: int) -> None:
        """Begin to get ready for painting at a size."""
        self.model.engine.expect(*self._padded(height, width), high_bit_depth=False)

    def ready(self, height: int, width: int) -> bool:
        """Return whether painting at a size would begin without a pause."""
        return self.model.engine.ready(*self._padded(height, width), high_bit_depth=False)

    def _padded(self, height: int, width: int) -> tuple[int, int]:
        multiple = self.model.multiple
        return padded_size(height, multiple), padded_size(width, multiple)

    def paint(self, frame: Pixels, small: Pixels, look: Look) -> Pixels:
        """Paint a frame (H, W, 3) uint8 at the size of a smaller or larger copy of it, in a look without a stroke."""
        stylizer = self.model.stylizer
        (painted,), self._state = stylizer.step([small], stylizer.weakened(look), self._state)
        if painted.shape != frame.shape:
            height, width, _ = frame.shape
            painted = cast(
                Pixels, cv2.resize(painted, (width, height), interpolation=cv2.INTER_LINEAR)
            )
        # Mixed at full size, so that what is painted small leaves the frame itself sharp.
        return stylizer.mixed(frame, painted, look)


def _values(style: Style | None) -> Values:
    return np.empty(0, np.float32) if style is None else style.values
