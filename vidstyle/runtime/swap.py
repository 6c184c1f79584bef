"""The engine of the swap of patches: any style in one pass (Chen and Schmidt 2016, "Fast Patch-based Style Transfer of Arbitrary Style").

A frame is encoded, each patch of its features is swapped for the style's nearest, and the inverse network makes a picture of them.
It computes by torch everywhere.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from vidstyle.errors import UsageError
from vidstyle.frame import Pixels
from vidstyle.losses.energies import patches
from vidstyle.losses.swapping import swapped
from vidstyle.nets.inverse import LAYER, REACH, SCALE, Inverse
from vidstyle.nets.layers import channels_last
from vidstyle.nets.weights import load_weights
from vidstyle.runtime.engine import Following, Statistics, Vector
from vidstyle.zoo import catalog
from vidstyle.zoo.features import load_features

_BAND_BYTES, _BAND_PLACES = 2**28, 2**15
"""Of the patches of a frame that are swapped at once, and places of the layer where they lie, at most: what is larger is painted
in bands of rows."""

_SEEN = 4
"""Places of the layer, to each side of its own, whose pixels it depends on at most."""

_MAX_BYTES = 2**29
"""Of all patches of a style, one for each place, of which a stride leaves some out."""


@dataclass(frozen=True)
class _Swapped:
    """See `Painting`."""

    painted: list[Pixels]

    def frames(self) -> list[Pixels]:
        """Return the frames; see `Painting.frames`."""
        return self.painted

    def statistics(self) -> list[Vector | None]:
        """Return nothing for each."""
        return [None] * len(self.painted)


class _Band(NamedTuple):
    """Rows of places, of the layer that is swapped."""

    begin: int
    """The first that is encoded."""
    end: int
    """Behind the last that is encoded."""
    first: int
    """The first that is kept."""
    last: int
    """Behind the last that is kept."""


class SwapEngine:
    """Swaps patches. A style is the patches that it offers, (N, C, size, size)."""

    multiple = SCALE
    precision = "f32"
    takes_pictures = True
    strokes = True
    following: Following | None = None
    depth = 0

    def __init__(self, device: str, *, patch_size: int, patch_stride: int) -> None:
        """Load the networks onto a torch device.

        Args:
            device: "cuda", "cuda:1", "mps" or "cpu".
            patch_size: side of a patch, places of the layer, 4 pixels each.
            patch_stride: places from patch to patch, `patch_size` at most, in style and frames.

        Raises:
            InputError: the weights are missing or damaged.
        """
        self.device, self._device = device, torch.device(device)
        self._size, self._stride = patch_size, patch_stride
        self._encoder = load_features().to(self._device)
        self._patch_bytes = 4 * self._encoder.widths[2] * patch_size**2
        self._inverse = Inverse.from_shipped(load_weights(catalog.verify(catalog.INVERSE)))
        for module in (self._encoder, self._inverse.to(self._device)):
            channels_last(module)
        self.name = f"torch {device} f32 (patches of {patch_size} every {patch_stride})"
        known = [catalog.checksums()[path.name] for path in (catalog.PERCEPTUAL, catalog.INVERSE)]
        networks = hashlib.sha256("".join(known).encode()).hexdigest()[:16]
        self.made_by = f"{networks} by patches of {patch_size}"
        """What its styles are made by; see `Style`."""
        self._offered: tuple[Vector, Tensor] | None = None
        """The style that was painted in last, and its patches as columns on the device."""

    def batch(self, height: int, width: int) -> int:
        """Return 1: a frame keeps the device busy."""
        return 1

    def expect(self, height: int, width: int, *, high_bit_depth: bool) -> None:
        """Do nothing: it is always ready.

        Raises:
            UsageError: frames of this size hold no patch.
        """
        least = self._size * SCALE
        if min(height, width) < least:
            raise UsageError(
                f"expected pictures of {least} pixels at least for a `patch_size` of {self._size}, "
                f"got {width}x{height}; take a smaller one"
            )

    def ready(self, height: int, width: int, *, high_bit_depth: bool) -> bool:
        """Return True."""
        return True

    @torch.inference_mode()
    def encode(self, picture: Pixels) -> Vector:
        """Return the patches (N, C, size, size) that a picture offers; see `Engine.encode`.

        Raises:
            UsageError: they are too many.
        """
        self.expect(*picture.shape[:2], high_bit_depth=False)
        size, channels = self._size, self._encoder.widths[2]
        down, across = (side // SCALE - size + 1 for side in picture.shape[:2])
        if (needed := self._patch_bytes * down * across) > _MAX_BYTES:
            raise UsageError(
                f"expected a style of {_MAX_BYTES >> 20} MiB of patches at most, got "
                f"{needed >> 20}; take a smaller `style_scale` or `patch_size`"
            )
        offered = patches(self._features(picture), size, self._stride)
        values: Vector = offered.T.reshape(-1, channels, size, size).cpu().numpy()
        return values

    @torch.inference_mode()
    def paint(
        self,
        frames: Sequence[Pixels],
        style: Vector,
        statistics: Statistics | None,
        *,
        describe: bool = True,
    ) -> _Swapped:
        """Paint; see `Engine.paint`. Frames have no statistics."""
        self.expect(*frames[0].shape[:2], high_bit_depth=False)
        if self._offered is None or self._offered[0] is not style:
            self._offered = style, torch.from_numpy(style).to(self._device).flatten(1).T
        return _Swapped([self._painted(frame, self._offered[1]) for frame in frames])

    def close(self) -> None:
        """Let go of the style's patches."""
        self._offered = None

    def _painted(self, frame: Pixels, offered: Tensor) -> Pixels:
        height, width, _ = frame.shape
        painted = np.empty_like(frame)
        max_value = np.iinfo(frame.dtype).max
        for band in self._bands(height // SCALE, width // SCALE):
            features = self._features(frame[band.begin * SCALE : band.end * SCALE])
            picture = self._inverse(swapped(features, offered, self._size, self._stride))
            rows = picture[0, :, (band.first - band.begin) * SCALE :][
                :, : (band.last - band.first) * SCALE
            ]
            levels = (rows.clamp(0, 1) * max_value).round().permute(1, 2, 0)
            painted[band.first * SCALE : band.last * SCALE] = levels.cpu().numpy()
        return painted

    def _bands(self, height: int, width: int) -> Iterator[_Band]:
        """Yield the bands, of a frame of so many places, that are painted one after the other: with what they depend on around."""
        # One patch more: the last one of a band need not begin where one of the frame does.
        around = _SEEN + REACH + 2 * self._size
        rows = max(self._size, min(_BAND_PLACES, _BAND_BYTES // self._patch_bytes) // width)
        for first in range(0, height, rows):
            last = min(first + rows, height)
            begin = max(0, first - around) // self._stride * self._stride
            yield _Band(begin, min(last + around, height), first, last)

    def _features(self, picture: Pixels) -> Tensor:
        """Return the features (1, C, h, w) of a picture (H, W, 3), uint8 or uint16."""
        max_value = np.iinfo(picture.dtype).max
        pixels = torch.from_numpy(picture.astype(np.float32)).to(self._device)
        (features,) = self._encoder(pixels.permute(2, 0, 1)[None] / max_value, [LAYER])
        found: Tensor = features
        return found
