"""Paints one frame after the other, while style, strength, stability and size change: it fades a `Look`."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import cast

import cv2
import numpy as np

from vidstyle.comparison import split
from vidstyle.errors import UsageError
from vidstyle.frame import ColorTags, Frame, Pixels
from vidstyle.images.masks import lay
from vidstyle.live.controls import NUMBERS, Command, Fade
from vidstyle.live.schedule import Schedule
from vidstyle.live.voice import Voice
from vidstyle.model import Model
from vidstyle.pipeline import Arrays
from vidstyle.runtime.compute import Compute
from vidstyle.selection import StyleSource, load_wished, model_for, read_style
from vidstyle.stylize.cues import Cue, style_name
from vidstyle.stylize.layers import MaskSource
from vidstyle.stylize.look import Look
from vidstyle.stylize.stroke import size_for
from vidstyle.stylize.style import Style, StyleOptions
from vidstyle.stylize.timeline import Timeline

log = logging.getLogger(__name__)

_COLOR = ColorTags(1, 2, 1, 1)
"""Of frames that a mask is asked for, which looks at their pixels alone."""

_AHEAD = 5.0
"""Seconds before a cue from which its network gets ready."""


@dataclass(frozen=True)
class Choice:
    """A style that can be painted in."""

    name: str
    """For people, and for those who choose it."""
    model: Model
    """Of low latency."""
    style: Style | None
    """None: the model has its own."""


class LivePainter:
    """Paints a single stream without end; what changes fades over.

    Styles of one model fade as vectors. Another model is another voice, which fades in, and both are painted while it does.
    """

    def __init__(
        self,
        choices: Sequence[Choice],
        *,
        look: Look | None = None,
        mask: MaskSource | None = None,
        schedule: Schedule | None = None,
        of_cues: Sequence[int | None] = (),
    ) -> None:
        """Take the styles.

        Args:
            choices: one at least; it begins with the first.
            look: of the beginning; its style and flow are not looked at.
            mask: where it is painted; None: everywhere.
            schedule: cues, which change it; commands that come later count more.
            of_cues: the number of each cue's style among the choices; None: it has none.
        """
        self.names = [choice.name for choice in choices]
        self._choices, self._mask = choices, mask
        self._schedule = schedule or Schedule()
        self._of_cues = dict(zip(self._schedule.cues, of_cues, strict=True))
        self._memory: Arrays = {}
        self.compare = False
        """The left half is shown as it came."""
        self._full: tuple[int, int] | None = None
        """Height and width of the last frame."""
        self._asked: tuple[int, int] | None = None
        """The size that it was last asked to paint at, or to get ready for."""
        self._painted_at: tuple[int, int] | None = None
        self._first, self._first_choice = look or Look(), 0
        for cue, choice in self._of_cues.items():
            if cue.at == 0 and not cue.fade:  # it begins so, without a change
                self._first = replace(self._first, stroke=_stroke(cue, self._first.stroke))
                self._first_choice = choice or 0
        self._begin()

    @classmethod
    def of(
        cls,
        styles: Sequence[str],
        compute: Compute,
        *,
        look: Look | None = None,
        mask: MaskSource | None = None,
        timeline: Timeline | None = None,
    ) -> LivePainter:
        """Load the models, and read the styles: pictures, or names of networks; those of a timeline, too.

        Raises:
            UsageError: no such device; a timeline that does not suit a live source; styles of a cue that do not mix.
            InputError: one is no picture.
        """
        schedule = Schedule()
        if timeline:
            timeline.check_beginning(has_style=bool(styles))
            schedule = Schedule.of(timeline)
        compute, models = replace(compute, low_latency=True), dict[str, Model]()
        choices: dict[object, Choice] = {}

        def number(sources: Sequence[StyleSource], weights: tuple[float, ...] | None) -> int:
            key = tuple(map(str, sources)), weights
            if key not in choices:
                name, pictures = model_for(sources)
                if str(name) not in models:
                    models[str(name)] = load_wished(name, compute)
                model = models[str(name)]
                options = StyleOptions(style_weights=weights)
                style = read_style(model, pictures, options)
                choices[key] = Choice(style_name(sources), model, style)
            return list(choices).index(key)

        for style in styles:
            number([style], None)
        of_cues = [
            number(cast(Sequence[StyleSource], cue.sources), cue.weights) if cue.sources else None
            for cue in schedule.cues
        ]
        return cls(
            *(list(choices.values()),),
            look=look,
            mask=mask,
            schedule=schedule,
            of_cues=of_cues,
        )

    @property
    def model(self) -> Model:
        """The model that paints, or fades out."""
        return self._voice.model

    def _begin(self) -> None:
        """Take the looks of the beginning."""
        first = self._first
        self.strength, self.blend, self.stability = (getattr(first, name) for name in NUMBERS)
        self._numbers = {
            name: Fade(np.array([getattr(first, name)], np.float32)) for name in NUMBERS
        }
        self._colors, self._stroke, self._wished_stroke = first.colors, first.stroke, first.stroke
        self.chosen = self._first_choice
        """Index of the style that it is, or becomes."""
        choice = self._choices[self.chosen]
        self._voice = Voice(choice.model, choice.style)
        self._next: Voice | None = None
        self._share = Fade(np.zeros(1, np.float32))
        """Of the next voice in what is shown."""
        self._wished: tuple[float | None, str] | None = None
        """How the chosen style, of another model, is to fade in."""
        self._schedule.begin()

    def forget(self) -> None:
        """Take the next frame for the first one."""
        self._memory = {}
        if self._schedule:
            self._begin()
        else:
            choice = self._choices[self.chosen]
            self._voice, self._next = Voice(choice.model, choice.style), None

    @property
    def _voices(self) -> list[Voice]:
        return [self._voice, self._next] if self._next else [self._voice]

    def expect(self, height: int, width: int) -> None:
        """Begin to get ready for painting at a size."""
        self._asked = height, width
        for voice in self._voices:
            voice.expect(*self._sized(self._asked, self._wished_stroke))

    def ready(self, height: int, width: int) -> bool:
        """Return whether painting at a size would begin without a pause."""
        size = self._sized((height, width), self._wished_stroke)
        return all(voice.ready(*size) for voice in self._voices)

    def _sized(self, size: tuple[int, int], stroke: float | None) -> tuple[int, int]:
        """Return the height and width at which the network paints: so many times those for the stroke as a size is the frame."""
        if stroke is None:
            return size
        full = self._full or size
        share = size[0] / full[0]
        height, width = size_for(*full, stroke)
        return round(share * height), round(share * width)

    def look_at(self, now: float) -> Look:
        """Return the look at a time, seconds; while two voices fade, that of the coming one."""
        return self._look(self._voices[-1], now)

    def _look(self, voice: Voice, now: float) -> Look:
        numbers = {n: float(fade.at(now)[0].clip(0, 1)) for n, fade in self._numbers.items()}
        return Look(
            voice.style_at(now),
            strength=numbers["strength"],
            blend=numbers["blend"],
            stability=numbers["stability"],
            colors=self._colors,
        )

    def paint(self, pixels: Pixels, size: tuple[int, int], now: float) -> Pixels:
        """Paint a frame.

        Args:
            pixels: (H, W, 3) uint8.
            size: height and width at which to paint it, but for its stroke; the result is as large as it was.
            now: seconds, for what fades.
        """
        self._full = pixels.shape[0], pixels.shape[1]
        for cue, when in self._schedule.due(now):
            followed = self._follow(cue, when)
            if cue.at:  # what it begins with is no news
                log.warning("%s: %s", cue.name, followed)
        self._change(size, now)
        height, width = self._sized(size, self._stroke)
        small = pixels
        if (height, width) != self._full:
            way = cv2.INTER_AREA if height < self._full[0] else cv2.INTER_CUBIC
            small = cast(Pixels, cv2.resize(pixels, (width, height), interpolation=way))
        painted = self._voice.paint(pixels, small, self._look(self._voice, now))
        if self._next:
            coming = self._next.paint(pixels, small, self._look(self._next, now))
            share = float(self._share.at(now)[0])
            painted = cast(Pixels, cv2.addWeighted(painted, 1 - share, coming, share, 0))
        if self._mask is not None:
            frame = Frame(pixels, 0, Fraction(1), _COLOR)
            mask, self._memory = self._mask.at(frame, self._memory)
            painted = lay(pixels, painted, mask)
        return split(pixels, painted) if self.compare else painted

    def _change(self, size: tuple[int, int], now: float) -> None:
        """Take the stroke and the model that are wished as soon as they can be painted at a size without a pause."""
        if size != self._painted_at:
            self._asked = self._painted_at = size
        if self._next and float(self._share.at(now)[0]) >= 1:
            self._voice, self._next = self._next, None
        if self._stroke != self._wished_stroke:
            if not self.ready(*size):
                self.expect(*(self._asked or size))
                return
            self._stroke = self._wished_stroke
        choice = self._choices[self.chosen]
        if self._wished is None:
            cues = self._schedule.coming(now + _AHEAD)
            ahead = (n for n in map(self._of_cues.get, cues) if n is not None)
            choice = next((self._choices[n] for n in ahead), choice)
        coming = Voice(choice.model, choice.style)
        if all(voice.model is not choice.model for voice in self._voices):
            coming.expect(*self._sized(size, self._stroke))
        if self._wished is None or self._next or not coming.ready(*self._sized(size, self._stroke)):
            return
        self._next, how = coming, self._wished
        self._wished, self._share = None, Fade(np.zeros(1, np.float32))
        self._share.to(np.ones(1, np.float32), now, *how)

    def _choose(
        self, number: int, now: float, seconds: float | None = None, curve: str = "ease"
    ) -> None:
        """Begin to go over into a style, or wish for it if it is of another model."""
        self.chosen, self._wished = number, None
        choice = self._choices[number]
        if choice.model is self._voices[-1].model:
            self._voices[-1].to(choice.style, now, seconds, curve)
        else:
            self._wished = seconds, curve

    def _follow(self, cue: Cue, when: float) -> str:
        """Begin the change that a cue names, and return what it leads to, for people."""
        said, how = [], (float(cue.fade), cue.curve)
        number = self._of_cues[cue]
        if number is not None:
            self._choose(number, when, *how)
            said.append(f"style {cue.style_name}")
        for name, value in cue.values.items():
            if name == "colors":
                self._colors = str(value)
                said.append(f"colors {value}")
            elif name == "stroke":
                self._wished_stroke = _stroke(cue, None)
                said.append(f"stroke {self._wished_stroke:g}")
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
        """Change style, strength, blend, stability or stroke, or show before and after.

        Returns:
            What it is now, for people.

        Raises:
            UsageError: no such style.
        """
        if command.what == "style":
            self._choose(self._find(str(command.value)), now)
            return f"style {self.names[self.chosen]}"
        if command.what == "compare":
            self.compare = not self.compare
            return f"compare {'split' if self.compare else 'off'}"
        if command.what == "stroke":
            self._wished_stroke = float(command.value)
            return f"stroke {self._wished_stroke:g}"
        value = float(command.value) + (getattr(self, command.what) if command.relative else 0)
        return self._send(command.what, round(min(1.0, max(0.0, value)), 3), now)

    def _find(self, name: str) -> int:
        if name in {"next", "previous"}:
            return (self.chosen + (1 if name == "next" else -1)) % len(self.names)
        if name in self.names:
            return self.names.index(name)
        if name.isdecimal() and 1 <= int(name) <= len(self.names):
            return int(name) - 1
        known = ", ".join(f"{n} {style}" for n, style in enumerate(self.names, 1))
        raise UsageError(f"no style is called {name}; there is {known}")


def _stroke(cue: Cue, before: float | None) -> float | None:
    """Return the stroke that a cue names, or else the one before."""
    return float(str(cue.values["stroke"])) if "stroke" in cue.values else before
