"""What people write: times, and files of TOML."""

from __future__ import annotations

import re
import tomllib
from fractions import Fraction
from pathlib import Path
from typing import Any

from vidstyle.errors import InputError

_TIME = re.compile(r"(?:(?:(\d+):)?(\d{1,2}):)?(\d+(?:\.\d*)?|\.\d+)")


def seconds(text: str) -> Fraction:
    """Read a time such as 90, 90.5, 1:30 or 0:01:30.5, in seconds.

    Raises:
        ValueError: it is none.
    """
    match = _TIME.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"expected a time such as 90.5 or 1:30, got {text!r}")
    hours, minutes, rest = match.groups()
    if (minutes and Fraction(rest) >= 60) or (hours and int(minutes) >= 60):
        raise ValueError(f"expected minutes and seconds below 60, got {text!r}")
    return 3600 * int(hours or 0) + 60 * int(minutes or 0) + Fraction(rest)


_MAX_BYTES = 10**6


def read_toml(path: Path, noun: str) -> dict[str, Any]:
    """Read a file of TOML.

    Args:
        path: of the file.
        noun: what it is, for the message.

    Raises:
        InputError: it cannot be read, is no TOML, or is longer than a million bytes.
    """
    try:
        with path.open("rb") as file:
            data = file.read(_MAX_BYTES + 1)
        if len(data) > _MAX_BYTES:
            raise ValueError(f"it is longer than {_MAX_BYTES} bytes")
        return tomllib.loads(data.decode("utf-8-sig"))
    except OSError as error:
        raise InputError(f"cannot read the {noun} {path}: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path} is no TOML: {error}") from error
