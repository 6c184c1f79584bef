"""Cues: from when on a video looks otherwise, and how it gets there."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from datetime import time
from fractions import Fraction
from pathlib import Path
from types import MappingProxyType, UnionType
from typing import Self, TypeAlias, Union, get_args, get_origin

from vidstyle.errors import InputError, UsageError
from vidstyle.fields import Note, OneOf, brief, declared
from vidstyle.stylize.fades import CURVES
from vidstyle.stylize.look import Look
from vidstyle.stylize.style import Style, normalized
from vidstyle.text import read_toml, seconds

Source: TypeAlias = object
"""A style that is not read yet: a picture as a file or in memory, the name of a network or its weights."""


@dataclass(frozen=True)
class Level:
    """A number that follows how loud the sound is.

    Raises:
        UsageError: a bound is no number.
    """

    low: float = 0.0
    """Where it is silent."""
    high: float = 1.0
    """Where it is loudest."""

    def __post_init__(self) -> None:
        if not (math.isfinite(self.low) and math.isfinite(self.high)):
            raise UsageError(f"expected a range such as 0.3..1 for audio, got {self}")

    def __str__(self) -> str:
        return f"audio:{self.low:g}..{self.high:g}"

    @classmethod
    def parse(cls, text: str) -> Level | None:
        """Read audio, audio:level or audio:0.3..1; None: it is none of these."""
        match = _LEVEL.fullmatch(text)
        return match and cls(*(float(bound) for bound in match.groups() if bound is not None))


_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)"
_LEVEL = re.compile(rf"audio(?::level)?(?::({_NUMBER})\.\.({_NUMBER}))?")

Value: TypeAlias = object
"""Of a field of `Look`: a number, a `Level`, or a word."""

EXAMPLE = "0:09=starry.jpg,strength:0.4,fade:1.5"


@dataclass(frozen=True, init=False, eq=False)
class Cue:
    """A moment from which on a video looks otherwise. What a cue does not name stays as it was."""

    at: Fraction | None
    """Seconds, in time of the input; None: where a shot begins."""
    shot: int | None
    """The number of that shot, from 1; None: a time says it."""
    style: Style | tuple[Source, ...] | None
    """Read by a model, or to be read; None: as it was."""
    weights: tuple[float, ...] | None
    """Shares of several styles, of any sum; None: equal ones."""
    fade: Fraction
    """Seconds that the change takes, from there on."""
    curve: str
    """How the change goes: one of `fades.CURVES`."""
    values: Mapping[str, Value]
    """Fields of `Look` -> what they become."""
    style_name: str
    """What its style is called, for people."""

    def __init__(
        self,
        at: float | Fraction | str,
        style: Source | Sequence[Source] | None = None,
        *,
        weights: Sequence[float] | None = None,
        fade: float | Fraction | str = 0,
        curve: str = "ease",
        **values: Value,
    ) -> None:
        """Check a cue.

        Args:
            at: seconds, or a text such as 1:30; in time of the input. Or shot:3, where the third shot begins.
            style: a picture, several that are mixed, the name of a network of one style or its weights; or what
                `Model.style` returned. None: as it was.
            weights: shares of several styles, of any sum; None: equal ones.
            fade: seconds that the change takes, from there on; 0: at once.
            curve: ease, which begins and ends slowly, or linear.
            **values: fields of `Look`, such as strength=0.4. A number may be a `Level`, or a text such as
                audio or audio:0.3..1: it follows how loud the sound is.

        Raises:
            UsageError: a value is out of its range, or `Look` has no such field.
        """
        shot = re.fullmatch(r"shot:(\d{1,9})", at) if isinstance(at, str) else None
        if shot and int(shot[1]) < 1:
            raise UsageError("expected shots from 1 on, got shot:0")
        if not isinstance(curve, str) or curve not in CURVES:
            raise UsageError(f"expected a curve of {' or '.join(CURVES)}, got {brief(curve)}")
        sources = style if style is None or isinstance(style, Style) else _several(style)
        if isinstance(sources, tuple):
            normalized(weights, len(sources))
        elif weights is not None:
            raise UsageError("weights are the shares of several styles; name them")
        if style is None and not values:
            raise UsageError("expected a style or a number to change, got neither")
        made = {
            "at": None if shot else _time("time", at),
            "shot": int(shot[1]) if shot else None,
            "style": sources,
            "weights": None if weights is None else tuple(weights),
            "fade": _time("fade", fade),
            "curve": curve,
            "style_name": style_name(sources) if isinstance(sources, tuple) else "styled",
            "values": MappingProxyType({n: _checked(n, value) for n, value in values.items()}),
        }
        self._set(made)

    def _set(self, made: Mapping[str, object]) -> None:
        for name, value in made.items():
            object.__setattr__(self, name, value)

    @property
    def name(self) -> str:
        """When it is, for people: 90.5 s, or shot 3."""
        return f"shot {self.shot}" if self.at is None else f"{float(self.at):g} s"

    @property
    def sources(self) -> tuple[Source, ...]:
        """The styles that are to be read; none where it has none, or one that was read."""
        return self.style if isinstance(self.style, tuple) else ()

    def read(self, style: Style) -> Self:
        """Return it with a style that was read."""
        return self._changed(style=style, weights=None)

    def placed(self, at: Fraction) -> Self:
        """Return it at a time, seconds."""
        return self._changed(at=at)

    def _changed(self, **made: object) -> Self:
        changed = copy(self)
        changed._set(made)
        return changed

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a cue such as 0:09=starry.jpg,strength:0.4,fade:1.5. Several styles stand with + between them.

        Raises:
            UsageError: it is none.
        """
        at, equals, rest = text.partition("=")
        if not (equals and rest):
            raise UsageError(f"expected a cue such as {EXAMPLE}, got {text!r}")
        if Path(rest).is_file():
            return cls(at.strip(), rest)
        first, *others = rest.split(",")
        style, options = (None, [first, *others]) if _option(first) else (first, others)
        given: dict[str, object] = {}
        for option in options:
            named = _option(option)
            if named is None:
                raise UsageError(f"expected {' or '.join(KEYS)}:VALUE in a cue, got {option!r}")
            given[named[0]] = named[1]
        if style is not None:
            given["style"] = style if Path(style).is_file() else style.split("+")
        return cls._of(at.strip(), given)

    @classmethod
    def load(cls, path: Path) -> tuple[Self, ...]:
        """Read the cues of a TOML file, a table [[cue]] each; pictures that lie beside it are found by their names.

        Raises:
            InputError: it cannot be read, or a cue is not right.
        """
        table = read_toml(path, "timeline")
        cues = table.pop("cue", None)
        if table or not (isinstance(cues, list) and all(isinstance(cue, dict) for cue in cues)):
            known = f", got {', '.join(table)}" if table else ""
            raise InputError(f"{path}: expected tables [[cue]], and nothing else{known}")
        made = []
        for number, given in enumerate(cues, 1):
            try:
                at = given.pop("at", None)
                if at is None:
                    raise UsageError('it lacks a time: at = "0:05"')
                if "style" in given:
                    given["style"] = [_beside(path, style) for style in _several(given["style"])]
                made.append(cls._of(at.isoformat() if isinstance(at, time) else at, given))
            except UsageError as error:
                raise InputError(f"{path}, cue {number}: {error}") from error
        return tuple(made)

    @classmethod
    def _of(cls, at: object, given: dict[str, object]) -> Self:
        for name in given:
            if name not in KEYS:
                raise UsageError(f"expected {', '.join(KEYS)} in a cue, got {name}")
        if isinstance(weights := given.get("weights"), str | list):
            parts = weights.split("+") if isinstance(weights, str) else weights
            try:
                given["weights"] = [float(part) for part in parts]
            except (TypeError, ValueError) as error:
                raise UsageError(f"expected weights such as 2+1, got {weights!r}") from error
        return cls(at, **given)  # type: ignore[arg-type]


def style_name(sources: Sequence[Source]) -> str:
    """Return what people call styles: starry of a/starry.jpg; several are joined by +."""
    return "+".join(Path(s).stem if isinstance(s, str | Path) else "styled" for s in sources)


KEYS = ("style", "weights", "fade", "curve", *(n for n in declared(Look) if n != "style"))
"""What a cue can say besides its time."""


def _several(style: Source) -> tuple[Source, ...]:
    return tuple(style) if isinstance(style, list | tuple) else (style,)


def _beside(path: Path, style: object) -> str:
    """Return a style of a file of cues: a picture beside it, or what the text says anyway."""
    if not isinstance(style, str):
        raise UsageError(f"expected a style as a text, got {style!r}")
    beside = path.parent / style
    return str(beside) if beside.is_file() else style


def _option(text: str) -> tuple[str, str] | None:
    """Part an option such as fade:1.5 of a cue; None: it is none, but a style."""
    match = re.fullmatch(r"\s*([a-z_]{2,})\s*[:=]\s*([^/\\].*?)\s*", text)
    return (match[1], match[2]) if match and not Path(text).is_file() else None


def _time(name: str, value: object) -> Fraction:
    """Return seconds.

    Raises:
        UsageError: it is no time.
    """
    try:
        if isinstance(value, str):
            return seconds(value)
        if isinstance(value, int | float | Fraction) and not isinstance(value, bool):
            if value < 0:
                raise ValueError
            return Fraction(value).limit_denominator(10**6)
    except (ValueError, OverflowError):
        pass
    other = " or shot:3" if name == "time" else ""
    raise UsageError(f"expected a {name} such as 90.5 or 1:30{other}, got {brief(value)}") from None


def is_number(name: str) -> bool:
    """Return whether a field of `Look` is a number."""
    hint = declared(Look)[name][0]
    return bool({float, int} & set(_kinds(hint)))


def is_whole(name: str) -> bool:
    """Return whether a field of `Look` is a whole number."""
    return float not in _kinds(declared(Look)[name][0])


def _kinds(hint: object) -> tuple[object, ...]:
    return get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)


def _checked(name: str, value: Value) -> Value:
    """Return a value of a field of `Look`.

    Raises:
        UsageError: it is out of its range, or there is no such field.
    """
    if name == "style" or name not in declared(Look):
        raise UsageError(f"expected {', '.join(KEYS)} in a cue, got {name}")
    notes: tuple[Note, ...] = declared(Look)[name][1]
    if is_number(name):
        if isinstance(value, str):
            value = _number(name, value)
        elif isinstance(value, bool) or not isinstance(value, int | float | Level):
            raise UsageError(f"expected `{name}` as a number or audio, got {brief(value)}")
    elif not isinstance(value, str | bool):
        raise UsageError(f"expected `{name}` as a word, got {brief(value)}")
    for note in notes:
        if isinstance(note, OneOf) and isinstance(value, str):
            value = note.word(value)
        for part in (value.low, value.high) if isinstance(value, Level) else (value,):
            note.check(name, part)  # type: ignore[arg-type]
    return value


def _number(name: str, text: str) -> float | Level:
    if level := Level.parse(text):
        return level
    try:
        return float(text)
    except ValueError as error:
        raise UsageError(
            f"expected `{name}` as a number, audio or audio:0.3..1, got {text!r}"
        ) from error
