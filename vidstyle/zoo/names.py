"""Models by their names: those without a network, and what each is made by."""

from __future__ import annotations

from pathlib import Path

from vidstyle.zoo import catalog

IDENTITY = "identity"
"""The model that changes nothing."""

PHOTOREAL = "photoreal"
"""The model that gives a video a picture's colors alone, and leaves it a photo."""

SWAP = "swap"
"""The model that swaps patches of a video for a picture's nearest."""

OPTIMIZED = ("gatys", "mrf", "doodle")
"""Methods that paint by optimization alone; photoreal and swap have a form of that, too."""

NO_NETWORK = (PHOTOREAL, SWAP, IDENTITY)
"""The models that are made of no weights."""


def made_by(name: str | Path) -> str:
    """Return what a model's styles are made by, without loading it: the digest of its weights; its name where it has none.

    Raises:
        UsageError: there is no such model.
        InputError: a file is missing or damaged.
    """
    return str(name) if name in NO_NETWORK else catalog.named(name, *NO_NETWORK).digest
