"""From painted frames to pictures as an encoder takes them: its size, its colors, its pixel format."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from fractions import Fraction
from itertools import count

import av
import numpy as np

from vidstyle.frame import Frame
from vidstyle.media.color import ColorConverter, has_alpha, over_black
from vidstyle.media.containers import Container
from vidstyle.media.encoder import Encoder
from vidstyle.media.filters import FilterChain

log = logging.getLogger(__name__)


class PictureMaker:
    """Makes pictures for one encoder, in one thread, which may be another than the encoder's."""

    def __init__(self, encoder: Encoder, container: Container) -> None:
        """Take the encoder, and the container of its output."""
        self._encoder = encoder
        self._container = container
        self._convert = ColorConverter().from_rgb
        self._told_alpha = False
        self._palette: FilterChain | None = None
        self._numbers = count()

    def pictures(self, frame: Frame) -> Iterator[av.VideoFrame]:
        """Yield the picture of a frame, without a time; none as long as a filter holds it back.

        Raises:
            av.FFmpegError: a filter refused.
        """
        pixels, alpha, encoder = frame.pixels, frame.alpha, self._encoder
        if alpha is not None and not has_alpha(encoder.pixel_format):
            if not self._told_alpha and alpha.min() < np.iinfo(alpha.dtype).max:
                self._told_alpha = True
                log.warning(
                    "%s in %s holds no transparency: the picture is put before black",
                    encoder.codec,
                    self._container.format,
                )
            pixels, alpha = over_black(pixels, alpha), None
        pixels = encoder.fit.apply(pixels)
        alpha = None if alpha is None else encoder.fit.apply(alpha)
        if encoder.codec == "gif":
            yield from self._with_palette(self._convert(pixels, encoder.color, "bgra", alpha))
        else:
            yield self._convert(pixels, encoder.color, encoder.pixel_format, alpha)

    def _with_palette(self, picture: av.VideoFrame) -> Iterator[av.VideoFrame]:
        """Give each picture of a GIF its own 256 colors, as ffmpeg's palette filters choose them."""
        picture.pts, picture.time_base = next(self._numbers), Fraction(1, 100)
        if self._palette is None:
            self._palette = FilterChain.with_palette(picture)
        yield from self._palette.push(picture)
