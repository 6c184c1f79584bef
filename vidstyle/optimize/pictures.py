"""Pictures that are written: checked before the work begins, and whole when they appear."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2

from vidstyle.disk.pending import write_whole
from vidstyle.errors import OutputError, UsageError
from vidstyle.frame import Pixels
from vidstyle.media.atomic_output import check_output
from vidstyle.media.overwriting import check_apart


def check_picture(target: Path, inputs: Sequence[Path], *, overwrite: bool) -> None:
    """Refuse an output that is no picture, exists, or is an input, before any work is done."""
    if target.suffix.lower() not in {".png", ".jpg", ".jpeg"}:
        raise UsageError(f"expected an output that ends in .png or .jpg, got {target.name}")
    check_output(target, overwrite=overwrite)
    check_apart(target, inputs)


def write_picture(target: Path, pixels: Pixels, *, overwrite: bool) -> None:
    """Write pixels (H, W, 3) RGB to a file that appears under its name when it is whole.

    Raises:
        UsageError: it exists, perhaps only by now, and `overwrite` is not allowed.
        OutputError: it cannot be written.
    """
    done, encoded = cv2.imencode(target.suffix, pixels[..., ::-1])
    if not done:
        raise OutputError(f"cannot write {target}: it could not be encoded")
    write_whole(target, encoded.tobytes(), overwrite=overwrite)
