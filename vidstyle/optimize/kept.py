"""The painted frames of a clip, kept in a folder beside the output: a run that was cut off goes on after them."""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Mapping
from pathlib import Path

from vidstyle.disk.pending import write_whole
from vidstyle.errors import OutputError, UsageError
from vidstyle.media.pieces import folder_of, take_lock
from vidstyle.optimize.album import Album
from vidstyle.optimize.settings import differences

log = logging.getLogger(__name__)

_STATE = "painting.json"
_LOCK = "lock"


class KeptFrames:
    """The painted frames of one output, and how many paintings of frames, over all passes, are done."""

    def __init__(self, output: Path, settings: Mapping[str, str], count: int) -> None:
        """Open the folder, or begin it.

        Args:
            output: the output.
            settings: all that decides what the frames are, by name.
            count: the frames of the clip.

        Raises:
            UsageError: the frames there were painted with other settings, or something else lies there.
            OutputError: the folder cannot be made or read.
        """
        self.folder, self._settings = folder_of(output), dict(settings)
        self._state, self.done, self.finished = self.folder / _STATE, 0, False
        try:
            self.folder.mkdir(exist_ok=True)
            if not self._state.exists() and {p.name for p in self.folder.iterdir()} - {_LOCK}:
                raise UsageError(
                    f"{self.folder} holds no painted frames; remove it or choose another `output`"
                )
            self._lock = (self.folder / _LOCK).open("a")
            try:
                take_lock(self._lock, output)
                self.painted = Album(self.folder / "painted", whole=True)
                if self._state.exists():
                    self._read(count)
                self._write()
            except BaseException:
                self._lock.close()
                raise
        except OSError as error:
            raise OutputError(f"cannot use {self.folder}: {error.strerror or error}") from error

    def _read(self, count: int) -> None:
        try:
            state = json.loads(self._state.read_text(encoding="utf-8"))
            before, self.done = dict(state["settings"]), int(state["done"])
            if any(n not in self.painted for n in range(min(self.done, count))):
                raise ValueError("a frame is missing")
        except (ValueError, KeyError, TypeError) as error:
            raise UsageError(f"{self._state} is damaged; remove {self.folder}") from error
        if other := differences(before, self._settings):
            raise UsageError(
                f"{self.folder} was left by a run with other options: {'; '.join(other)}; "
                "repeat those, or remove it"
            )

    def _write(self) -> None:
        state = json.dumps({"settings": self._settings, "done": self.done})
        write_whole(self._state, state.encode(), overwrite=True)

    def add(self, done: int) -> None:
        """Note that so many paintings are done."""
        self.done = done
        self._write()

    def close(self) -> None:
        """Remove the folder if the output is finished, or nothing is in it; else leave it for another run."""
        self._lock.close()
        if self.finished or not self.done:
            shutil.rmtree(self.folder, ignore_errors=True)
        else:
            log.warning(
                "%d paintings of frames are kept in %s; `resume` goes on after them",
                *(self.done, self.folder),
            )
