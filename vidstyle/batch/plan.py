"""The plan of a batch: which input is painted in which style, to which output; checked before the work."""

from __future__ import annotations

import os
from collections.abc import Hashable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TypeGuard

from vidstyle.batch.pattern import EXAMPLE, OutputPattern
from vidstyle.disk.replacing import followed
from vidstyle.errors import InputError, UsageError, VidstyleError
from vidstyle.media.address import Address, Location, Place, Stored, located
from vidstyle.media.containers import is_sequence
from vidstyle.media.folder import STILLS, VIDEOS, files_in
from vidstyle.media.inputs import input_files
from vidstyle.media.overwriting import check_apart
from vidstyle.media.pipes import is_pipe
from vidstyle.media.stores import is_store_folder, place_of, size_of, stored_in
from vidstyle.selection import StyleSource, model_for

_NETWORKS = frozenset({".safetensors"})


@dataclass(frozen=True)
class Source:
    """An input."""

    location: Location
    folder: Path = Path()
    """Below the folder that was given; that itself where a file was."""
    found: bool = False
    """It was found in a folder, and not named."""

    @cached_property
    def files(self) -> list[Path]:
        """Files that it is read from; none where they cannot be found."""
        try:
            return input_files(self.location)
        except InputError:  # it will be said when it is its turn
            return []

    @cached_property
    def bytes(self) -> int:
        """Size of its files."""
        size = 0
        if isinstance(self.location, Stored):
            with suppress(VidstyleError):  # it will be said when it is its turn
                size = size_of(self.location)
        for file in self.files:
            with suppress(OSError):  # it will be said when it is its turn
                size += file.stat().st_size
        return size


@dataclass(frozen=True, eq=False)
class Variant:
    """A style, or several to be mixed, and the model that paints in it."""

    styles: tuple[StyleSource, ...]
    model: str | Path = ""
    pictures: tuple[StyleSource, ...] = ()
    """Those that the model reads; none where its style is its own."""
    refusal: InputError | None = None
    """The reason why there is no such model."""

    @classmethod
    def of(cls, styles: Sequence[StyleSource], method: str) -> Variant:
        """Choose the model.

        Raises:
            UsageError: the styles do not go together, or one is a folder.
        """
        for style in styles:
            if isinstance(style, str | Path) and _is_folder(Path(style)):
                raise UsageError(
                    f"{style} is a folder; `style_dir` paints in each picture of one, in turn"
                )
        try:
            model, pictures = model_for(list(styles), method=method)
        except InputError as error:
            return cls(tuple(styles), refusal=error)
        return cls(tuple(styles), model, tuple(pictures))

    @property
    def names(self) -> list[str]:
        """The styles as they were given."""
        return [str(s) if isinstance(s, str | Path) else "pixels" for s in self.styles]

    @property
    def files(self) -> list[Path]:
        """Style pictures and networks in files."""
        return [Path(s) for s in self.styles if isinstance(s, str | Path)]


@dataclass(frozen=True, eq=False)
class Item:
    """One output that is to be made."""

    source: Source
    variant: Variant
    output: Place

    def __str__(self) -> str:
        return f"{self.source.location} in {' + '.join(self.variant.names)}"


@dataclass(frozen=True)
class Plan:
    """All outputs that are to be made: every input in every style, those of one input together.

    Raises:
        UsageError: two results would have one name, or one would replace an input, a style or the report.
    """

    sources: tuple[Source, ...]
    variants: tuple[Variant, ...]
    pattern: OutputPattern
    report: Path | None = None
    items: tuple[Item, ...] = field(init=False)

    def __post_init__(self) -> None:
        sources = self._without_results(self.sources)
        object.__setattr__(self, "sources", sources)
        object.__setattr__(self, "items", tuple(self._items(sources)))
        if not self.variants:
            raise UsageError("give at least one `style` PICTURE, or a `style_dir` that holds some")
        if not self.items:
            raise UsageError("expected an input at least, got none")
        if len(self.items) > 1:
            self._check_pipes()
        self._check_names()
        self._check_inputs()

    @classmethod
    def of(
        cls,
        places: Iterable[str | Location],
        styles: Iterable[Sequence[StyleSource]],
        output: str | None,
        *,
        method: str = "network",
        recursive: bool = False,
        report: Path | None = None,
    ) -> Plan:
        """Make the plan.

        Args:
            places: files, numbered pictures, addresses, - for standard input, or folders, also of stores.
            styles: for each result of an input, the styles that are mixed in it.
            output: a pattern of names, see `OutputPattern`; None: beside the input.
            method: see `vidstyle.selection.METHODS`.
            recursive: look into the folders below a folder.
            report: is no output.

        Raises:
            UsageError: something does not go together; or see `Plan`.
            InputError: a folder holds nothing to paint, or an address is of a kind that is not read.
        """
        variants = tuple(Variant.of(several, method) for several in styles)
        sources = tuple(_sources(places, recursive=recursive))
        return cls(sources, variants, OutputPattern(output), report)

    def _items(self, sources: Iterable[Source]) -> Iterator[Item]:
        for source in sources:
            for variant in self.variants:
                output = self.pattern.name(source.location, source.folder, variant.styles)
                yield Item(source, variant, output)

    def _without_results(self, sources: tuple[Source, ...]) -> tuple[Source, ...]:
        """Leave out what was found in a folder and is a result of the others, or a style."""
        if not any(source.found for source in sources):
            return sources
        own = {_key(item.output, "write") for item in self._items(sources)}
        own |= {_key(file) for variant in self.variants for file in variant.files}
        return tuple(s for s in sources if not (s.found and _key(s.location) in own))

    def _check_pipes(self) -> None:
        if any(is_pipe(item.source.location) for item in self.items):
            raise UsageError("standard input can be read once; give it alone, with one style")
        if any(is_pipe(item.output) for item in self.items):
            raise UsageError(
                f"standard output holds one result, and {len(self.items)} are asked for; "
                f"choose an `output` such as {EXAMPLE}"
            )

    def _check_names(self) -> None:
        known: dict[Hashable, Item] = {}
        for item in self.items:
            other = known.setdefault(_key(item.output, "write"), item)
            if other is not item:
                raise UsageError(
                    f"{item.output} would be the result of both {other} and {item}; "
                    f"choose an `output` such as {EXAMPLE}, with {{folder}} where names repeat"
                )
        if self.report is not None and _key(self.report) in known:
            raise UsageError(f"{self.report} is an output, too; choose another `report`")

    def _check_inputs(self) -> None:
        """Refuse results that would replace what is read, the report likewise."""
        files = [file for source in self.sources for file in source.files]
        files += (file for variant in self.variants for file in variant.files)
        names, numbers = {_key(file) for file in files}, set(map(_number, files)) - {None}
        names |= {_key(source.location) for source in self.sources if not source.files}
        for target in [*(item.output for item in self.items), *filter(None, [self.report])]:
            if isinstance(target, Path) and is_sequence(target):
                check_apart(target, files)
            elif not is_pipe(target) and (
                _key(target, "write") in names or _number(target) in numbers
            ):
                word = "report" if target == self.report else "output"
                raise UsageError(f"{target} is an input itself; choose another `{word}`")


def _sources(places: Iterable[str | Location], *, recursive: bool) -> Iterator[Source]:
    """Yield the inputs, each once: folders by what is in them."""
    seen = set()
    for place in places:
        location = located(place, stored=True)
        if isinstance(location, Stored) and is_store_folder(location):
            stored = stored_in(location, VIDEOS | STILLS, recursive=recursive)
            if not stored:
                raise _empty(location, recursive=recursive)
            some = [Source(at, location.to_folder_of(at), True) for at in stored]
        elif _is_folder(location):
            below = files_in(location, VIDEOS | STILLS, recursive=recursive)
            if not below:
                raise _empty(location, recursive=recursive)
            some = [Source(path, path.parent.relative_to(location), True) for path in below]
        else:
            some = [Source(location)]
        for source in some:
            path = source.location
            key = path if is_pipe(path) else _key(path)
            if key not in seen:
                seen.add(key)
                yield source


def _empty(folder: Location, *, recursive: bool) -> InputError:
    deeper = "" if recursive else "; `recursive` looks into the folders below it"
    return InputError(f"{folder} is a folder without videos or pictures{deeper}")


def _is_folder(location: Location) -> TypeGuard[Path]:
    if isinstance(location, Address) or is_pipe(location):
        return False
    try:
        return location.is_dir()
    except OSError:  # it will be said when it is its turn
        return False


def styles_in(folder: Path) -> list[StyleSource]:
    """Return the style pictures of a folder, and the networks of one style (.safetensors), by their names.

    Raises:
        InputError: it cannot be read, or holds none.
    """
    found: list[StyleSource] = [*files_in(folder, STILLS | _NETWORKS)]
    if not found:
        raise InputError(f"{folder} is a folder without style pictures")
    return found


def _key(path: Location, to: str = "read") -> Hashable:
    """Return what two ways to write the name of a file, or its address, have in common."""
    place = place_of(path, to) if isinstance(path, Stored) else path
    if not isinstance(place, Path):
        return place
    try:
        place = followed(place)
    except OSError:
        return place
    return Path(os.path.realpath(place.parent), place.name)


def _number(path: Location) -> tuple[int, int] | None:
    """Return the numbers that tell a file from others; None where there is none."""
    if isinstance(path, Address):
        return None
    try:
        facts = path.stat()
    except OSError:
        return None
    return facts.st_dev, facts.st_ino
