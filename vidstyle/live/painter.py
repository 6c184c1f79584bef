"""Paints one frame after the other, while style, strength, stability and size change: it fades a `Look`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import cast

import cv2
import numpy as np

from vidstyle.comparison import split
from vidstyle.errors import UsageError
from vidstyle.frame import ColorTags, Frame, Pixels
from vidstyle.images.masks import lay
from vidstyle.live.controls import Command, Fade
from vidstyle.model import Model
from vidstyle.pipeline import Arrays
from vidstyle.runtime.compute import Compute
from vidstyle.runtime.padding import padded_size
from vidstyle.selection import load_for
from vidstyle.stylize.layers import MaskSource
from vidstyle.stylize.look import Look
from vidstyle.stylize.state import State
from vidstyle.stylize.style import Style

_COLOR = ColorTags(1, 2, 1, 1)
"""Of frames that a mask is asked for, which looks at their pixels alone."""


class LivePainter:
    """Paints a single stream without end; what changes fades over."""

    def __init__(
        self,
        model: Model,
        styles: Sequence[Path],
        *,
        strength: float = 1.0,
        stability: float = 0.0,
        colors: str = "style",
        mask: MaskSource | None = None,
    ) -> None:
        """Read the styles.

        Args:
            model: of low latency.
            styles: pictures to change between; none where the model has a style of its own.
            strength: 0 to 1.
            stability: 0 to 1.
            colors: see `Look`.
            mask: where it is painted; None: everywhere.

        Raises:
            InputError: one is no picture.
        """
        self.model = model
        self._colors, self._mask = colors, mask
        self._memory: Arrays = {}
        self._state: State | None = None
        self.names = [style.stem for style in styles]
        self._styles: list[Style | None] = [model.style(style) for style in styles] or [None]
        self.chosen = 0
        """Index of the style that it is, or becomes."""
        self.strength, self.stability = strength, stability
        self._strength = Fade(np.array([strength], np.float32))
        self._stability = Fade(np.array([stability], np.float32))
        self._values = Fade(self._values_of(0))
        self.compare = False
        """The left half is shown as it came."""

    @classmethod
    def of(
        cls,
        styles: Sequence[str],
        compute: Compute,
        *,
        strength: float = 1.0,
        stability: float = 0.0,
        colors: str = "style",
        mask: MaskSource | None = None,
    ) -> LivePainter:
        """Load the model, and read the styles: pictures, or the name of one network.

        Raises:
            UsageError: networks of one style among several; no such device.
            InputError: one is no picture.
        """
        model, pictures = load_for(list(styles), replace(compute, low_latency=True))
        names = [Path(str(picture)) for picture in pictures]
        return cls(
            *(model, names), strength=strength, stability=stability, colors=colors, mask=mask
        )

    def _values_of(self, number: int) -> np.ndarray:
        style = self._styles[number]
        return np.empty(0, np.float32) if style is None else style.values

    def forget(self) -> None:
        """Take the next frame for the first one."""
        self._state, self._memory = None, {}

    def expect(self, height: int, width: int) -> None:
        """Begin to get ready for painting at a size."""
        self.model.engine.expect(*self._padded(height, width), high_bit_depth=False)

    def ready(self, height: int, width: int) -> bool:
        """Return whether painting at a size would begin without a pause."""
        return self.model.engine.ready(*self._padded(height, width), high_bit_depth=False)

    def _padded(self, height: int, width: int) -> tuple[int, int]:
        multiple = self.model.multiple
        return padded_size(height, multiple), padded_size(width, multiple)

    def look_at(self, now: float) -> Look:
        """Return the look at a time, seconds."""
        style = self._styles[self.chosen]
        if style is not None and self._values.moving(now):
            style = replace(style, values=self._values.at(now))
        strength, stability = (
            float(f.at(now)[0].clip(0, 1)) for f in (self._strength, self._stability)
        )
        return Look(style, strength=strength, stability=stability, colors=self._colors)

    def paint(self, pixels: Pixels, size: tuple[int, int], now: float) -> Pixels:
        """Paint a frame.

        Args:
            pixels: (H, W, 3) uint8.
            size: height and width at which to paint it; the result is as large as it was.
            now: seconds, for what fades.
        """
        height, width, _ = pixels.shape
        look, small = self.look_at(now), pixels
        if size != (height, width):
            small = cast(Pixels, cv2.resize(pixels, size[::-1], interpolation=cv2.INTER_AREA))
        # Mixed at full size, so that what is painted small leaves the frame itself sharp.
        stylizer = self.model.stylizer
        (painted,), self._state = stylizer.step([small], stylizer.weakened(look), self._state)
        if size != (height, width):
            painted = cast(
                Pixels, cv2.resize(painted, (width, height), interpolation=cv2.INTER_LINEAR)
            )
        painted = stylizer.mixed(pixels, painted, look)
        if self._mask is not None:
            frame = Frame(pixels, 0, Fraction(1), _COLOR)
            mask, self._memory = self._mask.at(frame, self._memory)
            painted = lay(pixels, painted, mask)
        return split(pixels, painted) if self.compare else painted

    def obey(self, command: Command, now: float) -> str:
        """Change style, strength or stability, or show before and after.

        Returns:
            What it is now, for people.

        Raises:
            UsageError: no such style.
        """
        if command.what == "style":
            self.chosen = self._find(str(command.value))
            self._values.to(self._values_of(self.chosen), now)
            return f"style {self.names[self.chosen]}"
        if command.what == "compare":
            self.compare = not self.compare
            return f"compare {'split' if self.compare else 'off'}"
        value = float(command.value) + (getattr(self, command.what) if command.relative else 0)
        value = round(min(1.0, max(0.0, value)), 3)
        setattr(self, command.what, value)
        fade = self._strength if command.what == "strength" else self._stability
        fade.to(np.array([value], np.float32), now)
        return f"{command.what} {value:g}"

    def _find(self, name: str) -> int:
        if name in {"next", "previous"} and self.names:
            return (self.chosen + (1 if name == "next" else -1)) % len(self.names)
        if name in self.names:
            return self.names.index(name)
        if name.isdecimal() and 1 <= int(name) <= len(self.names):
            return int(name) - 1
        known = ", ".join(f"{n} {style}" for n, style in enumerate(self.names, 1))
        raise UsageError(f"no style is called {name}; there is {known or 'but one'}")
