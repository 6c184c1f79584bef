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

ENDINGS = (".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp")
"""Of a picture that is written, in 8 bits; JPEG alone loses something."""


def check_picture(
    target: Path, inputs: Sequence[Path], *, overwrite: bool, named: str = "output"
) -> None:
    """Refuse an output, given as a field of that name, that is no picture, exists, or is an input, before any work is done."""
    if target.suffix.lower() not in ENDINGS:
        raise UsageError(
            f"expected a file that ends in one of {' '.join(ENDINGS)} for `{named}`, got {target.name}"
        )
    check_output(target, overwrite=overwrite, named=named)
    check_apart(target, inputs, named=named)


def write_picture(target: Path, pixels: Pixels, *, overwrite: bool) -> None:
    """Write pixels (H, W, 3) RGB to a file that appears under its name when it is whole.

    Raises:
        UsageError: it exists, perhaps only by now, and `overwrite` is not allowed.
        OutputError: it cannot be written.
    """
    try:
        done, encoded = cv2.imencode(target.suffix.lower(), pixels[..., ::-1])
    except cv2.error:
        done = False
    if not done:
        height, width = pixels.shape[:2]
        raise OutputError(f"cannot write {target}: {width}x{height} could not be encoded so")
    write_whole(target, encoded.tobytes(), overwrite=overwrite)
