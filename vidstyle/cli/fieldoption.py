"""One field of a dataclass as one option: its flags, metavar, help and default, and how its value is read."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from dataclasses import MISSING, Field, dataclass, fields
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

import typer

from vidstyle.cli.parsing import KINDS, Kind
from vidstyle.cli.spelling import flags, spelled, spelling
from vidstyle.errors import UsageError
from vidstyle.fields import Between, Note, OneOf, UpTo, declared, docstrings, headings


@dataclass(frozen=True)
class FieldOption:
    """A field as an option; with methods, the field of the dataclass of each."""

    name: str
    owners: dict[str, type]
    """Method, or "" where there is none, -> the dataclass."""
    limited: bool
    """There are other methods, which the option does not go with."""

    @property
    def kind(self) -> Kind | None:
        """How its values are written; None: it is a switch."""
        hint, _ = declared(next(iter(self.owners.values())))[self.name]
        if get_origin(hint) in (Union, UnionType):
            (hint,) = (part for part in get_args(hint) if part is not type(None))
        own = spelling(self.name).kind
        return own or (None if hint is bool else KINDS[hint])

    @property
    def has_no(self) -> bool:
        """True for a switch with a --no- form: it is not off by default."""
        defaults = [_default(owner, self.name) for owner in self.owners.values()]
        return self.kind is None and any(default is not False for default in defaults)

    def read(self, words: Any, at: FieldOption | None = None) -> Any:
        """Return the value of what typer gives; None where that is nothing.

        Args:
            words: they are given.
            at: the option of the command that takes cues, if any.

        Raises:
            UsageError: it cannot be read.
        """
        if self.kind is None:
            return words or (words if self.has_no else None)
        if words in (None, []):
            return None
        try:
            return self.kind.read(self.name, words)
        except UsageError as error:
            if cue := self._cue(str(words)):
                way = "`at`" if at and at.follows_sound else "vidstyle run `at`"
                raise UsageError(
                    f"{error}; it follows the sound of a file by {way} {cue}"
                ) from error
            raise

    @property
    def follows_sound(self) -> bool:
        """Whether it takes cues that follow the sound, which those of a live session do not."""
        from vidstyle.stylize.timeline import TimelineOptions

        return TimelineOptions in self.owners.values()

    def _cue(self, words: str) -> str | None:
        """Return the cue that words are meant for, of the whole range where they do not suit the field; None: of no cue."""
        from vidstyle.stylize.cues import Cue
        from vidstyle.stylize.look import Look

        if Look not in self.owners.values() or not words.startswith("audio"):
            return None
        cue = f"0={self.name}:{words}"
        try:
            Cue.parse(cue)
        except UsageError:
            bounds = next(note for note in self._notes() if isinstance(note, Between))
            return f"0={self.name}:audio:{bounds.low:g}..{bounds.high:g}"
        return cue

    def parameter(self) -> inspect.Parameter:
        """Return the parameter that typer makes the option of; `describe` makes its help."""
        kind, names = self.kind, list(flags(self.name))
        hint: Any = bool if kind is None else list[str] if kind.several else str
        if self.has_no:
            names[0] += f"/--no-{names[0].removeprefix('--')}"
        found = (headings(owner)[self.name] for owner in self.owners.values())
        under = next((it.text for it in found if it), None)
        option = typer.Option(
            *names, metavar=self._metavar(kind), show_default=False, rich_help_panel=under
        )
        return inspect.Parameter(
            self.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=None,
            annotation=Annotated[hint | None, option],
        )

    def _metavar(self, kind: Kind | None) -> str | None:
        if kind is None:
            return None
        words: dict[str, None] = {}
        for note in self._notes():
            if isinstance(note, OneOf):
                words |= dict.fromkeys([*note.choices, *["FILE"] * bool(note.is_file)])
            elif kind in (KINDS[int], KINDS[float]) and isinstance(note, Between) and note.closed:
                words[f"{note.low:g}..{note.high:g}"] = None
        return "|".join(words) or spelling(self.name).metavar or kind.metavar

    def _notes(self) -> list[Note]:
        found = (n for owner in self.owners.values() for n in declared(owner)[self.name][1])
        return list(dict.fromkeys(found))

    def describe(self) -> str:
        """Return its help: the docstring of the field, or those of several methods, in words of the command line."""
        texts = _by_value({m: docstrings(o).get(self.name, "") for m, o in self.owners.items()})
        first, *others = texts
        parts = [f"{', '.join(self.owners)}:"] if self.limited else []
        parts += [first, *(f"{', '.join(texts[text])}: {text}" for text in others)]
        if self.kind and self.kind.example:
            parts.append(f"Such as {self.kind.example}.")
        if self.kind and self.kind.several and UpTo(1) not in self._notes():
            parts.append("Repeatable.")
        if extras := [*self._defaults(), *self._bounds()]:
            parts.append(f"[{'; '.join(extras)}]")
        return spelled(" ".join(parts)).replace("None:", "by default")

    def _defaults(self) -> Iterator[str]:
        shown = {m: _shown(self.kind, _default(o, self.name)) for m, o in self.owners.items()}
        first, *others = values = _by_value(shown)
        parts = [first] * bool(first) + [f"{', '.join(values[value])}: {value}" for value in others]
        if parts:
            yield f"default: {'; '.join(parts)}"

    def _bounds(self) -> Iterator[str]:
        """Yield the bounds that the metavar does not show."""
        for note in self._notes():
            if isinstance(note, Between) and note.low is not None and note.high is None:
                yield f"{note.low:g} or more"


def _by_value(values: dict[str, str]) -> dict[str, list[str]]:
    """Turn method -> text around: each text once, with its methods."""
    found: dict[str, list[str]] = {}
    for name, value in values.items():
        found.setdefault(value, []).append(name)
    return found


def _default(owner: type, name: str) -> Any:
    own: Field[Any] = next(f for f in fields(owner) if f.name == name)
    return own.default if own.default_factory is MISSING else own.default_factory()


def _shown(kind: Kind | None, value: Any) -> str:
    if kind is None:
        return "yes" if value else ""
    return "" if value in (None, ()) else str(kind.words(value))
