"""Times that jump where recordings were joined, made to run on; pauses stay as they are.

A stream whose time jumps has paused, or the file goes on with another recording. Where another stream ran
on through the gap, it was a pause. Where the others jump as well, or time goes back, it is a join: all
streams are moved by one shift, so that they stay together and none overlaps itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

_BACKWARD = 0.1
"""Seconds by which decoding times go back only where a stream begins anew."""

_BACKWARD_SHOWN = 0.5
"""The same of times of display, which B-frames take back a little."""

_FORWARD = 10.0
"""Seconds of silence of a stream that need no explanation."""

_WAIT = 2.0
"""Seconds of packets that wait for another stream to jump as well: beyond what muxers interleave."""

_MAX_WAITING = 2000
"""Packets that wait at most."""

_MAX_REORDERED = 16
"""Pictures that one may wait for others to be decoded, in any codec."""

_JUDGED = {"video", "audio"}
"""Kinds of streams whose gaps say something: subtitles and data pause for long."""


class _Timed(NamedTuple):
    """A packet of picture or sound, and its times in seconds, as the file has them."""

    packet: Any
    stream: int
    """Its stream's index."""
    stamp: float
    """Of decoding, where that is known, else of display."""
    is_decoded: bool
    """The stamp is of decoding."""
    shown: float
    duration: float

    @property
    def end(self) -> float:
        return self.shown + self.duration


def _timed(packet: Any) -> _Timed | None:
    pts, dts = packet.pts, packet.dts
    if (pts is None and dts is None) or not packet.time_base:
        return None
    base = float(packet.time_base)
    shown = (dts if pts is None else pts) * base
    stamp, is_decoded = shown, False
    # No picture is shown before it is decoded: FFmpeg made such a time up.
    if dts is not None and dts * base - _BACKWARD <= shown:
        stamp, is_decoded = dts * base, True
    duration = (packet.duration or 0) * base
    return _Timed(packet, packet.stream.index, stamp, is_decoded, shown, duration)


@dataclass
class _Track:
    """How far one stream of picture or sound has come, on the clock of its recording."""

    shift: float
    """Seconds added to its times."""
    stamp: float
    """The last decoding time."""
    end: float
    """The end of all that was shown so far."""

    @property
    def shifted_end(self) -> float:
        return self.end + self.shift

    def jumps(self, timed: _Timed) -> bool:
        back = _BACKWARD if timed.is_decoded else _BACKWARD_SHOWN
        return not self.stamp - back <= timed.stamp <= max(self.stamp, self.end) + _FORWARD

    def is_ahead(self, timed: _Timed) -> bool:
        """Tell whether a picture is shown behind a gap, although decoding has not come there.

        Pictures are decoded before those that refer to them; and where a file has no decoding times, FFmpeg
        makes them up, and jumps with them a packet late.
        """
        reordered = 4 * timed.duration
        return timed.shown > max(self.stamp, self.end) + _FORWARD + reordered


class Joins:
    """Moves packets to where their streams go on, if what was joined jumps."""

    def __init__(self, on_join: Callable[[float], None]) -> None:
        """Take what is called with the time of each join, seconds on the clock of the first part."""
        self._on_join = on_join
        self._shift = 0.0
        """Seconds added to the times of what was joined last."""
        self._before = 0.0
        """The shift before that one."""
        self._tracks: dict[int, _Track] = {}
        self._waiting: list[tuple[Any, _Timed | None, bool]] = []
        """Packets since a stream jumped, until it is clear if that is a join or a pause; their times, where they
        are of picture or sound; and whether they lie behind the jump."""
        self._jumped: dict[int, tuple[float, float]] = {}
        """Streams of picture or sound among them -> their first time of display and their last stamp."""
        self._ahead: dict[int, int] = {}
        """Streams of which a picture lies behind a gap that decoding has not reached -> packets since."""
        self._others_go_on = False
        """Other streams went on meanwhile on the old clock."""

    def run_on(self, packets: Iterable[Any]) -> Iterator[Any]:
        """Yield packets of all streams, moved, those of each stream in their order."""
        for packet in packets:
            yield from self._take(packet)
        yield from self._join()

    def _take(self, packet: Any) -> Iterator[Any]:
        timed = _timed(packet) if packet.stream.type in _JUDGED else None
        if not packet.size and packet.pts is None and packet.dts is None:  # the end of a stream
            yield from self._join()
            yield packet
        elif timed is None:
            if self._waiting:
                self._waiting.append((packet, None, False))
            else:
                yield self._beside(packet)
        elif self._waiting:
            yield from self._take_while_waiting(timed)
        else:
            yield from self._take_next(timed)

    def _take_next(self, timed: _Timed) -> Iterator[Any]:
        index = timed.stream
        track = self._tracks.get(index)
        if track is None:
            yield self._moved(timed, self._shift)
        elif not track.jumps(timed):
            if not track.is_ahead(timed) or self._others_reach(index, timed.shown):
                yield self._moved(timed, track.shift)
            else:
                self._ahead[index] = 0
                self._waiting.append((timed.packet, timed, True))
        elif self._follows(track, timed):
            yield self._moved(timed, self._shift)
        elif timed.stamp > track.stamp and self._others_reach(index, timed.stamp):
            yield self._moved(timed, track.shift)
        else:
            yield from self._wait(timed)

    def _take_while_waiting(self, timed: _Timed) -> Iterator[Any]:
        index, stamp = timed.stream, timed.stamp
        track, jumped = self._tracks.get(index), self._jumped.get(index)
        if track is None:
            yield from self._wait(timed)
        elif track.jumps(timed):
            if self._jumped and abs(stamp - self._first()[1]) > _FORWARD:  # not with the others
                yield from self._join()
                yield from self._take_next(timed)
            else:
                yield from self._wait(timed)
        elif jumped and abs(stamp - jumped[1]) < abs(stamp - track.stamp):
            yield from self._wait(timed)
        elif jumped:  # back on its old clock: that was one wrong time
            yield from self._stay()
            yield from self._take_next(timed)
        elif index in self._ahead:
            ahead = track.is_ahead(timed)
            self._waiting.append((timed.packet, timed, ahead))
            self._ahead[index] += 1
            track.stamp = stamp
            track.end = track.end if ahead else max(track.end, timed.end)
            if self._ahead[index] > _MAX_REORDERED:
                yield from self._stay()
        else:
            self._others_go_on = True
            yield self._moved(timed, track.shift)
            if self._jumped:
                first, time = self._first()
                if self._is_later(first, time) and self._others_reach(first, time):
                    yield from self._stay()

    def _wait(self, timed: _Timed) -> Iterator[Any]:
        """Let a packet wait, unless everything is clear with it."""
        index, stamp = timed.stream, timed.stamp
        if index in self._jumped:
            begin = self._jumped[index][0]
        else:
            begin = stamp if index in self._ahead else timed.shown
        self._jumped[index] = begin, stamp
        self._waiting.append((timed.packet, timed, True))
        first, time = self._first()
        later = self._is_later(first, time)
        if later and self._others_reach(first, time):
            yield from self._stay()
        elif all(i in self._jumped for i in self._lively()):
            yield from self._join()
        elif stamp - time > _WAIT or len(self._waiting) > _MAX_WAITING:
            alone = self._others_go_on and len(self._jumped) == 1
            yield from self._stay() if alone and later else self._join()

    def _first(self) -> tuple[int, float]:
        """Return the stream that jumped first, and to which time."""
        index, (time, _) = next(iter(self._jumped.items()))
        return index, time

    def _is_later(self, index: int, time: float) -> bool:
        return index in self._tracks and time > self._tracks[index].stamp

    def _lively(self) -> Iterator[int]:
        """Yield the streams that have not ended long before the others."""
        last = max((t.shifted_end for t in self._tracks.values()), default=0.0)
        return (i for i, t in self._tracks.items() if t.shifted_end >= last - _FORWARD)

    def _follows(self, track: _Track, timed: _Timed) -> bool:
        """Tell whether a stream comes to a join at which others were before."""
        late = timed.stamp + self._shift - track.shifted_end
        return track.shift != self._shift and -_BACKWARD_SHOWN <= late <= _FORWARD

    def _others_reach(self, index: int, time: float) -> bool:
        """Tell whether another stream ran on through the gap that one has before a time."""
        shift = self._tracks[index].shift
        return any(
            t.shift == shift and time - _FORWARD / 2 <= t.end
            for i, t in self._tracks.items()
            if i != index
        )

    def _join(self) -> Iterator[Any]:
        """Yield what waits, moved so that no stream overlaps itself."""
        if not self._jumped:
            yield from self._stay()
            return
        firsts = {index: first for index, (first, _) in self._jumped.items()}
        begin, lively = min(firsts.values()), set(self._lively())
        shift = max(
            track.shifted_end - firsts.get(index, begin)
            for index, track in self._tracks.items()
            if index in firsts or index in lively
        )
        self._before, self._shift = self._shift, shift
        self._on_join(begin + shift)
        yield from self._release(shift)

    def _stay(self) -> Iterator[Any]:
        """Yield what waits where it is."""
        yield from self._release(None)

    def _release(self, shift: float | None) -> Iterator[Any]:
        waiting, self._waiting, self._others_go_on = self._waiting, [], False
        self._jumped, self._ahead = {}, {}
        before = {index: track.shift for index, track in self._tracks.items()}
        for packet, timed, behind in waiting:
            if timed is None:
                yield self._beside(packet)
            elif shift is not None and (behind or timed.stream not in before):
                yield self._moved(timed, shift)
            else:
                yield self._moved(timed, before.get(timed.stream, self._shift))

    def _moved(self, timed: _Timed, shift: float) -> Any:
        """Move a packet of picture or sound, and note how far its stream has come."""
        track = self._tracks.get(timed.stream)
        if track is None or track.shift != shift:
            self._tracks[timed.stream] = _Track(shift, timed.stamp, timed.end)
        else:
            track.stamp, track.end = timed.stamp, max(track.end, timed.end)
        return _shifted(timed.packet, shift)

    def _beside(self, packet: Any) -> Any:
        """Move a packet of another kind to where the picture and the sound are."""
        timed = _timed(packet)
        if timed is None:
            return packet
        place = max((t.shifted_end for t in self._tracks.values()), default=0.0)
        shifts = self._shift, self._before
        return _shifted(packet, min(shifts, key=lambda shift: abs(timed.stamp + shift - place)))


def _shifted(packet: Any, shift: float) -> Any:
    if shift:
        ticks = round(shift / packet.time_base)
        packet.pts = None if packet.pts is None else packet.pts + ticks
        packet.dts = None if packet.dts is None else packet.dts + ticks
    return packet
