"""Sharpening: a network that paints as before, but with crisper strokes, at no arithmetic.

`python -m vidstyle.training.sharpening IN.safetensors OUT.safetensors AMOUNT`. Unsharp masking of the painting's lightness is a
convolution behind the last one, so both become one. The losses of a training see crops as large as they are painted, and leave
edges softer than a style picture's that is scaled down as a viewer sees it (docs/experiments/any_style.md).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import Tensor

from vidstyle.errors import InputError
from vidstyle.nets.palette import CELL
from vidstyle.nets.weights import load_weights
from vidstyle.training.script import run_script

SIGMA = 1.0
"""Standard deviation, pixels, of the Gaussian that is subtracted."""

_RADIUS = 3
"""Of its kernel, pixels."""

_MARGIN = 2
"""Cells around the three of a kernel into which it is blurred."""


def sharpened(state: Mapping[str, Tensor], amount: float) -> dict[str, Tensor]:
    """Return the weights of a network with `amount` times the difference of lightness to its blurred self added.

    A sharpened kernel would have 7x7 cells; taps beyond 3x3 are added to the nearest ones, so that an even area
    stays as it is.

    Args:
        state: shipped weights, of any style or of one.
        amount: 0 changes nothing.

    Raises:
        InputError: they are another network's.
    """
    if "frame_net.out.weight" not in state:
        raise InputError(
            "expected the weights of an any-style network or of one style, got another's"
        )
    found = dict(state)
    weight = state["frame_net.out.weight"]
    found["frame_net.out.weight"] = _sharpened(weight, amount)
    if (bank := state.get("frame_net.out.bank")) is not None:
        kernels = bank.view(*bank.shape[:-1], *weight.shape[2:])  # (kernels, out, in, 3, 3)
        each = [_sharpened(kernel, amount) for kernel in kernels]
        found["frame_net.out.bank"] = torch.stack(each).flatten(-2)
    return found


def _sharpened(kernel: Tensor, amount: float) -> Tensor:
    """Sharpen the pixels' lightness in the last convolution's kernel (pigments, in, 3, 3)."""
    pixels = CELL * CELL
    # What an input of 1 in one cell adds to the pixels around: (in, 1, 6, 6).
    spread = F.pixel_shuffle(kernel[:pixels].float().flip(2, 3).transpose(0, 1), CELL)
    spread = F.pad(spread, [CELL * _MARGIN] * 4)
    at = torch.arange(-_RADIUS, _RADIUS + 1, device=kernel.device)
    line = torch.exp(-at.square() / (2 * SIGMA**2))
    line = line / line.sum()
    blurred = F.conv2d(spread, torch.outer(line, line)[None, None], padding=_RADIUS)
    cells = F.pixel_unshuffle(spread + amount * (spread - blurred), CELL)
    for axis in (2, 3):
        first, middle, last = torch.split(cells, [_MARGIN + 1, 1, _MARGIN + 1], axis)
        cells = torch.cat([first.sum(axis, True), middle, last.sum(axis, True)], axis)
    lights = cells.transpose(0, 1).flip(2, 3).to(kernel.dtype)
    return torch.cat([lights, kernel[pixels:]])


def main(source: Path, target: Path, amount: float) -> None:
    """Sharpen what a network paints; 0.5 is a usual amount."""
    save_file(
        {n: t.contiguous() for n, t in sharpened(load_weights(source), amount).items()}, target
    )


if __name__ == "__main__":
    run_script(main)
