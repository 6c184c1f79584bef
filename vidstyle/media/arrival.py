"""When the frames of a live source come: by the clock of a device, or at the pace of a file."""

from __future__ import annotations

from fractions import Fraction

_DRIFT = 1e-3
"""Seconds a second by which the device's clock may run slower than ours."""

_LATEST = 3.0
"""Seconds that a frame may have waited; one that seems older is of a clock that was set."""

_JUMP = 10.0
"""Seconds between two frames from which on the times of a file are taken to jump, as FFmpeg does."""


class DeviceClock:
    """Puts times of a device on our clock, so that a frame that has waited to be read counts as old."""

    def __init__(self) -> None:
        self._offset: float | None = None
        self._last = self._device = 0.0

    def stamp(self, time_of_device: float | None, now: float) -> float:
        """Return when a frame with a time of the device's, seconds, has come; it is read now."""
        if time_of_device is None:
            return now
        offset = now - time_of_device
        set_anew = time_of_device <= self._device
        if self._offset is None or set_anew or not -1 < offset - self._offset < _LATEST:
            self._offset = offset  # the first frame, or a clock that was set
        # The least delay ever seen is taken for none; its memory fades, since clocks run apart.
        self._offset = min(offset, self._offset + _DRIFT * (now - self._last))
        self._last, self._device = now, time_of_device
        return time_of_device + self._offset


class Playback:
    """Counts the seconds from a file's first frame on."""

    def __init__(self, rate: Fraction | None) -> None:
        """Take the frames a second, for frames without times and where times jump."""
        self._apart = float(1 / (rate or 25))
        self._last: float | None = None
        self._position = 0.0

    def position(self, time_of_file: float | None) -> float:
        """Return when the next frame is shown, by its time in the file, seconds."""
        if self._last is None:
            self._last = time_of_file or 0.0
            return self._position
        now = self._last + self._apart if time_of_file is None else time_of_file
        step = now - self._last
        self._position += step if 0 < step < _JUMP else self._apart
        self._last = now
        return self._position
