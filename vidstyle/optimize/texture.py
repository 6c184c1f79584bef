"""Texture alone: a size in place of a content, known without torch."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np

from vidstyle.errors import UsageError
from vidstyle.frame import Pixels
from vidstyle.images.files import MAX_PIXELS
from vidstyle.optimize.config import MIN_SIDE, Config, DoodleConfig, PhotorealConfig


def texture_of(content: Path) -> tuple[int, int] | None:
    """Return width and height where a size such as 640x360 stands for the content, and no file has that name."""
    match = re.fullmatch(r"(\d{1,5})x(\d{1,5})", str(content))
    return (int(match[1]), int(match[2])) if match and not content.exists() else None


def blank(size: tuple[int, int]) -> Pixels:
    """Return a gray picture (H, W, 3) of a width and height."""
    return np.full((size[1], size[0], 3), 128, np.uint8)


def for_texture(config: Config, size: tuple[int, int]) -> Config:
    """Return a method that paints texture alone, from noise, in a width and height.

    Raises:
        UsageError: it is too small, too large or of another size, or the method is none for this.
    """
    if min(size) < MIN_SIDE:
        raise UsageError(
            f"expected a texture of {MIN_SIDE} pixels a side at least, got {size[0]}x{size[1]}"
        )
    if size[0] * size[1] > MAX_PIXELS:
        raise UsageError(
            f"expected a texture of {MAX_PIXELS} pixels at most, got {size[0]}x{size[1]}"
        )
    if isinstance(config, DoodleConfig | PhotorealConfig):
        raise UsageError(
            f"a texture of {size[0]}x{size[1]} is painted by `method` gatys, mrf or swap"
        )
    if config.size not in (type(config)().size, max(size)):
        raise UsageError(f"a texture of {size[0]}x{size[1]} has its own `size`, got {config.size}")
    init = "noise" if config.init == "content" else config.init
    return replace(config, size=max(size), ratio=0.0, init=init)
