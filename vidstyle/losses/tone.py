"""Tone: where a picture is light and where it is dark."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from vidstyle.nets.layers import widened

_LUMA = (0.2126, 0.7152, 0.0722)
"""Weights of R, G, B (ITU-R BT.709)."""

CELL = 16
"""Side, pixels, of the cells whose mean is compared: larger than a stroke, smaller than a face."""


def luma(x: Tensor) -> Tensor:
    """Return the luma (B, 1, H, W) of pictures (B, 3, H, W), R'G'B' in [0, 1]."""
    weights = torch.tensor(_LUMA, device=x.device).view(1, 3, 1, 1)
    return (widened(x) * weights).sum(1, keepdim=True)


def tone_loss(painted: Tensor, frame: Tensor) -> Tensor:
    """Return 1 minus the correlation of the two pictures' coarse luma, 0 to 2, mean over the batch.

    The perceptual features hardly see slow changes of brightness, so without this a network may
    paint a light wall dark in its middle. A correlation leaves brightness and contrast to the style.

    Args:
        painted: (B, 3, H, W).
        frame: (B, 3, H, W), what it was painted from.
    """

    def coarse(x: Tensor) -> Tensor:
        cells = F.avg_pool2d(luma(x), CELL).flatten(1)
        centered = cells - cells.mean(1, keepdim=True)
        return centered / (centered.square().sum(1, keepdim=True) + 1e-4).sqrt()

    return (1 - (coarse(painted) * coarse(frame)).sum(1)).mean()
