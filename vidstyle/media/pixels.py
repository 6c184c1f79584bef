"""From decoded pictures to pixels: upright RGB of the wished depth, and alpha."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import av

from vidstyle.frame import ColorTags, Pixels, Plane
from vidstyle.media.color import ColorConverter, bits_of
from vidstyle.media.linear import LINEAR, SRGB, is_linear, to_display
from vidstyle.media.orientation import UPRIGHT, Orientation

_UNSPECIFIED = 2
_BT709 = ColorTags(1, 1, 1, 1)


@dataclass(frozen=True)
class PixelConverter:
    """Converts the pictures of one video, in one thread."""

    format: str
    """FFmpeg's pixel format of the first picture, which decides on the depth."""
    alpha: bool
    """Whether the pictures have alpha that is to be kept."""
    tonemap: bool
    """Whether HDR pictures are converted to BT.709."""
    precise: bool
    _colors: ColorConverter = field(default_factory=ColorConverter, init=False, compare=False)

    def convert(
        self, picture: av.VideoFrame, color: ColorTags, turn: Orientation
    ) -> tuple[Pixels, Plane | None]:
        """Return a picture's pixels (H, W, 3), and its alpha (H, W) where that is wanted.

        Args:
            picture: as decoded, or filtered.
            color: its own tags, resolved.
            turn: how it is turned.
        """
        pixels, alpha = self._as_stored(picture, color)
        if turn != UPRIGHT:
            pixels = turn.turn(pixels)
            alpha = None if alpha is None else turn.turn(alpha)
        return pixels, alpha

    def _as_stored(self, picture: av.VideoFrame, color: ColorTags) -> tuple[Pixels, Plane | None]:
        deep = bits_of(self.format) > 8
        if is_linear(picture) and deep:
            pixels, alpha = to_display(picture)
            return pixels, alpha if self.alpha else None
        return self._colors.to_rgb(
            picture,
            color,
            high_bit_depth=deep,
            precise=self.precise,
            alpha=self.alpha,
            tonemap=self._tonemapped(color),
        )

    def shown(self, picture: av.VideoFrame, color: ColorTags) -> ColorTags:
        """Return the tags of what `convert` makes of a picture with some tags."""
        if color.transfer == LINEAR:
            return replace(color, transfer=SRGB if is_linear(picture) else _UNSPECIFIED)
        return _BT709 if self._tonemapped(color) else color

    def _tonemapped(self, color: ColorTags) -> bool:
        return self.tonemap and color.is_hdr
