"""Packets out of an open input, their times running on, from wherever the user wants to begin."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

import av
from av.format import Flags as FormatFlags

from vidstyle.media.joins import Joins

_STEPS_BACK = (0, 4, 16, 64)
"""Seconds before the wanted time at which to look for a keyframe: MPEG-TS is sought by guessing."""


class Demuxer:
    """Reads the packets of some streams of one input."""

    def __init__(
        self,
        container: Any,
        video: Any,
        others: list[Any],
        on_damage: Callable[[str], None],
        on_join: Callable[[float], None],
    ) -> None:
        """Take an open input.

        Args:
            container: the input.
            video: the stream to which to seek.
            others: further streams to read.
            on_damage: called when the rest cannot be read.
            on_join: called with the time of each place where recordings were joined, in seconds.
        """
        self._container = container
        self._video = video
        self._others = others
        self._on_damage = on_damage
        self._joins = Joins(on_join)

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
        packets = self._all_packets()
        may_jump = self._container.format.flags & FormatFlags.ts_discont.value
        yield from self._joins.run_on(packets) if may_jump else packets

    def _all_packets(self) -> Iterator[Any]:
        try:
            yield from self._container.demux(self._video, *self._others)
        except av.FFmpegError as error:
            self._on_damage(f"cannot be read further: {error.strerror}")
