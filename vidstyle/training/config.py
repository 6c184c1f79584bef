"""The knobs of every training, known without torch; each run's are stored in its checkpoints."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import Annotated

from vidstyle.errors import InputError
from vidstyle.fields import Between, documented
from vidstyle.nets.shape import MULTIPLE, Shape

MIN_CROP = 64
"""Below this the deepest layer whose texture is compared, at 1/8, holds no whole window."""


@documented
@dataclass(frozen=True)
class PaintingConfig:
    """The knobs that an any-style and a one-style network share."""

    steps: Annotated[int, Between(1)] = 5000
    """Optimizer steps."""
    batch: Annotated[int, Between(2)] = 8
    """Photos per step, an even number; of all processes together, where there are several."""
    crop: Annotated[int, Between(MIN_CROP)] = 192
    """Side of the training frames, pixels."""
    learning_rate: float = 1.5e-3
    """Peak learning rate of Adam, warmed up over 100 steps, then a cosine to zero."""
    style_weight: float = 26.0
    """Weight of the style loss at first; it changes between 40 % and 60 % of the steps."""
    late_style_weight: float = 12.0
    """Weight of the style loss at the end."""
    gram: float = 0.5
    """Share of the Gram matrices in the style loss."""
    root: bool = False
    """The style loss is a distance, not its square."""
    balanced: bool = False
    """The style loss is relative to the photo's own distance; needs `root`."""
    nearest_weight: float = 0.0
    """Weight of the nearest-neighbor loss, relu3_1 and relu4_1."""
    similarity_weight: float = 0.0
    """Weight of the self-similarity loss, relu4_1."""
    least_scale: Annotated[float, Between(0.25, 1)] = 1.0
    """The losses compare pictures scaled down at random, to this factor at least, with mean and maximum pooling in turn, so that a pattern that
    suits the perceptual network at only one scale does not lower them."""
    content_weight: float = 1.0
    """Weight of the content loss, relu3_1 and relu4_1."""
    fidelity_weight: float = 0.0
    """Weight of the fidelity loss: the content loss on directions, all layers."""
    tone_weight: float = 4.0
    """Weight of the tone loss."""
    temporal_weight: float = 15.0
    """Weight of the temporal loss at first; it changes as the style weight does."""
    late_temporal_weight: float = 60.0
    """Weight of the temporal loss at the end."""
    occluders: Annotated[float, Between(0, 1)] = 0.0
    """Share of the moved views with another object moving in front."""
    exposure: Annotated[float, Between(0)] = 0.0
    """The moved views are brighter or darker, by exp(exposure) at most."""
    variation_weight: float = 0.5
    """Weight of the total variation."""
    grid_weight: float = 2000.0
    """Weight of the pattern of the network's grid in smooth ramps."""
    average: float = 0.998
    """Decay of the weight average that is saved."""
    seed: Annotated[int, Between(0)] = 1
    """Seed of data order, crops, motion and initial weights."""

    def check(self) -> None:
        """Check sizes.

        Raises:
            InputError: one does not fit the networks.
        """
        if self.batch < 2 or self.batch % 2 or self.crop % MULTIPLE or self.crop < MIN_CROP:
            raise InputError(
                f"expected an even batch and a crop that is a multiple of {MULTIPLE}, of "
                f"{MIN_CROP} pixels at least, got {self.batch} and {self.crop}"
            )

    def check_processes(self, count: int) -> None:
        """Check that the batch can be parted among so many processes.

        Raises:
            InputError: it cannot.
        """
        if self.batch % (2 * count):
            raise InputError(
                f"expected a `batch` that is a multiple of {2 * count}, twice the number of processes, got {self.batch}"
            )


@documented
@dataclass(frozen=True)
class ArbitraryConfig(PaintingConfig):
    """Every knob of the training of an any-style network."""

    shape: Shape = field(default_factory=Shape)
    """Size of the frame net."""
    style_crop: Annotated[int, Between(MIN_CROP)] = 256
    """Side of the style crops, pixels, of pictures stored about 320 high."""
    style_zoom: Annotated[float, Between(1)] = 1.0
    """Style pictures are scaled up or down by up to this factor: strokes of many sizes."""
    style_turn: bool = False
    """Style crops are turned by quarters, at random: strokes of many directions."""
    hidden: Annotated[int, Between(1)] = 512
    """Width of the style encoder's hidden layer."""
    texture: bool = False
    """The style encoder describes orientation and scale of strokes too."""


@documented
@dataclass(frozen=True)
class StyleConfig(PaintingConfig):
    """Every knob of the training of a network of one style."""

    steps: int = 800
    """Optimizer steps; the default takes some ten minutes on two cores."""
    batch: int = 4
    crop: int = 256
    style_side: Annotated[int, Between(MIN_CROP)] = 384
    """Short side, pixels, to which the style picture is scaled: the size of its strokes."""
    learning_rate: float = 2e-3
    style_weight: float = 20.0
    """Weight of the style loss at first; vidstyle train style keeps it to the end."""
    late_style_weight: float = 20.0
    gram: float = 0.4
    root: bool = True
    balanced: bool = True
    nearest_weight: float = 8.0
    similarity_weight: float = 2.0
    least_scale: float = 0.6
    content_weight: float = 8.0
    fidelity_weight: float = 4.0
    tone_weight: float = 2.0
    temporal_weight: float = 1000.0
    """Weight of the temporal loss at first; vidstyle train style keeps it to the end."""
    late_temporal_weight: float = 1000.0
    occluders: float = 0.5
    exposure: float = 0.05
    variation_weight: float = 1.0
    average: float = 0.99


@dataclass(frozen=True)
class FitConfig(StyleConfig):
    """The knobs of a fit: of a training of some seconds, on the frames of one clip."""

    steps: int = 1
    """The clock ends it."""
    style_side: Annotated[int, Between(0)] = 0
    """Short side, pixels, to which the style picture is scaled; 0: three quarters of the frames', 512 at most."""
    batch: int = 2
    content_weight: float = 9.0
    fidelity_weight: float = 4.5
    temporal_weight: float = 1300.0
    """Weight of the temporal loss."""
    late_temporal_weight: float = 1300.0
    average: float = 0.95
    sharpness: Annotated[float, Between(0)] = 0.4
    """Amount of the unsharp mask that is folded into the result: the losses leave strokes soft."""


@documented
@dataclass(frozen=True)
class BaseConfig:
    """Every knob of the training of a base for fits."""

    steps: Annotated[int, Between(1)] = 200
    """Fits, each in another style, to some photos."""
    inner_steps: Annotated[int, Between(1)] = 16
    """Optimizer steps of a fit."""
    batch: Annotated[int, Between(1)] = 4
    """Photos of a fit, in place of a clip's frames."""
    learning_rate: Annotated[float, Between(0, 1)] = 0.3
    """Share of the way to the fitted network that the base goes, warmed up over 10 fits, then a cosine to zero."""
    average: float = 0.98
    """Decay of the weight average that is saved."""
    seed: Annotated[int, Between(0)] = 1
    """Seed of the order of photos and styles, crops and motion."""


@documented
@dataclass(frozen=True)
class KeyframeConfig:
    """Every knob of learning from painted frames of a clip."""

    seconds: Annotated[float, Between(1)] = 90.0
    """How long it learns one keyframe, and several longer by the square root of their number."""
    steps: Annotated[int, Between(0)] = 0
    """Steps that it learns instead of for a time; 0: by the time."""
    batch: Annotated[int, Between(1)] = 12
    """Patches of painted frames a step."""
    patch: Annotated[int, Between(32)] = 64
    """Side of the patches, pixels, a multiple of 32."""
    others: Annotated[int, Between(1)] = 2
    """Crops of unpainted frames a step."""
    crop: Annotated[int, Between(MIN_CROP)] = 112
    """Side of these, pixels, a multiple of 16."""
    learning_rate: float = 5e-3
    """Peak learning rate of Adam, soon warmed up, then a cosine to zero."""
    pixel_weight: float = 4.0
    """Weight of the mean difference of pixels."""
    feature_weight: float = 1.0
    """Weight of the difference of features, relu1_1 to relu3_1."""
    texture_weight: float = 0.5
    """Weight of the nearest-neighbor loss of unpainted frames, relu3_1 and relu4_1."""
    temporal_weight: float = 20.0
    """Weight of the temporal loss of unpainted frames."""
    average: float = 0.98
    """Decay of the weight average that is kept."""
    seed: Annotated[int, Between(0)] = 1
    """Seed of patches, crops and motion."""

    def check(self) -> None:
        """Check sizes.

        Raises:
            InputError: one does not fit the networks.
        """
        if self.patch % 32 or self.crop % 16 or self.patch < 32 or self.crop < MIN_CROP:
            raise InputError(
                f"expected a patch that is a multiple of 32 and a crop of 16, of {MIN_CROP} pixels at least, "
                f"got {self.patch} and {self.crop}"
            )

    def of_several(self, count: int) -> KeyframeConfig:
        """Return the knobs with the time, or the steps, that it takes to learn so many keyframes."""
        longer = math.sqrt(count)
        return replace(self, seconds=longer * self.seconds, steps=round(longer * self.steps))


@documented
@dataclass(frozen=True)
class PerceptualConfig:
    """Every knob of the training of a perceptual network."""

    steps: Annotated[int, Between(1)] = 3600
    """Optimizer steps."""
    batch: Annotated[int, Between(1)] = 12
    """Crops per step."""
    crop: Annotated[int, Between(32)] = 128
    """Side of the crops, pixels."""
    learning_rate: float = 2e-2
    """Peak learning rate of Muon, warmed up over 100 steps, then a cosine to zero."""
    blockwise: Annotated[float, Between(0, 1)] = 0.5
    """Share of the steps, the first ones, in which the blocks between two layers learn side by side."""
    adversarial: Annotated[float, Between(0, 1)] = 0.04
    """Every third step uses pictures that are changed by this much, root mean square of 0 to 1, to increase the error."""
    average: float = 0.998
    """Decay of the weight average that is saved."""
    seed: Annotated[int, Between(0)] = 1
    """Seed of data order, crops, disturbances and initial weights."""


@documented
@dataclass(frozen=True)
class InverseConfig:
    """Every knob of the training of an inverse network."""

    steps: Annotated[int, Between(1)] = 2000
    """Optimizer steps."""
    batch: Annotated[int, Between(1)] = 4
    """Photos per step; as many paintings, and as many photos with their patches swapped for the paintings', are added."""
    crop: Annotated[int, Between(MIN_CROP)] = 112
    """Side of the crops, pixels, a multiple of 4."""
    learning_rate: float = 2e-3
    """Peak learning rate of Adam, warmed up over 100 steps, then a cosine to zero."""
    quarter: Annotated[int, Between(1)] = 96
    """Channels at 1/4 of the resolution."""
    half: Annotated[int, Between(1)] = 32
    """Channels at 1/2 of the resolution."""
    pixel_weight: float = 4.0
    """Weight of the mean difference of pixels."""
    feature_weight: float = 1.0
    """Weight of the difference of features, relu1_1 to relu3_1."""
    swap_weight: float = 1.0
    """Weight of the difference of features to swapped ones, relu3_1."""
    color_weight: float = 4.0
    """Weight of the difference of coarse colors to those of the swapped patches."""
    variation_weight: float = 1.0
    """Weight of the total variation of pictures from swapped features."""
    grid_weight: float = 2000.0
    """Weight of the pattern of the network's grid, in smooth ramps and in all outputs."""
    average: float = 0.998
    """Decay of the weight average that is saved."""
    seed: Annotated[int, Between(0)] = 1
    """Seed of data order, crops, patches and initial weights."""

    def check(self) -> None:
        """Check sizes.

        Raises:
            InputError: the crop does not fit the network.
        """
        if self.crop % 4 or self.crop < MIN_CROP:
            raise InputError(
                f"expected a crop that is a multiple of 4, of {MIN_CROP} pixels at least, got {self.crop}"
            )


@documented
@dataclass(frozen=True)
class RegionsConfig:
    """Every knob of the training of the head that names regions."""

    steps: Annotated[int, Between(1)] = 700
    """Optimizer steps."""
    batch: Annotated[int, Between(1)] = 6
    """Views per step."""
    views: Annotated[int, Between(1)] = 4
    """Views of each picture: as it is, and in other colors, sizes and crops."""
    width: Annotated[int, Between(1)] = 64
    """Channels inside."""
    drop: Annotated[float, Between(0, 1)] = 0.1
    """Share of the channels that are left out at random."""
    smoothing: Annotated[float, Between(0, 1)] = 0.05
    """By how much labels are taken to be wrong."""
    weight_decay: Annotated[float, Between(0)] = 0.05
    """Of AdamW."""
    learning_rate: float = 3e-3
    """Peak learning rate, warmed up over 50 steps, then a cosine to zero."""
    seed: Annotated[int, Between(0)] = 1
    """Seed of views, data order and initial weights."""
