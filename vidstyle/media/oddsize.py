"""Odd sizes, which encoders with halved chroma cannot hold: padded, cropped, or full chroma."""

from __future__ import annotations

import logging
from dataclasses import dataclass

import av
import numpy as np

from vidstyle.errors import UsageError

log = logging.getLogger(__name__)

ODD = ("pad", "crop", "444")
"""Ways to fit an odd size where chroma is halved."""

ANY_SIZE = {"ffv1", "ffvhuff", "libvpx-vp9", "libsvtav1", "libwebp_anim", "gif", "mjpeg", "png"}
"""Encoders that have no trouble with an odd size."""


@dataclass(frozen=True)
class Fit:
    """How frames are made to fit their encoder."""

    pixel_format: str
    pad: tuple[int, int] = (0, 0)
    """Rows below and columns to the right that are repeated."""
    crop: tuple[int, int] = (0, 0)
    """Rows below and columns to the right that are cut off."""

    def size(self, height: int, width: int) -> tuple[int, int]:
        """Return height and width as encoded."""
        return height + self.pad[0] - self.crop[0], width + self.pad[1] - self.crop[1]

    def apply(self, plane: np.ndarray) -> np.ndarray:
        """Pad or crop a plane (H, W) or pixels (H, W, C)."""
        (below, right), (cut_below, cut_right) = self.pad, self.crop
        if below or right:
            rest = ((0, 0),) * (plane.ndim - 2)
            return np.pad(plane, ((0, below), (0, right), *rest), mode="edge")
        if cut_below or cut_right:
            return plane[: plane.shape[0] - cut_below, : plane.shape[1] - cut_right]
        return plane


def fit(height: int, width: int, codec: str, pixel_format: str, odd: str) -> Fit:
    """Decide what a size needs of an encoder that takes even sizes only, by one of `ODD`.

    Raises:
        UsageError: "444" is asked for, and the encoder has no such format.
    """
    known = av.VideoFormat(pixel_format)
    extra = (
        height % 2 if known.chroma_height(2) == 1 else 0,
        width % 2 if known.chroma_width(2) == 1 else 0,
    )
    if codec in ANY_SIZE or not any(extra):
        return Fit(pixel_format)
    if odd == "444":
        full = pixel_format.replace("420", "444").replace("422", "444")
        offered = {f.name for f in av.codec.Codec(codec, "w").video_formats or ()}
        if full not in offered:
            raise UsageError(f"{codec} takes no {full}, which `odd` 444 asks for; use pad")
        return Fit(full)
    deed = "the last row or column is " + ("repeated" if odd == "pad" else "cut off")
    log.warning("%dx%d is odd, which %s cannot hold: %s", width, height, pixel_format, deed)
    return Fit(pixel_format, **{odd: extra})
