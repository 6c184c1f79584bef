"""From decoded pictures to pixels: upright RGB of the wished depth, and alpha."""

from __future__ import annotations

from dataclasses import dataclass, field

import av

from vidstyle.frame import Pixels, Plane
from vidstyle.media.color import ColorConverter, bits_of, tags_of
from vidstyle.media.orientation import UPRIGHT, Orientation


@dataclass(frozen=True)
class PixelConverter:
    """Converts the pictures of one video, in one thread."""

    format: str
    """FFmpeg's pixel format."""
    height: int
    """Rows of the pictures as they are stored."""
    orientation: Orientation
    """How they are turned."""
    alpha: bool
    """Whether the pictures have alpha that is to be kept."""
    tonemap: bool
    precise: bool
    _colors: ColorConverter = field(default_factory=ColorConverter, init=False, compare=False)

    def convert(self, picture: av.VideoFrame) -> tuple[Pixels, Plane | None]:
        """Return a picture's pixels (H, W, 3), and its alpha (H, W) where that is wanted."""
        pixels, alpha = self._colors.to_rgb(
            picture,
            tags_of(picture, self.height),
            high_bit_depth=bits_of(self.format) > 8,
            precise=self.precise,
            alpha=self.alpha,
            tonemap=self.tonemap,
        )
        if self.orientation != UPRIGHT:
            pixels = self.orientation.turn(pixels)
            alpha = None if alpha is None else self.orientation.turn(alpha)
        return pixels, alpha
