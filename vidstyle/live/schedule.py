"""The schedule of a live session: the cues of a timeline, whose times count from its first frame."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from vidstyle.errors import UsageError
from vidstyle.fields import STYLE, documented
from vidstyle.live.controls import NUMBERS
from vidstyle.stylize.cues import Cue, Level
from vidstyle.stylize.timeline import Timeline, TimelineOptions

_CHANGED = (*NUMBERS, "stroke", "colors")
"""What a cue can change beside the style."""


@STYLE
@documented
@dataclass(frozen=True)
class ScheduleOptions(TimelineOptions):
    """How the timeline of a live session is given: neither its shots nor its sound are known."""

    at: tuple[str, ...] = ()
    """Change the look from this time of the session on: TIME=STYLE,strength:0.4,fade:1.5, with a STYLE, or only numbers. TIME is seconds or
    1:30."""


class Schedule:
    """Cues that are yet to come."""

    def __init__(self, cues: Sequence[Cue] = ()) -> None:
        """Take cues in the order of their times."""
        self._cues = cues
        self._next = 0
        self._began: float | None = None

    @classmethod
    def of(cls, timeline: Timeline) -> Schedule:
        """Take the cues of a timeline.

        Raises:
            UsageError: one waits for a shot or for sound, or changes what is the same for all of a session.
        """
        timeline.check_changes(_CHANGED, "a live source")
        for cue in timeline.cues:
            if cue.at is None:
                raise UsageError(
                    f"the shots of a live source are not known beforehand: expected a time, got {cue.name}"
                )
            for name, value in cue.values.items():
                if isinstance(value, Level):
                    raise UsageError(
                        f"a live source is painted without its sound: expected {name} as a number at {cue.name}, got {value}"
                    )
        return cls(timeline.cues)

    def __bool__(self) -> bool:
        return bool(self._cues)

    @property
    def cues(self) -> Sequence[Cue]:
        """All of them."""
        return self._cues

    def begin(self) -> None:
        """Take the next frame for the first one."""
        self._next, self._began = 0, None

    def due(self, now: float) -> list[tuple[Cue, float]]:
        """Return the cues whose time has come since the last call, and when that was, at a frame's time, seconds."""
        if self._began is None:
            self._began = now
        found = []
        for cue in self._cues[self._next :]:
            assert cue.at is not None  # noqa: S101 - see `of`
            when = self._began + float(cue.at)
            if when > now:
                break
            found.append((cue, when))
        self._next += len(found)
        return found

    def coming(self, until: float) -> Iterator[Cue]:
        """Yield the cues that are due after those so far, before a frame's time, seconds."""
        for cue in self._cues[self._next :]:
            if self._began is None or self._began + float(cue.at or 0) > until:
                return
            yield cue
