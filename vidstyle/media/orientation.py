"""Display matrices: how a player shall turn or mirror the stored picture."""

from __future__ import annotations

import struct
from dataclasses import dataclass

import av
import numpy as np

from vidstyle.media.side_data import side_data_of


@dataclass(frozen=True)
class Orientation:
    """One of the eight ways in which a picture can lie."""

    matrix: tuple[int, ...] | None = None
    """The nine numbers of the display matrix as FFmpeg stores them; None: it is upright."""
    transposed: bool = False
    mirrored: bool = False
    """Left and right exchanged, after transposing."""
    upside_down: bool = False
    """Top and bottom exchanged, after transposing."""

    def turn(self, pixels: np.ndarray) -> np.ndarray:
        """Return (H, W, ...) upright."""
        if self.transposed:
            pixels = pixels.swapaxes(0, 1)
        if self.mirrored:
            pixels = pixels[:, ::-1]
        if self.upside_down:
            pixels = pixels[::-1]
        return np.ascontiguousarray(pixels)


UPRIGHT = Orientation()


def orientation_of(picture: av.VideoFrame) -> Orientation | None:
    """Read a decoded frame's display matrix, None where it has none; an odd angle counts as upright.

    A point (x, y) is shown at (a x + c y, b x + d y) for a matrix of rows (a b u), (c d v), (x y w)
    (ISO/IEC 14496-12, 6.2.2).
    """
    data = side_data_of(picture, "DISPLAYMATRIX")
    if data is None:
        return None
    matrix = struct.unpack("9i", data)
    a, b, c, d = (matrix[i] for i in (0, 1, 3, 4))
    largest = max(map(abs, (a, b, c, d)))
    if not largest:
        return UPRIGHT
    signs = tuple(round(v / largest) for v in (a, b, c, d))
    if signs == (1, 0, 0, 1):
        return UPRIGHT
    if signs[1] == signs[2] == 0:
        return Orientation(matrix, mirrored=signs[0] < 0, upside_down=signs[3] < 0)
    if signs[0] == signs[3] == 0:
        return Orientation(matrix, True, mirrored=signs[2] < 0, upside_down=signs[1] < 0)
    return UPRIGHT
