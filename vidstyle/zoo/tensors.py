"""Safetensors read without torch: whether weights are sound, and which converted networks were made from them."""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from vidstyle.disk.pending import write_whole
from vidstyle.errors import InputError

_LONGEST_HEADER = 10**6
"""Bytes; ours have some thousands."""

_MAX_BYTES = 2**28
"""Of a file of weights; ours have a few millions."""

_BYTES = {
    "F64": 8,
    "F32": 4,
    "F16": 2,
    "BF16": 2,
    "I64": 8,
    "I32": 4,
    "I16": 2,
    "I8": 1,
    "U8": 1,
    "BOOL": 1,
}
_FLOATS = {"F64": np.float64, "F32": np.float32, "F16": np.float16}

_TELLING = 2000
"""Bytes of a tensor by which a converted network is known for the one of some weights."""


@dataclass(frozen=True)
class Tensors:
    """The content of a safetensors file."""

    tensors: dict[str, tuple[str, tuple[int, ...], bytes]]
    """Name -> kind, shape, bytes."""
    notes: dict[str, str]
    """What the file says besides."""

    @classmethod
    def read(cls, path: Path) -> Tensors:
        """Read and check a file: eight bytes of the header's length, the header in JSON, then the numbers.

        Raises:
            InputError: it is missing or no safetensors; its tensors are not of their shapes or lie in each other; it has none,
                or a number that is none.
        """
        try:
            with path.open("rb") as file:
                data = file.read(_MAX_BYTES + 1)
        except OSError as error:
            raise InputError(f"cannot read the weights {path}: {error.strerror}") from error
        if len(data) > _MAX_BYTES:
            raise InputError(
                f"expected weights of {_MAX_BYTES >> 20} MiB at most, got more in {path}"
            )
        length = int.from_bytes(data[:8], "little")
        try:
            if len(data) < 8 or length > min(_LONGEST_HEADER, len(data) - 8):
                raise ValueError
            header: dict[str, Any] = json.loads(data[8 : 8 + length])
            notes = dict(header.pop("__metadata__", {}))
            tensors = _cut(header, data[8 + length :])
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise InputError(f"{path} is no safetensors file, or a damaged one") from error
        if not tensors:
            raise InputError(f"{path} holds no weights")
        for name, (kind, _, numbers) in tensors.items():
            if kind in _FLOATS and not np.isfinite(np.frombuffer(numbers, _FLOATS[kind])).all():
                raise InputError(f"{path} is damaged: {name} holds numbers that are none")
        return cls(tensors, notes)

    def knows(self, network: Path) -> bool:
        """Return whether the file holds the digests of a converted network's .xml and .bin: older ones do not."""
        return all(_note(network.with_suffix(end)) in self.notes for end in (".xml", ".bin"))

    def made(self, network: Path) -> bool:
        """Return whether a converted network, its .xml or .bin, was made from these weights.

        Older files do not say: then the numbers of a network of floats are compared.
        """
        data = network.read_bytes()
        if said := self.notes.get(_note(network)):
            return said == hashlib.sha256(data).hexdigest()
        if network.suffix != ".bin" or not network.stem.endswith(("_frame", "_frame16")):
            return True
        return all(
            numbers in data
            for name, (kind, shape, numbers) in self.tensors.items()
            if kind == "F16"
            and len(shape) == 4
            and len(numbers) > _TELLING
            and ".frame" in f".{name}"
        )


def _cut(header: dict[str, Any], data: bytes) -> dict[str, tuple[str, tuple[int, ...], bytes]]:
    tensors, place = {}, 0
    for name, entry in sorted(header.items(), key=lambda item: item[1]["data_offsets"]):
        kind, shape = entry["dtype"], tuple(map(int, entry["shape"]))
        start, end = entry["data_offsets"]
        if start != place or end - start != _BYTES[kind] * math.prod(shape) or end > len(data):
            raise ValueError
        tensors[name] = kind, shape, data[start:end]
        place = end
    if place != len(data):
        raise ValueError
    return tensors


def _note(network: Path) -> str:
    """Return the key of a network's digest: it stays as it is when the files are given another name together."""
    return f"sha256 of {network.stem.rpartition('_')[2]}{network.suffix}"


def note_networks(weights: Path, networks: list[Path]) -> None:
    """Write the digests of converted networks into the weights' file.

    Args:
        weights: a safetensors file; its tensors stay as they are.
        networks: .xml and .bin files.
    """
    data = weights.read_bytes()
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + length])
    header["__metadata__"] = header.get("__metadata__", {}) | {
        _note(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in networks
    }
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)  # the numbers stay aligned
    write_whole(weights, len(text).to_bytes(8, "little") + text + data[8 + length :])
