"""Paints one frame after the other, while style, strength, stability and size change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import cast

import cv2
import numpy as np

from vidstyle.errors import UsageError
from vidstyle.frame import Pixels
from vidstyle.live.controls import Command, Fade
from vidstyle.runtime.engine import Engine
from vidstyle.runtime.select import select_engine
from vidstyle.stylize.shots import ShotState, ShotStylizer
from vidstyle.stylize.stabilizer import SteadyState, SteadyStylizer
from vidstyle.stylize.stylizer import OWN_STYLE, NetworkStylizer, PreparedStyle
from vidstyle.zoo.catalog import find_style

_SETTLING = 0.25
"""Seconds after a change of style in which its statistics are still followed quickly."""


class LivePainter:
    """A stylizer for a single stream without end; what changes fades over."""

    def __init__(
        self,
        engine: Engine,
        styles: Sequence[Path],
        *,
        strength: float = 1.0,
        stability: float = 0.0,
    ) -> None:
        """Read the styles.

        Args:
            engine: of low latency.
            styles: pictures to change between; none where the network has a style of its own.
            strength: 0 to 1.
            stability: 0 to 1.

        Raises:
            InputError: one is no picture.
        """
        self.engine = engine
        self._network = NetworkStylizer(engine)
        self._steady = SteadyStylizer(self._network, stability)
        self._state: ShotState | None = None
        self._was_steady = False
        self.names = [style.stem for style in styles]
        self._vectors = [self._network.prepare(style).vector for style in styles]
        self.chosen = 0
        """Index of the style that it is, or becomes."""
        self.strength, self.stability = strength, stability
        self._strength = Fade(np.array([strength], np.float32))
        self._stability = Fade(np.array([stability], np.float32))
        self._style = Fade(self._vectors[0] if self._vectors else OWN_STYLE.vector)
        self._painted_at: tuple[int, int] | None = None

    @classmethod
    def of(
        cls,
        styles: Sequence[str],
        device: str,
        precision: str,
        *,
        strength: float,
        stability: float,
    ) -> LivePainter:
        """Choose the engine, and read the styles: pictures, or the name of one network.

        Raises:
            UsageError: networks of one style among several; no such device.
            InputError: one is no picture.
        """
        networks = [find_style(style) for style in styles]
        if len(styles) > 1 and any(networks):
            raise UsageError("a network of one style stands alone; give its picture instead")
        engine = select_engine(device, precision, networks[0], low_latency=True)
        pictures = [] if networks[0] else [Path(style) for style in styles]
        return cls(engine, pictures, strength=strength, stability=stability)

    def forget(self) -> None:
        """Take the next frame for the first one."""
        self._state = None

    def expect(self, height: int, width: int) -> None:
        """Begin to get ready for painting at a size."""
        self._network.expect_size(height, width, deep=False)

    def ready(self, height: int, width: int) -> bool:
        """Tell whether painting at a size would begin without a pause."""
        return self._network.ready(height, width, deep=False)

    def paint(self, pixels: Pixels, size: tuple[int, int], now: float) -> Pixels:
        """Paint a frame.

        Args:
            pixels: (H, W, 3) uint8.
            size: height and width at which to paint it; the result is as large as it was.
            now: seconds, for what fades.
        """
        height, width, _ = pixels.shape
        small = pixels
        if size != (height, width):
            small = cast(Pixels, cv2.resize(pixels, size[::-1], interpolation=cv2.INTER_AREA))
        stability = float(self._stability.at(now)[0])
        steady = stability > 0
        self._state = self._resumed(steady, size, self._style.moving(now - _SETTLING))
        self._was_steady, self._painted_at = steady, size
        self._steady.stability = stability
        stylizer = ShotStylizer(self._steady if steady else self._network)
        prepared = PreparedStyle(self._style.at(now))
        finish, self._state = stylizer.start([small], prepared, self._state)
        painted = finish()[0]
        if size != (height, width):
            painted = cast(
                Pixels, cv2.resize(painted, (width, height), interpolation=cv2.INTER_LINEAR)
            )
        share = float(self._strength.at(now)[0])
        if share < 1:
            painted = cast(Pixels, cv2.addWeighted(pixels, 1 - share, painted, share, 0))
        return painted

    def _resumed(self, steady: bool, size: tuple[int, int], fading: bool) -> ShotState | None:
        """Return the state to go on from, where something has changed since the last frame."""
        if self._state is None:
            return None
        outer = self._state.inner
        network = outer.inner if self._was_steady else outer
        if fading and network is not None:  # each style has statistics of its own
            network = replace(network, pool=network.pool.loosened())
        if not steady:
            return replace(self._state, inner=network)
        if self._was_steady:
            outer = outer if size == self._painted_at else outer.resized(size)
            return replace(self._state, inner=replace(outer, inner=network))
        return replace(self._state, inner=SteadyState(network))

    def obey(self, command: Command, now: float) -> str:
        """Change style, strength or stability.

        Returns:
            What it is now, for people.

        Raises:
            UsageError: no such style.
        """
        if command.what == "style":
            self.chosen = self._find(str(command.value))
            self._style.to(self._vectors[self.chosen], now)
            return f"style {self.names[self.chosen]}"
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
