"""Networks in files: the shipped ones, checked against their SHA256SUMS, and a user's own."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from vidstyle.errors import InputError

_PACKAGE = Path(__file__).parent.parent
FOLDER = next(
    (f for f in (_PACKAGE / "models", _PACKAGE.parent / "models") if f.is_dir()),
    _PACKAGE / "models",
)
"""In an installed package inside of it, in a checkout at the top."""


PERCEPTUAL = FOLDER / "perceptual.safetensors"
"""Weights of the perceptual network of our own."""


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
    style_encoder: Path | None
    """OpenVINO IR of the part that runs once a style; None where the network has one style."""
    shipped: bool = True
    """Its files are listed in a SHA256SUMS beside them."""

    @classmethod
    def of(cls, weights: Path, *, one_style: bool, shipped: bool) -> Model:
        """Name the files beside weights."""
        folder, name = weights.parent, weights.stem
        return cls(
            name,
            weights=weights,
            frame_net=folder / f"{name}_frame.xml",
            deep_net=folder / f"{name}_frame16.xml",
            small_net=folder / f"{name}_frame8.xml",
            style_encoder=None if one_style else folder / f"{name}_style.xml",
            shipped=shipped,
        )

    def verified(self, path: Path) -> Path:
        """Return the path of one of its files; of a network (.xml) both are looked at.

        Raises:
            InputError: it is missing, or not as it was shipped.
        """
        for file in {path, path.with_suffix(".bin" if path.suffix == ".xml" else path.suffix)}:
            if self.shipped:
                verify(file)
            elif not self.weights.is_file():
                raise InputError(f"cannot read the style {self.weights}: no such file")
            elif not file.is_file():
                raise InputError(
                    f"{self.weights} is no network of vidstyle train style: {file.name} is missing "
                    "beside it"
                )
        return path


@dataclass(frozen=True)
class StyleEntry:
    """A shipped network of one style."""

    name: str
    """What `--style` calls it."""
    title: str
    artist: str
    year: str


@cache
def checksums(folder: Path = FOLDER) -> dict[str, str]:
    """Read SHA256SUMS: file name -> hexadecimal digest.

    Raises:
        InputError: it is missing.
    """
    try:
        lines = (folder / "SHA256SUMS").read_text().splitlines()
    except OSError as error:
        raise InputError(f"{folder} lacks its SHA256SUMS; install vidstyle again") from error
    return {name: digest for digest, name in (line.split(maxsplit=1) for line in lines)}


def verify(path: Path) -> Path:
    """Return the path of a shipped file whose content is what was shipped.

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
    """Return a shipped any-style model; each engine verifies the files that it reads."""
    return Model.of(folder / f"{name}.safetensors", one_style=False, shipped=True)


@cache
def styles(folder: Path = FOLDER) -> dict[str, StyleEntry]:
    """Return the shipped networks of one style by their names.

    Raises:
        InputError: their list is missing.
    """
    try:
        entries = json.loads((folder / "styles" / "styles.json").read_text())
    except OSError as error:
        raise InputError(f"{folder} lacks the list of styles; install vidstyle again") from error
    return {entry["name"]: StyleEntry(**entry) for entry in entries}


def find_style(style: str, folder: Path = FOLDER) -> Model | None:
    """Return the network of one style that is meant, if any: a .safetensors, or a shipped one's name.

    A picture of that name comes first.
    """
    own = Path(style)
    if own.suffix.lower() == ".safetensors":
        return Model.of(own, one_style=True, shipped=False)
    if own.is_file() or own.suffix or style not in styles(folder):
        return None
    return shipped_style(style, folder)


def shipped_style(name: str, folder: Path = FOLDER) -> Model:
    """Return a shipped network of one style by its name."""
    return Model.of(folder / "styles" / f"{name}.safetensors", one_style=True, shipped=True)
