"""Reconstructions of a picture from the layers of a perceptual network, which show what each keeps.

The classical figures: content from single layers (Gatys, Ecker and Bethge 2016, figure 1, after Mahendran and
Vedaldi 2015), texture from growing sets of layers (figure 1; Gatys et al. 2015, "Texture Synthesis"), and both
weights against layers (figures 4 and 5).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch

from vidstyle.frame import Pixels
from vidstyle.nets.perceptual import LAYERS, Perceptual
from vidstyle.optimize.config import GatysConfig
from vidstyle.optimize.descent import StepResult, scaled
from vidstyle.optimize.painting import paint_picture

KINDS = ("content", "style", "grid")

RATIOS = (1e-3, 1e-2, 1e-1, 1.0)
"""Content weight over style weight in the columns of the grid."""


@dataclass(frozen=True)
class Panel:
    """One reconstruction in a figure."""

    title: str
    config: GatysConfig


def panels(kind: str, size: int, steps: int) -> list[list[Panel]]:
    """Return the rows of a figure: one of `KINDS`."""
    noise: dict[str, object] = {"size": size, "steps": steps, "init": "noise"}
    if kind == "content":
        configs = [
            GatysConfig(content_layers={layer: 1.0}, style_layers={}, ratio=1.0, **noise)  # type: ignore[arg-type]
            for layer in LAYERS
        ]
        return [[Panel(f"{la}", config) for la, config in zip(LAYERS, configs, strict=True)]]
    growing = [LAYERS[: n + 1] for n in range(len(LAYERS))]
    if kind == "style":
        return [
            [
                Panel(
                    f"to {layers[-1]}",
                    GatysConfig(
                        content_layers={},
                        style_layers=dict.fromkeys(layers, 1 / len(layers)),
                        ratio=0.0,
                        **noise,  # type: ignore[arg-type]
                    ),
                )
                for layers in growing
            ]
        ]
    return [
        [
            Panel(
                f"to {layers[-1]}, {ratio:g}",
                GatysConfig(
                    style_layers=dict.fromkeys(layers, 1 / len(layers)),
                    ratio=ratio,
                    **noise,  # type: ignore[arg-type]
                ),
            )
            for ratio in RATIOS
        ]
        for layers in growing
    ]


def reconstruct(
    picture: Pixels,
    perceptual: Perceptual,
    kind: str,
    *,
    style: Pixels | None = None,
    size: int = 256,
    steps: int = 200,
    device: torch.device | str = "cpu",
    on_step: Callable[[str, StepResult], None] | None = None,
) -> list[list[tuple[str, Pixels]]]:
    """Make the rows of a figure.

    Args:
        picture: (H, W, 3) uint8 RGB: the picture to reconstruct; of a grid the content.
        perceptual: the perceptual network.
        kind: one of `KINDS`.
        style: of a grid.
        size: longest side of each picture.
        steps: optimizer steps of each.
        device: a torch device.
        on_step: called after every step of every panel, with its title.
    """
    gray = np.full_like(scaled(picture, size), 128)
    style_picture = {
        "content": gray,
        "style": picture,
        "grid": picture if style is None else style,
    }[kind]
    rows: list[list[tuple[str, Pixels]]] = []
    for row in panels(kind, size, steps):
        rows.append([])
        for panel in row:
            report = partial(on_step, panel.title) if on_step else None
            made = paint_picture(
                picture, [style_picture], perceptual, panel.config, device=device, on_step=report
            )
            rows[-1].append((panel.title, made))
    return rows


def sheet(rows: Sequence[Sequence[tuple[str, Pixels]]], gap: int = 4) -> Pixels:
    """Lay pictures of one size out in rows, white between them."""
    height, width, _ = rows[0][0][1].shape
    across = max(len(row) for row in rows)
    whole = np.full(
        (len(rows) * (height + gap) - gap, across * (width + gap) - gap, 3), 255, np.uint8
    )
    for y, row in enumerate(rows):
        for x, (_, made) in enumerate(row):
            top, left = y * (height + gap), x * (width + gap)
            whole[top : top + height, left : left + width] = made
    return whole
