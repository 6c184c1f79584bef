"""Checkpoints of `vidstyle paint` in files, from which an interrupted run goes on."""

from __future__ import annotations

from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from vidstyle.disk.pending import write_whole
from vidstyle.errors import UsageError
from vidstyle.optimize.descent import Checkpoint, StepResult


class CheckpointFile:
    """A file beside the output that holds the picture of a step, for a run to go on from."""

    def __init__(self, target: Path, run: str) -> None:
        """Take the output, and words that are the same for the same run."""
        self._file = target.with_name(f"{target.stem}.resume.safetensors")
        self._run = run

    def write(self, step: StepResult) -> None:
        """Replace the file by one of a later step."""
        tensors = {"picture": step.picture.cpu().contiguous()}
        write_whole(self._file, save(tensors, {"step": str(step.step), "run": self._run}))

    def read(self) -> Checkpoint:
        """Read it."""
        try:
            with safe_open(self._file, "pt") as file:
                about, picture = file.metadata() or {}, file.get_tensor("picture")
                step = int(about["step"])
        except (OSError, SafetensorError, KeyError, ValueError) as error:
            raise UsageError(
                f"nothing to resume: no {self._file}; a run with `save_every` leaves one"
            ) from error
        if about.get("run") != self._run:
            raise UsageError(f"{self._file} was left by a run with other options; delete it")
        return Checkpoint(step, picture)

    def forget(self) -> None:
        """Delete it: the run is over."""
        self._file.unlink(missing_ok=True)
