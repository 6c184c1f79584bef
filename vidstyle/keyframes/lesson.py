"""What a network learns keyframes with: the frames of the clip, their paintings, and the networks. It imports torch when it is read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from vidstyle.errors import InputError, MissingPackageError
from vidstyle.frame import Pixels
from vidstyle.images.files import load_picture
from vidstyle.images.masks import Mask
from vidstyle.keyframes.clip import frames_at, shots_of
from vidstyle.keyframes.painted import Painted
from vidstyle.media.address import Location
from vidstyle.media.reading import Reading
from vidstyle.training.config import KeyframeConfig

if TYPE_CHECKING:
    from vidstyle.nets.onestyle import OneStyle
    from vidstyle.nets.perceptual import Perceptual
    from vidstyle.training.patches import Keyframe, Shot


@dataclass(frozen=True, repr=False)
class Lesson:
    """Painted frames of a clip, and a network that is about to learn them."""

    net: OneStyle
    keyframes: list[Keyframe]
    shots: list[Shot]
    features: Perceptual
    config: KeyframeConfig
    frames: list[Pixels]
    """Those that are painted, (H, W, 3) uint8."""

    @classmethod
    def read(
        cls,
        clip: Location,
        keyframes: Sequence[Painted],
        reading: Reading | None,
        config: KeyframeConfig,
        base: Path,
        device: str,
        stop: Callable[[], None] | None,
    ) -> Lesson:
        """Read the clip, the paintings and the weights.

        Raises:
            UsageError: a time outside the clip, or a clip of one frame.
            InputError: what cannot be read, or a painting of another shape than the clip.
            MissingPackageError: torch is missing.
        """
        times = [keyframe.time for keyframe in keyframes]
        moments = frames_at(clip, times, reading, named="keyframe", stop=stop)
        height, width, _ = moments[0].frame.pixels.shape
        if min(height, width) < config.patch:
            raise InputError(
                f"expected a clip of {config.patch}x{config.patch} pixels at least, got {width}x{height}"
            )
        painted = [keyframe.read(height, width) for keyframe in keyframes]
        shots = shots_of(clip, moments, reading, stop=stop)
        try:
            from vidstyle.nets.devices import choose_device
            from vidstyle.nets.weights import load_weights
            from vidstyle.training.keyframes import begun
            from vidstyle.training.patches import Shot
            from vidstyle.zoo.features import load_features
        except ImportError as error:
            raise MissingPackageError(
                "learning keyframes needs torch: pip install 'vidstyle[torch]'"
            ) from error
        chosen = choose_device(device)
        frames = [load_picture(moment.frame.pixels) for moment in moments]
        learned = _paired(frames, painted, shots.of)
        return cls(
            begun(load_weights(base), learned).to(chosen),
            learned,
            [Shot.of(part) for part in shots.parts],
            load_features().to(chosen),
            config,
            frames,
        )

    def repainted(self, keyframes: Sequence[Painted]) -> list[Keyframe]:
        """Read paintings of the same frames again.

        Raises:
            InputError: one cannot be read, or has another shape than the clip.
        """
        height, width, _ = self.frames[0].shape
        painted = [keyframe.read(height, width) for keyframe in keyframes]
        return _paired(self.frames, painted, [keyframe.shot for keyframe in self.keyframes])


def _paired(
    frames: Sequence[Pixels], painted: Sequence[tuple[Pixels, Mask]], shots: Sequence[int]
) -> list[Keyframe]:
    from vidstyle.training.patches import Keyframe

    return [
        Keyframe.of(frame, picture, mask, shot)
        for frame, (picture, mask), shot in zip(frames, painted, shots, strict=True)
    ]
