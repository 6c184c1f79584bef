"""A clip that is painted, or was, or will be."""

from __future__ import annotations

import logging
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from vidstyle import api
from vidstyle.errors import Interrupted, VidstyleError
from vidstyle.masks import Masks
from vidstyle.media.containers import PICTURES
from vidstyle.naming import default_output
from vidstyle.pipeline import Progress
from vidstyle.runtime.compute import Compute
from vidstyle.shortage import shortage
from vidstyle.web.clips import Clip
from vidstyle.web.engine import Engine
from vidstyle.web.settings import Settings

log = logging.getLogger(__name__)

WAITING, PAINTING, DONE, FAILED, CANCELLED = (
    "waiting",
    "painting",
    "done",
    "failed",
    "cancelled",
)

_PLAYED = {".mp4", ".m4v", ".mov", ".webm", ".gif"}
"""Endings of videos that browsers play; others become .mp4."""


def output_name(clip: Clip, style: str | Path) -> str:
    """Return the name of a result that a browser can show, as far as can be."""
    path = default_output(clip.path, str(style))
    if clip.still:
        return path.with_suffix(path.suffix if path.suffix in PICTURES else ".png").name
    return path.with_suffix(path.suffix if path.suffix.lower() in _PLAYED else ".mp4").name


@dataclass(eq=False)
class Render:
    """One render; the engine's thread changes it, others read it."""

    id: str
    clip: Clip
    settings: Settings
    style: str | Path
    masks: Masks
    output: Path
    command: str
    status: str = WAITING
    frames: int = 0
    total: int | None = None
    left: float | None = None
    """Seconds, an estimate; None: nothing is known yet."""
    seconds: float = 0
    """That it took."""
    error: str = ""
    notes: list[str] = field(default_factory=list)
    """What else is to be told: sound that was converted, say."""
    unwanted: bool = False
    """It is to end."""

    @property
    def over(self) -> bool:
        """It is neither waiting nor painted any more."""
        return self.status in {DONE, FAILED, CANCELLED}

    @property
    def facts(self) -> dict[str, object]:
        """For the page."""
        names = ("id", "command", "status", "frames", "total", "left", "seconds", "error")
        return {name: getattr(self, name) for name in names} | {
            "clip": self.clip.id,
            "name": self.output.name,
            "style": self.settings.style,
            "compare": self.settings.comparison.compare,
            "notes": list(self.notes),
        }

    def paint(
        self,
        engine: Engine,
        compute: Compute,
        spelled: Callable[[str], str],
        changed: Callable[[], None],
    ) -> None:
        """Paint it, in the engine's thread.

        Args:
            engine: the thread, which paints pictures between two batches of frames.
            compute: where it is computed.
            spelled: says a text of the library as the command line does.
            changed: called whenever there is something new to tell.
        """

        def stop() -> None:
            if self.unwanted or engine.closed:
                raise Interrupted(signal.SIGINT)

        def on_progress(progress: Progress) -> None:
            self.frames, self.total, self.left = progress.frames, progress.total, progress.left
            changed()
            notes.paused = True
            engine.breathe()
            notes.paused = False

        if self.unwanted:
            self.status = CANCELLED
            return
        self.status, started = PAINTING, time.monotonic()
        changed()
        settings = self.settings
        notes = _Notes(self.notes, spelled)
        try:
            with notes.taken():
                result = api.run(
                    *(self.clip.path, str(self.style), self.output, settings.look),
                    styles=settings.styles,
                    masks=self.masks,
                    compute=compute,
                    reading=settings.reading,
                    comparison=settings.comparison,
                    on_progress=on_progress,
                    stop=stop,
                )
            if damaged := result.summary.damaged:
                self.notes.append(f"the clip was damaged in {damaged} places")
            self.frames = result.summary.frames
            self.seconds = time.monotonic() - started
            self.status = DONE
        except Interrupted:
            self.status = CANCELLED
        except Exception as error:
            self.error, self.status = spelled(told(error)), FAILED
        changed()


def told(error: Exception) -> str:
    """Return an error as one line; a bug is also logged."""
    if isinstance(error, VidstyleError):
        return str(error)
    if said := shortage(error):
        return f"memory, threads or open files do not suffice; take a smaller clip ({said})"
    log.error("this is a bug, please report it with the lines below", exc_info=error)
    return f"a bug in vidstyle, please report it: {type(error).__name__}"


class _Notes(logging.Handler):
    """Keeps the warnings of a run."""

    def __init__(self, notes: list[str], spelled: Callable[[str], str]) -> None:
        super().__init__(logging.WARNING)
        self._notes, self._spelled = notes, spelled
        self.paused = False

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a line; some files would have thousands."""
        line = self._spelled(record.getMessage())
        if not self.paused and line not in self._notes and len(self._notes) < 20:
            self._notes.append(line)

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Take them while a block runs."""
        logger = logging.getLogger("vidstyle")
        logger.addHandler(self)
        try:
            yield
        finally:
            logger.removeHandler(self)
