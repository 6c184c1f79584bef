"""The commands of `vidstyle`, each imported when it is first asked for: a run need not load a web server."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any

import typer

from vidstyle.cli.mistakes import Commands
from vidstyle.cli.options import Command, HeadedCommand

EXIT_CODES = """
Exit codes: 0 done; 1 a bug in vidstyle; 2 wrong use, an input that cannot be read, too little memory;
3 done, but the input was damaged; 4 the output could not be written;
130, 143 stopped by a signal; 141 the reader of the output pipe has closed it.
"""

_HEADED = {"run", "live", "paint-along"}
"""Those whose options stand under headings."""

_GROUPS = {"export", "cache", "train"}
"""Those that have commands of their own."""

_NAMES = (
    *("run", "sheet", "frame", "paint-along", "live", "web", "paint", "reconstruct", "styles"),
    *("probe", "doctor", "bench", "metrics", "export", "cache", "train"),
)
"""In the order of the help. Each is a module of `vidstyle.cli`, and there a function of that name; or, of a group, `app`."""


class _Modules(Mapping[str, Any]):
    """Name -> command."""

    def __init__(self) -> None:
        self._made: dict[str, Any] = {}

    def __iter__(self) -> Iterator[str]:
        return iter(_NAMES)

    def __len__(self) -> int:
        return len(_NAMES)

    def __getitem__(self, name: str) -> Any:
        if name not in _NAMES:
            raise KeyError(name)
        if name not in self._made:
            self._made[name] = _command(name)
        return self._made[name]


def _command(name: str) -> Any:
    python_name = name.replace("-", "_")
    module = import_module(f"vidstyle.cli.{python_name}")
    if name in _GROUPS:
        return typer.main.get_group(module.app)
    alone = typer.Typer(rich_markup_mode=None, add_completion=False)
    kind = HeadedCommand if name in _HEADED else Command
    alone.command(name, cls=kind, epilog=EXIT_CODES)(getattr(module, python_name))
    return typer.main.get_command(alone)


class Program(Commands):
    """The group of all commands."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.commands = _Modules()  # type: ignore[assignment]
