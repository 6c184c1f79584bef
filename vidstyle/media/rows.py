"""Sound in containers that store it in a row, without times: a gap is filled, or told."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import av

log = logging.getLogger(__name__)

_GAP = Fraction(1, 25)
"""Seconds up to which sound may come too early: rounded times are no gaps."""

_ROUNDED = 2
"""Packets by which rounded times may be off; beyond it there is a gap."""

_AT_REST = {"pcm_u8": b"\x80", "pcm_alaw": b"\xd5", "pcm_mulaw": b"\xff"}
"""Samples of silence that are not 0."""


def _sample_bytes(codec: str) -> int:
    """Return the bytes of one sample of a PCM codec, by FFmpeg's name."""
    bits = re.search(r"\d+", codec)
    return int(bits.group()) // 8 if bits else 1


class PcmRow:
    """The samples of one PCM stream that were written so far."""

    def __init__(self, codec: str, channels: int, rate: int, *, from_zero: bool) -> None:
        """Begin with none.

        Args:
            codec: FFmpeg's name of it.
            channels: in each sample.
            rate: samples a second.
            from_zero: the container cannot say that the first sample comes later.
        """
        self._rest = _AT_REST.get(codec, b"\0") * (_sample_bytes(codec) * channels)
        self._rate = rate
        self._end: int | None = 0 if from_zero else None

    def before(self, packet: Any) -> Iterator[Any]:
        """Yield packets of silence, of a second at most, that fill the gap before a packet."""
        samples = packet.size // len(self._rest)
        if packet.pts is not None and packet.time_base:
            begin = round(packet.pts * packet.time_base * self._rate)
            least = max(_GAP, packet.time_base) * self._rate
            if self._end is None:
                self._end = begin
            while begin > self._end + least:
                count = min(begin - self._end, self._rate)
                yield self._silence(packet, self._end, count)
                self._end, least = self._end + count, Fraction(0)
        if self._end is not None:
            self._end += samples

    def _silence(self, packet: Any, begin: int, samples: int) -> Any:
        silence = av.Packet(self._rest * samples)
        silence.stream, silence.time_base = packet.stream, Fraction(1, self._rate)
        silence.pts = silence.dts = begin
        silence.duration = samples
        return silence


class SoundRows:
    """The sound that was written so far to a container which counts its packets, or samples of PCM."""

    def __init__(self) -> None:
        self._ends: dict[int, int] = {}
        self._early: set[int] = set()
        """Streams of which was said that their sound comes before its time."""

    def place(self, packet: Any, copy: Any) -> None:
        """Replace a sound packet's time by its place in the row: rounded times may coincide there.

        Args:
            packet: of sound; others are left as they are.
            copy: the output's stream.
        """
        if packet.stream.type != "audio":
            return
        index, context = copy.index, packet.stream.codec_context
        base = copy.time_base  # of one packet, or of one sample of PCM
        place, length = self._ends.get(index, 0), 1
        if context.name.startswith("pcm_"):
            length = packet.size // (context.layout.nb_channels * _sample_bytes(context.name))
        elif (packet.pts or 0) * packet.time_base > (place + _ROUNDED) * base:
            self._tell_early(index, place * base)
        packet.time_base, packet.pts, packet.dts, packet.duration = base, place, place, length
        self._ends[index] = place + length

    def _tell_early(self, index: int, seconds: Fraction) -> None:
        if index not in self._early:
            self._early.add(index)
            log.warning(
                "audio stream %d comes too early from %.2f s on: this container holds no pauses; "
                "choose an output name that ends in .mkv",
                *(index, seconds),
            )
