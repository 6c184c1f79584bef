"""Names of outputs, where none was given."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from vidstyle.media.address import Address, Location, Place, Stored
from vidstyle.media.containers import CONTAINERS, ONLY_READ, PICTURES, is_sequence
from vidstyle.selection import StyleSource, several_of
from vidstyle.stylize.cues import style_name


def default_output(source: Location, style: StyleSource | Sequence[StyleSource]) -> Path:
    """Return the name beside the input: in.mp4 with starry.jpg gives in.starry.mp4; of an address in this folder.

    Containers that are only read, such as in.wmv, become .mp4, such pictures .png.
    """
    if isinstance(source, Address):
        source = Path(source.name)
    suffix = source.suffix
    if suffix.lower() in ONLY_READ or (is_sequence(source) and suffix.lower() not in PICTURES):
        suffix = ".png"
    elif suffix.lower() not in {*CONTAINERS, *PICTURES}:
        suffix = ".mp4"
    return source.with_name(f"{source.stem}.{style_name(several_of(style))}{suffix}")


def default_place(source: Location, style: StyleSource | Sequence[StyleSource]) -> Place:
    """Return where an output lies by default: see `default_output`; that of an address of a store beside it."""
    output = default_output(source, style)
    return source.with_name(output.name) if isinstance(source, Stored) else output
