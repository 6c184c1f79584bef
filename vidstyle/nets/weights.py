"""Weights in files."""

from __future__ import annotations

from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from vidstyle.errors import InputError


def load_weights(path: Path) -> dict[str, Tensor]:
    """Read a state dict from a safetensors file.

    Raises:
        InputError: there is none.
    """
    try:
        return dict(load_file(path))
    except (OSError, SafetensorError) as error:
        raise InputError(f"cannot read weights from {path}: {error}") from error
