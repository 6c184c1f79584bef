"""The knobs of every method by optimization, known without torch; a config's class chooses the method.

OptimizeConfig <- Config <- GramConfig <- GatysConfig, PhotorealConfig, VideoConfig
                         <- PatchConfig <- MrfConfig <- DoodleConfig
                                        <- SwapConfig
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from vidstyle.errors import UsageError
from vidstyle.fields import Between, OneOf, check, documented
from vidstyle.flow.finder import FLOWS
from vidstyle.images.colors import COLORS, LIGHTS, with_light_of
from vidstyle.nets.vgg import LAYERS, NAMES, said_of

if TYPE_CHECKING:
    from torch import Tensor

    from vidstyle.frame import Pixels
    from vidstyle.nets.perceptual import Perceptual
    from vidstyle.optimize.descent import Objective, PiecewiseObjective
    from vidstyle.optimize.painting import Scene

MIN_SIDE = 32
"""Shortest side, pixels, that reaches the deepest layers."""

INITS = ("content", "noise", "style", "blend")
RECOLORED = "recolored"
OPTIMIZERS = ("lbfgs", "adam")
ENCODINGS = COLORED, DISTANCE = "colors", "distance"
STYLE_LOSSES = GRAM, NEAREST, WASSERSTEIN = "gram", "nearest", "wasserstein"


def _is_file(word: str) -> bool:
    return Path(word).is_file()


@documented
@dataclass(frozen=True, kw_only=True)
class OptimizeConfig:
    """How a picture is optimized."""

    size: Annotated[int, Between(MIN_SIDE)] = 512
    """Longest side of the result, pixels."""
    steps: Annotated[int, Between(1)] = 200
    """Optimizer steps, at the last size; each smaller size gets as many."""
    init: Annotated[str, OneOf(*INITS, is_file=_is_file, random="noise", image="content")] = (
        "content"
    )
    """Initial picture: content; noise, or random; style; blend, content and noise by halves; or a file's picture, stretched to the content's shape."""
    noise_share: Annotated[float | None, Between(0, 1)] = None
    """Share of noise in the initial picture; by default 0, and 0.5 for blend."""
    optimizer: Annotated[str, OneOf(*OPTIMIZERS)] = "lbfgs"
    """The optimizer."""
    learning_rate: float | None = None
    """Learning rate of the optimizer; by default 1 for lbfgs, 0.02 for adam."""
    averaging: Annotated[float, Between(0, 0.9999)] = 0.0
    """For adam: the result is the mean of its iterates, each weighted by this factor less than the next, such as 0.99; 0: the last one."""
    tolerance: Annotated[float, Between(0, 1)] = 0.0
    """A size is finished early once ten steps lower the loss by no more than this share of it, such as 0.01; 0: never."""
    first_size: Annotated[int, Between(MIN_SIDE)] = 256
    """Longest side of the first size, at most, pixels."""
    size_step: Annotated[float, Between(1.1, 8)] = 2.0
    """Each size is at most this factor larger than the one before; 1.4142 makes twice as many sizes."""
    seed: Annotated[int, Between(0)] = 1
    """Seed of noise."""

    @property
    def files(self) -> tuple[Path, ...]:
        """The picture that a run begins with, if it is a file."""
        return (
            (Path(self.init),)
            if _is_file(self.init) and self.init not in (RECOLORED, *INITS)
            else ()
        )

    def __post_init__(self) -> None:
        check(self)
        if self.learning_rate is not None and not 0 < self.learning_rate < math.inf:
            raise UsageError(f"expected a positive `learning_rate`, got {self.learning_rate}")
        if self.averaging and self.optimizer != "adam":
            raise UsageError(f"`averaging` goes with `optimizer` adam, got {self.optimizer}")

    @property
    def sizes(self) -> list[int]:
        """The longest sides of a coarse-to-fine run, each at most `size_step` times the one before."""
        step = self.size_step
        count = max(0, math.ceil(math.log(self.size / self.first_size, step) - 1e-9))
        return [math.ceil(self.size / step**n) for n in range(count, -1, -1)]


@documented
@dataclass(frozen=True, kw_only=True)
class Config(OptimizeConfig, ABC):
    """The knobs that all methods have."""

    content_layers: Annotated[dict[str, float], Between(0)] = field(
        default_factory=lambda: {"relu4_2": 1.0}
    )
    """Layers where content is compared, with weights."""
    ratio: Annotated[float, Between(0)] = 1e-3
    """alpha / beta, content over style (Gatys et al. 2016, eq. 7). The energies are sums over a network
    of any width, so each is first divided by its value for the other picture: 1 is the distance of content and style."""
    variation: Annotated[float, Between(0)] = 0.0
    """Weight of the total variation: smoothness."""
    pooling: Annotated[str, OneOf("max", "average", avg="average")] = "max"
    """Pooling of the network; Gatys et al. found average, or avg, a little smoother."""
    colors: Annotated[str, OneOf(*COLORS, keep="luminance")] = "style"
    """Colors of the result: style; or the content's: luminance, yuv, luv, lab (the painting's luminance with the content's hues), linear, histogram (the
    style gets its colors first)."""
    style_scale: Annotated[tuple[float, ...], Between(0, 8)] = (1.0,)
    """Ratio of the styles' longest side to the result's, one for all or one for each."""

    @property
    def layers(self) -> dict[str, float]:
        """All layers whose features are compared, with weights."""
        return self.content_layers

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.style_scale or min(self.style_scale) == 0:
            given = ",".join(f"{scale:g}" for scale in self.style_scale) or "none"
            raise UsageError(f"expected a positive `style_scale`, got {given}")
        if not self.layers:
            raise UsageError(f"expected layers of {', '.join(NAMES)}, got none")
        for layer in self.layers:
            if layer not in NAMES:
                raise UsageError(
                    f"expected layers of {', '.join(NAMES)}, got {layer}{said_of(layer)}"
                )

    def first(self, scene: Scene) -> Tensor:
        """Return the picture that a run begins with, of the content's shape (1, 3, H, W)."""
        from vidstyle.optimize.descent import first_picture

        return first_picture(self, scene.content, scene.styles[0])

    @abstractmethod
    def objective(self, perceptual: Perceptual, scene: Scene) -> Objective | PiecewiseObjective:
        """Return the objective that a picture of a scene minimizes."""

    def pieces(self, _height: int, _width: int) -> int:
        """Return in how many pieces a picture is painted."""
        return 1

    def finish(self, painted: Pixels, content: Pixels) -> Pixels:
        """Return a painted picture (H, W, 3) as it is shown; the content has its size."""
        return with_light_of(painted, content, self.colors) if self.colors in LIGHTS else painted


@documented
@dataclass(frozen=True, kw_only=True)
class GramConfig(Config):
    """The knobs of the methods by statistics."""

    style_layers: Annotated[dict[str, float], Between(0)] = field(
        default_factory=lambda: dict.fromkeys(LAYERS, 0.2)
    )
    """Layers where style is compared, with weights."""
    style_losses: Annotated[dict[str, float], Between(0)] = field(
        default_factory=lambda: {GRAM: 1.0}
    )
    """How style is compared, with weights: gram, the Gram matrices; nearest, each place with the nearest of the style;
    wasserstein, the histograms along many directions. Each of several is divided by its value for the content."""
    semantics: Annotated[float | None, Between(0)] = None
    """With masks or regions: the picture has Gram matrices of the features and, beside them, of the maps as channels, scaled by this factor. None:
    each region has Gram matrices of its own."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if not set(self.style_losses) <= set(STYLE_LOSSES) or not any(self.style_losses.values()):
            given = ", ".join(f"{n}:{w:g}" for n, w in self.style_losses.items()) or "none"
            raise UsageError(f"expected `style_losses` {', '.join(STYLE_LOSSES)}, got {given}")
        if self.semantics is not None and set(self.style_losses) != {GRAM}:
            raise UsageError("`semantics` are channels of Gram matrices: `style_losses` is gram")

    @property
    def layers(self) -> dict[str, float]:
        """All layers whose features are compared, with weights."""
        return {**self.content_layers, **self.style_layers}

    def objective(self, perceptual: Perceptual, scene: Scene) -> Objective | PiecewiseObjective:
        """Return the objective that a picture of a scene minimizes."""
        from vidstyle.optimize.gatys import GramObjective

        return GramObjective(perceptual, scene, self)


@documented
@dataclass(frozen=True, kw_only=True)
class GatysConfig(GramConfig):
    """Every knob of a run of `vidstyle.optimize.gatys`."""

    tile: Annotated[int | None, Between(128)] = None
    """Larger sizes are painted in tiles of at most this many pixels a side, with the Gram matrices of the whole: memory is limited by the tile, such
    as 1024. None: in one piece."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.tile and self.sizes[0] > self.tile:
            raise UsageError(
                f"expected a `tile` of the `first_size`, {self.sizes[0]}, or more, got {self.tile}"
            )
        if self.tile and (set(self.style_losses) != {GRAM} or self.semantics is not None):
            raise UsageError("tiles have whole Gram matrices: `style_losses` gram, no `semantics`")

    def objective(self, perceptual: Perceptual, scene: Scene) -> Objective | PiecewiseObjective:
        """Return the objective that a picture of a scene minimizes."""
        from vidstyle.optimize.tiles import TiledObjective

        height, width = scene.content.shape[2:]
        if self.pieces(height, width) > 1:
            return TiledObjective(perceptual, scene, self)
        return super().objective(perceptual, scene)

    def pieces(self, height: int, width: int) -> int:
        """Return in how many pieces a picture is painted."""
        from vidstyle.optimize.tiles import tiles

        return len(tiles(height, width, self.tile)) if self.tile else 1


@documented
@dataclass(frozen=True, kw_only=True)
class PatchConfig(Config, ABC):
    """The knobs of the methods by patches; the search for them grows with the fourth power of the size."""

    size: int = 384
    steps: int = 100
    patch_layers: Annotated[dict[str, float], Between(0)] = field(
        default_factory=lambda: {"relu1_1": 0.3, "relu2_1": 0.3, "relu3_1": 1.0}
    )
    """Layers where patches are compared, with weights."""
    pooling: str = "average"
    patch_size: Annotated[int, Between(1, 15)] = 3
    """Side of a patch, places of a layer: larger ones keep more of the style's own shapes."""
    patch_stride: Annotated[int, Between(1, 15)] = 2
    """Places from patch to patch, `patch_size` at most: larger ones are faster, and coarser."""
    semantics: Annotated[float, Between(0)] = 4.0
    """With masks or regions: weight of their similarity beside the features' in the search for patches; 0: they only limit the painted region."""
    map_encoding: Annotated[str, OneOf(*ENCODINGS)] = "colors"
    """How the search sees regions: colors, a channel for each; distance: channels that fade outside, so that a border is sought at the same border."""
    rotations: Annotated[int, Between(0, 12)] = 0
    """Rotations of the style to either side, 15 degrees each."""
    scales: Annotated[int, Between(0, 5)] = 0
    """Enlargements of the style to either side, 15 % each."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.patch_layers:
            raise UsageError("expected layers for the patches, got none")
        if self.patch_stride > self.patch_size:
            raise UsageError(
                f"expected a `patch_stride` up to the `patch_size`, {self.patch_size}, got {self.patch_stride}"
            )

    @property
    def layers(self) -> dict[str, float]:
        """All layers whose features are compared, with weights."""
        return {**self.content_layers, **self.patch_layers}


@documented
@dataclass(frozen=True, kw_only=True)
class MrfConfig(PatchConfig):
    """Every knob of a run of `vidstyle.optimize.mrf`."""

    ratio: float = 0.1
    patch_layers: dict[str, float] = field(default_factory=lambda: dict.fromkeys(LAYERS[:3], 1.0))
    """Layers where patches are compared, with weights."""
    gram_layers: Annotated[dict[str, float], Between(0)] = field(
        default_factory=lambda: dict.fromkeys(LAYERS[:4], 0.25)
    )
    """Layers where Gram matrices are compared in addition, with weights relative to the patches' as a whole. They give the style's colors,
    and smooth areas without a grid, which the paper's deep patches leave free."""
    variation: float = 3.0

    @property
    def layers(self) -> dict[str, float]:
        """All layers whose features are compared, with weights."""
        return {**super().layers, **self.gram_layers}

    def objective(self, perceptual: Perceptual, scene: Scene) -> Objective:
        """Return the objective that a picture of a scene minimizes.

        Raises:
            UsageError: styles of different shares.
            InputError: a picture too small to hold a patch at a layer.
        """
        from vidstyle.optimize.mrf import MrfObjective

        return MrfObjective(perceptual, scene, self)


@documented
@dataclass(frozen=True, kw_only=True)
class DoodleConfig(MrfConfig):
    """Every knob of a painting after a map alone: the regions of a content that is none."""

    init: str = "noise"
    ratio: float = 0.0
    patch_layers: dict[str, float] = field(default_factory=lambda: dict.fromkeys(LAYERS[2:4], 1.0))
    """Layers where patches are compared, with weights."""
    patch_stride: int = 1
    variation: float = 0.5
    gram_layers: dict[str, float] = field(default_factory=lambda: dict.fromkeys(LAYERS[:4], 1.0))
    """Layers where Gram matrices of each region are compared in addition, with weights relative to the patches' as a whole."""
    first_size: int = 96


@documented
@dataclass(frozen=True, kw_only=True)
class SwapConfig(PatchConfig):
    """Every knob of a run of `vidstyle.optimize.swap`."""

    ratio: float = 0.0
    variation: float = 10.0

    def objective(self, perceptual: Perceptual, scene: Scene) -> Objective:
        """Return the objective that a picture of a scene minimizes.

        Raises:
            UsageError: styles of different shares.
            InputError: a picture too small to hold a patch at a layer.
        """
        from vidstyle.optimize.swap import SwapObjective

        return SwapObjective(perceptual, scene, self)


@documented
@dataclass(frozen=True, kw_only=True)
class PhotorealConfig(GramConfig):
    """Every knob of a run of `vidstyle.optimize.photoreal`."""

    init: Annotated[
        str, OneOf(RECOLORED, *INITS, is_file=_is_file, random="noise", image="content")
    ] = RECOLORED
    """Initial picture: recolored is the content, each region with mean and covariance of its style's colors, and the content loss compares with it
    too; or as for gatys."""
    ratio: float = 0.1
    realism: Annotated[float, Between(0)] = 1.0
    """Weight of the matting Laplacian: how closely windows of the picture have to be affine functions of the content."""
    smoothing: Annotated[int, Between(0, 256)] = 8
    """Half the side, pixels, of the windows of the last local-affine smoothing; 0: none."""

    def first(self, scene: Scene) -> Tensor:
        """Return the picture that a run begins with, of the content's shape (1, 3, H, W)."""
        from vidstyle.optimize.descent import with_noise
        from vidstyle.optimize.photoreal import recolored_regions

        if self.init != RECOLORED:
            return super().first(scene)
        return with_noise(self, recolored_regions(scene))

    def objective(self, perceptual: Perceptual, scene: Scene) -> Objective:
        """Return the objective that a picture of a scene minimizes."""
        from vidstyle.optimize.photoreal import PhotorealObjective

        return PhotorealObjective(perceptual, scene, self)

    def finish(self, painted: Pixels, content: Pixels) -> Pixels:
        """Return a painted picture (H, W, 3) smoothed, with the colors that are asked for."""
        from vidstyle.optimize.photoreal import smooth_affinely

        if self.smoothing:
            painted = smooth_affinely(painted, content, self.smoothing)
        return super().finish(painted, content)


@documented
@dataclass(frozen=True, kw_only=True)
class VideoConfig(GramConfig):
    """Every knob of a run of `vidstyle.optimize.video`; a clip smaller than the size keeps its own."""

    size: int = 384
    steps: int = 100
    """Optimizer steps of a frame, and of each size of a shot's first; each further pass takes half of them."""
    later_steps: Annotated[int | None, Between(1)] = None
    """Optimizer steps of the frames after a shot's first, which begin nearly finished; by default `steps`."""
    temporal: Annotated[float, Between(0)] = 5.0
    """Weight of steadiness (gamma of Ruder et al. 2016, eq. 7). It is the mean squared difference, values in [0, 1]."""
    reach: Annotated[tuple[int, ...], Between(1)] = (1, 2, 4)
    """Distances, in frames, to the earlier frames with which a frame is compared (J of the long-term loss)."""
    passes: Annotated[int, Between(1)] = 1
    """Passes over the clip; the second goes backward."""
    flow: Annotated[str, OneOf(*FLOWS)] = "auto"
    """The optical flow: dis, or raft (torchvision's, slow without a GPU); auto is raft on a GPU where its weights have been downloaded."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.reach or list(self.reach) != sorted(set(self.reach)):
            raise UsageError(f"expected a rising `reach` such as 1,2,4, got {self.reach}")
