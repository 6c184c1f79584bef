"""What the nodes ask ComfyUI for; its modules are there when a node runs."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any
from uuid import uuid4

from vidstyle import Reading


def progress() -> Callable[[int, int | None], None]:
    """Return what moves the node's bar: to so many of all, where those are known."""
    from comfy.utils import ProgressBar

    bar = ProgressBar(1)

    def move(done: int, total: int | None) -> None:
        bar.update_absolute(done, total or done + 1)

    return move


def stop() -> None:
    """Raise what ends a node when the user has cancelled the run."""
    from comfy.model_management import throw_exception_if_processing_interrupted

    throw_exception_if_processing_interrupted()


def temporary(suffix: str) -> Path:
    """Return the name of a new file in the folder that ComfyUI empties when it starts."""
    import folder_paths

    folder = Path(folder_paths.get_temp_directory())
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"vidstyle_{uuid4().hex}{suffix}"


def as_file(video: Any) -> tuple[Path, Reading]:
    """Return the file of a VIDEO, and what of it is meant; a VIDEO without a file is written into one.

    No frame is decoded for a video that is a file already.
    """
    source = video.get_stream_source()
    if isinstance(source, str) and hasattr(video, "get_active_trim_window"):
        start, length = map(Fraction, video.get_active_trim_window())
        return Path(source), Reading(start=start or None, end=start + length if length else None)
    made = temporary(".mp4")
    video.save_to(str(made))
    return made, Reading()


def as_video(path: Path) -> Any:
    """Return a file as a VIDEO."""
    from comfy_api.input_impl import VideoFromFile

    return VideoFromFile(str(path))
