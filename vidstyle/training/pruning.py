"""Pruning: a network of one style with fewer channels at 1/16, which paints nearly the same after a few steps of training.

`python -m vidstyle.training.pruning IN.safetensors OUT.safetensors CHANNELS`. The channels that weigh most stay: what
reads them, times their gains (structured pruning by magnitude, Li et al. 2017, "Pruning Filters for Efficient ConvNets").
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor

from vidstyle.errors import InputError
from vidstyle.nets.layers import StyleNorm
from vidstyle.nets.onestyle import OneStyle
from vidstyle.nets.weights import load_weights
from vidstyle.training.checkpoint import shipped_weights

_STREAM = ("coarse_norm", "norm2")
"""Ends of the names of what normalises the stream at 1/16, and not the inside of a block."""


@torch.no_grad()
def pruned(net: OneStyle, channels: int) -> OneStyle:
    """Return a network with so many channels at 1/16.

    Raises:
        InputError: it has fewer.
    """
    if not 0 < channels <= net.shape.sixteenth:
        raise InputError(f"expected 1 to {net.shape.sixteenth} channels at 1/16, got {channels}")
    norms = [(n, m.channels) for n, m in net.frame_net.named_modules() if isinstance(m, StyleNorm)]
    split = torch.split(net.affine[0], [2 * count for _, count in norms])
    affines = {name: part.chunk(2) for (name, _), part in zip(norms, split, strict=True)}
    blocks = range(net.shape.coarse_blocks)

    def most(weights: Tensor) -> Tensor:
        return weights.topk(channels).indices.sort().values

    read = net.frame_net.coarse_up.weight[:, :, 0, 0].norm(dim=0)
    gains = [affines[n][0].abs() for n in ("coarse_norm", *(f"coarse.{b}.norm2" for b in blocks))]
    stream = most(read * torch.stack(gains).sum(0))
    inside = []
    for number in blocks:
        weight = net.frame_net.get_parameter(f"coarse.{number}.conv2.weight")[stream]
        inside.append(
            most(weight.square().sum((0, 2, 3)) * affines[f"coarse.{number}.norm1"][0].square())
        )

    state = dict(net.state_dict())
    for name in ("coarse_down.weight", "coarse_down.bias"):
        state[f"frame_net.{name}"] = state[f"frame_net.{name}"][stream]
    state["frame_net.coarse_up.weight"] = state["frame_net.coarse_up.weight"][:, stream]
    for number, inner in enumerate(inside):
        for conv, outputs, inputs in (("conv1", inner, stream), ("conv2", stream, inner)):
            name = f"frame_net.coarse.{number}.{conv}"
            state[f"{name}.weight"] = state[f"{name}.weight"][outputs][:, inputs]
            state[f"{name}.bias"] = state[f"{name}.bias"][outputs]
    parts = []
    for name, count in norms:
        kept = torch.arange(count)
        if name.startswith("coarse"):
            kept = stream if name.endswith(_STREAM) else inside[int(name.split(".")[1])]
        parts += [part[kept] for part in affines[name]]
    state["affine"] = torch.cat(parts)[None]
    small = OneStyle(replace(net.shape, sixteenth=channels))
    small.load_state_dict(state)
    return small


def main(source: Path, target: Path, channels: int) -> None:
    """Prune a network in a file."""
    net = pruned(OneStyle.from_shipped(load_weights(source)), channels)
    save_file(shipped_weights(net.state_dict()), target)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
