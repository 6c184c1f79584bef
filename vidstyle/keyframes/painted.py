"""Painted frames as users give them: a time, a picture, and where in it something is painted."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Annotated

import cv2
import numpy as np

from vidstyle.errors import InputError, UsageError
from vidstyle.fields import STYLE, Between, check, documented
from vidstyle.frame import Pixels
from vidstyle.images.files import read_layer
from vidstyle.images.masks import Mask, read_mask
from vidstyle.text import seconds

log = logging.getLogger(__name__)

_ALIKE = 0.02
"""By which a painting's proportions may differ from the clip's: a border was cut, or a side rounded."""

NETWORK = ".safetensors"
"""Ending of a network."""


@STYLE
@documented
@dataclass(frozen=True)
class KeyframeOptions:
    """Painted frames of the clip, which the rest of it is to follow.

    Raises:
        UsageError: a value is out of its range, or they do not go together.
    """

    keyframe: tuple[str, ...] = ()
    """A frame of the video, as vidstyle frame writes it, and its painting: TIME=PICTURE. A network learns from it, and paints the whole video;
    transparent regions of the picture are ignored. Instead of a style."""
    keyframe_mask: tuple[str, ...] = ()
    """Learn only where this mask is white: a picture for all keyframes, or one for each."""
    paint_keyframes: Annotated[int, Between(0, 16)] = 0
    """Number of keyframes that are painted by optimization, as by vidstyle paint, in the style of the `style` picture, and then learned: some
    minutes for each."""
    learn: Annotated[float, Between(1, 86400)] = 90.0
    """Seconds of training for one keyframe; several take longer, by the square root of their number. In paint-along, after each save."""
    learn_to: Path | None = None
    """Save the trained network as this .safetensors, which is also a `style`; with the same keyframes it is reused."""

    def __post_init__(self) -> None:
        check(self)
        if self.keyframe and self.paint_keyframes:
            raise UsageError("`paint_keyframes` paints them itself; leave each `keyframe` out")
        for name in ("keyframe_mask", "learn_to"):
            if getattr(self, name) and not self.given:
                raise UsageError(f"`{name}` goes with a `keyframe`")
        if self.keyframe_mask and len(self.keyframe_mask) not in {1, len(self.keyframe)}:
            raise UsageError(
                f"expected one `keyframe_mask`, or one for each of {len(self.keyframe)} keyframes, "
                f"got {len(self.keyframe_mask)}"
            )
        if self.learn_to and self.learn_to.suffix.lower() != NETWORK:
            raise UsageError(f"expected `learn_to` to end in {NETWORK}, got {self.learn_to.name}")
        self.painted  # noqa: B018 - says what is no time

    @property
    def given(self) -> bool:
        """Whether there is anything to learn."""
        return bool(self.keyframe or self.paint_keyframes)

    @property
    def painted(self) -> list[Painted]:
        """The keyframes.

        Raises:
            UsageError: one is no TIME=PICTURE, or two have one time.
        """
        several: Sequence[str | None] = self.keyframe_mask or (None,)
        masks = list(several) * (1 if len(several) > 1 else len(self.keyframe))
        found = [Painted.of(k, m) for k, m in zip(self.keyframe, masks, strict=True)]
        if len({painted.time for painted in found}) < len(found):
            raise UsageError("expected one `keyframe` for a time, got two")
        return found


@dataclass(frozen=True)
class Painted:
    """A keyframe: when, and how it was painted."""

    time: Fraction
    """Seconds, in time of the input."""
    picture: Path | Pixels
    """A file, or (H, W, 3) uint8."""
    mask: Path | None = None
    """White where it is painted; None: where it is opaque."""

    @classmethod
    def of(cls, text: str, mask: str | None = None) -> Painted:
        """Read TIME=PICTURE.

        Raises:
            UsageError: it is something else.
        """
        time, equals, picture = text.partition("=")
        try:
            if not (equals and picture):
                raise ValueError
            return cls(seconds(time), Path(picture), Path(mask) if mask else None)
        except ValueError:
            raise UsageError(
                f"expected a `keyframe` such as 2.4=painted.png or 1:30=painted.png, got {text}"
            ) from None

    @property
    def name(self) -> str:
        """What people call it: painted of a/painted.png."""
        return self.picture.stem if isinstance(self.picture, Path) else "painted"

    @property
    def files(self) -> list[Path]:
        """What it is read from."""
        return [f for f in (self.picture, self.mask) if isinstance(f, Path)]

    @property
    def fingerprint(self) -> str:
        """What tells it from another.

        Raises:
            InputError: a file cannot be read.
        """
        seen = hashlib.sha256(str(self.time).encode())
        try:
            for file in self.files:
                seen.update(hashlib.sha256(file.read_bytes()).digest())
        except OSError as error:
            raise InputError(f"cannot read the keyframe {file}: {error.strerror}") from error
        if not isinstance(self.picture, Path):
            seen.update(self.picture.tobytes())
        return seen.hexdigest()

    def read(self, height: int, width: int) -> tuple[Pixels, Mask]:
        """Return the picture (H, W, 3) uint8 and where it is painted (H, W), as large as the clip.

        Raises:
            InputError: a file cannot be read, the picture has another shape, or nothing in it is painted.
        """
        if isinstance(self.picture, Path):
            picture, opaque = read_layer(self.picture)
        else:
            picture, opaque = self.picture, None
        have = picture.shape[:2]
        if have != (height, width):
            if abs(have[1] * height / (have[0] * width) - 1) > _ALIKE:
                raise InputError(
                    f"expected a keyframe of {width}x{height}, as vidstyle frame writes it, or of that shape, got "
                    f"{have[1]}x{have[0]} in {self.picture}"
                )
            if isinstance(self.picture, Path):
                log.warning(
                    "%s is %dx%d; it is scaled to %dx%d, the size of the clip",
                    *(self.picture, have[1], have[0], width, height),
                )
            picture = _scaled(picture, height, width)
        mask = np.ones((height, width), np.float32)
        if opaque is not None:
            mask = _scaled(opaque, height, width)
        if self.mask:
            mask = mask * _scaled(read_mask(self.mask), height, width)
        if mask.max() < 0.5:
            raise InputError(f"nothing is painted in {self.picture}: it is transparent or masked")
        return picture, mask


def _scaled(picture: np.ndarray, height: int, width: int) -> np.ndarray:
    if picture.shape[:2] == (height, width):
        return picture
    smaller = height * width < picture.shape[0] * picture.shape[1]
    interpolation = cv2.INTER_AREA if smaller else cv2.INTER_CUBIC
    scaled = cv2.resize(picture, (width, height), interpolation=interpolation)
    return scaled if picture.dtype == np.uint8 else scaled.clip(0, 1)
