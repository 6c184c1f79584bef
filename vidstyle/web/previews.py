"""Pictures of a moment of a clip: as it is, and as it would be painted. For the engine's thread alone."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import TypeVar

import cv2

from vidstyle.errors import InputError
from vidstyle.frame import Frame, Pixels
from vidstyle.images.files import load_picture
from vidstyle.images.masks import lay
from vidstyle.masks import Masks
from vidstyle.media.reading import Reading
from vidstyle.media.video import Video
from vidstyle.model import Model
from vidstyle.moments import find_moments
from vidstyle.runtime.compute import Compute
from vidstyle.selection import load_wished, model_for, read_style
from vidstyle.sheet.contact import cell_size, small
from vidstyle.stylize.layers import MaskSource
from vidstyle.stylize.style import Style
from vidstyle.web.clips import Clip
from vidstyle.web.settings import Settings

LARGE, TILE = 1280, 320
"""Longer sides of pictures, pixels. They are painted at the size of the clip, and made smaller."""

_FRAMES, _MODELS, _STYLES, _MASKS, _TILES = 4, 3, 32, 4, 400
"""That are kept. A model that was called takes some tens of megabytes, and a second to load anew."""

KeptT = TypeVar("KeptT")


class _Kept(OrderedDict[object, KeptT]):
    """Values by keys, the last used ones; what closes them is told of the others."""

    def __init__(self, most: int, close: Callable[[KeptT], None] = lambda _: None) -> None:
        super().__init__()
        self._most, self._close = most, close

    def of(self, key: object, make: Callable[[], KeptT]) -> KeptT:
        """Return a value, made where it is not there."""
        if key not in self:
            while len(self) >= self._most:
                self._close(self.popitem(last=False)[1])
            self[key] = make()
        self.move_to_end(key)
        return self[key]


class Previews:
    """Paints moments; keeps what the next picture is likely to ask for again."""

    def __init__(self, compute: Compute) -> None:
        self._compute = compute
        self._frames = _Kept[tuple[Frame, Fraction]](_FRAMES)
        self._models = _Kept[Model](_MODELS, Model.close)
        self._styles = _Kept[Style | None](_STYLES)
        self._masks = _Kept[MaskSource | None](_MASKS)
        self._tiles = _Kept[bytes](_TILES)

    def close(self) -> None:
        """Close the models."""
        for model in self._models.values():
            model.close()
        self._models.clear()

    def original(self, clip: Clip, time: float, reading: Reading, longer: int = LARGE) -> bytes:
        """Return a moment as a JPEG, in square pixels.

        Raises:
            VidstyleError: it cannot be read.
        """
        frame, aspect = self._frame(clip, time, reading)
        return _jpeg(load_picture(frame.pixels), frame, aspect, longer)

    def painted(
        self,
        clip: Clip,
        time: float,
        settings: Settings,
        style: str | Path,
        masks: Masks = Masks(),  # noqa: B008 - it is frozen
        longer: int = LARGE,
    ) -> bytes:
        """Return a moment, painted as the first frame of a shot is, as a JPEG in square pixels.

        Args:
            clip: of which it is.
            time: seconds.
            settings: how it looks.
            style: the style that they name.
            masks: where it is painted, pictures or found; likewise.
            longer: the longer side at most, pixels.

        Raises:
            VidstyleError: it cannot be read, or not painted so.
        """
        frame, aspect = self._frame(clip, time, settings.reading)
        name, pictures = model_for(str(style))
        model = self._models.of(str(name), lambda: load_wished(name, self._compute))
        key = str(style), settings.styles, *(Path(str(p)).stat().st_mtime_ns for p in pictures)
        read = self._styles.of(key, lambda: read_style(model, pictures, settings.styles))
        pixels = load_picture(frame.pixels)
        painted = model(pixels, replace(settings.look, style=read))
        if source := self._masks.of(masks, masks.live):
            painted = lay(pixels, painted, source.at(frame, {})[0])
        return _jpeg(painted, frame, aspect, longer)

    def tile(self, clip: Clip, style: str | Path) -> bytes:
        """Return a small picture of a clip's moment in a style, nothing else being set.

        Raises:
            VidstyleError: as `painted`.
        """
        settings = Settings.of({"style": str(style), "hdr": "tonemap"})
        key = clip.id, str(style), isinstance(style, Path) and style.stat().st_mtime_ns
        return self._tiles.of(
            key, lambda: self.painted(clip, clip.time, settings, style, longer=TILE)
        )

    def _frame(self, clip: Clip, time: float, reading: Reading) -> tuple[Frame, Fraction]:
        return self._frames.of((clip.id, time, reading), lambda: _read(clip, time, reading))


def _read(clip: Clip, time: float, reading: Reading) -> tuple[Frame, Fraction]:
    at = (Fraction(time).limit_denominator(10**6),) if not clip.still else ()
    with Video.open(clip.path, reading) as video:
        return find_moments(video, 1, at)[0].frame, video.info.sample_aspect_ratio


def _jpeg(pixels: Pixels, frame: Frame, aspect: Fraction, longer: int) -> bytes:
    height, width = pixels.shape[:2]
    across = width * aspect
    size = cell_size(across, height, min(longer, round(max(across, height))))
    return jpeg(small(pixels, frame, size))


def jpeg(picture: Pixels) -> bytes:
    """Return a picture (H, W, 3) uint8 RGB as a JPEG."""
    options = [cv2.IMWRITE_JPEG_QUALITY, 90]
    done, data = cv2.imencode(".jpg", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), options)
    if not done:
        raise InputError(f"cannot write a JPEG of {picture.shape[1]}x{picture.shape[0]}")
    return data.tobytes()


def thumbnail(picture: Path) -> bytes:
    """Return a small JPEG of a picture in a file.

    Raises:
        InputError: it cannot be read.
    """
    pixels = load_picture(picture)
    height, width = pixels.shape[:2]
    size = cell_size(Fraction(width), height, TILE)
    return jpeg(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA).astype(pixels.dtype))
