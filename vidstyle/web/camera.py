"""The camera of a page, as a live session reads it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import cv2
import numpy as np

from vidstyle.errors import InputError
from vidstyle.frame import Pixels
from vidstyle.images.header import read_header
from vidstyle.media.capture import Captured

_MAX_PIXELS = 3840 * 2160
"""Of a frame."""

_MAX_SCANS = 1
"""Of a JPEG: browsers write no progressive ones."""

_MIN_SIDE = 16


class PageCamera:
    """Keeps the newest frame that a page has sent; see `live.session.Camera`."""

    lost = 0

    def __init__(self, patience: float) -> None:
        """Take the seconds that a page may send no frame."""
        self.came = self.dropped = 0
        self._newest: tuple[Callable[[], Pixels], float] | None = None
        self._changed = threading.Condition()
        self._closed = False
        self._patience, self._last = patience, time.monotonic()

    def put(self, decode: Callable[[], Pixels]) -> None:
        """Take a frame that has come now; it is decoded only if no newer one comes before it is painted.

        Args:
            decode: returns it, (H, W, 3) uint8 RGB; called in the session's thread.
        """
        with self._changed:
            self._last = time.monotonic()
            self.dropped += self._newest is not None
            self._newest = decode, self._last
            self.came += 1
            self._changed.notify_all()

    def close(self) -> None:
        """Let `take` find the end."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def forget(self) -> None:
        """Begin to count anew; the newest frame is kept: a page that waits for its painting sends no other."""
        with self._changed:
            self.came, self.dropped = int(self._newest is not None), 0

    def take(self, seconds: float) -> Captured | None:
        """Wait for a frame.

        Raises:
            EOFError: the page is gone.
            InputError: it sends nothing any more, or what is no picture.
        """
        with self._changed:
            if self._newest is None and not self._closed:
                self._changed.wait(seconds)
            newest, self._newest = self._newest, None
            if self._closed:
                raise EOFError
            if newest is None:
                if time.monotonic() - self._last > self._patience:
                    raise InputError(f"the camera sent nothing for {self._patience:g} seconds")
                return None
        decode, stamp = newest
        began = time.monotonic()
        pixels = checked(decode())
        return Captured(pixels, stamp, self.came, time.monotonic() - began)


def checked(pixels: Pixels) -> Pixels:
    """Return a frame of a size that can be painted.

    Raises:
        InputError: it is too large, or too small.
    """
    height, width = pixels.shape[:2]
    if height * width > _MAX_PIXELS or min(height, width) < _MIN_SIDE:
        raise InputError(f"expected frames of 16x16 to 3840x2160 pixels, got {width}x{height}")
    return pixels


def decode_jpeg(data: bytes) -> Pixels:
    """Return the pixels of a JPEG, (H, W, 3) uint8 RGB.

    Raises:
        InputError: it is none, or too large.
    """
    header = read_header(data) if data.startswith(b"\xff\xd8") else None
    if header is None or header.scans > _MAX_SCANS or header.width * header.height > _MAX_PIXELS:
        raise InputError("expected a baseline JPEG of at most 3840x2160 pixels from the page")
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR_RGB)
    if pixels is None:
        raise InputError("expected a JPEG from the page, got one that is damaged")
    return pixels  # type: ignore[return-value]
