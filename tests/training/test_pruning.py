"""Fewer channels at 1/16, of those that weigh most."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from vidstyle import InputError
from vidstyle.nets.arbitrary import Arbitrary, Shape
from vidstyle.nets.onestyle import OneStyle
from vidstyle.training.pruning import pruned

SHAPE = Shape(8, 8, 16, blocks=1, kernels=0, sixteenth=12, coarse_blocks=2)


def test_what_nobody_reads_is_left_out_without_a_trace():
    torch.manual_seed(0)
    net = OneStyle(SHAPE).eval()
    net.affine.data.uniform_(0.5, 1.5)
    silent = torch.tensor([1, 4, 7, 11])
    with torch.no_grad():
        net.frame_net.coarse_up.weight[:, silent] = 0
        for block in net.frame_net.coarse:
            block.conv1.weight[:, silent] = 0
            block.conv2.weight[:, silent] = 0  # inside, the same ones
    small = pruned(net, 8).eval()
    assert small.shape.sixteenth == 8
    frame = torch.rand(1, 3, 64, 96)
    with torch.no_grad():
        found, wanted = (n.frame_net(frame, n.style)[0] for n in (small, net))
    assert torch.allclose(found, wanted, atol=1e-5)


def test_any_style_is_pruned_like_one():
    torch.manual_seed(1)
    net = Arbitrary(replace(SHAPE, kernels=3, rank=2), hidden=6).eval()
    torch.nn.init.normal_(net.style_encoder.kernel_head.weight)
    silent = torch.tensor([0, 3, 5, 10])
    with torch.no_grad():
        net.frame_net.coarse_up.weight[:, silent] = 0
        for block in net.frame_net.coarse:
            block.conv1.weight[:, silent] = 0
            block.conv1.right.view(2, -1, 9)[:, silent] = 0
            block.conv2.weight[:, silent] = 0
    small = pruned(net, 8).eval()
    frame, picture = torch.rand(1, 3, 64, 96), torch.rand(1, 3, 64, 64)
    with torch.no_grad():
        assert torch.allclose(small(frame, picture), net(frame, picture), atol=1e-5)


def test_it_has_no_more_than_there_are():
    with pytest.raises(InputError, match="1 to 12 channels"):
        pruned(OneStyle(SHAPE), 13)
