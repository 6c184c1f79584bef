"""How a value is written on the command line: its kind, from words to the value and back."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from vidstyle.errors import UsageError
from vidstyle.text import seconds


@dataclass(frozen=True)
class Kind:
    """The values of an option."""

    metavar: str
    noun: str
    """The noun for a value in messages."""
    parse: Callable[[str], Any]
    """From a word; it raises ValueError."""
    show: Callable[[Any], str] = str
    """Back to a word that `parse` reads."""
    example: str = ""
    several: bool = False
    """The option is repeated, and its value a tuple."""
    join: str = ""
    """Between the parts of a word, where a list in a configuration file stands for one."""

    def read(self, name: str, words: str | list[str]) -> Any:
        """Read the words of an option.

        Raises:
            UsageError: one is none of this kind.
        """
        if isinstance(words, list):
            return tuple(self.read(name, word) for word in words)
        try:
            return self.parse(words)
        except (ValueError, ZeroDivisionError) as error:
            expected = f"{self.noun} such as {self.example}" if self.example else self.noun
            raise UsageError(f"expected {expected} for `{name}`, got {words!r}") from error

    def words(self, value: Any) -> str | list[str]:
        """Return the words that `read` makes the value of."""
        return [self.show(part) for part in value] if self.several else self.show(value)


def _rate(text: str) -> Fraction:
    if len(text) > 40:  # a long power of ten would take for ever
        raise ValueError
    return Fraction(text)


_UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9}


def _bits(text: str) -> int:
    match = re.fullmatch(r"(\d{1,12}(?:\.\d{1,6})?)([kKmMgG]?)", text.strip())
    if match is None:
        raise ValueError
    return round(Fraction(match[1]) * _UNITS[match[2].lower()])


def _shown_bits(value: int) -> str:
    for unit in "GMk":
        if value % _UNITS[unit.lower()] == 0:
            return f"{value // _UNITS[unit.lower()]}{unit}"
    return str(value)


def _size(text: str) -> tuple[int, int]:
    match = re.fullmatch(r"(-1|\d{1,6})[x:](-1|\d{1,6})", text)
    if match is None:
        raise ValueError
    return int(match[1]), int(match[2])


def _numbers(text: str) -> tuple[float, ...]:
    return tuple(float(number) for number in text.split(","))


def _whole_numbers(text: str) -> tuple[int, ...]:
    return tuple(int(number) for number in text.split(","))


def _layers(text: str) -> dict[str, float]:
    layers = {}
    for part in text.split(","):
        name, colon, weight = part.strip().partition(":")
        if not name:
            raise ValueError
        layers[name] = float(weight) if colon else 1.0
    return layers


def _pair(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not key or not equals:
        raise ValueError
    return key, value


def _keep(text: str) -> bool:
    if text not in {"keep", "drop"}:
        raise ValueError
    return text == "keep"


def _number(value: float) -> str:
    return str(value).removesuffix(".0")


def _joined(value: tuple[float, ...]) -> str:
    return ",".join(map(_number, value))


def _shown_layers(value: dict[str, float]) -> str:
    return ",".join(f"{name}:{_number(weight)}" for name, weight in value.items())


def _fit(text: str) -> float:
    """Read the seconds of a fit; see `vidstyle.training.config.AUTO`."""
    seconds = 0.0 if text == "auto" else float(text)
    if seconds <= 0 and text != "auto":
        raise ValueError
    return seconds


SIZE = Kind(
    *("WxH", "a size", _size, lambda size: f"{size[0]}x{size[1]}"),
    example="1280x720 or 1280x-1",
    join="x",
)
TIME = Kind("TIME", "a time", seconds, lambda t: _number(float(t)), "90, 90.5 or 1:30")
TIMES = replace(TIME, several=True)
BITRATE = Kind("RATE", "bits a second", _bits, _shown_bits, "4M, 2.5M or 800k")
FIT = Kind(
    *("SECONDS|auto", "seconds or auto", _fit, lambda s: _number(s) if s else "auto"),
    example="60",
)
KEEP = Kind("keep|drop", "keep or drop", _keep, lambda value: "keep" if value else "drop")

LOSSES = Kind(
    *("LOSS:X,...", "losses", _layers, _shown_layers),
    example="nearest or wasserstein:2,gram",
    join=",",
)

KINDS: dict[Any, Kind] = {
    int: Kind("N", "a whole number", int),
    float: Kind("X", "a number", float, _number),
    str: Kind("NAME", "a name", str),
    Path: Kind("FILE", "a file", Path),
    Fraction: Kind("RATE", "a rate", _rate, example="25 or 30000/1001"),
    tuple[int, int]: SIZE,
    tuple[int, ...]: Kind(
        "N,N,...", "whole numbers", _whole_numbers, _joined, example="1,2,4", join=","
    ),
    tuple[float, ...]: Kind("X,X,...", "numbers", _numbers, _joined, example="2,1", join=","),
    dict[str, float]: Kind(
        *("LAYER:X,...", "layers", _layers, _shown_layers),
        example="relu4_2 or relu1_1:0.5,relu2_1",
        join=",",
    ),
    tuple[tuple[str, str], ...]: Kind("KEY=VALUE", "KEY=VALUE", _pair, "=".join, several=True),
    tuple[Path, ...]: Kind("FILE", "a file", Path, several=True),
    tuple[str, ...]: Kind("NAME", "a name", str, several=True),
}
"""Type of a field -> how it is written, unless `vidstyle.cli.spelling` has something else for its name."""
