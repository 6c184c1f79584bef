"""How a clip is to look: the dials of the page, which are fields of the dataclasses that the command takes, too."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from vidstyle.comparison import Comparison
from vidstyle.errors import UsageError
from vidstyle.fields import Between, OneOf, check, declared
from vidstyle.masks import Masks
from vidstyle.media.reading import Reading
from vidstyle.stylize.look import Look
from vidstyle.stylize.style import StyleOptions


@dataclass(frozen=True)
class GivenMasks(Masks):
    """Masks as they are given, which the command shows so: by the names of uploaded pictures, `keep` as itself."""

    def __post_init__(self) -> None:
        """Hold them to their ranges alone."""
        check(self)

    def of(self, files: Mapping[str, Path]) -> Masks:
        """Return the masks that they are.

        Args:
            files: the uploaded pictures by their names.

        Raises:
            UsageError: there is no such picture.
        """
        if unknown := [name for name in self.mask if name not in files]:
            raise UsageError(f"no mask is called {unknown[0][:80]}")
        paths = tuple(str(files[name]) for name in self.mask)
        return Masks(paths, self.invert, self.feather, self.keep)


_DIALS: tuple[tuple[type, tuple[str, ...]], ...] = (
    (Look, ("strength", "stability", "colors", "blend")),
    (StyleOptions, ("style_scale",)),
    (GivenMasks, ("keep", "mask", "invert", "feather")),
    (Comparison, ("compare",)),
    (Reading, ("hdr",)),
)


@dataclass(frozen=True)
class Settings:
    """The values of all dials, and the name of the style."""

    style: str
    look: Look
    styles: StyleOptions
    masks: GivenMasks
    comparison: Comparison
    reading: Reading

    @classmethod
    def of(cls, given: object) -> Settings:
        """Read what the page sends: {"style": NAME, DIAL: VALUE, ...}; a dial that is left out keeps its default.

        Raises:
            UsageError: it is something else, or a value is out of its range.
        """
        if not isinstance(given, Mapping) or not isinstance(given.get("style"), str):
            raise UsageError('expected settings such as {"style": "starry_night", "strength": 0.6}')
        values = {name: value for name, value in given.items() if name != "style"}
        if unknown := values.keys() - {name for _, names in _DIALS for name in names}:
            raise UsageError(f"there is no dial {', '.join(sorted(map(str, unknown)))}")
        parts = [_made(owner, names, values) for owner, names in _DIALS]
        return cls(given["style"], *parts)

    @property
    def parts(self) -> tuple[Any, ...]:
        """The dataclasses, whose fields are options of the command."""
        return self.look, self.styles, self.masks, self.comparison, self.reading

    @property
    def dials(self) -> list[tuple[Any, str]]:
        """The dataclass of each dial, and the name of its field."""
        return [
            (part, name)
            for part, (_, names) in zip(self.parts, _DIALS, strict=True)
            for name in names
        ]


def _made(owner: type, names: tuple[str, ...], values: Mapping[str, Any]) -> Any:
    given = {}
    for name in names:
        if name not in values:
            continue
        given[name] = _value(name, values[name], _default(owner, name))
    made = owner(**given)
    check(made)
    return made


def _value(name: str, value: object, default: object) -> object:
    """Return a value of the kind that the default is of."""
    if isinstance(default, bool):
        if isinstance(value, bool):
            return value
        raise UsageError(f"expected true or false for `{name}`, got {str(value)[:40]}")
    if isinstance(default, tuple) and isinstance(value, str):
        return (value,)
    if not isinstance(default, float):
        if isinstance(value, str) or value is default is None:
            return value
        raise UsageError(f"expected a word for `{name}`, got {str(value)[:40]}")
    try:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return float(value)
    except OverflowError:
        pass
    raise UsageError(f"expected a number for `{name}`, got {str(value)[:40]}")


def _default(owner: type, name: str) -> Any:
    return next(f.default for f in fields(owner) if f.name == name)


def dials(meaning: Callable[[type, str], str]) -> list[dict[str, Any]]:
    """Return what the page shows of each dial: its name, range or choices, default and meaning.

    Args:
        meaning: says what a field of a dataclass is, as the command line does.
    """
    return [
        {
            "name": name,
            "default": None if _default(owner, name) == () else _default(owner, name),
            "text": meaning(owner, name),
            **_range(owner, name),
        }
        for owner, names in _DIALS
        for name in names
    ]


def _range(owner: type, name: str) -> dict[str, Any]:
    default = _default(owner, name)
    if isinstance(default, bool):
        return {"switch": True}
    if isinstance(default, tuple):
        return {"choices": [None]}  # and what is uploaded
    for note in declared(owner)[name][1]:
        if isinstance(note, OneOf):
            none = [None] if default is None else []
            return {"choices": [*none, *note.choices]}
        if isinstance(note, Between):
            return {"low": note.low, "high": note.high}
    raise TypeError(f"{owner.__name__}.{name} has no range")
