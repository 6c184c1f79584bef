"""One picture from content and styles, by any of the methods."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from vidstyle.errors import InputError, UsageError
from vidstyle.frame import Pixels
from vidstyle.images.colors import (
    LIGHTS,
    light_of,
    match_colors,
    match_histograms,
)
from vidstyle.images.files import MAX_PIXELS
from vidstyle.images.masks import Mask, fitted, lay
from vidstyle.nets.perceptual import Perceptual
from vidstyle.optimize.config import MIN_SIDE, Config
from vidstyle.optimize.descent import (
    Checkpoint,
    Objective,
    PiecewiseObjective,
    StepResult,
    coarse_to_fine,
    scaled,
    scaled_size,
    to_pixels,
    to_tensor,
)
from vidstyle.stylize.style import normalized

_FEATHERED = 128
"""Part of the longest side over which a painting becomes visible inside the edge of a mask."""


@dataclass(frozen=True)
class Region:
    """A region of the picture, and the region of a style that it is painted like."""

    style: int
    """Number of the style."""
    where: Mask | None = None
    """(H, W) of the content, 0 to 1; None: all of it."""
    style_mask: Mask | None = None
    """(H, W) of the style; None: all of it."""


@dataclass(frozen=True)
class SceneRegion:
    """A region at one size, its masks as tensors; or the whole picture."""

    style: int
    share: float
    """Share of the region in the style loss, 0 to 1."""
    where: Tensor | None = None
    """(1, 1, H, W); None: everywhere."""
    style_mask: Tensor | None = None
    """(1, 1, H, W); None: all of the style."""


@dataclass(frozen=True)
class Scene:
    """The content, styles and regions of an objective, at one size."""

    content: Tensor
    """(1, 3, H, W) in [0, 1]."""
    styles: list[Tensor]
    """(1, 3, h, w) in [0, 1], each of its own size."""
    regions: list[SceneRegion]
    shares: Sequence[float] = ()
    """Of the styles; empty: equal ones."""


def paint_picture(
    content: Pixels,
    styles: Sequence[Pixels],
    perceptual: Perceptual,
    config: Config,
    *,
    shares: Sequence[float] | None = None,
    regions: Sequence[Region] = (),
    resume: Checkpoint | None = None,
    device: torch.device | str = "cpu",
    on_step: Callable[[StepResult], None] | None = None,
) -> Pixels:
    """Paint a picture in the style of others.

    Args:
        content: (H, W, 3) uint8 RGB.
        styles: likewise, of any size.
        perceptual: the perceptual network; see `vidstyle.zoo.features`.
        config: the knobs; its class chooses the method.
        shares: of the styles, of any sum; None: equal ones.
        regions: where each style is painted; none: every style everywhere. What no region covers is content
            alone. A region's pull grows with its size.
        resume: go on there.
        device: a torch device.
        on_step: called after every step.

    Returns:
        (h, w, 3) uint8, its longest side `config.size`.

    Raises:
        UsageError: no style, shares that do not fit; a result too large to be read again; or a picture to go on with that does not.
        InputError: pictures or masks that do not fit.
        TrainingError: the loss is not finite.
    """
    weights = normalized(shares, len(styles))
    for picture in (content, *styles):
        if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] != 3:
            raise InputError(
                f"expected uint8 pictures (H, W, 3), got {picture.dtype} {picture.shape}"
            )
    check_regions(regions, content, styles)
    perceptual = perceptual.to(device)
    shown, shown_styles = recolored(content, styles, config.colors)

    def pieces(side: int) -> int:
        return config.pieces(*scaled_size(content, side))

    def make(side: int) -> tuple[Tensor, Objective | PiecewiseObjective]:
        scene = Scene(
            to_tensor(scaled(shown, side), device),
            [
                to_tensor(scaled(style, n), device)
                for style, n in zip(
                    shown_styles, style_sides(config, side, len(shown_styles)), strict=True
                )
            ],
            [],
            weights,
        )
        scene.regions.extend(scene_regions(regions, weights, scene))
        return config.first(scene), config.objective(perceptual, scene)

    height, width = scaled_size(content, config.size)
    if height * width > MAX_PIXELS:
        raise UsageError(
            f"expected a result of {MAX_PIXELS} pixels at most, got {width}x{height}; take a smaller `size`"
        )
    sizes = [s for s in config.sizes if min(scaled_size(content, s)) >= MIN_SIDE]
    if config.size not in sizes:
        raise InputError(
            f"expected sides of {MIN_SIDE} pixels at least, got {width}x{height}; take a larger `size`"
        )
    painted = to_pixels(
        coarse_to_fine(config, sizes, make, pieces=pieces, resume=resume, on_step=on_step)
    )
    whole = scaled(content, config.size)
    return laid_over(whole, config.finish(painted, whole), regions)


def laid_over(content: Pixels, painted: Pixels, regions: Sequence[Region]) -> Pixels:
    """Lay what is painted over the content, both (H, W, 3): to the bit that is what shows where no region is."""
    masks = [r.where for r in regions if r.where is not None]
    if not masks or len(masks) < len(regions):
        return painted
    height, width = content.shape[:2]
    covered = fitted(np.minimum(sum(masks), np.float32(1)), height, width)
    if covered.min() == 1:
        return painted
    soft = fitted(covered, height, width, feather=max(height, width) / _FEATHERED)
    return lay(content, painted, np.minimum(covered, soft))


def style_sides(config: Config, side: int, styles: int) -> list[int]:
    """Return the longest sides of so many styles for a result of a longest side.

    Raises:
        UsageError: there are not as many scales as styles.
    """
    scales = config.style_scale
    if len(scales) not in {1, styles}:
        raise UsageError(
            f"expected one style scale, or one for each of {styles} styles, got {len(scales)}"
        )
    return [round(side * s) for s in (scales if len(scales) == styles else scales * styles)]


def check_regions(regions: Sequence[Region], content: Pixels, styles: Sequence[Pixels]) -> None:
    """Raise an InputError unless masks have the sizes of their pictures, and hold something."""
    for region in regions:
        if not 0 <= region.style < len(styles):
            raise UsageError(
                f"expected regions of {len(styles)} styles, got one of number {region.style}"
            )
        for mask, picture in ((region.where, content), (region.style_mask, styles[region.style])):
            if mask is not None and mask.shape != picture.shape[:2]:
                raise InputError(
                    f"expected a mask like its picture, {picture.shape[:2]}, got {mask.shape}"
                )
            if mask is not None and not mask.max() > 0:
                raise InputError("a mask is all black: nothing of its picture is meant")


def recolored(
    content: Pixels, styles: Sequence[Pixels], colors: str
) -> tuple[Pixels, list[Pixels]]:
    """Return content and styles with the colors that they are to be compared in."""
    if colors == "linear":
        return content, [match_colors(style, content) for style in styles]
    if colors == "histogram":
        return content, [match_histograms(style, content) for style in styles]
    if colors in LIGHTS:
        gray = light_of(content, colors)
        return gray, [match_colors(light_of(style, colors), gray) for style in styles]
    return content, list(styles)


def scene_regions(
    regions: Sequence[Region], shares: Sequence[float], scene: Scene
) -> list[SceneRegion]:
    """Return regions at the size of a scene; without any each style is everywhere, with its share."""
    if not regions:
        return [SceneRegion(n, share) for n, share in enumerate(shares)]

    def small(mask: Mask | None, picture: Tensor) -> Tensor | None:
        if mask is None:
            return None
        # On the CPU: MPS averages only areas that are all of one size.
        whole = torch.from_numpy(mask)[None, None]
        return F.interpolate(whole, picture.shape[2:], mode="area").to(picture)

    scaled_regions = [
        SceneRegion(
            region.style,
            shares[region.style] * (1.0 if region.where is None else float(region.where.mean())),
            small(region.where, scene.content),
            small(region.style_mask, scene.styles[region.style]),
        )
        for region in regions
    ]
    whole = sum(r.share for r in scaled_regions) or 1.0
    return [SceneRegion(r.style, r.share / whole, r.where, r.style_mask) for r in scaled_regions]
