"""Paints one frame after the other, while style, strength, stability and size change: it fades a `Look`."""

from __future__ import annotations

import logging
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
from vidstyle.live.controls import NUMBERS, Command, Fade
from vidstyle.live.schedule import Schedule
from vidstyle.model import Model
from vidstyle.pipeline import Arrays
from vidstyle.runtime.compute import Compute
from vidstyle.runtime.padding import padded_size
from vidstyle.selection import load_for
from vidstyle.stylize.cues import Cue
from vidstyle.stylize.layers import MaskSource
from vidstyle.stylize.look import Look
from vidstyle.stylize.state import State
from vidstyle.stylize.style import Style, mix
from vidstyle.stylize.timeline import Timeline

log = logging.getLogger(__name__)

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
        blend: float = 1.0,
        stability: float = 0.0,
        colors: str = "style",
        mask: MaskSource | None = None,
        schedule: Schedule | None = None,
    ) -> None:
        """Read the styles.

        Args:
            model: of low latency.
            styles: pictures to change between; none where the model has a style of its own.
            strength: 0 to 1.
            blend: 0 to 1.
            stability: 0 to 1.
            colors: see `Look`.
            mask: where it is painted; None: everywhere.
            schedule: cues, which change it; commands that come later count more.

        Raises:
            InputError: one is no picture.
        """
        self.model = model
        self._mask, self._schedule = mask, schedule or Schedule()
        self._memory: Arrays = {}
        self._state: State | None = None
        self.names = [style.stem for style in styles]
        self._styles: list[Style | None] = [model.style(style) for style in styles]
        self._known = {_key((style,)): number for number, style in enumerate(styles)}
        for cue in self._schedule.cues:
            self._read(cue)
        self._styles = self._styles or [None]
        self._first = {"strength": strength, "blend": blend, "stability": stability}, colors
        self.compare = False
        """The left half is shown as it came."""
        self._begin()

    def _read(self, cue: Cue) -> None:
        """Read the style of a cue, unless it is known."""
        key = _key(cue.sources, cue.weights)
        if not cue.sources or not self.model.takes_pictures or key in self._known:
            return
        self._known[key] = len(self._styles)
        pictures = [self.model.style(Path(str(source))) for source in cue.sources]
        self._styles.append(mix(pictures, cue.weights))
        self.names.append(cue.style_name)

    def _begin(self) -> None:
        """Take the looks of the beginning."""
        numbers, self._colors = self._first
        self.strength, self.blend, self.stability = (numbers[name] for name in NUMBERS)
        self._numbers = {n: Fade(np.array([v], np.float32)) for n, v in numbers.items()}
        self.chosen = 0
        """Index of the style that it is, or becomes."""
        self._values = Fade(self._values_of(0))
        self._schedule.begin()

    @classmethod
    def of(
        cls,
        styles: Sequence[str],
        compute: Compute,
        *,
        strength: float = 1.0,
        blend: float = 1.0,
        stability: float = 0.0,
        colors: str = "style",
        mask: MaskSource | None = None,
        timeline: Timeline | None = None,
    ) -> LivePainter:
        """Load the model, and read the styles: pictures, or the name of one network; those of a timeline, too.

        Raises:
            UsageError: networks of one style among several; no such device; a timeline that does not suit a live source.
            InputError: one is no picture.
        """
        schedule = Schedule()
        if timeline:
            timeline.check_beginning(has_style=bool(styles))
            schedule = Schedule.of(timeline)
        of_cues = [str(source) for cue in schedule.cues for source in cue.sources]
        model, pictures = load_for([*styles, *of_cues], replace(compute, low_latency=True))
        names = [Path(str(picture)) for picture in pictures[: len(styles)]]
        return cls(
            *(model, names),
            strength=strength,
            blend=blend,
            stability=stability,
            colors=colors,
            mask=mask,
            schedule=schedule,
        )

    def _values_of(self, number: int) -> np.ndarray:
        style = self._styles[number]
        return np.empty(0, np.float32) if style is None else style.values

    def forget(self) -> None:
        """Take the next frame for the first one."""
        self._state, self._memory = None, {}
        if self._schedule:
            self._begin()

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
        numbers = {n: float(fade.at(now)[0].clip(0, 1)) for n, fade in self._numbers.items()}
        return Look(
            style,
            strength=numbers["strength"],
            blend=numbers["blend"],
            stability=numbers["stability"],
            colors=self._colors,
        )

    def paint(self, pixels: Pixels, size: tuple[int, int], now: float) -> Pixels:
        """Paint a frame.

        Args:
            pixels: (H, W, 3) uint8.
            size: height and width at which to paint it; the result is as large as it was.
            now: seconds, for what fades.
        """
        height, width, _ = pixels.shape
        for cue, when in self._schedule.due(now):
            followed = self._follow(cue, when)
            if cue.at:  # what it begins with is no news
                log.warning("%s: %s", cue.name, followed)
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

    def _follow(self, cue: Cue, when: float) -> str:
        """Begin the change that a cue names, and return what it leads to, for people."""
        said, how = [], (float(cue.fade), cue.curve)
        if cue.sources:
            self.chosen = self._known.get(_key(cue.sources, cue.weights), 0)
            self._values.to(self._values_of(self.chosen), when, *how)
            said.append(f"style {cue.style_name}")
        for name, value in cue.values.items():
            if name == "colors":
                self._colors = str(value)
                said.append(f"colors {value}")
            else:
                said.append(self._send(name, float(str(value)), when, *how))
        return ", ".join(said)

    def _send(
        self,
        name: str,
        value: float,
        when: float,
        seconds: float | None = None,
        curve: str = "ease",
    ) -> str:
        """Let a number go to a value, and return that for people."""
        setattr(self, name, value)
        self._numbers[name].to(np.array([value], np.float32), when, seconds, curve)
        return f"{name} {value:g}"

    def obey(self, command: Command, now: float) -> str:
        """Change style, strength, blend or stability, or show before and after.

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
        return self._send(command.what, round(min(1.0, max(0.0, value)), 3), now)

    def _find(self, name: str) -> int:
        if name in {"next", "previous"} and self.names:
            return (self.chosen + (1 if name == "next" else -1)) % len(self.names)
        if name in self.names:
            return self.names.index(name)
        if name.isdecimal() and 1 <= int(name) <= len(self.names):
            return int(name) - 1
        known = ", ".join(f"{n} {style}" for n, style in enumerate(self.names, 1))
        raise UsageError(f"no style is called {name}; there is {known or 'but one'}")


def _key(
    sources: Sequence[object], weights: Sequence[float] | None = None
) -> tuple[tuple[str, ...], tuple[float, ...]]:
    """Return what tells styles from others."""
    return tuple(map(str, sources)), tuple(weights or ())
