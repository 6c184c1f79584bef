"""The command line that stands for some settings, to be shown and copied."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from vidstyle.cli.fieldoption import FieldOption
from vidstyle.cli.spelling import flags


def run_command(source: str, style: str, output: str, parts: Sequence[Any]) -> str:
    """Return such as: vidstyle run in.mp4 --style starry.jpg --strength 0.6 -o out.mp4.

    Args:
        source: the input.
        style: one.
        output: the file that it makes.
        parts: dataclasses whose fields are options of run; those that differ from their defaults are written.
    """
    words = ["run", source, flags("style")[0], style, *_changed(parts), flags("output")[0], output]
    return shlex.join(["vidstyle", *words])


def live_command(style: str, parts: Sequence[Any]) -> str:
    """Return such as: vidstyle live --style starry_night --strength 0.6.

    Args:
        style: one.
        parts: as of `run_command`, of options of live.
    """
    return shlex.join(["vidstyle", "live", flags("style")[0], style, *_changed(parts)])


def _changed(parts: Sequence[Any]) -> list[str]:
    """Return the options that differ from their defaults."""
    changed = (
        (part, f.name) for part in parts for f in fields(part) if getattr(part, f.name) != f.default
    )
    return [word for part, name in changed for word in option(part, name)]


def option(part: Any, name: str) -> list[str]:
    """Return the words that give a field the value that it has in a dataclass; none where that is None, or a switch that is off.

    Args:
        part: the dataclass.
        name: of the field.
    """
    value, flag = getattr(part, name), flags(name)[0]
    field = FieldOption(name, {"": type(part)}, limited=False)
    kind = field.kind
    if value is None:
        return []
    if kind is None:
        off = [f"--no-{flag.removeprefix('--')}"] if field.has_no else []
        return [flag] if value else off
    words = kind.words(value)
    return [
        part for word in ([words] if isinstance(words, str) else words) for part in (flag, word)
    ]
