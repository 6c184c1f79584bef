"""Pruning: a network with fewer channels at 1/16, which paints nearly the same after a few steps of training.

`python -m vidstyle.training.pruning IN.safetensors OUT.safetensors CHANNELS`. The channels that weigh most stay: what
reads them, times their gains (structured pruning by magnitude, Li et al. 2017, "Pruning Filters for Efficient ConvNets").
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import Tensor

from vidstyle.errors import InputError
from vidstyle.nets.arbitrary import Arbitrary, FrameNet
from vidstyle.nets.layers import StyleNorm
from vidstyle.nets.onestyle import OneStyle
from vidstyle.nets.weights import load_weights
from vidstyle.training.checkpoint import shipped_weights
from vidstyle.training.script import run_script

_STREAM = ("coarse_norm", "norm2")
"""Ends of the names of what normalizes the stream at 1/16, and not the inside of a block."""


@torch.no_grad()
def pruned(net: OneStyle | Arbitrary, channels: int) -> OneStyle | Arbitrary:
    """Return a network with so many channels at 1/16.

    Of any style, the gains are those of the style that is described by the means of all descriptions.

    Raises:
        InputError: it has fewer.
    """
    if not 0 < channels <= net.shape.sixteenth:
        raise InputError(f"expected 1 to {net.shape.sixteenth} channels at 1/16, got {channels}")
    shape = replace(net.shape, sixteenth=channels)
    state = dict(net.state_dict())
    if isinstance(net, OneStyle):
        kept = _prune(net.frame_net, net.affine[0], channels, state)
        state["affine"] = net.affine[:, kept]
        small: OneStyle | Arbitrary = OneStyle(shape)
    else:
        encoder = net.style_encoder
        mean = encoder.bound(encoder.head(F.relu(encoder.trunk.bias))[None])[0]
        kept = _prune(net.frame_net, mean, channels, state)
        for name in ("weight", "bias"):
            state[f"style_encoder.head.{name}"] = state[f"style_encoder.head.{name}"][kept]
        small = Arbitrary(shape, hidden=net.hidden, texture=net.texture)
    small.load_state_dict(state)
    return small


def _prune(net: FrameNet, affine: Tensor, channels: int, state: dict[str, Tensor]) -> Tensor:
    """Prune the weights of a frame net in a state in place; return which gains and shifts stay, of those of `affine`."""
    norms = [(n, m.channels) for n, m in net.named_modules() if isinstance(m, StyleNorm)]
    split = torch.split(affine, [2 * count for _, count in norms])
    gains = {name: part.chunk(2)[0].abs() for (name, _), part in zip(norms, split, strict=True)}
    blocks = range(net.shape.coarse_blocks)

    def most(weights: Tensor) -> Tensor:
        return weights.topk(channels).indices.sort().values

    read = net.coarse_up.weight[:, :, 0, 0].norm(dim=0)
    spoken = [gains[n] for n in ("coarse_norm", *(f"coarse.{b}.norm2" for b in blocks))]
    stream = most(read * torch.stack(spoken).sum(0))
    inside = []
    for number in blocks:
        weight = net.get_parameter(f"coarse.{number}.conv2.weight")[stream]
        inside.append(
            most(weight.square().sum((0, 2, 3)) * gains[f"coarse.{number}.norm1"].square())
        )

    for name in ("coarse_down.weight", "coarse_down.bias"):
        state[f"frame_net.{name}"] = state[f"frame_net.{name}"][stream]
    state["frame_net.coarse_up.weight"] = state["frame_net.coarse_up.weight"][:, stream]
    for number, inner in enumerate(inside):
        for conv, outputs, inputs in (("conv1", inner, stream), ("conv2", stream, inner)):
            name = f"frame_net.coarse.{number}.{conv}"
            state[f"{name}.weight"] = state[f"{name}.weight"][outputs][:, inputs]
            state[f"{name}.bias"] = state[f"{name}.bias"][outputs]
        if net.shape.rank:
            name = f"frame_net.coarse.{number}.conv1"
            state[f"{name}.left"] = state[f"{name}.left"][inner]
            by_input = state[f"{name}.right"].view(net.shape.rank, -1, 9)
            state[f"{name}.right"] = by_input[:, stream].flatten(1)
    stays, at = [], 0
    for name, count in norms:
        kept = torch.arange(count)
        if name.startswith("coarse"):
            kept = stream if name.endswith(_STREAM) else inside[int(name.split(".")[1])]
        stays += [at + kept, at + count + kept]
        at += 2 * count
    return torch.cat(stays)


def main(source: Path, target: Path, channels: int) -> None:
    """Prune a network in a file."""
    weights = load_weights(source)
    kind = OneStyle if "affine" in weights else Arbitrary
    save_file(shipped_weights(pruned(kind.from_shipped(weights), channels).state_dict()), target)


if __name__ == "__main__":
    run_script(main)
