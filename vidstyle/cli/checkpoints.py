"""Checkpoints of `vidstyle paint` in files, from which an interrupted run goes on."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from vidstyle.disk.pending import write_whole
from vidstyle.errors import UsageError
from vidstyle.optimize.descent import Checkpoint, StepResult
from vidstyle.optimize.settings import differences


class CheckpointFile:
    """A file beside the output that holds the picture of a step, for a run to go on from."""

    def __init__(self, file: Path, settings: Mapping[str, str]) -> None:
        """Take the file, and all that decides what the output is, by name."""
        self._file, self._settings = file, dict(settings)

    def write(self, step: StepResult) -> None:
        """Replace the file by one of a later step."""
        tensors = {"picture": step.picture.cpu().contiguous()}
        about = {"step": str(step.step), "settings": json.dumps(self._settings)}
        write_whole(self._file, save(tensors, about))

    def read(self) -> Checkpoint:
        """Read it.

        Raises:
            UsageError: it is damaged, or of a run with other settings, which are named.
        """
        try:
            with safe_open(self._file, "pt") as file:
                about, picture = file.metadata() or {}, file.get_tensor("picture")
                step = int(about["step"])
                before = dict(json.loads(about.get("settings", "{}")))
        except (OSError, SafetensorError, KeyError, ValueError, TypeError) as error:
            raise UsageError(f"{self._file} is no file to resume from; delete it") from error
        if other := differences(before, self._settings):
            raise UsageError(
                f"{self._file} was left by a run with other options: {'; '.join(other)}; repeat those, or delete it"
            )
        return Checkpoint(step, picture)

    def forget(self) -> None:
        """Delete it: the run is over."""
        self._file.unlink(missing_ok=True)
