"""The frame net of a style, with the style that it paints in."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from vidstyle.errors import UsageError
from vidstyle.runtime.compute import Compute
from vidstyle.selection import StyleSource, load_wished, read_style
from vidstyle.stylize.style import StyleOptions
from vidstyle.zoo import catalog
from vidstyle.zoo.names import IDENTITY, PHOTOREAL

if TYPE_CHECKING:
    from torch import Tensor

    from vidstyle.nets.arbitrary import FrameNet


def check_network(name: str | Path) -> None:
    """Refuse a model that asks no network.

    Raises:
        UsageError: it does not.
    """
    if name in (IDENTITY, PHOTOREAL):
        raise UsageError(f"{name} asks no network: there is nothing to export")


def any_style_net(name: str | Path) -> FrameNet:
    """Return the frame net of an any-style model."""
    from vidstyle.nets.arbitrary import Arbitrary
    from vidstyle.runtime.torch_engine import load_network

    files = catalog.find(str(name))
    net = load_network(files.verified(files.weights))
    assert isinstance(net, Arbitrary)  # noqa: S101 - its name is known
    return net.frame_net


def style_net(
    name: str | Path, pictures: list[StyleSource], how: StyleOptions
) -> tuple[FrameNet, Tensor]:
    """Return a frame net that paints in one style alone, and that style (1, S).

    Args:
        name: of the model.
        pictures: the style, where the model takes pictures; several are mixed.
        how: how they are read.
    """
    import torch

    from vidstyle.nets.arbitrary import Arbitrary
    from vidstyle.nets.onestyle import OneStyle
    from vidstyle.runtime.torch_engine import load_network

    files = catalog.find_style(str(name)) or catalog.find(str(name))
    with load_wished(name, Compute(device="torch-cpu")) as model:
        style = read_style(model, pictures, how)
    net = load_network(files.verified(files.weights))
    if isinstance(net, Arbitrary) and style is not None:
        net = OneStyle.of_vector(net.frame_net, torch.from_numpy(style.values)[None])
    assert isinstance(net, OneStyle)  # noqa: S101 - without a picture it is of one style
    net.requires_grad_(False)
    return net.frame_net, net.style
