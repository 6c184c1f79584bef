"""The size of the any-style network, known without torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated

from vidstyle.errors import InputError
from vidstyle.fields import Between, documented

if TYPE_CHECKING:
    from torch import Tensor

MULTIPLE = 8
"""Height and width of a frame must be multiples of this; pad by reflection, crop back."""


@documented
@dataclass(frozen=True)
class Shape:
    """Size of a `FrameNet`."""

    half: int = 16
    """Channels at 1/2 of the resolution."""
    quarter: int = 32
    """Channels at 1/4."""
    eighth: int = 96
    """Channels at 1/8."""
    blocks: Annotated[int, Between(1)] = 2
    """Residual blocks at 1/8."""
    kernels: Annotated[int, Between(0)] = 32
    """Kernels that a style mixes, in each of two convolutions (see `StyleConv`)."""
    sixteenth: Annotated[int, Between(0)] = 0
    """Channels at 1/16; 0: there is no such branch."""
    coarse_blocks: Annotated[int, Between(0)] = 0
    """Residual blocks at 1/16."""
    rank: Annotated[int, Between(0)] = 0
    """Kernels of rank 1 that a style mixes, in the first convolution of each residual block at 1/16 (see `LowRankConv`)."""

    @classmethod
    def of(cls, state: Mapping[str, Tensor]) -> Shape:
        """Read the shape from the weights of an `Arbitrary`.

        Raises:
            InputError: they are another network's.
        """
        try:
            half, quarter, eighth = (
                state[f"frame_net.{name}.weight"].shape[0] for name in ("stem", "down1", "down2")
            )
        except KeyError:
            raise InputError(
                "expected the weights of an any-style network, got another's"
            ) from None
        blocks = sum(".far." in n and ".conv1.w" in n for n in state)
        bank = state.get("frame_net.out.bank")
        down = state.get("frame_net.coarse_down.weight")
        left = state.get("frame_net.coarse.0.conv1.left")
        return cls(
            *(half, quarter, eighth, blocks),
            kernels=0 if bank is None else len(bank),
            sixteenth=0 if down is None else len(down),
            coarse_blocks=sum(".coarse." in n and ".conv1.w" in n for n in state),
            rank=0 if left is None else left.shape[1],
        )

    @property
    def one_style(self) -> Shape:
        """The same without what a style mixes: the shape of a network of one style."""
        return replace(self, kernels=0, rank=0)

    @property
    def stride(self) -> int:
        """Pixels between neighbors of the coarsest layer: the period of patterns that stick to the grid."""
        return 16 if self.sixteenth else 8
