"""Options from words to values."""

from __future__ import annotations

import re
from fractions import Fraction

from vidstyle.errors import UsageError
from vidstyle.media.reading import MAX_PIXELS

__all__ = [
    "MAX_PIXELS",
    "parse_alpha",
    "parse_layers",
    "parse_numbers",
    "parse_options",
    "parse_rate",
    "parse_size",
    "parse_time",
]

_TIME = re.compile(r"(?:(?:(\d+):)?(\d{1,2}):)?(\d+(?:\.\d*)?|\.\d+)")


def parse_time(option: str, text: str | None) -> Fraction | None:
    """Read 90, 90.5, 1:30 or 0:01:30.5 as seconds."""
    if text is None:
        return None
    match = _TIME.fullmatch(text.strip())
    if match is None:
        raise UsageError(f"expected a time such as 90, 90.5 or 1:30 for {option}, got {text!r}")
    hours, minutes, seconds = match.groups()
    return 3600 * int(hours or 0) + 60 * int(minutes or 0) + Fraction(seconds)


def parse_rate(text: str | None) -> Fraction | None:
    """Read 25, 23.976 or 30000/1001."""
    if text is None:
        return None
    try:
        if len(text) > 40:
            raise ValueError
        return Fraction(text)
    except (ValueError, ZeroDivisionError) as error:
        raise UsageError(f"expected --fps such as 25 or 30000/1001, got {text!r}") from error


def parse_size(text: str | None) -> tuple[int, int] | None:
    """Read 1280x720 or 1280x-1."""
    if text is None:
        return None
    match = re.fullmatch(r"(-1|\d{1,6})[x:](-1|\d{1,6})", text)
    if match is None:
        raise UsageError(f"expected --size such as 1280x720 or 1280x-1, got {text!r}")
    return int(match[1]), int(match[2])


def parse_numbers(option: str, text: str | None) -> list[float] | None:
    """Read 2,1 or 0.5,0.25,0.25."""
    if text is None:
        return None
    try:
        return [float(number) for number in text.split(",")]
    except ValueError as error:
        raise UsageError(f"expected numbers such as 2,1 for {option}, got {text!r}") from error


def parse_layers(option: str, text: str) -> dict[str, float]:
    """Read relu4_2 or relu1_1:0.5,relu2_1; a weight that is not given is 1."""
    layers = {}
    for part in text.split(","):
        name, colon, weight = part.strip().partition(":")
        try:
            if not name:
                raise ValueError
            layers[name] = float(weight) if colon else 1.0
        except ValueError as error:
            raise UsageError(
                f"expected layers such as relu4_2 or relu1_1:0.5,relu2_1 for {option}, got {part!r}"
            ) from error
    return layers


def parse_alpha(text: str) -> bool:
    """Read keep or drop."""
    if text not in {"keep", "drop"}:
        raise UsageError(f"expected --alpha keep or drop, got {text}")
    return text == "keep"


def parse_options(texts: list[str]) -> tuple[tuple[str, str], ...]:
    """Read KEY=VALUE of an encoder's own options."""
    pairs = []
    for text in texts:
        key, equals, value = text.partition("=")
        if not key or not equals:
            raise UsageError(f"expected -x KEY=VALUE, got -x {text}")
        pairs.append((key, value))
    return tuple(pairs)
