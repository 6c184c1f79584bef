"""An album: the frames of a clip as pictures in a folder, for they are not held in memory."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import cv2
import numpy as np

from vidstyle.disk.pending import write_whole
from vidstyle.errors import InputError, OutputError
from vidstyle.frame import Pixels


class Album:
    """Numbered pictures (H, W, 3) uint8; those of 16 bits are kept in 8."""

    def __init__(self, folder: Path, *, whole: bool = False) -> None:
        """Open the folder, or make it; with `whole` each picture appears when it is whole, should the run be cut off."""
        self._folder, self._whole = folder, whole
        self._folder.mkdir(exist_ok=True)

    def __len__(self) -> int:
        return sum(1 for _ in self._folder.glob("[0-9]*.png"))

    def _path(self, number: int) -> Path:
        return self._folder / f"{number:06d}.png"

    def __contains__(self, number: int) -> bool:
        return self._path(number).is_file()

    def __getitem__(self, number: int) -> Pixels:
        path = self._path(number)
        try:
            encoded = np.frombuffer(path.read_bytes(), np.uint8)
        except OSError as error:
            raise InputError(f"cannot read {path}: {error.strerror}") from error
        pixels = cv2.imdecode(encoded, cv2.IMREAD_COLOR_RGB) if encoded.size else None
        if pixels is None:
            raise InputError(f"cannot read {path}: it is damaged; remove {self._folder}")
        return cast(Pixels, pixels)

    def __setitem__(self, number: int, pixels: Pixels) -> None:
        pixels = to_bytes(pixels)
        _, encoded = cv2.imencode(".png", pixels[..., ::-1], [cv2.IMWRITE_PNG_COMPRESSION, 1])
        if self._whole:
            write_whole(self._path(number), encoded.tobytes(), overwrite=True)
            return
        try:
            self._path(number).write_bytes(encoded.tobytes())
        except OSError as error:
            raise OutputError(f"cannot keep frames in {self._folder}: {error.strerror}") from error


def to_bytes(pixels: Pixels) -> Pixels:
    """Return pixels in 8 bits."""
    return pixels if pixels.dtype == np.uint8 else (pixels >> 8).astype(np.uint8)
