"""Live inputs: cameras, screens, addresses. The newest frame is at hand, older ones are dropped."""

from __future__ import annotations

import contextlib
import logging
import os
import re
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any, Self

import av
from av.format import Flags

from vidstyle.errors import InputError
from vidstyle.frame import Pixels
from vidstyle.media.arrival import DeviceClock, Playback
from vidstyle.media.color import ColorConverter, tags_of
from vidstyle.media.inputs import head_of
from vidstyle.media.whitelist import (
    FILE,
    FORMATS,
    NETWORK,
    NETWORK_FORMATS,
    reference,
    restricted,
)

log = logging.getLogger(__name__)

_SILENCE = 3.0
"""Seconds without a packet after which an address is taken to be lost."""

_PAUSE = 0.5
"""Seconds between two tries to open an address again."""

_WHOLE = re.compile(r"(file|ftp|https?)://", re.IGNORECASE)
"""Of addresses that may lead to a file."""

_CLOSING = 0.3
"""Seconds that `close` waits for the thread: the next frame comes sooner, if any comes."""

_OPENING = 10.0
"""Seconds that an input may take to open, and to give its first frame."""


@dataclass(frozen=True)
class Device:
    """A device to open, in FFmpeg's terms."""

    name: str
    """For people."""
    file: str
    format: str | None = None
    options: dict[str, str] = field(default_factory=dict)
    returns: bool = False
    """It may be lost and come back, as what comes over a net."""
    loops: bool = False
    """A file begins again at its end."""

    @property
    def is_file(self) -> bool:
        """Whether it is a file of this machine."""
        return os.path.isfile(self.file)  # noqa: PTH113 - a filter graph is too long for a name

    @property
    def restrictions(self) -> dict[str, str]:
        """FFmpeg's options by which the device opens nothing else: no address leads to what lies on this machine."""
        formats = FORMATS | NETWORK_FORMATS if self.returns else FORMATS
        if self.format and _reads_no_file(self.format):
            formats |= {self.format}
        return restricted(NETWORK if self.returns else FILE, formats)


def _reads_no_file(name: str) -> bool:
    """Return whether a format is a device, or makes its pictures."""
    no_file: Any = Flags.no_file.value
    return bool(av.ContainerFormat(name, "r").flags & no_file)


def camera(which: str, size: tuple[int, int] | None = None, fps: Fraction | None = None) -> Device:
    """Find a camera: a number, a device such as /dev/video0, or (a part of) its name.

    Raises:
        InputError: there is none, or PyAV has no way to cameras on this system.
    """
    options = {}
    if size:
        options["video_size"] = f"{size[0]}x{size[1]}"
    if fps:
        options["framerate"] = str(fps)
    if sys.platform == "darwin":
        return Device(f"camera {which}", which, "avfoundation", {"framerate": "30"} | options)
    if sys.platform == "win32":
        return Device(f"camera {which}", f"video={which}", "dshow", options)
    path = f"/dev/video{which}" if which.isdecimal() else which
    if not path.startswith("/dev/"):
        path = _named(which)
    if not Path(path).exists():
        there = ", ".join(sorted(map(str, Path("/dev").glob("video*")))) or "no camera at all"
        raise InputError(f"no camera is called {path}; there is {there}")
    return Device(f"camera {path}", path, "v4l2", options)


def _named(name: str) -> str:
    names = {
        file.parent.name: file.read_text().strip()
        for file in sorted(Path("/sys/class/video4linux").glob("*/name"))
    }
    for device, called in names.items():
        if name.lower() in called.lower():
            return f"/dev/{device}"
    there = ", ".join(f"{called} ({device})" for device, called in names.items())
    raise InputError(f"no camera is called {name}; there is {there or 'no camera at all'}")


def screen(which: str, size: tuple[int, int] | None = None, fps: Fraction | None = None) -> Device:
    """Name a screen: an X11 display such as :0.0, on macOS a number, on Windows "desktop"."""
    kinds = {"darwin": "avfoundation", "win32": "gdigrab"}
    options = {"framerate": str(fps or 30)}
    if size:
        options["video_size"] = f"{size[0]}x{size[1]}"
    return Device(f"screen {which}", which, kinds.get(sys.platform, "x11grab"), options)


def address(
    url: str,
    form: str | None = None,
    options: dict[str, str] | None = None,
    *,
    loops: bool = False,
) -> Device:
    """Name a URL (rtsp, udp, srt, http, ...), a file, or, of the format lavfi, a filter graph."""
    return Device(url, url, form, options or {}, returns=is_address(url), loops=loops)


def is_address(text: str) -> bool:
    """Return whether a text is a URL of a stream from a network."""
    scheme = re.match(r"([a-z][a-z0-9+.-]+)://", text, re.IGNORECASE)
    return scheme is not None and scheme[1].lower() != "file"


@dataclass(frozen=True)
class Captured:
    """A frame that has come."""

    pixels: Pixels
    """(H, W, 3) uint8 RGB."""
    stamp: float
    """When it came, seconds of `time.monotonic`."""
    number: int
    """Frames that came before it, dropped ones too."""
    cost: float
    """Seconds that its conversion to RGB took."""


class LiveSource:
    """Reads a device in a thread; `take` gives the newest frame. Use it as a context manager.

    A file is played at its own pace, from the first `take` or `forget` on.
    """

    def __init__(self, device: Device, *, stop: Callable[[], None] | None = None) -> None:
        """Open the device and wait for its first frame.

        Args:
            device: the device to open.
            stop: called while it waits; raises to stop.

        Raises:
            InputError: it cannot be opened, or no video comes.
        """
        self.device = device
        self.came = 0
        """Frames that have come."""
        self.dropped = 0
        """Frames that a newer one replaced before they were taken."""
        self.lost = 0
        """Times the device was lost and came back."""
        self._newest: tuple[av.VideoFrame, float, int] | None = None
        self._changed = threading.Condition()
        self._ended = False
        self._lasts = False
        """It has an end, as a file has: it is played, and does not come back."""
        self._begun: float | None = None
        """When a file began to be played, seconds of `time.monotonic`."""
        self._failure: Exception | None = None
        self._colors = ColorConverter()
        self.rate: Fraction | None = None
        """Frames a second, where that is known."""
        # In the thread: PyAV answers no signal while it opens.
        self._thread = threading.Thread(target=self._run, daemon=True, name="capture")
        self._thread.start()
        self.size = self._first(stop)
        """Width and height of the first frames."""

    def _first(self, stop: Callable[[], None] | None) -> tuple[int, int]:
        while True:
            try:
                if stop:
                    stop()
                with self._changed:
                    if self._newest is None and not self._ended:
                        self._changed.wait(0.1)
                    if self._newest is not None:
                        frame = self._newest[0]
                        return frame.width, frame.height
                if self._failure:
                    raise self._failure
                if self._ended:
                    raise InputError(f"{self.device.name} holds not one frame")
            except BaseException:
                self.close()
                raise

    def _open(self) -> Any:
        device = self.device
        # What comes while the format is found out is late, unless it is a file's: then it is the beginning, or all of it.
        may_end = device.is_file or _WHOLE.match(device.file)
        newest = {} if may_end else {"fflags": "nobuffer"}
        try:
            container = av.open(
                device.file,
                format=device.format,
                options={**device.restrictions, **newest, **device.options},
                timeout=(self._patience, _SILENCE) if device.returns else None,
            )
        except av.ExitError as error:
            raise InputError(
                f"cannot open {device.name}: nothing came for {self._patience:g} seconds"
            ) from error
        except (av.FFmpegError, OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            if device.is_file:
                reason = reference(head_of(Path(device.file))) or reason
            raise InputError(f"cannot open {device.name}: {reason}") from error
        if not container.streams.video:
            container.close()
            raise InputError(f"{device.name} holds no video")
        stream = container.streams.video[0]
        stream.thread_type = "SLICE"  # threads that decode a frame each hold back as many frames
        # A server states the length of a file; some cameras do so of their pictures, which have no end.
        sized = container.size > 0 and container.format.name != "mpjpeg"
        self._lasts = device.is_file or sized or container.duration is not None
        context = stream.codec_context
        # FFmpeg's decoders of MPEG-1, -2 and -4 would give B-frames in the order in which they are stored.
        if not (context.has_b_frames and context.name.startswith("mpeg")):
            context.options = {"flags": "low_delay"}
        return container

    @property
    def _patience(self) -> float:
        """Seconds that opening may take: a listener waits as long as it was told."""
        try:
            return max(_OPENING, float(self.device.options.get("listen_timeout", 0)))
        except ValueError:
            return _OPENING

    def _run(self) -> None:
        """Open, and read until the end, opening again what may return."""
        try:
            container = self._open()
            rate = container.streams.video[0].guessed_rate
            self.rate = Fraction(rate) if rate and 0 < rate <= 240 else None
            playback = Playback(self.rate) if self._lasts else None
            while True:
                opened = time.monotonic()
                reason = self._read(container, playback)
                container.close()
                if self._ended:
                    break
                if self._lasts and not reason and self.device.loops and self.came:
                    container = self._open()
                    continue
                if not self.device.returns or (self._lasts and not reason):
                    break
                log.warning("%s was lost (%s): waiting for it", self.device.name, reason)
                if time.monotonic() - opened < _PAUSE:  # what ends at once is not opened at once
                    self._pause()
                found = self._wait()
                if found is None:
                    break
                container = found
                self.lost += 1
                log.warning("%s is back", self.device.name)
            if reason and not self._ended:
                raise InputError(f"{self.device.name} is gone: {reason}")
        except Exception as error:  # it is raised again in `take`
            self._failure = error
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def _wait(self) -> Any:
        while not self._ended:
            with contextlib.suppress(InputError):
                return self._open()
            self._pause()
        return None

    def _pause(self) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._ended, _PAUSE)

    def _read(self, container: Any, playback: Playback | None) -> str:
        """Read until the end or an error, a file as it is to be played; return the reason, empty at the end."""
        clock = DeviceClock()
        try:
            for packet in container.demux(video=0):
                if self._ended:
                    return ""
                now = time.monotonic()
                for frame in self._decode(packet):
                    if playback:
                        stamp = self._await(playback.position(frame.time))
                    else:
                        stamp = clock.stamp(frame.time, now)
                    with self._changed:
                        self.dropped += self._newest is not None
                        self._newest = frame, stamp, self.came
                        self.came += 1
                        self._changed.notify_all()
        except (av.FFmpegError, OSError) as error:
            return str(getattr(error, "strerror", None) or error)
        return "it ended" if self.device.returns and not self._lasts else ""

    def _await(self, position: float) -> float:
        """Wait until a frame of a file is shown, seconds after its first one, and return that time; the first one does not wait."""
        with self._changed:
            if position:
                self._changed.wait_for(lambda: self._ended or self._begun is not None)
            if self._begun is not None:
                left = self._begun + position - time.monotonic()
                self._changed.wait_for(lambda: self._ended, max(0.0, left))
        return time.monotonic()

    @staticmethod
    def _decode(packet: Any) -> Iterator[av.VideoFrame]:
        try:
            yield from packet.decode()
        except av.InvalidDataError:
            log.info("a packet could not be decoded")

    def forget(self) -> None:
        """Begin to count anew, without the frames that have come so far; but for a file's first, with which it begins."""
        now = time.monotonic()
        with self._changed:
            self._newest = (self._newest[0], now, 0) if self._newest and self._lasts else None
            self.came, self.dropped = int(self._newest is not None), 0
            self._play(now)

    def _play(self, now: float) -> None:
        """Begin to play a file."""
        if self._begun is None:
            self._begun = now
            self._changed.notify_all()

    def take(self, seconds: float) -> Captured | None:
        """Wait for a frame that is newer than the last one taken; None: none came in time.

        Raises:
            EOFError: there will be none any more.
            InputError: the device is gone.
        """
        with self._changed:
            self._play(time.monotonic())
            if self._newest is None and not self._ended:
                self._changed.wait(seconds)
            newest, self._newest = self._newest, None
        if newest is None:
            if self._failure:
                raise self._failure
            if self._ended:
                raise EOFError
            return None
        frame, stamp, number = newest
        began = time.monotonic()
        pixels, _ = self._colors.to_rgb(
            frame, tags_of(frame, frame.height), high_bit_depth=False, precise=False
        )
        return Captured(pixels, stamp, number, time.monotonic() - began)

    def close(self) -> None:
        """Stop reading. The thread ends with the packet that it waits for; where none comes over a net, seconds later."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()
        self._thread.join(_CLOSING)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
