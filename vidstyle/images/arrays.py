"""Pictures in memory, as users have them: NumPy arrays of bytes, 16 bits or floats, and torch tensors.

Nothing here imports torch: a tensor is known by what it can do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from vidstyle.errors import InputError
from vidstyle.frame import Pixels

if TYPE_CHECKING:
    from torch import Tensor

Array: TypeAlias = "NDArray[np.uint8 | np.uint16 | np.floating[Any]]"
Picture: TypeAlias = "Array | Tensor"
"""(H, W, 3) RGB: uint8, uint16, or floats from 0 to 1; a tensor may be (3, H, W) too."""

PictureT = TypeVar("PictureT", bound="Picture")

_EXPECTED = (
    "expected a picture (H, W, 3) of uint8, uint16 or floats from 0 to 1, or a tensor (3, H, W)"
)


def to_pixels(picture: PictureT) -> tuple[Pixels, Callable[[Pixels], PictureT]]:
    """Turn a picture into pixels (H, W, 3), uint8 or uint16: floats become 16 bits.

    Returns:
        The pixels, and a function that turns pixels of that size and dtype into what the picture was: its
        dtype, layout and device.

    Raises:
        InputError: it is no picture, floats are outside of 0 to 1, or a tensor is 3 high and 3 wide, which could
            be either layout.
    """
    if hasattr(picture, "detach"):
        return _from_tensor(picture)  # type: ignore[arg-type, return-value]
    if not isinstance(picture, np.ndarray):
        raise InputError(f"{_EXPECTED}; got {type(picture).__name__}")
    pixels, back = _from_array(picture)
    return pixels, back  # type: ignore[return-value]


def alike(first: PictureT, others: Iterable[PictureT]) -> Iterator[Pixels]:
    """Yield the pixels of pictures, which are all like the first.

    Raises:
        ValueError: one of another type, dtype or shape; when it comes.
    """
    kind = type(first), first.dtype, tuple(first.shape)
    yield to_pixels(first)[0]
    for picture in others:
        if (type(picture), picture.dtype, tuple(picture.shape)) != kind:
            raise ValueError(
                f"expected frames like the first, {kind[1]} {kind[2]}, "
                f"got {picture.dtype} {tuple(picture.shape)}"
            )
        yield to_pixels(picture)[0]


def _from_array(picture: NDArray[Any]) -> tuple[Pixels, Callable[[Pixels], NDArray[Any]]]:
    if picture.ndim != 3 or picture.shape[2] != 3 or not picture.size:
        raise InputError(f"{_EXPECTED}; got {picture.dtype} {picture.shape}")
    if picture.dtype in (np.uint8, np.uint16):
        return picture, lambda painted: painted
    if not np.issubdtype(picture.dtype, np.floating):
        raise InputError(f"{_EXPECTED}; got {picture.dtype} {picture.shape}")
    low, high = float(picture.min(initial=0)), float(picture.max(initial=0))
    if not (low >= 0 and high <= 1):
        raise InputError(f"expected floats from 0 to 1, got {low:g} to {high:g}; divide by 255?")
    dtype = picture.dtype
    levels = np.round(picture.astype(np.float32) * 65535).astype(np.uint16)
    return levels, lambda painted: (painted.astype(np.float32) / 65535).astype(dtype)


def _from_tensor(picture: Tensor) -> tuple[Pixels, Callable[[Pixels], Tensor]]:
    first = picture.ndim == 3 and picture.shape[0] == 3
    last = picture.ndim == 3 and picture.shape[2] == 3
    if first and last:
        raise InputError(
            f"a tensor {tuple(picture.shape)} may be (3, H, W) or (H, W, 3); give a NumPy array"
        )
    if not (first or last):
        raise InputError(f"{_EXPECTED}; got a tensor {tuple(picture.shape)}")
    rows = picture.detach().permute(1, 2, 0) if first else picture.detach()
    if rows.dtype.is_floating_point:
        rows = rows.float()  # NumPy knows no bf16
    pixels, back = _from_array(np.ascontiguousarray(rows.cpu().numpy()))

    def restore(painted: Pixels) -> Tensor:
        made = picture.new_tensor(back(painted))
        return made.permute(2, 0, 1).contiguous() if first else made

    return pixels, restore
