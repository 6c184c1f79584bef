"""Statistics of whole frames, held while a network learns on small patches, which have none of their own.

Measured anew every few steps they would lag behind the weights, which would come to rely on the lag; measured of patches they would
be noise. Held, a normalization is a factor and a summand a channel like any other, and at the end gains and shifts take up what has
changed.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence

import torch
from torch import Tensor

from vidstyle.nets.onestyle import OneStyle
from vidstyle.training.patches import Shot, cropped, unit

_FRAMES, _PIXELS = 4, 2**21
"""Frames of a shot of which its statistics are the mean, and about as many pixels of them."""


class HeldStatistics:
    """By which the frames of each shot are normalized while a network learns."""

    def __init__(self, net: OneStyle, shots: Sequence[Shot], home: int) -> None:
        """Measure them.

        Args:
            net: as it begins.
            shots: of the clip.
            home: the shot whose statistics do not change; those of the others follow the weights.
        """
        self._shots, self._home = shots, home
        self.of = [_described(net, shot) for shot in shots]
        """(1, T) of each shot."""

    @torch.no_grad()
    def settled(self, net: OneStyle) -> OneStyle:
        """Return a network that paints with the shots' own statistics as one that has learned does with the held ones."""
        return self._settled(net)[0]

    @torch.no_grad()
    def follow(self, net: OneStyle) -> None:
        """Measure those of the other shots anew, as far as they have moved otherwise than those of the home."""
        if len(self._shots) == 1:
            return
        settled, own = self._settled(net)
        held = self.of[self._home]
        for number, shot in enumerate(self._shots):
            if number != self._home:
                parts = (_split(net, x) for x in (held, own, _described(settled, shot)))
                moved = []
                for (mean, std), (now, wide), (other, wide_other) in zip(*parts, strict=True):
                    scale = wide_other * std / wide
                    moved += [other - (now - mean) * scale / std, scale]
                self.of[number] = torch.cat(moved, 1)

    def _settled(self, net: OneStyle) -> tuple[OneStyle, Tensor]:
        """Return the network, and the statistics of its home."""
        held = self.of[self._home]
        own = _described(net, self._shots[self._home], held)
        settled = copy.deepcopy(net)
        parts = (_split(net, x) for x in (net.affine, held, own))
        affine = []
        for (gain, shift), (mean, std), (now, wide) in zip(*parts, strict=True):
            affine += [gain * wide / std, shift + gain * (now - mean) / std]
        settled.affine.copy_(torch.cat(affine, 1))
        return settled, own


@torch.no_grad()
def _described(net: OneStyle, shot: Shot, held: Tensor | None = None) -> Tensor:
    """Return the mean of the statistics (1, T) of some frames, each normalized with its own, or with those that are held."""
    frames = shot.frames
    count = max(1, min(_FRAMES, _PIXELS // frames[0][0].numel()))
    device = net.affine.device
    weight = None if held is None else torch.ones(1, device=device)
    own = []
    for frame in frames[:: -(-len(frames) // count)]:
        x = cropped(unit(frame[None].to(device)))
        own.append(net.frame_net(x, net.style, held, weight)[1])
    return torch.stack(own).mean(0)


def _split(net: OneStyle, values: Tensor) -> list[tuple[Tensor, Tensor]]:
    """Return the halves (1, C) of each normalization: means and deviations, or gains and shifts."""
    sizes = [channels for channels in net.frame_net.norm_channels for _ in range(2)]
    each = iter(torch.split(values, sizes, dim=1))
    return list(zip(each, each, strict=True))
