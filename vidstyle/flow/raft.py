"""Optical flow by torchvision's RAFT (Teed and Deng 2020)."""

from __future__ import annotations

from pathlib import Path
from threading import Lock
from typing import Any, cast

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from vidstyle.errors import InputError, MissingPackageError
from vidstyle.flow.types import Finder, Floats
from vidstyle.frame import Pixels

_MULTIPLE, _MIN_SIDE = 8, 128
"""The network's sides, pixels, are a multiple of the first and not less than the second."""


def has_weights() -> bool:
    """Return whether torchvision is here, and the small network's weights where it keeps downloads."""
    try:
        from torchvision.models.optical_flow import Raft_Small_Weights
    except (ImportError, RuntimeError):  # the latter where it was built for another torch
        return False
    name = Path(Raft_Small_Weights.DEFAULT.url).name
    return Path(torch.hub.get_dir(), "checkpoints", name).is_file()


def load_raft(device: torch.device | str = "cpu") -> Finder:
    """Return the small network's flow; see `vidstyle.flow.finder.flow_finder`.

    Raises:
        InputError: the weights cannot be had.
        MissingPackageError: torchvision is missing.
    """
    try:
        from torchvision.models.optical_flow import Raft_Small_Weights, raft_small
    except ImportError as error:
        raise MissingPackageError(
            "flow by raft needs torchvision: pip install torchvision"
        ) from error
    try:
        net = raft_small(weights=Raft_Small_Weights.DEFAULT)
    except OSError as error:
        raise InputError(f"cannot download the weights of RAFT: {error}; try dis") from error
    return finder(net, device)


def finder(net: nn.Module, device: torch.device | str = "cpu") -> Finder:
    """Return the flow by a network that takes two pictures (1, 3, H, W) in [-1, 1], and gives a list of flows."""
    net = net.eval().requires_grad_(False).to(device)
    alone = Lock()  # torchvision's keeps the correlations of the pair that it looks at

    def prepared(frame: Pixels) -> torch.Tensor:
        x = torch.from_numpy(frame).to(device).permute(2, 0, 1)[None].float() / 127.5 - 1
        height, width = frame.shape[:2]
        down, across = (max(_MIN_SIDE, -(-n // _MULTIPLE) * _MULTIPLE) - n for n in (height, width))
        return F.pad(x, (0, across, 0, down), mode="replicate")

    def find(now: Pixels, before: Pixels) -> Floats:
        pair = prepared(now), prepared(before)
        with alone:
            flows: Any = net(*pair)
        height, width = now.shape[:2]
        flow = flows[-1][0, :, :height, :width].permute(1, 2, 0).cpu().numpy()
        return cast(Floats, np.ascontiguousarray(flow))

    return find
