"""Dataclasses as options: of every field an option, its help, its default and a key of `--config FILE`.

A command asks for an instance, and gets it made of what was given on the command line or in the file:

    @command
    def run(*, source: ..., reading: Reading, compute: Annotated[Compute, without("batch")]) -> None:

A new field of `Reading` is thereby an option of `run`; `vidstyle.cli.spelling` has a line for it only where it is
to be called otherwise.

Two dataclasses with a field of one name share its option, which the last of them describes.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from functools import wraps
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import typer
from typer.core import TyperCommand

from vidstyle.cli.fieldoption import FieldOption
from vidstyle.cli.files import reader
from vidstyle.cli.mistakes import no_method, no_number, no_option, with_commands, wrong_use
from vidstyle.errors import UsageError, VidstyleError
from vidstyle.fields import HEADINGS, check, declared


@dataclass(frozen=True)
class Pick:
    """Which fields of a dataclass are options of a command."""

    names: tuple[str, ...]
    taken: bool

    def takes(self, name: str) -> bool:
        """Return whether the option of a field is taken."""
        return (name in self.names) == self.taken


def only(*names: str) -> Pick:
    """Make options of these fields alone."""
    return Pick(names, taken=True)


def without(*names: str) -> Pick:
    """Make options of the other fields."""
    return Pick(names, taken=False)


@dataclass(frozen=True)
class Methods:
    """How the option `method` decides a parameter: it maps each method to the dataclass that is made."""

    kinds: dict[str, type | None]
    """None: the parameter's own."""
    chooses: bool
    """There is no other method, and so the parameter is always made of what is given."""


def by_method(kinds: Mapping[str, type]) -> Methods:
    """Let the option `method` choose which dataclass is made."""
    return Methods(dict(kinds), chooses=True)


def when_method(*methods: str) -> Methods:
    """Let the options go with some methods alone."""
    return Methods(dict.fromkeys(methods), chooses=False)


@dataclass(frozen=True)
class Group:
    """A parameter of a command that is an instance, made of options."""

    kinds: dict[str, type]
    """Method, or "" where it does not matter, -> the dataclass."""
    chooses: bool
    """There are no other methods."""
    options: dict[str, FieldOption]

    @classmethod
    def of(cls, hint: Any) -> Group | None:
        """Read the annotation of a parameter; None where it is one option of typer's own."""
        owner, *notes = get_args(hint) if get_origin(hint) is Annotated else (hint,)
        methods = next((n for n in notes if isinstance(n, Methods)), Methods({"": None}, True))
        if not all(is_dataclass(kind or owner) for kind in methods.kinds.values()):
            return None
        picks = [note for note in notes if isinstance(note, Pick)]
        kinds = {method: kind or owner for method, kind in methods.kinds.items()}
        options = {}
        for name in dict.fromkeys(f.name for kind in kinds.values() for f in fields(kind)):
            if all(pick.takes(name) for pick in picks):
                owners = {m: kind for m, kind in kinds.items() if name in declared(kind)}
                limited = not methods.chooses or len(owners) < len(kinds)
                options[name] = FieldOption(name, owners, limited)
        return cls(kinds, methods.chooses, options)

    def make(self, given: Mapping[str, Any], method: str) -> Any:
        """Make the instance of the values that were given.

        Raises:
            UsageError: there is no such method, a value does not go with it, or is out of its range.
        """
        owner = self.kinds.get("") or self.kinds.get(method)
        if owner is None and self.chooses:
            raise no_method(method, self.kinds)
        values = {name: value for name, value in given.items() if name in self.options}
        for name in values:
            if owner is None or name not in declared(owner):
                raise UsageError(f"`{name}` does not go with `method` {method}")
        instance = (owner or next(iter(self.kinds.values())))(**values)
        check(instance)
        return instance


def command(function: Callable[..., None]) -> Callable[..., None]:
    """Make of a function that takes dataclasses one that typer makes a command of, with `--config FILE`."""
    hints = get_type_hints(function, include_extras=True)
    groups: dict[str, Group] = {}
    options: dict[str, FieldOption] = {}
    parameters: dict[str, inspect.Parameter] = {}
    for name, parameter in inspect.signature(function).parameters.items():
        group = Group.of(hints[name])
        if group is None:
            parameters[name] = parameter.replace(
                annotation=hints[name], kind=inspect.Parameter.KEYWORD_ONLY
            )
            continue
        groups[name] = group
        for shared in options.keys() & group.options.keys():
            if options[shared].kind != group.options[shared].kind:
                raise TypeError(f"two fields called {shared} differ in kind")
        options |= group.options
        parameters |= {name: option.parameter() for name, option in group.options.items()}

    @wraps(function)
    def run(*, config_file: Path | None, **values: Any) -> None:
        given = {}
        for name, option in options.items():
            value = option.read(values.pop(name), options.get("at"))
            if value is not None:
                given[name] = value
        method = values.get("method", "")
        made = {name: group.make(given, method) for name, group in groups.items()}
        function(**values, **made)

    parameters["config_file"] = inspect.Parameter(
        *("config_file", inspect.Parameter.KEYWORD_ONLY),
        default=None,
        annotation=Annotated[
            Path | None,
            typer.Option(
                "--config",
                metavar="FILE",
                is_eager=True,
                callback=reader(options),
                help="TOML file of options, by the names of fields; options on the command line override it.",
            ),
        ],
    )
    signature = inspect.Signature(list(parameters.values()))
    vars(run).update(
        __signature__=signature,
        __annotations__={name: p.annotation for name, p in parameters.items()},
        options=options,
    )
    return run


def checked(check: Callable[..., None]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Let a function, which takes some of a command's own values by their names, refuse these before its dataclasses are made."""

    def decorated(made: Callable[..., None]) -> Callable[..., None]:
        @wraps(made)
        def run(**values: Any) -> None:
            check(**{name: values[name] for name in inspect.signature(check).parameters})
            made(**values)

        return run

    return decorated


class Command(TyperCommand):
    """A command whose options are described when somebody asks for help: it takes the source's docstrings."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse its words.

        Raises:
            UsageError: it has no such option, and the one that is meant is named; a number is out of its range, or none; or
                words are missing or wrong.
        """
        words = list(args)
        try:
            return super().parse_args(ctx, args)
        except Exception as error:
            answer = no_option(error, self, ctx, words) or no_number(error, words)
            if answer := answer or wrong_use(error, ctx):
                raise answer from error
            raise

    def invoke(self, ctx: Any) -> Any:
        """Do its work; what it raises names no option that it has not, unless with the command that has it."""
        try:
            return super().invoke(ctx)
        except VidstyleError as error:
            error.args = (with_commands(str(error), ctx), *error.args[1:])
            raise

    def describe(self) -> None:
        """Give every option of a field its help."""
        options: dict[str, FieldOption] = getattr(self.callback, "options", {})
        for param in self.params:
            if param.name in options:
                param.help = options[param.name].describe()  # type: ignore[attr-defined]

    def get_help(self, ctx: Any) -> str:
        """Return the page of `--help`."""
        self.describe()
        return super().get_help(ctx)


class HeadedCommand(Command):
    """A command with so many options that they stand under headings."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the options under their headings, in the order of those; what has none comes last."""
        sections: dict[str, list[tuple[str, str]]] = {
            name: [] for name in ("Arguments", *(h.text for h in HEADINGS), "Options")
        }
        for param in self.get_params(ctx):
            plain = "Arguments" if param.param_type_name == "argument" else "Options"
            if record := param.get_help_record(ctx):
                sections[getattr(param, "rich_help_panel", None) or plain].append(record)
        for name, records in sections.items():
            if records:
                with formatter.section(name):
                    formatter.write_dl(records)
