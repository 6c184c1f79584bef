"""Paints by a timeline: one painting after the other, and two while one fades into the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from vidstyle.errors import UsageError
from vidstyle.frame import Frame, Pixels
from vidstyle.stylize.packing import Arrays, pack, unpack
from vidstyle.stylize.shots import SHORTEST
from vidstyle.stylize.state import State
from vidstyle.stylize.strength import blend
from vidstyle.stylize.style import Style
from vidstyle.stylize.stylizer import Finish, Lookahead, Stylizer
from vidstyle.stylize.timeline import Paint, Timeline


def own_style(stylizer: Stylizer) -> Style:
    """Return what stands in a timeline for the style of a network that has its own."""
    return Style(np.empty(0, np.float32), stylizer.made_by)


@dataclass(frozen=True, repr=False)
class TimelineState:
    """The state that one call leaves to the next."""

    frames: int = 0
    """Frames painted so far."""
    voices: tuple[tuple[Paint, State], ...] = ()
    """The paintings that the last frame was made of."""
    time: Fraction = Fraction(0)
    """Of the last frame, seconds."""


@dataclass(frozen=True)
class TimelineStylizer:
    """Stylizers that paint by a timeline; see `pipeline.Stylizer`."""

    stylizers: Mapping[str, Stylizer]
    """By the `made_by` of the styles that they take."""
    timeline: Timeline
    """Its styles are read, its shots and its sound known."""
    since: Fraction = Fraction(0)
    """The time of the timeline at which the times of frames begin, seconds."""
    lookahead: Lookahead | None = None

    def __post_init__(self) -> None:
        for _, paints in self.timeline.ends:
            for paint in paints:
                self._of(paint).check(paint.look)

    def _of(self, paint: Paint) -> Stylizer:
        if paint.made_by is None:
            (only,) = self.stylizers.values()
            return only
        if paint.made_by not in self.stylizers:
            known = ", ".join(self.stylizers)
            raise UsageError(
                f"expected styles made by {known}, got one by {paint.made_by}; read the picture anew"
            )
        return self.stylizers[paint.made_by]

    @property
    def name(self) -> str:
        """What computes it, for people."""
        return " and ".join(dict.fromkeys(s.engine.name for s in self.stylizers.values()))

    def ahead(self, lookahead: Lookahead | None) -> TimelineStylizer:
        """Return it with a look-ahead."""
        return replace(self, lookahead=lookahead)

    def settings(self) -> dict[str, str]:
        """Return all that decides what it paints."""
        networks = (f"{s.made_by} on {s.engine.name}" for s in self.stylizers.values())
        return {"network": ", ".join(networks), "timeline": self.timeline.digest}

    def batch(self, height: int, width: int) -> int:
        """Return the number of frames of a size, pixels, that suits a call best."""
        return max(stylizer.batch(height, width) for stylizer in self.stylizers.values())

    @property
    def depth(self) -> int:
        """Calls in flight that keep it busy."""
        paints = (paint for _, paints in self.timeline.ends for paint in paints)
        return max(self._of(paint).depth(paint.look) for paint in paints)

    def start(
        self, frames: Sequence[Frame], state: TimelineState | None
    ) -> tuple[Finish, TimelineState]:
        """Begin to paint frames; see `pipeline.Stylizer.start`."""
        state = state or TimelineState()
        timed = [(self.timeline.paints_at(self._time(frame)), frame) for frame in frames]
        finishes = []
        for paints, run in groupby(timed, lambda each: each[0]):
            pixels = [frame.pixels for _, frame in run]
            finish, state = self._paint(pixels, paints, state)
            finishes.append(finish)
        state = replace(state, time=self._time(frames[-1]))
        return lambda: [p for finish in finishes for p in finish()], state

    def _time(self, frame: Frame) -> Fraction:
        return self.since + frame.pts * frame.time_base

    def _paint(
        self, frames: list[Pixels], paints: Sequence[Paint], state: TimelineState
    ) -> tuple[Finish, TimelineState]:
        """Begin to paint frames whose looks are the same."""
        known = {paint.voice: before for paint, before in state.voices}
        # What begins between two cuts looks ahead as a shot does.
        fresh = State(frames=state.frames, begun=state.frames - SHORTEST)
        calls, voices = [], []
        for paint in paints:
            finish, after = self._of(paint).start(
                frames, paint.look, known.get(paint.voice, fresh), lookahead=self.lookahead
            )
            calls.append(finish)
            voices.append((paint, after))
        state = TimelineState(state.frames + len(frames), tuple(voices), state.time)
        if len(calls) == 1:
            return calls[0], state
        leaving, coming = calls
        share = paints[-1].share

        def finish_both() -> list[Pixels]:
            pairs = zip(leaving(), coming(), strict=True)
            return [blend(before, after, share) for before, after in pairs]

        return finish_both, state

    def pack(self, state: TimelineState) -> Arrays:
        """Return a state as arrays: each voice's after its number."""
        time = state.time
        arrays: dict[str, NDArray[np.generic]] = {
            "frames": np.array(state.frames, np.int64),
            "time": np.array([time.numerator, time.denominator], np.int64),
        }
        for number, (_, voice) in enumerate(state.voices):
            arrays |= {f"{number}.{name}": array for name, array in pack(voice).items()}
        return arrays

    def unpack(self, arrays: Arrays) -> TimelineState:
        """Return the state that `pack` made arrays of; the looks of its time are those of the timeline."""
        time = Fraction(*arrays["time"].tolist())
        voices = []
        for number, paint in enumerate(self.timeline.paints_at(time)):
            own = f"{number}."
            held = {n.removeprefix(own): a for n, a in arrays.items() if n.startswith(own)}
            following = self._of(paint).engine.following
            voices.append((paint, unpack(held, following, paint.look)))
        return TimelineState(int(arrays["frames"]), tuple(voices), time)
