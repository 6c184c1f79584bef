"""Where live frames go: a window, a virtual camera, a file, an address."""

from __future__ import annotations

import contextlib
import logging
import os
import queue
import sys
import threading
import time
from fractions import Fraction
from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np

from vidstyle.errors import MissingPackageError, OutputError
from vidstyle.frame import ColorTags, Frame, Pixels, StreamInfo
from vidstyle.live.controls import Command, parse_key
from vidstyle.live.meter import Meter
from vidstyle.media.atomic_output import PendingAddress
from vidstyle.media.codecs import Encoding
from vidstyle.media.sink import FileSink

log = logging.getLogger(__name__)

RECORDED = (".mp4", ".m4v", ".mov", ".mkv", ".webm", ".ts")
"""Endings of recordings: of containers that give every frame its own time."""

SENT = ("mpegts", "nut", "matroska")
"""Formats of streams."""

_TICKS = 90_000
"""Of the recording's clock, in a second."""

_WAITING = 8
"""Frames that wait for the encoder at most; more are dropped, and counted."""

_STALLED = 3.0
"""Seconds after which an address that takes nothing is left."""

_BT709 = ColorTags(1, 1, 1, 1)


def fitted(pixels: Pixels, size: tuple[int, int]) -> Pixels:
    """Return a picture (h, w, 3) within one of a width and a height, black around it, if it has another size."""
    height, width, _ = pixels.shape
    if (width, height) == size:
        return pixels
    scale = min(size[0] / width, size[1] / height)
    inner = max(1, round(width * scale)), max(1, round(height * scale))
    left, top = (size[0] - inner[0]) // 2, (size[1] - inner[1]) // 2
    whole = np.zeros((size[1], size[0], 3), pixels.dtype)
    whole[top : top + inner[1], left : left + inner[0]] = cv2.resize(
        pixels, inner, interpolation=cv2.INTER_AREA
    )
    return whole


class Output(Protocol):
    """Takes painted frames; must not keep the loop waiting."""

    def put(self, pixels: Pixels, stamp: float, meter: Meter | None) -> None:
        """Show a frame (H, W, 3) that came at a time of `time.monotonic`, and tell the meter when it is out."""
        ...

    def commands(self) -> list[Command]:
        """Return the commands that the user gave in it since the last call."""
        ...

    def close(self) -> None:
        """Finish."""
        ...


class Window:
    """A preview."""

    def __init__(self, title: str = "vidstyle") -> None:
        """Open it.

        Raises:
            MissingPackageError: OpenCV was built without windows, or there is no screen.
        """
        self._title = title
        try:
            if sys.platform == "linux" and not ({"DISPLAY", "WAYLAND_DISPLAY"} & set(os.environ)):
                raise cv2.error("no screen")  # Qt would end the process
            cv2.namedWindow(title, cv2.WINDOW_NORMAL | cv2.WINDOW_KEEPRATIO)
        except cv2.error as error:
            raise MissingPackageError(
                "no preview here: it needs a screen, and OpenCV with windows "
                "(pip uninstall opencv-python-headless; pip install opencv-python); "
                "or choose `preview=False`"
            ) from error
        self._sized = False

    def put(self, pixels: Pixels, stamp: float, meter: Meter | None) -> None:
        """See `Output.put`."""
        if not self._sized:
            cv2.resizeWindow(self._title, pixels.shape[1], pixels.shape[0])
            self._sized = True
        cv2.imshow(self._title, cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR))
        cv2.waitKey(1)
        if meter:
            meter.add(time.monotonic() - stamp)

    def commands(self) -> list[Command]:
        """Return the key that was pressed; a closed window is `quit`."""
        if not self._sized:
            return []
        command = parse_key(cv2.pollKey() & 0xFF)
        if cv2.getWindowProperty(self._title, cv2.WND_PROP_VISIBLE) < 1:
            command = Command("quit")
        return [command] if command else []

    def close(self) -> None:
        """Close it."""
        with contextlib.suppress(cv2.error):
            cv2.destroyWindow(self._title)


class VirtualCamera:
    """A virtual camera: other programs see the painted frames as a camera's."""

    def __init__(self, device: str | None, height: int, width: int, rate: float) -> None:
        """Open it; `device` as pyvirtualcam names it, None for the first.

        Raises:
            MissingPackageError: pyvirtualcam is missing.
            OutputError: there is no virtual camera on this machine.
        """
        try:
            import pyvirtualcam
        except ImportError as error:
            raise MissingPackageError(
                "a virtual camera needs pyvirtualcam: pip install 'vidstyle[camera]'"
            ) from error
        try:
            self._camera = pyvirtualcam.Camera(width, height, rate, device=device)
        except RuntimeError as error:
            reason = " ".join(str(error).split())
            raise OutputError(
                f"no virtual camera: {reason}; on Linux load v4l2loopback, elsewhere install OBS"
            ) from error
        self._size = width, height

    def put(self, pixels: Pixels, stamp: float, meter: Meter | None) -> None:
        """See `Output.put`."""
        try:
            self._camera.send(fitted(pixels, self._size))
        except RuntimeError as error:
            raise OutputError(f"the virtual camera is gone: {error}") from error
        if meter:
            meter.add(time.monotonic() - stamp)

    def commands(self) -> list[Command]:
        """Return none."""
        return []

    def close(self) -> None:
        """Close it."""
        self._camera.close()


class Recorder:
    """A file, or a stream to an address, encoded in threads of its own."""

    def __init__(
        self,
        target: str,
        height: int,
        width: int,
        rate: Fraction | None,
        *,
        encoding: Encoding,
        overwrite: bool = False,
        sent: bool = False,
    ) -> None:
        """Open it.

        Args:
            target: the file, or the address.
            height: of the frames.
            width: of the frames.
            rate: frames a second, about.
            encoding: the codec and its quality; its container where `sent`.
            overwrite: replace a file that exists.
            sent: it is an address.

        Raises:
            VidstyleError: it cannot be written.
        """
        info = StreamInfo(
            width=width,
            height=height,
            time_base=Fraction(1, _TICKS),
            frame_rate=rate,
            frames=None,
            color=_BT709,
            sample_aspect_ratio=Fraction(1),
            pixel_format="yuv420p",
            even_rate=rate or Fraction(30),
        )
        pending = PendingAddress(target) if sent else None
        self.name = target
        self.dropped = 0
        """Frames that the encoder was too slow for."""
        self.frames = 0
        self._sink = FileSink(
            Path(target), info, encoding=encoding, overwrite=overwrite, pending=pending
        )
        self._size = width, height
        self._first: float | None = None
        self._last = -1
        self._failure: Exception | None = None
        self._sent = sent
        self._queue: queue.Queue[Any] = queue.Queue(_WAITING)
        self._thread = threading.Thread(target=self._run, daemon=True, name="recorder")
        self._thread.start()

    def _run(self) -> None:
        while (item := self._queue.get()) is not None:
            pixels, pts, stamp, meter = item
            if self._failure:
                continue
            try:
                frame = Frame(pixels, pts, Fraction(1, _TICKS), _BT709)
                self._sink.write(self._sink.convert(frame))
                self.frames += 1
            except Exception as error:  # it is raised again in `put` or `close`
                self._failure = error
            if meter:
                meter.add(time.monotonic() - stamp)

    def put(self, pixels: Pixels, stamp: float, meter: Meter | None) -> None:
        """See `Output.put`.

        Raises:
            VidstyleError: an earlier frame could not be written.
        """
        if self._failure:
            raise self._failure
        pixels = fitted(pixels, self._size)
        self._first = stamp if self._first is None else self._first
        pts = max(self._last + 1, round((stamp - self._first) * _TICKS))
        try:
            self._queue.put_nowait((pixels, pts, stamp, meter))
            self._last = pts
        except queue.Full:
            self.dropped += 1

    def commands(self) -> list[Command]:
        """Return none."""
        return []

    def close(self) -> None:
        """Write what waits, and give the file its name.

        Raises:
            VidstyleError: it could not be written; no file is left then.
        """
        try:
            self._queue.put(None, timeout=_STALLED if self._sent else None)
        except queue.Full:
            raise OutputError(f"{self.name} takes nothing any more") from None
        self._thread.join(_STALLED if self._sent else None)
        if self._thread.is_alive():
            raise OutputError(f"{self.name} takes nothing any more")
        with self._sink:
            if self._failure:
                raise self._failure
            self._sink.commit()
