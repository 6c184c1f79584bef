"""What the tests of optimization share."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from vidstyle.nets.perceptual import Perceptual


@pytest.fixture(scope="session")
def perceptual():
    """A small perceptual network with random weights."""
    torch.manual_seed(4)
    net = Perceptual((8, 8, 12, 12, 12))
    for module in net.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight)
    return net.eval().requires_grad_(False)
