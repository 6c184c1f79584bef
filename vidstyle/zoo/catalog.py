"""Networks in files: the shipped ones, checked against their SHA256SUMS, and a user's own."""

from __future__ import annotations

import difflib
import hashlib
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import ClassVar

from vidstyle.errors import InputError, UsageError
from vidstyle.zoo.tensors import Tensors, note_networks

_PACKAGE = Path(__file__).parent.parent
FOLDER = next(
    (f for f in (_PACKAGE / "models", _PACKAGE.parent / "models") if f.is_dir()),
    _PACKAGE / "models",
)
"""In an installed package inside of it, in a checkout at the top."""


PERCEPTUAL = FOLDER / "perceptual.safetensors"
"""Weights of the perceptual network of our own."""

INVERSE = FOLDER / "inverse.safetensors"
"""Weights of the network that makes pictures of its features."""

REGIONS = FOLDER / "regions.safetensors"
"""Weights of the head on it that names regions."""


@dataclass(frozen=True)
class ModelFiles:
    """One network: each file holds the same weights, made from `weights`."""

    name: str
    weights: Path
    """safetensors, for torch; 16-bit floats."""
    frame_net: Path
    """OpenVINO IR (.xml with .bin beside it) of the part that runs every frame."""
    float_net_16bit: Path
    """The same for frames of 16 bits."""
    int8_net: Path
    """The same with most of its convolutions in int8."""
    style_encoder: Path
    """OpenVINO IR of the part that runs once a style; only where it takes pictures."""
    photo: Path
    """The style in which it paints a photo nearly as it is, a file of `Style.save`; not every network has one."""
    fit_base: Path
    """safetensors of those weights that a fit begins with instead of its own; not every network has them."""
    takes_pictures: bool
    """Whether it paints in the style of a picture; otherwise it has one style, its own."""
    shipped: bool = True
    """Its files are listed in a SHA256SUMS beside them."""

    FIT_BASE_OF: ClassVar[str] = "digest of the any-style network"
    """Note in `fit_base` of the network that it belongs to."""

    @classmethod
    def of(cls, weights: Path, *, takes_pictures: bool, shipped: bool) -> ModelFiles:
        """Name the files beside weights."""
        folder, name = weights.parent, weights.stem
        return cls(
            name,
            weights=weights,
            frame_net=folder / f"{name}_frame.xml",
            float_net_16bit=folder / f"{name}_frame16.xml",
            int8_net=folder / f"{name}_frame8.xml",
            style_encoder=folder / f"{name}_style.xml",
            photo=folder / f"{name}_photo.npz",
            fit_base=folder / f"{name}_fit.safetensors",
            takes_pictures=takes_pictures,
            shipped=shipped,
        )

    @property
    def digest(self) -> str:
        """The first 16 hexadecimal digits of the weights' SHA-256: what a style was made by."""
        known = checksums(self.weights.parent).get(self.weights.name) if self.shipped else None
        return (known or hashlib.sha256(self.weights.read_bytes()).hexdigest())[:16]

    def verified(self, path: Path) -> Path:
        """Return the path of one of its files; of a network (.xml) both are checked.

        Raises:
            InputError: it is missing, not as it was shipped, or not made from the weights.
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
            elif file != self.weights and not Tensors.read(self.weights).made(file):
                raise InputError(
                    f"{file.name} was not made from {self.weights}, or is damaged; take the files of one "
                    "training together"
                )
        return path

    @property
    def known_photo(self) -> Path | None:
        """The file of the style that leaves a photo as it is, checked where it is shipped; None: there is none."""
        if not (self.takes_pictures and self.photo.is_file()):
            return None
        return verify(self.photo) if self.shipped else self.photo

    @property
    def known_fit_base(self) -> Path | None:
        """The file of `fit_base`, checked; None: there is none.

        Raises:
            InputError: it is damaged, or belongs to other weights.
        """
        if not (self.takes_pictures and self.fit_base.is_file()):
            return None
        path = verify(self.fit_base) if self.shipped else self.fit_base
        if Tensors.read(path).notes.get(self.FIT_BASE_OF) != self.digest:
            raise InputError(
                f"{path} was not made for {self.weights}; make it with vidstyle train base, or remove it"
            )
        return path

    @property
    def networks(self) -> list[Path]:
        """The converted networks that are there, .xml."""
        named = (self.frame_net, self.float_net_16bit, self.int8_net, self.style_encoder)
        return [network for network in named if network.is_file()]

    def unknown_networks(self) -> list[Path]:
        """Return the converted networks of which nothing tells that all of them was made from the weights.

        Raises:
            InputError: the weights cannot be read.
        """
        if self.shipped:
            return []
        tensors = Tensors.read(self.weights)
        return [network for network in self.networks if not tensors.knows(network)]

    def note_networks(self) -> None:
        """Write into the weights what their converted networks are, so that others are told from them."""
        files = [
            file for n in self.networks for file in (n, n.with_suffix(".bin")) if file.is_file()
        ]
        note_networks(self.weights, files)


@dataclass(frozen=True)
class StyleEntry:
    """A shipped network of one style."""

    name: str
    """Its name as a `style`."""
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


ANY_STYLE = ("arbitrary", "small")
"""The shipped networks that take pictures; the second is what keyframes are learned with."""

FIRST_STYLE = "great_wave"
"""The shipped network of one style that a training of another begins with; see models/styles/README.md."""


def find(name: str = "arbitrary", folder: Path = FOLDER) -> ModelFiles:
    """Return a shipped any-style network; each engine verifies the files that it reads."""
    return ModelFiles.of(folder / f"{name}.safetensors", takes_pictures=True, shipped=True)


def check_name(name: object) -> None:
    """Refuse what is no name of a model, nor a file.

    Raises:
        UsageError: it is neither.
    """
    if not isinstance(name, str | Path):
        raise UsageError(
            f"expected the name of a model, or its weights, got a {type(name).__name__}"
        )


def named(name: str | Path, *others: str) -> ModelFiles:
    """Return a network by its name, or by its weights.

    Args:
        name: of a shipped network; or weights (.safetensors).
        others: names of models that are no network, to be told of.

    Raises:
        UsageError: there is none of that name.
        InputError: the weights are missing, or no safetensors.
    """
    if Path(name).suffix.lower() == ".safetensors":
        return open_file(Path(name))
    if str(name) in ANY_STYLE:
        return find(str(name))
    if str(name) in styles():
        return shipped_style(str(name))
    known = ", ".join([*ANY_STYLE, *styles(), *others])
    raise UsageError(
        f"no model is called {name}; expected one of {known}, or weights (.safetensors)"
    )


def open_file(weights: Path) -> ModelFiles:
    """Return a user's own network by its weights.

    Raises:
        InputError: there is no such file, or it is no safetensors.
    """
    if not weights.is_file():
        raise InputError(f"cannot read the style {weights}: no such file")
    tensors = Tensors.read(weights).tensors
    return ModelFiles.of(weights, takes_pictures="affine" not in tensors, shipped=False)


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


def find_style(style: str, folder: Path = FOLDER) -> ModelFiles | None:
    """Return the network of one style that is meant, if any: a .safetensors, or a shipped one's name.

    A picture of that name comes first.

    Raises:
        InputError: the file is missing, or no network of one style.
    """
    own = Path(style)
    if own.suffix.lower() == ".safetensors":
        found = open_file(own)
        if found.takes_pictures:
            raise InputError(f"{own} is no network of one style")
        return found
    if own.is_file() or own.suffix or style not in styles(folder):
        return None
    return shipped_style(style, folder)


def check_picture(style: str | Path, folder: Path = FOLDER) -> None:
    """Refuse a style that is to be a picture and is a network, or nearly the name of one.

    Raises:
        InputError: it is; what else cannot be read, whoever reads it says.
    """
    path = Path(style)
    if path.suffix.lower() == ".safetensors":
        raise InputError(
            f"{path} is a network, which vidstyle run paints with; expected the picture of a style"
        )
    if path.suffix or path.exists():
        return
    known = styles(folder)
    if entry := known.get(str(path)):
        raise InputError(
            f"{entry.name} is a network, which vidstyle run paints with; its picture, {entry.title} "
            f"by {entry.artist}, is not shipped: give a file of it"
        )
    titles = {entry.title.lower(): entry.name for entry in known.values()}
    names = titles | {name: name for name in known}
    if near := difflib.get_close_matches(str(path).lower(), names, n=1, cutoff=0.7):
        raise InputError(
            f"no picture and no style is called {path}; did you mean {names[near[0]]}?"
        )


def shipped_style(name: str, folder: Path = FOLDER) -> ModelFiles:
    """Return a shipped network of one style by its name."""
    weights = folder / "styles" / f"{name}.safetensors"
    return ModelFiles.of(weights, takes_pictures=False, shipped=True)
