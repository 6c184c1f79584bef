"""Configuration files: TOML whose keys are the names of fields, read as if they stood on the command line."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import typer

from vidstyle.cli.fieldoption import FieldOption
from vidstyle.cli.parsing import Kind
from vidstyle.errors import InputError, UsageError
from vidstyle.text import read_toml


def reader(
    options: Mapping[str, FieldOption],
) -> Callable[[typer.Context, Path | None], None]:
    """Return the callback that lets a file give what the options are if not given.

    Args:
        options: those that are fields, by their names.
    """

    def read(context: typer.Context, path: Path | None) -> None:
        if path is None:
            return
        params = {str(p.name): p for p in context.command.params}
        for no_key in ("config_file", "help"):
            params.pop(no_key, None)
        words: dict[str, str | list[str]] = {}
        for name, value in read_toml(path, "config").items():
            if name not in params:
                known = ", ".join(sorted(params))
                raise InputError(f"{path}: unknown key {name}; expected some of {known}")
            several = params[name].nargs != 1 or getattr(params[name], "multiple", False)
            try:
                option = options.get(name)
                kind = option.kind if option else None
                words[name] = _words(name, value, kind, several=several)
                if option and kind:
                    option.read(words[name], options.get("at"))
                elif option and not isinstance(value, bool):
                    raise UsageError(f"expected true or false for `{name}`, got {value!r}")
            except UsageError as error:
                raise InputError(f"{path}: {error}") from error
        context.default_map = words

    return read


def _words(name: str, value: Any, kind: Kind | None, *, several: bool) -> str | list[str]:
    """Return a value as it would be written on the command line."""
    if kind and kind.join and isinstance(value, list | dict):
        parts = (f"{k}:{v}" for k, v in value.items()) if isinstance(value, dict) else value
        return kind.join.join(map(str, parts))
    if isinstance(value, list) != several or isinstance(value, dict):
        raise UsageError(f"expected {'a list' if several else 'one value'} for {name}, got {value}")
    return [str(v) for v in value] if several else str(value)
