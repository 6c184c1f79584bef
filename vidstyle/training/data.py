"""Pictures for training: folders of JPEG or PNG files, kept encoded in memory, cropped at random."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor

from vidstyle.errors import InputError
from vidstyle.frame import Pixels
from vidstyle.images.files import read_encoded, read_picture

SUFFIXES = {".jpg", ".jpeg", ".png", ".webp"}


def list_pictures(folder: Path, exclude: tuple[str, ...] = ()) -> list[Path]:
    """List the pictures directly in a folder, sorted, without names that start with `exclude`."""
    if not folder.is_dir():
        raise InputError(f"expected a folder of pictures, got {folder}")
    found = [
        p
        for p in sorted(folder.iterdir())
        if p.suffix.lower() in SUFFIXES and not p.name.startswith(exclude)
    ]
    if not found:
        raise InputError(f"no picture ({', '.join(sorted(SUFFIXES))}) in {folder}")
    return found


def scaled_picture(path: Path, side: int) -> Tensor:
    """Read a picture as (1, 3, H, W) in [0, 1], its short side scaled to `side` pixels.

    Raises:
        InputError: no such file, or no picture.
    """
    picture = read_picture(path)
    height, width, _ = picture.shape
    scale = side / min(height, width)
    interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    size = (max(side, round(width * scale)), max(side, round(height * scale)))
    scaled = cv2.resize(picture, size, interpolation=interpolation)
    return torch.from_numpy(scaled).permute(2, 0, 1)[None].float().div_(255.0)


class Crops:
    """An endless stream of random square crops, flipped at random, as float batches in [0, 1]."""

    def __init__(
        self,
        pictures: Sequence[Path | Pixels],
        *,
        size: int,
        batch: int,
        seed: int,
        recolor: float = 0.0,
        zoom: float = 1.0,
        turn: bool = False,
    ) -> None:
        """Read the files.

        Args:
            pictures: files, or RGB (H, W, 3) uint8; one whose short side is under `size` is enlarged to it.
            size: side of the crops in pixels.
            batch: crops per batch.
            seed: of the order, places and flips.
            recolor: share of crops whose color channels are exchanged or inverted: many more
                palettes than the folder holds.
            zoom: a crop shows its picture up to this much larger or smaller than it is stored.
            turn: turn crops by quarters, at random.
        """
        self.pictures = pictures
        self.encoded = [
            np.frombuffer(read_encoded(p), np.uint8) if isinstance(p, Path) else None
            for p in pictures
        ]
        self.size, self.batch, self.recolor, self.zoom = size, batch, recolor, zoom
        self.turn = turn
        self.rng = np.random.default_rng(seed)
        self.order: list[int] = []

    def _next(self) -> tuple[int, np.ndarray]:
        if not self.order:
            self.order = self.rng.permutation(len(self.encoded)).tolist()
        return self.order.pop(), self.rng.random(10)

    def _picture(self, index: int) -> np.ndarray:
        encoded, picture = self.encoded[index], self.pictures[index]
        if encoded is None:
            return np.asarray(picture)
        decoded = cv2.imdecode(encoded, cv2.IMREAD_COLOR)
        if decoded is None:
            raise InputError(f"{picture} is no picture that can be read; `exclude` it")
        return decoded[..., ::-1]

    def _crop(self, pick: tuple[int, np.ndarray]) -> np.ndarray:
        index, draw = pick
        picture = self._picture(index)
        height, width = picture.shape[:2]
        short = min(height, width)
        # Never smaller than the crop.
        scale = max(self.zoom ** (2 * draw[8] - 1), self.size / short)
        if self.zoom != 1.0 or short < self.size:
            target = (max(self.size, round(width * scale)), max(self.size, round(height * scale)))
            interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
            picture = cv2.resize(picture, target, interpolation=interpolation)
            height, width = picture.shape[:2]
        top = int(draw[0] * (height - self.size + 1))
        left = int(draw[1] * (width - self.size + 1))
        crop = picture[top : top + self.size, left : left + self.size]
        if draw[2] < 0.5:
            crop = crop[:, ::-1]
        if self.turn:
            crop = np.rot90(crop, int(4 * draw[9]))
        if draw[3] < self.recolor:
            crop = crop[..., np.argsort(draw[4:7])]
            if draw[7] < 0.25:
                crop = 255 - crop
        return np.ascontiguousarray(crop)

    def __iter__(self) -> Iterator[Tensor]:
        """Yield batches (batch, 3, size, size); decoding runs a few batches ahead in threads."""
        with ThreadPoolExecutor(max_workers=4) as pool:
            ahead = [[pool.submit(self._crop, self._next()) for _ in range(self.batch)]]
            while True:
                while len(ahead) < 4:
                    ahead.append([pool.submit(self._crop, self._next()) for _ in range(self.batch)])
                crops = np.stack([f.result() for f in ahead.pop(0)])
                yield torch.from_numpy(crops).permute(0, 3, 1, 2).float().div_(255.0)
