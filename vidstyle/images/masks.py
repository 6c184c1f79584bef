"""Masks: where a painting shows, and how it is laid over what lies below."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from vidstyle.frame import Pixels, Plane
from vidstyle.images.files import read_picture

Mask = NDArray[np.float32]
"""(H, W), 0 to 1."""

_FAINT = 1 / 16
"""What is no more than this is 0, and what lacks no more is 1: black and white of JPEG and video are rarely quite so."""

_WINDOW = 1 / 60
"""Half the side of the windows in which a mask is fitted to a frame, over the frame's short side."""

_LEAST = 1e-6
"""What is less is 0, and so with 1."""

_COARSE = 4
"""They are fitted at a fraction of the size (He and Sun 2015)."""

_FLAT = 1e-3
"""Variance of the light, 0 to 1, within a window below which there is no edge to follow."""


def read_mask(path: Path) -> Mask:
    """Read a mask from a picture: white is meant; black, or transparent, is not.

    Raises:
        InputError: no picture.
    """
    return mask_of(read_picture(path, ground=0))


def mask_of(pixels: Pixels, alpha: Plane | None = None) -> Mask:
    """Return a picture (H, W, 3), and how opaque it is (H, W), as a mask."""
    top = np.float32(np.iinfo(pixels.dtype).max)
    levels = cv2.transform(pixels, np.full((1, 3), 1 / 3))
    mask = levels.reshape(pixels.shape[:2]).astype(np.float32) / top
    return mask if alpha is None else mask * (alpha.astype(np.float32) / top)


def fitted(
    mask: Mask, height: int, width: int, *, invert: bool = False, feather: float = 0
) -> Mask:
    """Return a mask as frames of a size need it.

    Args:
        mask: of any size and proportions.
        height: of the frames, pixels.
        width: likewise.
        invert: what is not meant is.
        feather: pixels to both sides of an edge over which it becomes soft.
    """
    if mask.shape != (height, width):
        shrinks = mask.shape[0] > height or mask.shape[1] > width
        how = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
        mask = np.asarray(cv2.resize(mask, (width, height), interpolation=how), np.float32)
    mask = _cleaned(mask)
    if feather:
        # Two passes make a smooth slope, and reach no farther than asked.
        side = 2 * max(1, round(feather / 2)) + 1
        for _ in range(2):
            mask = np.asarray(cv2.blur(mask, (side, side)), np.float32)
        mask[mask < 1e-4] = 0
        mask[mask > 1 - 1e-4] = 1
    return 1 - mask if invert else mask


def _cleaned(mask: Mask) -> Mask:
    return cast(Mask, ((mask - _FAINT) / np.float32(1 - 2 * _FAINT)).clip(0, 1))


def along_edges(mask: Mask, frame: Pixels) -> Mask:
    """Let the soft edges of a mask (H, W) follow the light of a frame (H, W, 3): what is 0 or 1 stays so.

    A guided filter (He, Sun and Tang 2010, eq. 5 and 6): in each window the mask is a linear function of the light.
    """
    soft = cv2.inRange(mask, _LEAST, 1 - _LEAST)
    left, top, width, height = cv2.boundingRect(soft)
    if not width:
        return mask
    margin = 2 * max(_COARSE, round(_WINDOW * min(mask.shape)))
    rows = slice(max(0, top - margin), top + height + margin)
    columns = slice(max(0, left - margin), left + width + margin)
    part = mask[rows, columns]
    light = cv2.cvtColor(frame[rows, columns], cv2.COLOR_RGB2GRAY)
    followed = _guided(part, np.asarray(light, frame.dtype), margin // 2)
    result = mask.copy()
    result[rows, columns] = cv2.copyTo(followed, soft[rows, columns], part.copy())
    return result


def _guided(mask: Mask, light: Plane, radius: int) -> Mask:
    """Return the linear functions of the light, windows of `radius` pixels, that fit a mask."""
    height, width = mask.shape
    small = max(1, width // _COARSE), max(1, height // _COARSE)
    scale = 1 / np.iinfo(light.dtype).max
    m = _floats(cv2.resize(mask, small, interpolation=cv2.INTER_AREA))
    i = _floats(cv2.resize(light, small, interpolation=cv2.INTER_AREA)) * np.float32(scale)
    side = 2 * max(1, radius // _COARSE) + 1

    def mean(plane: Mask) -> Mask:
        return _floats(cv2.blur(plane, (side, side)))

    mean_m, mean_i = mean(m), mean(i)
    variance = mean(i * i) - mean_i * mean_i
    gain = _floats((mean(m * i) - mean_m * mean_i) / (variance + np.float32(_FLAT)))
    rest = mean_m - gain * mean_i
    full = [
        cv2.resize(mean(plane), (width, height), interpolation=cv2.INTER_LINEAR)
        for plane in (gain, rest)
    ]
    sought = cv2.add(cv2.multiply(full[0], light, scale=scale, dtype=cv2.CV_32F), full[1])
    return np.clip(_floats(sought), 0, 1, out=_floats(sought))


def _floats(plane: NDArray[Any]) -> Mask:
    return np.asarray(plane, np.float32)


def lay(below: Pixels, painted: Pixels, mask: Mask) -> Pixels:
    """Lay a painting over what lies below, where a mask says so: at 0 that stays to the bit, at 1 the painting.

    Args:
        below: (H, W, 3), which stays as it is.
        painted: likewise, of the same dtype.
        mask: (H, W).
    """
    left, top, width, height = cv2.boundingRect(cv2.inRange(mask, _LEAST, 1.0))
    if not width:
        return below
    rows, columns = slice(top, top + height), slice(left, left + width)
    under, over, share = below[rows, columns], painted[rows, columns], mask[rows, columns]
    if share.min() == 1:
        mixed = over
    else:
        difference = cv2.subtract(over, under, dtype=cv2.CV_32F)
        difference = cv2.multiply(difference, cv2.merge([share] * 3), dst=difference)
        depth = cv2.CV_8U if below.dtype == np.uint8 else cv2.CV_16U
        mixed = np.asarray(cv2.add(under, difference, dtype=depth), below.dtype)
    if mixed.shape == below.shape:
        return mixed
    result = below.copy()
    result[rows, columns] = mixed
    return result
