"""Fitted networks, kept in the user's cache folder: a folder each, which is whole or not there."""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from vidstyle.disk import caches
from vidstyle.disk.caches import PLACE
from vidstyle.disk.pending import write_whole
from vidstyle.errors import OutputError
from vidstyle.zoo.catalog import ModelFiles

WEIGHTS, STRIP, _FACTS = "network.safetensors", "before_after.jpg", "fit.json"

_MAKING = ".making-"
"""Beginning of the names of folders that are not whole yet."""


@dataclass(frozen=True)
class Fit:
    """A fitted network and what is told of it."""

    folder: Path
    facts: Mapping[str, Any]
    """Plain values for people: style, clip, seconds, losses before and after."""
    is_new: bool = False
    """It was made just now."""

    @property
    def weights(self) -> Path:
        """The network, a style for `vidstyle.stylize`; what was converted of it lies beside it."""
        return self.folder / WEIGHTS

    @property
    def strip(self) -> Path:
        """A picture: the style, frames, the any-style network's paintings of them, and those of the fitted one."""
        return self.folder / STRIP

    @property
    def bytes(self) -> int:
        """Size of its files."""
        return sum(file.stat().st_size for file in self.folder.iterdir())

    @property
    def is_whole(self) -> bool:
        """Whether its files are those that were written."""
        try:
            return bool(self.facts["files"] == _digests(self.folder))
        except (OSError, KeyError):
            return False

    def copy_to(self, weights: Path, *, overwrite: bool) -> None:
        """Keep it by a name of its own, NAME.safetensors; its converted networks and the strip go beside it.

        Args:
            weights: the name.
            overwrite: what is there may be replaced.

        Raises:
            UsageError: it is there already, and may not be replaced.
            OutputError: it cannot be written.
        """
        made: list[Path] = []
        try:
            for file in self._files_for(weights):
                target = weights.with_name(file.name.replace(self.weights.stem, weights.stem, 1))
                if file == self.strip:
                    target = strip_of(weights)
                write_whole(target, file.read_bytes(), overwrite=overwrite)
                made.append(target)
        except BaseException:
            for target in made:
                target.unlink(missing_ok=True)
            raise

    def _files_for(self, weights: Path) -> list[Path]:
        """Return what is copied, the weights last."""
        stale = ModelFiles.of(weights, takes_pictures=False, shipped=False).networks
        for network in stale:
            network.unlink()
        files = [f for f in self.folder.iterdir() if f.name not in (WEIGHTS, _FACTS)]
        return [*files, self.weights]


def strip_of(weights: Path) -> Path:
    """Return where the strip of a fit that is kept by a name of its own lies; starry.jpg may be the style itself."""
    return weights.with_name(f"{weights.stem}_{STRIP}")


def cache_folder() -> Path:
    """Return the folder of all fits, which need not be there.

    Raises:
        UsageError: nothing tells where it is.
    """
    return caches.cache_folder("fits")


def key_of(facts: Mapping[str, object]) -> str:
    """Return the name of a fit by all that decides what it is."""
    text = json.dumps({name: str(value) for name, value in facts.items()}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def find(key: str) -> Fit | None:
    """Return a fit that is kept; None where it is not, or was damaged, and is to be made anew."""
    fit = _read(cache_folder() / key)
    return fit if fit and fit.is_whole else None


@contextmanager
def making(key: str, facts: dict[str, Any]) -> Iterator[Path]:
    """Give a folder to write a fit into, which is kept at the end of the block; after an error nothing of it is.

    Args:
        key: see `key_of`.
        facts: see `Fit`; what is written into it in the block counts.

    Raises:
        OutputError: the disk is full, or it cannot be written for another reason.
    """
    place = cache_folder()
    try:
        place.mkdir(parents=True, exist_ok=True)
        folder = Path(mkdtemp(prefix=_MAKING, dir=place))
        try:
            yield folder
            told = facts | {"made": time.time(), "files": _digests(folder)}
            (folder / _FACTS).write_text(json.dumps(told, indent=1))
            final = place / key
            shutil.rmtree(final, ignore_errors=True)
            folder.replace(final)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
    except OSError as error:
        if isinstance(error, OutputError):
            reason = str(error)
        else:
            reason = f"cannot write into {place}: {error.strerror or error}"
        raise OutputError(
            f"the fit is not kept: {reason}; make room, or set {PLACE} to another folder"
        ) from error


def kept() -> list[Fit]:
    """Return all fits, the newest first."""
    place = cache_folder()
    folders = (
        [f for f in place.iterdir() if not f.name.startswith(_MAKING)] if place.is_dir() else []
    )
    fits = [fit for folder in folders if (fit := _read(folder))]
    return sorted(fits, key=lambda fit: -float(fit.facts.get("made", 0)))


def clear() -> int:
    """Remove all fits, and what interrupted ones left; return how many bytes that gives back.

    Raises:
        OutputError: one cannot be removed.
    """
    place, freed = cache_folder(), 0
    for folder in list(place.iterdir()) if place.is_dir() else []:
        if (folder / _FACTS).is_file() or folder.name.startswith(_MAKING):  # and nothing else
            size = sum(f.stat().st_size for f in folder.iterdir())
            try:
                shutil.rmtree(folder)
            except OSError as error:
                raise OutputError(f"cannot remove {folder}: {error.strerror}") from error
            freed += size
    return freed


def _read(folder: Path) -> Fit | None:
    try:
        facts = json.loads((folder / _FACTS).read_text())
    except (OSError, ValueError):
        return None
    return Fit(folder, facts) if isinstance(facts, dict) else None


def _digests(folder: Path) -> dict[str, str]:
    return {
        file.name: hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(folder.iterdir())
        if file.name != _FACTS
    }
