"""Pictures that are written: checked before the work begins, and whole when they appear."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2

from vidstyle.errors import OutputError, UsageError
from vidstyle.frame import Pixels
from vidstyle.media.atomic_output import PendingFile, check_output


def check_picture(target: Path, inputs: Sequence[Path], *, overwrite: bool) -> None:
    """Refuse an output that is no picture, exists, or is an input, before any work is done."""
    if target.suffix.lower() not in {".png", ".jpg", ".jpeg"}:
        raise UsageError(f"expected an output that ends in .png or .jpg, got {target.name}")
    check_output(target, overwrite=overwrite)
    check_other(target, inputs)


def check_other(target: Path, inputs: Sequence[Path]) -> None:
    """Refuse an output that is an input."""
    if any(target.exists() and p.exists() and target.samefile(p) for p in inputs):
        raise UsageError(f"{target} is an input itself; choose another output")


def write_picture(target: Path, pixels: Pixels) -> None:
    """Write pixels (H, W, 3) RGB to a file that appears under its name when it is whole."""
    done, encoded = cv2.imencode(target.suffix, pixels[..., ::-1])
    if not done:
        raise OutputError(f"cannot write {target}: it could not be encoded")
    keep(target, encoded.tobytes())


def keep(target: Path, data: bytes) -> None:
    """Write a file that appears under its name when it is whole."""
    pending = PendingFile(target)
    try:
        pending.file.write_bytes(data)
        pending.commit(overwrite=True)
    except OSError as error:
        pending.discard()
        raise OutputError(f"cannot write {target}: {error.strerror}") from error
