"""Learning while a painter paints: his files are watched, and what was learned of them is handed out again and again."""

from __future__ import annotations

import contextlib
import logging
import math
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import TYPE_CHECKING, Self

from vidstyle.errors import InputError, UsageError
from vidstyle.keyframes.learning import read_twice
from vidstyle.keyframes.lesson import Lesson
from vidstyle.keyframes.painted import NETWORK, Painted
from vidstyle.media.address import Location
from vidstyle.media.overwriting import check_apart, check_replaceable
from vidstyle.media.reading import Reading
from vidstyle.training.config import KeyframeConfig
from vidstyle.zoo import catalog

if TYPE_CHECKING:
    from vidstyle.training.keyframes import Learning

log = logging.getLogger(__name__)

_FIRST, _LATER = 2.5, 2.5
"""Seconds after a save to the first network that is handed out, and how many times as late each of the next comes."""

_POLL = 0.3
"""Seconds between two looks at the files: a save that takes longer than that comes in parts."""

_HELD = 3
"""Networks that are kept: one may be painted with while the next two are made."""


class Watch:
    """Tells when files were saved."""

    def __init__(self, files: Sequence[Path]) -> None:
        """Take the files as they are as read."""
        self._files = files
        self._read = self._last = self._stamps()

    def saved(self) -> bool:
        """Return whether files have changed since that was last said, but not since the last call: then they are whole."""
        last, self._last = self._last, self._stamps()
        if self._last != last or self._last == self._read or None in self._last:
            return False
        self._read = self._last
        return True

    def _stamps(self) -> list[tuple[int, int] | None]:
        return [_stamp(file) for file in self._files]


def _stamp(file: Path) -> tuple[int, int] | None:
    """Return the time and the size of a file; None: it is away, as while some programs save it."""
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size


class Along:
    """Learns painted frames of a clip while they are painted, in a thread of its own; what was learned is kept at the end.

    It begins with `with`, and ends with it. After each save the paintings are read again, and it learns for the time of the config.
    """

    def __init__(
        self,
        source: str | Path | Location,
        keyframes: Sequence[Painted],
        out: str | Path,
        *,
        reading: Reading | None = None,
        config: KeyframeConfig | None = None,
        device: str = "auto",
        overwrite: bool = False,
        named: str = "out",
    ) -> None:
        """Check what can be checked at once.

        Args:
            source: the video.
            keyframes: at least one; their pictures are files.
            out: the weights to write at the end, a .safetensors.
            reading: what is read of the video: as it will be painted.
            config: the knobs.
            device: "auto", or a device of torch; see `train_style`.
            overwrite: replace weights that are there.
            named: the field that `out` is given as, for messages.

        Raises:
            VidstyleError: as `learn_keyframes`.
        """
        self._files = [file for keyframe in keyframes for file in keyframe.files]
        if not self._files:
            raise UsageError("expected a `keyframe` to learn from, got none")
        self._clip, self._out = read_twice(source), Path(out)
        check_apart(self._out, self._files, named=named)
        check_replaceable(self._out, overwrite=overwrite, named=named)
        self._keyframes, self._reading, self._device = keyframes, reading, device
        self._config = (config or KeyframeConfig()).of_several(len(keyframes))
        self._config.check()
        self.is_kept = False
        """Whether the weights were written: it has ended, and had begun to learn."""
        self.is_behind = False
        """Whether a painting was saved since the newest network was made."""
        self._newest: Path | None = None
        self._over = threading.Event()
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="along")

    def newest(self) -> Path | None:
        """Return weights of the newest network, a style for `vidstyle.load`; they stay until two more have come.

        The first comes some seconds after a save, others until the time is over; None: there is none yet.

        Raises:
            VidstyleError: what ended the learning.
        """
        if self._failure:
            raise self._failure
        return self._newest

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        self._thread.join()
        if self._failure and error is None:
            raise self._failure

    def _run(self) -> None:
        try:
            with TemporaryDirectory(prefix="vidstyle-") as folder:
                self._learn(Path(folder))
        except _Over:
            pass
        except BaseException as error:  # it is raised again in `newest` or at the end
            self._failure = error

    def _check(self) -> None:
        if self._over.is_set():
            raise _Over

    def _learn(self, folder: Path) -> None:
        watch, config = Watch(self._files), self._config
        base = catalog.verify(catalog.find("small").weights)
        lesson = Lesson.read(
            *(self._clip, self._keyframes, self._reading, config, base, self._device, self._check)
        )
        from vidstyle.training.keyframes import Learning, ship

        learning = Learning(lesson.net, lesson.keyframes, lesson.shots, lesson.features, config)
        made: list[Path] = []
        first = due = min(_FIRST, config.seconds)
        saved = looked = time.monotonic()
        while not self._over.is_set():
            now = time.monotonic()
            if now - looked >= _POLL:
                looked = now
                if watch.saved() and _repaint(learning, lesson, self._keyframes):
                    saved, due = now, first
                    self.is_behind = True
            elapsed = now - saved
            if due and elapsed >= due:
                made.append(folder / f"{len(made)}{NETWORK}")
                ship(learning.network(), made[-1], {})
                self._newest, self.is_behind = made[-1], False
                _remove(made[-_HELD - 1 : -_HELD])
                over = elapsed >= config.seconds
                due = 0.0 if over else min(_LATER * (time.monotonic() - saved), config.seconds)
            elif elapsed < config.seconds:
                learning.step(0.5 * (1 + math.cos(math.pi * elapsed / config.seconds)))
            else:
                self._over.wait(_POLL / 2)
        if learning.steps:
            ship(learning.network(), self._out, {})
            self.is_kept = True


class _Over(Exception):
    """It has ended before it began to learn."""


def _repaint(learning: Learning, lesson: Lesson, keyframes: Sequence[Painted]) -> bool:
    """Let it learn the paintings as they are now; return False where one cannot be read."""
    try:
        learning.repaint(lesson.repainted(keyframes))
    except InputError as error:
        log.warning("%s; it goes on with the painting before", error)
        return False
    return True


def _remove(networks: Sequence[Path]) -> None:
    """Remove networks that nobody paints with any more."""
    for weights in networks:
        for file in weights.parent.glob(f"{weights.stem}[._]*"):
            with contextlib.suppress(OSError):
                file.unlink()
