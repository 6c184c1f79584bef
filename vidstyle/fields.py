"""The declarations of a dataclass's fields: their ranges and choices, and the docstrings below them.

A knob is declared once, as a field with a type, a default and a docstring:

    @STYLE
    @documented
    @dataclass(frozen=True)
    class Look:
        strength: Annotated[float, Between(0, 1)] = 1.0
        \"\"\"0 (the video itself) to 1 (all painting).\"\"\"

The docstring is the option's help: it ends with a full stop, names other fields in backquotes, which the command line spells as
flags, and "None:" reads "by default" there. `STYLE` is the heading that its options stand under. `check` holds values to it, `help(Look)` shows it, and the command line, its help and its configuration
files are made of it. A subclass that only changes a default inherits the rest.
"""

from __future__ import annotations

import ast
import inspect
import math
import sys
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from functools import cache
from itertools import pairwise
from numbers import Real
from types import ModuleType, NoneType
from typing import TYPE_CHECKING, Annotated, Any, TypeVar, get_args, get_origin, get_type_hints

from vidstyle.errors import UsageError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Class = TypeVar("Class", bound=type)


_LONGEST = 60
"""Characters of a value in a message."""


def brief(value: object) -> str:
    """Return a value for a message, or its type where that is shorter: an array fills many lines."""
    text = repr(value)
    return text if "\n" not in text and len(text) <= _LONGEST else f"a {type(value).__name__}"


@dataclass(frozen=True)
class Between:
    """A number from `low` to `high`, both included; None: no bound. Infinity is no number."""

    low: float | None = None
    high: float | None = None

    @property
    def closed(self) -> bool:
        """Whether it has both bounds."""
        return None not in (self.low, self.high)

    def check(self, name: str, value: float) -> None:
        """Raise UsageError where a value is outside, or is no number."""
        if not isinstance(value, Real):
            raise UsageError(f"expected `{name}` {self}, got {brief(value)}")
        low = -math.inf if self.low is None else self.low
        high = math.inf if self.high is None else self.high
        if not (math.isfinite(value) and low <= value <= high):
            shown = f"{value:g}" if isinstance(value, float) else value
            raise UsageError(f"expected `{name}` {self}, got {shown}")

    def __str__(self) -> str:
        if self.high is None:
            return f"of {self.low:g} or more" if self.low is not None else "to be finite"
        return (
            f"from {self.low:g} to {self.high:g}"
            if self.low is not None
            else f"up to {self.high:g}"
        )


def any_file(_word: str) -> bool:
    """Take every other word as a file of `OneOf`, which is looked for when it is read."""
    return True


@dataclass(frozen=True)
class OneOf:
    """One of some words; or a synonym, which `check` replaces by its word."""

    choices: tuple[str, ...]
    synonyms: tuple[tuple[str, str], ...]
    """What other programs call some of the words, and the word."""
    is_file: Callable[[str], bool] | None
    """Tells a file, which is taken beside the words; None: no file is."""

    def __init__(
        self, *choices: str, is_file: Callable[[str], bool] | None = None, **synonyms: str
    ) -> None:
        object.__setattr__(self, "choices", choices)
        object.__setattr__(self, "is_file", is_file)
        object.__setattr__(self, "synonyms", tuple(synonyms.items()))

    def check(self, name: str, value: str) -> None:
        """Raise UsageError where a value is none of them."""
        if not isinstance(value, str):
            raise UsageError(f"expected `{name}` {self}, got {brief(value)}")
        if value not in self.choices and not (self.is_file and self.is_file(value)):
            raise UsageError(f"expected `{name}` {self}, got {value}")

    def word(self, value: str) -> str:
        """Return the word that a synonym is of; what is none stays as it is."""
        return dict(self.synonyms).get(value, value)

    def __str__(self) -> str:
        return " or ".join([*self.choices, *["a file"] * bool(self.is_file)])


@dataclass(frozen=True)
class UpTo:
    """So many values in a tuple at most."""

    count: int

    def check(self, name: str, values: Any) -> None:
        """Raise UsageError where a tuple has more."""
        if len(values) > self.count:
            expected = "one" if self.count == 1 else f"{self.count} at most for"
            raise UsageError(f"expected {expected} `{name}`, got {len(values)}")


@dataclass(frozen=True)
class Heading:
    """A heading of a page of help: decorates a dataclass, and notes a field that stands under another one than its class."""

    text: str

    def __call__(self, owner: Class) -> Class:
        """Let the fields of a dataclass stand under it."""
        owner.__heading__ = self  # type: ignore[attr-defined]
        return owner


INPUT, STYLE, OUTPUT, QUALITY, MACHINE = HEADINGS = tuple(
    map(Heading, ("Input", "Style", "Output", "Quality", "Machine"))
)
"""The headings, in their order."""

Note = Between | OneOf | UpTo


@cache
def headings(owner: type) -> dict[str, Heading | None]:
    """Return of each field the heading that it stands under; None: there is none."""
    found: dict[str, Heading | None] = {}
    for base in reversed(owner.__mro__[:-1]):
        hints = get_type_hints(base, include_extras=True)
        for name in inspect.get_annotations(base):
            noted = (n for n in getattr(hints[name], "__metadata__", ()) if isinstance(n, Heading))
            found[name] = next(noted, getattr(owner, "__heading__", None))
    return found


@cache
def declared(owner: type) -> dict[str, tuple[Any, tuple[Note, ...]]]:
    """Return of each field its type, and what its values are held to."""
    found: dict[str, tuple[Any, tuple[Note, ...]]] = {}
    for base in reversed(owner.__mro__[:-1]):
        hints = get_type_hints(base, include_extras=True)
        for name in inspect.get_annotations(base):
            hint = hints[name]
            value_type, *extras = get_args(hint) if get_origin(hint) is Annotated else (hint,)
            notes = tuple(e for e in extras if isinstance(e, Note))
            found[name] = value_type, notes or found.get(name, (None, ()))[1]
    return found


def check(instance: DataclassInstance) -> None:
    """Hold the fields of a dataclass to their declarations, each value of a tuple or dict; None where its type has None.

    A synonym of a word is replaced by the word.

    Raises:
        UsageError: it names the field in backquotes, what was expected and what it is.
    """
    known = declared(type(instance))
    for field in fields(instance):
        value_type, notes = known[field.name]
        for note in notes:
            if isinstance(note, OneOf) and isinstance(value := getattr(instance, field.name), str):
                object.__setattr__(instance, field.name, note.word(value))
            given = getattr(instance, field.name)
            if given is None and NoneType in get_args(value_type):
                continue
            for value in [given] if isinstance(note, UpTo) else _values(given):
                note.check(field.name, value)


def _values(value: Any) -> tuple[Any, ...]:
    if isinstance(value, dict):
        return tuple(value.values())
    return value if isinstance(value, tuple) else (value,)


@cache
def docstrings(owner: type) -> dict[str, str]:
    """Return the docstring below each field of a dataclass, those of its bases too; none without its source."""
    found: dict[str, str] = {}
    for base in reversed(owner.__mro__[:-1]):
        for line, below in pairwise(_body(base)):
            if isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name):
                text = below.value if isinstance(below, ast.Expr) else None
                if isinstance(text, ast.Constant) and isinstance(text.value, str):
                    found[line.target.id] = " ".join(text.value.split())
    return found


def _body(owner: type) -> list[ast.stmt]:
    try:
        tree = _tree(sys.modules[owner.__module__])
    except (KeyError, OSError, TypeError):  # made in a shell, say
        return []
    body = tree.body
    for name in owner.__qualname__.split("."):
        inside = (n for n in body if getattr(n, "name", None) == name)
        body = body if name == "<locals>" else getattr(next(inside, None), "body", [])
    return body


@cache
def _tree(module: ModuleType) -> ast.Module:
    return ast.parse(inspect.getsource(module))


class _Documentation:
    """A class's docstring, to which those of its fields are added when somebody asks for it."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __get__(self, _instance: object, owner: type) -> str:
        return "\n".join([inspect.cleandoc(self._text), "", "Attributes:", *_attributes(owner)])


def _attributes(owner: type[DataclassInstance]) -> Iterator[str]:
    known, texts = declared(owner), docstrings(owner)
    for field in fields(owner):
        value_type, notes = known[field.name]
        name = getattr(value_type, "__name__", None) if isinstance(value_type, type) else None
        held = "".join(f", {note}" for note in notes)
        line = f"{field.name} ({name or value_type}{held}): {texts.get(field.name, '')}"
        yield textwrap.fill(line, 100, initial_indent="    ", subsequent_indent="        ")


def documented(owner: Class) -> Class:
    """Let `help` show the docstrings of a dataclass's fields: put it above `@dataclass`.

    They are read from the source when they are asked for: an import costs nothing.
    """
    # A property of the class: `type.__doc__` asks descriptors that it finds.
    owner.__doc__ = _Documentation(owner.__doc__ or "")  # type: ignore[assignment]
    return owner
