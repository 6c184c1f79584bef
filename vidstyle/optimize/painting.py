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
from vidstyle.images.masks import Mask
from vidstyle.nets.perceptual import Perceptual
from vidstyle.optimize.config import LEAST, Config
from vidstyle.optimize.descent import (
    Halt,
    Objective,
    Step,
    coarse_to_fine,
    scaled,
    scaled_size,
    to_pixels,
    to_tensor,
)
from vidstyle.stylize.style import normalized


@dataclass(frozen=True)
class Area:
    """A part of the picture, and the part of a style that it is to be like."""

    style: int
    """Number of the style."""
    where: Mask | None = None
    """(H, W) of the content, 0 to 1; None: all of it."""
    like: Mask | None = None
    """(H, W) of the style; None: all of it."""


@dataclass(frozen=True)
class Region:
    """An area at one size, for tensors; or the whole picture."""

    style: int
    share: float
    """Of the style loss."""
    where: Tensor | None = None
    """(1, 1, H, W); None: everywhere."""
    like: Tensor | None = None
    """(1, 1, H, W); None: all of the style."""


@dataclass(frozen=True)
class Scene:
    """What an objective is made of, at one size."""

    content: Tensor
    """(1, 3, H, W) in [0, 1]."""
    styles: list[Tensor]
    """Likewise, each of its own size."""
    regions: list[Region]


def paint_picture(
    content: Pixels,
    styles: Sequence[Pixels],
    eyes: Perceptual,
    config: Config,
    *,
    shares: Sequence[float] | None = None,
    areas: Sequence[Area] = (),
    resume: Halt | None = None,
    device: torch.device | str = "cpu",
    on_step: Callable[[Step], None] | None = None,
) -> Pixels:
    """Paint a picture in the style of others.

    Args:
        content: (H, W, 3) uint8 RGB.
        styles: likewise, of any size.
        eyes: the perceptual network; see `vidstyle.zoo.features`.
        config: the knobs; its class chooses the method.
        shares: of the styles, of any sum; None: equal ones.
        areas: where each style is painted; none: every style everywhere. What no area covers is content
            alone. An area's pull grows with its size.
        resume: go on there.
        device: a torch device.
        on_step: told of every step.

    Returns:
        (h, w, 3) uint8, its longest side `config.size`.

    Raises:
        UsageError: no style, shares that do not fit; a picture to go on with that does not.
        InputError: pictures or masks that do not fit.
        TrainingError: the loss is not finite.
    """
    weights = normalized(shares, len(styles))
    for picture in (content, *styles):
        if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] != 3:
            raise InputError(
                f"expected uint8 pictures (H, W, 3), got {picture.dtype} {picture.shape}"
            )
    check_areas(areas, content, styles)
    eyes = eyes.to(device)
    shown, likes = recolored(content, styles, config.colors)

    def make(side: int) -> tuple[Tensor, Objective]:
        scene = Scene(
            to_tensor(scaled(shown, side), device),
            [
                to_tensor(scaled(like, n), device)
                for like, n in zip(likes, style_sides(config, side, len(likes)), strict=True)
            ],
            [],
        )
        scene.regions.extend(_regions(areas, weights, scene))
        return config.first(scene), config.objective(eyes, scene)

    sizes = [s for s in config.sizes if min(scaled_size(content, s)) >= LEAST]
    if config.size not in sizes:
        height, width = scaled_size(content, config.size)
        raise InputError(
            f"expected sides of {LEAST} pixels at least, got {width}x{height}; take a larger `size`"
        )
    painted = to_pixels(coarse_to_fine(config, sizes, make, resume=resume, on_step=on_step))
    return config.finish(painted, scaled(content, config.size))


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


def check_areas(areas: Sequence[Area], content: Pixels, styles: Sequence[Pixels]) -> None:
    """Raise an InputError unless masks have the sizes of their pictures, and hold something."""
    for area in areas:
        if not 0 <= area.style < len(styles):
            raise UsageError(
                f"expected areas of {len(styles)} styles, got one of number {area.style}"
            )
        for mask, picture in ((area.where, content), (area.like, styles[area.style])):
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


def _regions(areas: Sequence[Area], shares: Sequence[float], scene: Scene) -> list[Region]:
    if not areas:
        return [Region(n, share) for n, share in enumerate(shares)]

    def small(mask: Mask | None, like: Tensor) -> Tensor | None:
        if mask is None:
            return None
        # On the CPU: MPS averages only areas that are all of one size.
        whole = torch.from_numpy(mask)[None, None]
        return F.interpolate(whole, like.shape[2:], mode="area").to(like)

    regions = [
        Region(
            area.style,
            shares[area.style] * (1.0 if area.where is None else float(area.where.mean())),
            small(area.where, scene.content),
            small(area.like, scene.styles[area.style]),
        )
        for area in areas
    ]
    whole = sum(r.share for r in regions) or 1.0
    return [Region(r.style, r.share / whole, r.where, r.like) for r in regions]
