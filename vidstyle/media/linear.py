"""Pictures of linear light, as OpenEXR holds them, in the values that displays take."""

from __future__ import annotations

from typing import Any, cast

import av
import numpy as np
from numpy.typing import NDArray

from vidstyle.frame import Pixels, Plane

LINEAR, SRGB = 8, 13
"""Transfers, as ITU-T H.273 numbers them."""

FLOATS = "gbrpf32le|gbrapf32le|grayf32le"
"""FFmpeg's names of formats that the scaler writes, too; it does not write those of 16 bits."""

_FLOATS = {"f32le": np.float32, "f16le": np.float16}
"""How FFmpeg's names of pixel formats end -> the samples."""


def is_linear(picture: av.VideoFrame) -> bool:
    """Return whether a picture holds linear light: floating point, and tagged so.

    DPX files tag whole numbers so that are not.
    """
    return int(picture.color_trc) == LINEAR and picture.format.name.endswith(tuple(_FLOATS))


def to_display(picture: av.VideoFrame) -> tuple[Pixels, Plane]:
    """Convert linear light to sRGB (IEC 61966-2-1); what is brighter than white is clipped.

    Args:
        picture: its colors are multiplied by its alpha, as OpenEXR has it.

    Returns:
        Pixels (H, W, 3) and alpha (H, W) of 16 bits; the pixels are not multiplied by it.
    """
    *colors, alpha = _channels(picture)
    opacity = np.where(alpha > 0, alpha, 1)  # what glows is light without opacity
    pixels = np.stack([_encoded(np.clip(c / opacity, 0, 1)) for c in colors], -1)
    return _whole(pixels), _whole(np.clip(alpha, 0, 1))


def _channels(picture: av.VideoFrame) -> list[NDArray[np.float32]]:
    """Return red, green, blue and alpha (H, W), finite."""
    kind = picture.format.name
    if not kind.startswith(("gbrp", "gbrap", "gray")):
        picture = picture.reformat(format="gbrapf32le")
        kind = picture.format.name
    planes = [_plane(plane, picture, _FLOATS[kind[-5:]]) for plane in picture.planes]
    if kind.startswith("gray"):
        planes = planes * 3
    green, blue, red = planes[:3]
    alpha = planes[3] if len(planes) == 4 else np.ones_like(red)
    return [red, green, blue, alpha]


def _plane(plane: Any, picture: av.VideoFrame, kind: Any) -> NDArray[np.float32]:
    rows: NDArray[Any] = np.frombuffer(plane, kind).reshape(picture.height, -1)
    values = rows[:, : picture.width].astype(np.float32)
    return np.nan_to_num(values, copy=False, nan=0, posinf=1, neginf=0)


def _encoded(light: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)


def _whole(values: NDArray[np.float32]) -> NDArray[np.uint16]:
    return cast(NDArray[np.uint16], np.rint(values * 65535).astype(np.uint16))
