"""Growth: a small trained network as the start of a larger one, which then paints nearly the same.

Or of one with fewer residual blocks, which does not, but soon will; or a network of one style as the start of any.
"""

from __future__ import annotations

from dataclasses import astuple, replace

import torch
from torch import nn

from vidstyle.errors import InputError
from vidstyle.nets.arbitrary import Arbitrary, FrameNet
from vidstyle.nets.layers import StyleNorm
from vidstyle.nets.onestyle import OneStyle

_QUIET = -2.66
"""Output of the style encoder's head for the gains of a new block: `bound` turns it into 0.1."""


def _norms(net: FrameNet) -> dict[str, StyleNorm]:
    return {n: m for n, m in net.named_modules() if isinstance(m, StyleNorm)}


@torch.no_grad()
def grow(small: Arbitrary, large: Arbitrary) -> None:
    """Give `large` the weights of `small`, in place, so that it paints nearly the same.

    In the manner of Net2Net (Chen et al., 2016): what is new keeps its random weights, but what was
    there does not listen to it yet. New channels are read with zero weights, and new residual
    blocks speak at a tenth of the usual gain. Blocks of `small` that `large` has no place for are
    left out.

    Raises:
        InputError: `small` has more channels, kernels or hidden numbers somewhere, mixes kernels of rank 1 otherwise
            than `large`, or describes textures and `large` does not.
    """

    def mixes(net: Arbitrary) -> str:
        shape = net.shape
        return f"{shape.kernels} kernels and {shape.rank} of rank 1 in {shape.coarse_blocks} blocks"

    fits = replace(small.shape, blocks=0), replace(large.shape, blocks=0)
    if any(s > n for s, n in zip(*map(astuple, fits), strict=True)):
        raise InputError(f"expected weights of {large.shape} or smaller, got {small.shape}")
    if small.shape.rank and mixes(small) != mixes(large):
        raise InputError(f"expected weights that mix {mixes(large)}, got {mixes(small)}")
    if small.texture > large.texture:
        raise InputError("expected an encoder that describes textures too, got one that does not")
    if small.hidden > large.hidden:
        raise InputError(
            f"expected an encoder of {large.hidden} hidden numbers or fewer, got {small.hidden}"
        )
    own = large.state_dict()  # shares its memory with the parameters
    for name, old in small.state_dict().items():
        if name.startswith("style_encoder.head") or name not in own:
            continue
        new = own[name]
        if new.dim() > 1:
            new[: old.shape[0]] = 0.0  # old outputs do not listen to new inputs
        new[tuple(slice(size) for size in old.shape)] = old
    if large.shape.sixteenth and not small.shape.sixteenth:  # the branch is there, but silent
        nn.init.zeros_(large.frame_net.coarse_up.weight)
        nn.init.zeros_(large.frame_net.coarse_up.bias)  # type: ignore[arg-type]
    _grow_head(small, large)


_INSIDE = 0.999
"""Share of a bound that a gain or shift reaches at most where it is turned back into the head's output."""


@torch.no_grad()
def widen(one: OneStyle, net: Arbitrary) -> None:
    """Give an any-style network the strokes of a network of one style, in place: the start of a training.

    Every style is painted as that one at first, in its own colors; the head's random weights, a tenth of
    what they were, tell styles apart from the first step on.

    Raises:
        InputError: the frame nets have other shapes.
    """
    if net.shape.one_style != one.shape:
        raise InputError(f"expected weights of {net.shape.one_style}, got {one.shape}")
    net.frame_net.load_state_dict(one.frame_net.state_dict(), strict=False)  # the banks stay random
    head = net.style_encoder.head
    head.weight.mul_(0.1)
    head.bias.copy_(net.style_encoder.unbound(one.affine, _INSIDE)[0])


def _grow_head(small: Arbitrary, large: Arbitrary) -> None:
    """Copy the rows of the gains and shifts that both networks have."""
    old, new = small.style_encoder.head, large.style_encoder.head
    there: dict[str, tuple[int, int]] = {}
    at = 0
    for name, norm in _norms(small.frame_net).items():
        there[name] = (at, norm.channels)
        at += 2 * norm.channels
    at_new = 0
    for name, norm in _norms(large.frame_net).items():
        taken, known = there.get(name, (0, 0))
        for part in range(2):  # gains, shifts
            row = at_new + part * norm.channels
            rows = slice(taken + part * known, taken + (part + 1) * known)
            new.weight[row : row + known] = 0.0
            new.weight[row : row + known, : old.in_features] = old.weight[rows]
            new.bias[row : row + known] = old.bias[rows]
        if not known and name.endswith("norm2") and not name.startswith("coarse"):
            _silence(new, slice(at_new, at_new + norm.channels))
        at_new += 2 * norm.channels


def _silence(head: nn.Linear, gains: slice) -> None:
    head.weight[gains] = 0.0
    head.bias[gains] = _QUIET
