"""What is known of a dataclass's fields: their ranges and choices, and the docstrings below them.

A knob is declared once, as a field with a type, a default and a docstring:

    @dataclass(frozen=True)
    class Look:
        strength: Annotated[float, Between(0, 1)] = 1.0
        \"\"\"0 (the video itself) to 1 (all painting).\"\"\"

`check` holds values to it, and the command line, its help and its configuration files are made of it.
"""

from __future__ import annotations

import ast
import inspect
import math
import textwrap
from dataclasses import dataclass, fields
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, Any, get_args, get_origin, get_type_hints

from vidstyle.errors import UsageError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


@dataclass(frozen=True)
class Between:
    """A number from `low` to `high`, both included; None: no bound."""

    low: float | None = None
    high: float | None = None

    def check(self, name: str, value: float) -> None:
        """Raise UsageError where a value is outside, or is no number."""
        low = -math.inf if self.low is None else self.low
        high = math.inf if self.high is None else self.high
        if not low <= value <= high:
            raise UsageError(f"expected `{name}` {self}, got {value:g}")

    def __str__(self) -> str:
        if self.high is None:
            return f"of {self.low:g} or more"
        return (
            f"from {self.low:g} to {self.high:g}"
            if self.low is not None
            else f"up to {self.high:g}"
        )


@dataclass(frozen=True)
class OneOf:
    """One of some words."""

    choices: tuple[str, ...]

    def __init__(self, *choices: str) -> None:
        object.__setattr__(self, "choices", choices)

    def check(self, name: str, value: str) -> None:
        """Raise UsageError where a value is none of them."""
        if value not in self.choices:
            raise UsageError(f"expected `{name}` {self}, got {value}")

    def __str__(self) -> str:
        return " or ".join(self.choices)


@cache
def declared(owner: type) -> dict[str, tuple[Any, tuple[Between | OneOf, ...]]]:
    """Return of each field its type, and what its values are held to."""
    found = {}
    for name, hint in get_type_hints(owner, include_extras=True).items():
        kind, *notes = get_args(hint) if get_origin(hint) is Annotated else (hint,)
        found[name] = kind, tuple(n for n in notes if isinstance(n, Between | OneOf))
    return found


def check(instance: DataclassInstance) -> None:
    """Hold the fields of a dataclass to their declarations; None is passed over.

    Raises:
        UsageError: it names the field in backquotes, what was expected and what it is.
    """
    known = declared(type(instance))
    for field in fields(instance):
        value = getattr(instance, field.name)
        if value is not None:
            for note in known[field.name][1]:
                note.check(field.name, value)


@cache
def docstrings(owner: type) -> dict[str, str]:
    """Return the docstring below each field of a dataclass, those of its bases too."""
    found: dict[str, str] = {}
    for base in reversed(owner.__mro__[:-1]):
        tree = ast.parse(textwrap.dedent(inspect.getsource(base))).body[0]
        body = tree.body if isinstance(tree, ast.ClassDef) else []
        for line, below in pairwise(body):
            if isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name):
                text = below.value if isinstance(below, ast.Expr) else None
                if isinstance(text, ast.Constant) and isinstance(text.value, str):
                    found[line.target.id] = inspect.cleandoc(text.value)
    return found
