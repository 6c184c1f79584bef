"""The facts that flow from source to sink: pixels, time and color. No input or output here."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8 | np.uint16]
"""(H, W, 3) full-range RGB; 16 bits where the video has more than 8."""

Plane = NDArray[np.uint8 | np.uint16]
"""(H, W), of the type of the pixels beside it."""


@dataclass(frozen=True)
class ColorTags:
    """How samples of a video become colors: code points of ITU-T H.273, as FFmpeg numbers them."""

    matrix: int
    """1 = BT.709, 5 and 6 = BT.601, 9 = BT.2020, 2 = unspecified."""
    range: int
    """1 = limited (16 to 235), 2 = full, 0 = unspecified."""
    primaries: int
    """1 = BT.709, 2 = unspecified."""
    transfer: int
    """1 = BT.709, 16 = PQ, 18 = HLG, 2 = unspecified."""

    @property
    def is_hdr(self) -> bool:
        """True for PQ and HLG, whose code values mean something else than SDR's."""
        return self.transfer in (16, 18)

    def resolved(self, height: int) -> ColorTags:
        """Fill in what is unspecified as players guess it: BT.709 from 720 rows on, else BT.601."""
        matrix = self.matrix if self.matrix != 2 else (1 if height >= 720 else 6)
        return replace(self, matrix=matrix, range=self.range or 1)


@dataclass(frozen=True, repr=False)
class Frame:
    """One picture with its own time."""

    pixels: Pixels
    pts: int
    """Presentation time in units of `time_base`."""
    time_base: Fraction
    """Seconds per unit."""
    color: ColorTags
    """Of the file it came from; `pixels` themselves are always full-range RGB."""
    duration: int | None = None
    """In units of `time_base`, where it is known; the last frame of a slide show needs it."""
    damaged: bool = False
    """True where the decoder concealed an error."""
    alpha: Plane | None = None
    """Opacity, 0 to the type's largest value; the pixels are not multiplied by it."""

    def __post_init__(self) -> None:
        pixels, alpha = self.pixels, self.alpha
        if pixels.dtype not in (np.uint8, np.uint16) or pixels.ndim != 3 or pixels.shape[2] != 3:
            raise ValueError(
                f"expected uint8 or uint16 pixels (H, W, 3), got {pixels.dtype} {pixels.shape}"
            )
        if alpha is not None and (alpha.dtype, alpha.shape) != (pixels.dtype, pixels.shape[:2]):
            raise ValueError(
                f"expected {pixels.dtype} alpha of shape {pixels.shape[:2]}, "
                f"got {alpha.dtype} {alpha.shape}"
            )

    def __repr__(self) -> str:
        height, width, _ = self.pixels.shape
        return f"Frame({width}x{height}, pts={self.pts}, time_base={self.time_base})"


@dataclass(frozen=True)
class StreamInfo:
    """The facts of a video that are known before its first frame is read."""

    width: int
    """Pixels of the frames as they come, after rotation."""
    height: int
    time_base: Fraction
    frame_rate: Fraction | None
    """Average, for rate control and display; a frame's time is its pts, never a count."""
    frames: int | None
    """How many to expect, where the container says it or its duration implies it."""
    color: ColorTags
    """Unspecified tags already resolved."""
    sample_aspect_ratio: Fraction
    """Width over height of a pixel, after rotation."""
    pixel_format: str
    """FFmpeg's name, such as yuv420p."""
    bits: int = 8
    """Of a sample in the file."""
    alpha: bool = False
    """Frames carry alpha."""
    even_rate: Fraction = Fraction(25)
    """For containers without times: the rate of a grid on which all frames lie, or nearly."""
