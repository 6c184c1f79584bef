"""Packets out of an open input, their times running on, from wherever the user wants to begin."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

import av
from av.format import Flags as FormatFlags

log = logging.getLogger(__name__)

_STEPS_BACK = (0, 4, 16, 64)
"""Seconds before the wanted time at which to look for a keyframe: MPEG-TS is sought by guessing."""

_BACKWARD, _FORWARD = Fraction(1, 2), Fraction(10)
"""Jumps of time, seconds, beyond which a stream is taken to begin anew, as where two were joined."""


class Demuxer:
    """Reads the packets of some streams of one input."""

    def __init__(
        self,
        container: Any,
        video: Any,
        others: list[Any],
        on_damage: Callable[[str], None],
        on_join: Callable[[str], None] = log.warning,
    ) -> None:
        """Take an open input.

        Args:
            container: the input.
            video: the stream to which to seek.
            others: further streams to read.
            on_damage: called when the rest cannot be read.
            on_join: called when times jump for the first time.
        """
        self._container = container
        self._video = video
        self._others = others
        self._on_damage = on_damage
        self._on_join = on_join
        self._may_jump = bool(container.format.flags & FormatFlags.ts_discont.value)
        self._joined = Fraction(0)
        """Seconds added to all times so far, so that they run on."""
        self._reached: dict[int, Fraction] = {}

    def seek(self, time: Fraction, start: Fraction) -> None:
        """Go to the last keyframe at or before a time, seconds; at worst to the start."""
        if self._container.format.flags & FormatFlags.no_timestamps.value:
            return  # it is read from the beginning
        first = start - _STEPS_BACK[-1]  # before the start: some demuxers land behind it else
        for target in (*(time - back for back in _STEPS_BACK if time - back > start), first):
            self._container.seek(int(target * av.time_base), backward=True)
            if self._keyframe_before(time):
                self._container.seek(int(target * av.time_base), backward=True)
                return
        self._container.seek(int(first * av.time_base), backward=True)

    def _keyframe_before(self, time: Fraction) -> bool:
        for packet in self._container.demux(self._video):
            if packet.size and packet.is_keyframe and packet.pts is not None:
                return bool(packet.pts * packet.time_base <= time)
        return False

    def __iter__(self) -> Iterator[Any]:
        """Yield packets in the order of the file; at its end an empty one for every stream."""
        try:
            for packet in self._container.demux(self._video, *self._others):
                if self._may_jump:
                    self._join(packet)
                yield packet
        except av.FFmpegError as error:
            self._on_damage(f"cannot be read further: {error.strerror}")

    def _join(self, packet: Any) -> None:
        """Move a packet to where its stream goes on, if its time jumped."""
        stamp = packet.pts if packet.dts is None else packet.dts
        if stamp is None or not packet.time_base:
            return
        index, base = packet.stream.index, packet.time_base
        time = stamp * base + self._joined
        last = self._reached.get(index)
        if last is not None and not -_BACKWARD <= time - last <= _FORWARD:
            if not self._joined:
                self._on_join("times jump, as where two files were joined: they are made to run on")
            self._joined += last - time
            time = last
        if packet.stream.type in {"video", "audio"}:  # subtitles pause for long
            self._reached[index] = time + (packet.duration or 0) * base
        shift = round(self._joined / base)
        packet.pts = None if packet.pts is None else packet.pts + shift
        packet.dts = None if packet.dts is None else packet.dts + shift
