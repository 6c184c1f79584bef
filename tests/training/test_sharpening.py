"""Unsharp masking within the last convolution."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch

from vidstyle import InputError
from vidstyle.nets.arbitrary import Arbitrary, Shape
from vidstyle.nets.onestyle import OneStyle
from vidstyle.training.sharpening import SIGMA, sharpened

SHAPE = Shape(8, 8, 16, blocks=1, kernels=3)


def _lights(net, frame, style):
    """Return what the cells add up to before any clamp, (H, W, 3)."""
    with torch.no_grad():
        cells = net.frame_net.cells(frame, style)[0]
    _, height, width, _ = cells.shape
    return cells.view(height, width, 2, 2, 3).transpose(1, 2).reshape(2 * height, 2 * width, 3)


@pytest.mark.parametrize("kind", [Arbitrary, OneStyle])
def test_it_is_an_unsharp_mask_of_lightness(kind):
    torch.manual_seed(0)
    net = kind(SHAPE).eval()
    with torch.no_grad():
        for weight in net.frame_net.out.parameters():
            torch.nn.init.normal_(weight)
        net.frame_net.out.bias.zero_()
        of = [net.frame_net.out.weight]
        if kind is Arbitrary:
            of.append(net.frame_net.out.bank.unflatten(-1, (3, 3)))
        for kernels in of:  # of a cell alone, so that no tap is left out; and of lightness alone
            kernels[..., 0, :] = kernels[..., 2, :] = 0
            kernels[..., 0] = kernels[..., 2] = 0
            kernels[..., 4:, :, :, :] = 0
        if kind is OneStyle:
            net.colors.uniform_(0.2, 0.8)
    crisp = kind(SHAPE).eval()
    crisp.load_state_dict(sharpened(net.state_dict(), 0.5))
    frame = torch.nn.functional.avg_pool2d(torch.rand(1, 3, 96, 96), 5, 2, 2)
    style = net.style if kind is OneStyle else net.style_encoder(torch.rand(1, 3, 96, 96)).detach()
    before, after = (_lights(n, frame, style).numpy() for n in (net, crisp))
    wanted = before + 0.5 * (before - cv2.GaussianBlur(before, (7, 7), SIGMA))
    inside = np.s_[8:-8, 8:-8]
    assert np.abs(wanted - before)[inside].max() > 0.1
    assert np.abs(wanted - after)[inside].max() < 0.02 * np.abs(wanted - before)[inside].max()


def test_even_areas_and_the_period_of_a_cell_stay():
    torch.manual_seed(0)
    net = OneStyle(SHAPE)
    state = net.state_dict()
    crisp = sharpened(state, 0.8)
    old, new = (s["frame_net.out.weight"][:4].sum((2, 3)) for s in (state, crisp))
    assert torch.allclose(new.sum(0), old.sum(0), atol=1e-5)
    net.frame_net.equalize_kernels_()
    sums = sharpened(net.state_dict(), 0.8)["frame_net.out.weight"][:4].sum((2, 3))
    assert torch.allclose(sums, sums[:1].expand_as(sums), atol=1e-5)


def test_nothing_is_nothing_and_others_are_refused():
    state = Arbitrary(SHAPE).state_dict()
    for name, same in sharpened(state, 0).items():
        assert torch.allclose(same, state[name], atol=1e-6), name
    with pytest.raises(InputError, match="another's"):
        sharpened({"trunk": torch.zeros(1)}, 0.5)
