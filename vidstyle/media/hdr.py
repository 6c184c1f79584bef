"""The metadata of HDR video on the display it was made for, from decoded frames to encoders."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from fractions import Fraction

import av

from vidstyle.media.side_data import side_data_of


@dataclass(frozen=True)
class Mastering:
    """Mastering display (SMPTE ST 2086) and light levels (CTA-861.3)."""

    primaries: tuple[tuple[Fraction, Fraction], ...] | None = None
    """Chromaticity x, y of red, green and blue, then of the white point."""
    luminance: tuple[Fraction, Fraction] | None = None
    """Darkest and brightest, cd/m2."""
    light: tuple[int, int] | None = None
    """Brightest pixel (MaxCLL) and brightest average (MaxFALL), cd/m2."""

    def __bool__(self) -> bool:
        return any((self.primaries, self.luminance, self.light))

    def options(self, encoder: str) -> dict[str, str] | None:
        """Return the options of an encoder that store the metadata; None where it has none."""
        if encoder == "libx265":
            return {"x265-params": ":".join(["hdr10=1", *self._x265()])}
        if encoder == "libsvtav1":
            return {"svtav1-params": ":".join(self._svt())}
        return None

    def _x265(self) -> list[str]:
        options = []
        if self.primaries and self.luminance:
            red, green, blue, white = (
                f"({round(x * 50000)},{round(y * 50000)})" for x, y in self.primaries
            )
            darkest, brightest = (round(v * 10000) for v in self.luminance)
            options.append(f"master-display=G{green}B{blue}R{red}WP{white}L({brightest},{darkest})")
        if self.light:
            options.append(f"max-cll={self.light[0]},{self.light[1]}")
        return options

    def _svt(self) -> list[str]:
        options = []
        if self.primaries and self.luminance:
            red, green, blue, white = (
                f"({float(x):.4f},{float(y):.4f})" for x, y in self.primaries
            )
            darkest, brightest = (f"{float(v):.4f}" for v in self.luminance)
            options.append(
                f"mastering-display=G{green}B{blue}R{red}WP{white}L({brightest},{darkest})"
            )
        if self.light:
            options.append(f"content-light={self.light[0]},{self.light[1]}")
        return options


def mastering_of(picture: av.VideoFrame) -> Mastering:
    """Read it from a decoded frame, where FFmpeg keeps it as C structures."""
    primaries = luminance = light = None
    data = side_data_of(picture, "MASTERING_DISPLAY_METADATA")
    if data is not None:
        # AVMasteringDisplayMetadata: 3 x 2 primaries, white point, min, max as fractions, 2 flags.
        numbers = struct.unpack("22i", data[:88])
        values = [Fraction(n, d or 1) for n, d in zip(numbers[:20:2], numbers[1:20:2], strict=True)]
        if numbers[20]:
            primaries = tuple(zip(values[:8:2], values[1:8:2], strict=True))
        if numbers[21]:
            luminance = values[8], values[9]
    data = side_data_of(picture, "CONTENT_LIGHT_LEVEL")
    if data is not None:
        light = struct.unpack("2I", data[:8])
    return Mastering(primaries, luminance, light)
