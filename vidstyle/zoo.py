"""The shipped weights: a name -> its files, checked against `models/SHA256SUMS`."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from vidstyle.errors import InputError

_PACKAGE = Path(__file__).parent
FOLDER = next(
    (f for f in (_PACKAGE / "models", _PACKAGE.parent / "models") if f.is_dir()),
    _PACKAGE / "models",
)
"""In an installed package beside this file, in a checkout at the top."""


@dataclass(frozen=True)
class Model:
    """One network: each file holds the same weights, made from `weights`."""

    name: str
    weights: Path
    """safetensors, for torch; 16-bit floats."""
    frame_net: Path
    """OpenVINO IR (.xml with .bin beside it) of the part that runs every frame."""
    deep_net: Path
    """The same for frames of 16 bits."""
    small_net: Path
    """The same with most of its convolutions in int8."""
    style_encoder: Path
    """OpenVINO IR of the part that runs once a style."""


@cache
def checksums(folder: Path = FOLDER) -> dict[str, str]:
    """Read SHA256SUMS: file name -> hexadecimal digest."""
    lines = (folder / "SHA256SUMS").read_text().splitlines()
    return {name: digest for digest, name in (line.split(maxsplit=1) for line in lines)}


def verify(path: Path) -> Path:
    """Return the path of a file whose content is what was shipped.

    Raises:
        InputError: it is missing or was changed.
    """
    expected = checksums(path.parent).get(path.name)
    if not path.is_file() or expected is None:
        raise InputError(f"the model file {path.name} is missing; install vidstyle again")
    if hashlib.sha256(path.read_bytes()).hexdigest() != expected:
        raise InputError(f"the model file {path.name} is damaged; install vidstyle again")
    return path


def find(name: str = "arbitrary", folder: Path = FOLDER) -> Model:
    """Return a shipped model; each engine verifies the files that it reads."""
    return Model(
        name,
        weights=folder / f"{name}.safetensors",
        frame_net=folder / f"{name}_frame.xml",
        deep_net=folder / f"{name}_frame16.xml",
        small_net=folder / f"{name}_frame8.xml",
        style_encoder=folder / f"{name}_style.xml",
    )
