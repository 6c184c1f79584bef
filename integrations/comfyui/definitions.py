"""What a node is, whatever the interface that ComfyUI is told of it by."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

from vidstyle.fields import Between, OneOf, declared, docstrings

CATEGORY = "vidstyle"


@dataclass(frozen=True)
class Input:
    """One input of a node; one with a default is a widget."""

    name: str
    kind: str
    """ComfyUI's: IMAGE, VIDEO, STRING, FLOAT, INT, BOOLEAN, COMBO, or one of a pack's own."""
    tooltip: str
    optional: bool = False
    default: Any = None
    low: float | None = None
    high: float | None = None
    step: float | None = None
    options: tuple[str, ...] | None = None
    """The words of a COMBO."""

    @property
    def facts(self) -> dict[str, Any]:
        """What both interfaces are told by the same names."""
        known = {
            "default": self.default,
            "min": self.low,
            "max": self.high,
            "step": self.step,
            "tooltip": self.tooltip,
        }
        return {name: value for name, value in known.items() if value is not None}


@dataclass(frozen=True)
class Node:
    """A node."""

    id: str
    title: str
    description: str
    inputs: tuple[Input, ...]
    output: tuple[str, str]
    """Kind and name."""
    run: Callable[..., Any]
    """Takes the inputs by name and returns the output."""


def option(owner: type, name: str) -> Input:
    """Return an option of vidstyle's, a field of a dataclass, as an input: with its default, range, choices and docstring."""
    (field,) = (f for f in fields(owner) if f.name == name)
    (note,) = declared(owner)[name][1]
    words = note.choices if isinstance(note, OneOf) else None
    low, high = (note.low, note.high) if isinstance(note, Between) else (None, None)
    return Input(
        name,
        "COMBO" if words else "FLOAT",
        docstrings(owner).get(name, ""),
        default=field.default,
        low=low,
        high=high,
        step=None if words else 0.05,
        options=words,
    )
