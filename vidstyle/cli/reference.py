"""The page docs/cli.md, made of the commands themselves: `python -m vidstyle.cli.reference > docs/cli.md`."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

import typer

from vidstyle.cli.app import app
from vidstyle.cli.commands import EXIT_CODES
from vidstyle.cli.options import Command

_HEAD = f"""# The command line

<!-- Made by `make cli` of what `--help` shows: change the fields and docstrings, not this page. -->

Every option whose command has `--config FILE` may be set in that TOML file instead, under the key in the last column; options on the command line
override it.

{inspect.cleandoc(EXIT_CODES)}
"""


def page() -> str:
    """Return the page in Markdown."""
    root = typer.main.get_command(app)
    return "\n".join([_HEAD, *_sections(root, typer.Context(root, info_name="vidstyle"))])


def _sections(command: Any, context: typer.Context) -> Iterator[str]:
    if isinstance(command, Command):
        command.describe()
    words = [param.metavar for param in command.params if _is_argument(param)]
    words += ["COMMAND ..."] if hasattr(command, "commands") else []
    yield f"## {context.command_path}\n"
    yield f"```\n{' '.join([context.command_path, '[OPTIONS]', *words])}\n```\n"
    yield f"{inspect.cleandoc(command.help or '')}\n"
    rows = [row for param in command.params if (row := _row(param, context))]
    if rows:
        yield "| option | meaning | key |"
        yield "|---|---|---|"
        yield from (*rows, "")
    for name, inner in getattr(command, "commands", {}).items():
        yield from _sections(inner, typer.Context(inner, info_name=name, parent=context))


def _row(param: Any, context: typer.Context) -> str | None:
    record = param.get_help_record(context)
    if record is None:
        return None
    flags, text = (part.replace("|", r"\|") for part in record)
    flags = param.metavar if _is_argument(param) else flags
    keyed = any(p.name == "config_file" for p in context.command.params)
    key = f"`{param.name}`" if keyed and param.name != "config_file" else ""
    return f"| `{flags}` | {' '.join(text.split())} | {key} |"


def _is_argument(param: Any) -> bool:
    return bool(param.param_type_name == "argument")


if __name__ == "__main__":
    print(page(), end="")
