"""When: a look that changes over time, by cues."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property
from hashlib import sha256
from itertools import pairwise
from math import floor
from pathlib import Path
from typing import Self

from vidstyle import fields
from vidstyle.errors import UsageError
from vidstyle.fields import STYLE, documented
from vidstyle.runtime.engine import Vector
from vidstyle.stylize.cues import Cue, Level, Value, is_number, is_whole
from vidstyle.stylize.fades import CURVES, faded
from vidstyle.stylize.look import Look
from vidstyle.stylize.style import Style

_TICK = Fraction(1, 1000)
"""Seconds by which rounding may put a frame before the time of a cue."""


@STYLE
@documented
@dataclass(frozen=True)
class TimelineOptions:
    """How a timeline is given."""

    timeline: Path | None = None
    """Change the look over time: a TOML file of cues."""
    at: tuple[str, ...] = ()
    """Change the look from this time on: TIME=STYLE,strength:0.4,fade:1.5, with a STYLE, or only numbers. TIME is seconds,
    1:30, or shot:3. A number such as strength:audio or strength:audio:0.3..1 follows the sound."""

    def read(self) -> Timeline | None:
        """Return the timeline that is meant, if any.

        Raises:
            UsageError: both are given, or a cue is not right.
            InputError: the file cannot be read, or a cue of it is not right.
        """
        if self.timeline and self.at:
            raise UsageError("`timeline` and `at` do not go together; write all cues into the file")
        if self.timeline:
            return Timeline.load(self.timeline)
        return Timeline([Cue.parse(text) for text in self.at]) if self.at else None


@dataclass(frozen=True, eq=False, repr=False)
class Levels:
    """How loud a sound is over time."""

    values: Vector
    """(N,), 0 to 1."""
    rate: int
    """Values a second, from the time 0 of the input on."""

    def at(self, time: Fraction) -> float:
        """Return the value at a time, seconds; 0 where there is no sound."""
        before = floor(time * self.rate)
        if not 0 <= before < len(self.values):
            return 0.0
        one, other = self.values[before], self.values[min(before + 1, len(self.values) - 1)]
        return float(faded(one, other, float(time * self.rate - before)))


@dataclass(frozen=True, repr=False)
class Paint:
    """One of the paintings that a frame is made of."""

    voice: int
    """Those of one voice follow each other: their statistics, and their motion, go on."""
    look: Look
    made_by: str | None
    """The network that paints it; see `Style`. None: there is but one."""
    share: float
    """Of the frame: 1 for all of it."""


@dataclass(frozen=True, repr=False)
class _Step:
    """What a cue leads to."""

    at: Fraction
    fade: Fraction
    curve: str
    style: Style | None
    values: Mapping[str, Value]
    voice: int
    paints: tuple[Paint, ...] | None = None
    """When the fade is over; None: they follow the sound."""


@dataclass(frozen=True, eq=False, repr=False)
class Timeline:
    """A look that changes over time. It is a value.

    Raises:
        UsageError: the cues are not in order, or begin before the fade of the one before has ended.
    """

    cues: Sequence[Cue]
    """In the order of their times; one at least."""
    look: Look = field(default_factory=Look)
    """The look before the first of them."""
    levels: Levels | None = None
    """How loud the sound is, where a number follows it."""
    style_name: str = ""
    """What the style before the first cue is called, for people."""

    def __post_init__(self) -> None:
        if not (isinstance(self.cues, Sequence) and all(isinstance(cue, Cue) for cue in self.cues)):
            raise UsageError(f"expected a list of Cue, got {fields.brief(self.cues)}")
        if not isinstance(self.look, Look):
            raise UsageError(f"expected a Look before the first cue, got {fields.brief(self.look)}")
        object.__setattr__(self, "cues", tuple(self.cues))
        if not self.cues:
            raise UsageError("expected one cue at least, got none")
        for before, after in pairwise(self.cues):
            self._check_order(before, after)

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read the cues of a TOML file; see docs/timeline.md.

        Raises:
            InputError: it cannot be read, or a cue is not right.
            UsageError: the cues are not in order.
        """
        return cls(Cue.load(Path(path)))

    @staticmethod
    def _check_order(before: Cue, after: Cue) -> None:
        if before.at is not None and after.at is not None:
            if after.at <= before.at:
                raise UsageError(
                    f"expected cues in the order of their times, got {after.name} after {before.name}"
                )
            if before.at + before.fade > after.at:
                raise UsageError(
                    f"the fade of {float(before.fade):g} s from {before.name} on lasts until "
                    f"{float(before.at + before.fade):g} s, beyond the next cue at {after.name}; make it shorter"
                )
        elif before.shot is not None and after.shot is not None and after.shot <= before.shot:
            raise UsageError(
                f"expected cues in the order of their shots, got {after.name} after {before.name}"
            )

    @property
    def by_shots(self) -> bool:
        """Whether the times of some cues are yet to be found."""
        return any(cue.at is None for cue in self.cues)

    @property
    def by_sound(self) -> bool:
        """Whether some numbers follow the sound."""
        return any(isinstance(v, Level) for cue in self.cues for v in cue.values.values())

    def check_beginning(self, *, has_style: bool) -> None:
        """Refuse a timeline that does not say how it begins.

        Args:
            has_style: there is a style before its first cue, or the network has its own.

        Raises:
            UsageError: nothing says it.
        """
        first = self.cues[0]
        if has_style:
            return
        if first.style is None or not (first.at == 0 or first.shot == 1):
            raise UsageError(
                f"nothing says what it looks like before {first.name}: give a `style`, or a cue at 0 with one; "
                "identity leaves the video as it is"
                if first.at != 0
                else "nothing says what it looks like: give a `style`, or one to the cue at 0"
            )
        if first.fade:
            raise UsageError(
                "there is nothing from which the cue at 0 could fade: leave its fade out, or give a `style`"
            )

    def check_changes(self, names: Collection[str], where: str) -> None:
        """Refuse cues that change what cannot change.

        Args:
            names: fields of `Look` that can.
            where: they are, for people.

        Raises:
            UsageError: one does.
        """
        for cue in self.cues:
            for name in cue.values:
                if name not in names:
                    raise UsageError(
                        f"expected a style or {', '.join(names)} in a cue of {where}, got {name} at {cue.name}"
                    )

    def read(self, read: Callable[[Cue], Style], look: Look) -> Timeline:
        """Return it with styles that were read.

        Args:
            read: reads those of a cue.
            look: before the first cue.

        """
        cues = [c.read(read(c)) if isinstance(c.style, tuple) else c for c in self.cues]
        if look.style is None and isinstance(cues[0].style, Style):
            look = replace(look, style=cues[0].style)
        return replace(self, cues=cues, look=look)

    def placed(self, shots: Sequence[Fraction]) -> Timeline:
        """Return it with the times of its shots.

        Args:
            shots: when each begins, seconds.

        Raises:
            UsageError: there are not as many; or, now that their times are known, the cues are not in order.
        """
        cues = []
        for cue in self.cues:
            if cue.shot is not None and cue.shot > len(shots):
                raise UsageError(
                    f"expected a shot of the input, which has {len(shots)}, got {cue.name}"
                )
            cues.append(cue if cue.shot is None else cue.placed(shots[cue.shot - 1]))
        return replace(self, cues=cues)

    def heard(self, levels: Levels) -> Timeline:
        """Return it with the sound that its numbers follow."""
        return replace(self, levels=levels)

    def look_at(self, time: Fraction | float) -> Look:
        """Return the look at a time, seconds, in time of the input; while two paintings fade, that of the coming one.

        Raises:
            UsageError: its styles are not read, or its shots or its sound not known yet.
        """
        return self.paints_at(Fraction(time))[-1].look

    def paints_at(self, time: Fraction) -> tuple[Paint, ...]:
        """Return what a frame of a time, seconds, is made of: two paintings where one fades into another, else one.

        Raises:
            UsageError: see `look_at`.
        """
        time += _TICK
        number = bisect_right(self._begins, time)
        step = self._steps[number]
        share = float((time - step.at) / step.fade) if step.fade else 1.0
        if share >= 1 and step.paints:
            return step.paints
        before, share = self._steps[max(0, number - 1)], CURVES[step.curve](min(1.0, share))
        values = {
            name: self._between(name, (before.values[name], value), share, time)
            for name, value in step.values.items()
        }
        if before.voice != step.voice and share < 1:
            words = {n: v for n, v in before.values.items() if not is_number(n)}
            return (
                _paint(before.voice, before.style, values | words, 1 - share),
                _paint(step.voice, step.style, values, share),
            )
        style = step.style
        if style and before.style and share < 1:
            style = replace(style, values=faded(before.style.values, style.values, share))
        return (_paint(step.voice, style, values, 1.0),)

    def _between(
        self, name: str, values: tuple[Value, Value], share: float, time: Fraction
    ) -> Value:
        before, after = (self._now(value, time) for value in values)
        if isinstance(before, float) and isinstance(after, float) and is_number(name):
            number = float(faded(before, after, share))
            return round(number) if is_whole(name) else number
        return after

    def _now(self, value: Value, time: Fraction) -> Value:
        if isinstance(value, Level):
            if self.levels is None:
                raise UsageError(
                    "the sound that the timeline follows is not known here; see Model.video"
                )
            return value.low + (value.high - value.low) * self.levels.at(time)
        return float(value) if isinstance(value, int) and not isinstance(value, bool) else value

    @cached_property
    def _begins(self) -> list[Fraction]:
        return [step.at for step in self._steps[1:]]

    @cached_property
    def _steps(self) -> list[_Step]:
        values: dict[str, Value] = {
            name: getattr(self.look, name) for name in fields.declared(Look) if name != "style"
        }
        steps = [_finished(_Step(Fraction(0), Fraction(0), "linear", self.look.style, values, 0))]
        for cue in self.cues:
            if cue.at is None or isinstance(cue.style, tuple):
                raise UsageError(
                    "the styles or shots of the timeline are not read yet; see Model.video"
                )
            last = steps[-1]
            values = values | dict(cue.values)
            style = last.style if cue.style is None else cue.style
            step = _Step(cue.at, cue.fade, cue.curve, style, values, last.voice)
            if not _goes_on(last, step):
                step = replace(step, voice=last.voice + 1)
            steps.append(_finished(step))
        return steps

    @property
    def ends(self) -> list[tuple[Fraction, tuple[Paint, ...]]]:
        """What each step leads to, from the beginning on: when its fade ends, seconds, and the paintings then."""
        return [(s.at + s.fade, self.paints_at(s.at + s.fade)) for s in self._steps]

    def told_at(self, time: Fraction) -> str:
        """Say for people what the look at a time is: the styles, and the numbers that cues change."""
        names, look = [self.style_name], self.look_at(time)
        for cue in self.cues:
            if cue.at is not None and cue.at <= time + _TICK and cue.style is not None:
                names.append(cue.style_name)
                if time + _TICK >= cue.at + cue.fade:
                    names = names[-1:]
        changed = dict.fromkeys(n for cue in self.cues for n in cue.values)
        said = [
            f"{n} {v:.2g}" if isinstance(v := getattr(look, n), float) else f"{n} {v}"
            for n in changed
        ]
        return " ".join([" > ".join(names[-2:]), *said])

    @property
    def digest(self) -> str:
        """A digest of all that it says."""
        said = sha256()
        for step in self._steps:
            style = step.style
            said.update(
                f"{step.at} {step.fade} {step.curve} {sorted(step.values.items())}".encode()
            )
            said.update(style.made_by.encode() + style.values.tobytes() if style else b"-")
        if self.levels:
            said.update(self.levels.values.tobytes())
        return said.hexdigest()


def _finished(step: _Step) -> _Step:
    """Return a step with what is painted when its fade is over."""
    if any(isinstance(value, Level) for value in step.values.values()):
        return step
    return replace(step, paints=(_paint(step.voice, step.style, step.values, 1.0),))


def _goes_on(before: _Step, after: _Step) -> bool:
    """Return whether one painting goes over into the other: otherwise it is another one, which may fade in."""
    words = (
        {n: v for n, v in step.values.items() if not (is_number(n) or n == "flow")}
        for step in (before, after)
    )
    if next(words) != next(words):
        return False
    if before.style == after.style:
        return True
    if not (before.style and after.style and after.fade):
        return False  # statistics, and motion, are of the style that was
    one, other = before.style, after.style
    return (
        one.made_by == other.made_by
        and one.values.shape == other.values.shape
        and one.values.ndim == 1
    )


def _paint(voice: int, style: Style | None, values: Mapping[str, Value], share: float) -> Paint:
    if not values["stability"]:
        values = {**values, "flow": "auto"}  # a flow is what a stability follows
    own = None if style is None or not style.values.size else style
    look = Look(own, **values)  # type: ignore[arg-type]
    return Paint(voice, look, style.made_by if style else None, share)
