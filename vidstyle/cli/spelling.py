"""How a field is called on the command line: the one place that knows -y, --to and their like.

A field is an option of the same name, with - for _, unless it stands here; in every command alike.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from vidstyle.cli.parsing import BITRATE, FIT, KEEP, LOSSES, TIME, TIMES, Kind


@dataclass(frozen=True)
class Spelling:
    """The exceptions to how an option is spelled."""

    flags: tuple[str, ...] = ()
    """The first is how messages call it."""
    metavar: str | None = None
    kind: Kind | None = None


SPELLINGS = {
    "all_styles": Spelling(("--all",)),
    "alpha": Spelling(kind=KEEP),
    "as_json": Spelling(("--json",)),
    "at": Spelling(metavar="TIME=STYLE,..."),
    "at_times": Spelling(("--at",), kind=TIMES),
    "bitrate": Spelling(kind=BITRATE),
    "camera": Spelling(metavar="0|/dev/video0|NAME"),
    "config_file": Spelling(("--config",), "FILE"),
    "container": Spelling(("--to",), "FORMAT"),
    "end": Spelling(kind=TIME),
    "fit": Spelling(kind=FIT),
    "format": Spelling(("--from",), "FORMAT"),
    "hwaccel": Spelling(metavar="KIND"),
    "keyframe": Spelling(metavar="TIME=PICTURE"),
    "keyframe_mask": Spelling(metavar="PICTURE"),
    "learn": Spelling(metavar="SECONDS"),
    "mask": Spelling(metavar="FILE"),
    "on": Spelling(metavar="ray|ray://HOST:PORT"),
    "options": Spelling(("-x",)),
    "output": Spelling(("-o", "--output"), "OUT"),
    "overwrite": Spelling(("-y", "--overwrite")),
    "pixel_format": Spelling(("--pix-fmt",)),
    "quiet": Spelling(("--quiet", "-q")),
    "runtime": Spelling(metavar="FOLDER|FILE.tgz"),
    "save_regions": Spelling(metavar="PICTURE"),
    "screen": Spelling(metavar="DISPLAY"),
    "send": Spelling(metavar="URL"),
    "start": Spelling(kind=TIME),
    "statistics": Spelling(metavar="CLIP"),
    "style": Spelling(("--style", "-s"), "PICTURE"),
    "style_losses": Spelling(kind=LOSSES),
    "style_mask": Spelling(metavar="PICTURE"),
    "style_regions": Spelling(metavar="PICTURE"),
}


def spelling(name: str) -> Spelling:
    """Return the spelling of a field."""
    return SPELLINGS.get(name, Spelling())


def flags(name: str) -> tuple[str, ...]:
    """Return the flags of a field's option; messages use the first."""
    return spelling(name).flags or (f"--{name.replace('_', '-')}",)


def spelled(text: str) -> str:
    """Say a text of the library as the command line: `overwrite` is -y, `preview=False` is --no-preview."""

    def flag(match: re.Match[str]) -> str:
        return f"--no-{match[1].replace('_', '-')}" if match[2] else flags(match[1])[0]

    return re.sub(r"`([a-z][a-z0-9_]*)(=False)?`", flag, text)
