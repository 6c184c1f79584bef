"""The pattern of many outputs' names: out/{name}.{style}.{ext}."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from vidstyle.errors import UsageError
from vidstyle.media.address import Location, Place, placed
from vidstyle.media.pipes import is_pipe
from vidstyle.naming import default_place
from vidstyle.selection import StyleSource
from vidstyle.stylize.cues import style_name

PARTS = ("name", "style", "ext", "folder")
"""What stands between braces: the input's name without its ending, that of the style, the ending that suits, and the
input's folder below the one that was given."""

EXAMPLE = "out/{name}.{style}.{ext}"

_PART = re.compile(r"\{([a-z_]+)\}")


@dataclass(frozen=True)
class OutputPattern:
    """A name with parts in braces, or None: beside the input.

    Raises:
        UsageError: it has a part that is not known.
    """

    text: str | None

    def __post_init__(self) -> None:
        for part in _PART.findall(self.text or ""):
            if part not in PARTS:
                known = ", ".join(f"{{{name}}}" for name in PARTS)
                raise UsageError(
                    f"`output` {self.text}: no part is called {{{part}}}; expected some of {known}"
                )

    @property
    def makes_folders(self) -> bool:
        """True where the folders of the outputs are made: the pattern has parts."""
        return bool(_PART.search(self.text or ""))

    def name(self, source: Location, folder: Path, styles: tuple[StyleSource, ...]) -> Place:
        """Return the name of an output, or its address.

        Args:
            source: its input.
            folder: of the input, below the one that was given.
            styles: it is painted in, mixed.

        Raises:
            UsageError: nothing lies beside standard input, or it is an address of a kind that is not written.
        """
        beside = default_place(source, styles)
        if self.text is None:
            if is_pipe(source):
                raise UsageError(
                    "name the output: `output` FILE, or `output` - for standard output"
                )
            return beside
        parts = {
            "name": Path(source.name).stem,
            "style": style_name(styles),
            "ext": Path(beside.name).suffix.removeprefix("."),
            "folder": str(folder),
        }
        text = _PART.sub(lambda found: parts[found[1]], self.text)
        return placed(text.replace("/./", "/"))
