from __future__ import annotations

import torch

from vidstyle.nets.palette import PIGMENTS, cells_to_image, mix, palette


def picture(seed):
    generator = torch.Generator().manual_seed(seed)
    spread = torch.randn(3, 3, generator=generator) * 0.1
    pixels = spread @ torch.randn(3, 40 * 50, generator=generator) + torch.tensor([[0.5]])
    return pixels.view(1, 3, 40, 50)


def cell(lights, hues, colors):
    """Mix one cell; return its four pixels, (4, 3)."""
    return mix(torch.tensor([*lights, *hues]).view(1, 1, 1, PIGMENTS), colors).view(4, 3)


def test_standard_pigments_take_on_mean_and_covariance():
    style = torch.cat([picture(1), picture(2)])
    colors = palette(style)
    generator = torch.Generator().manual_seed(5)
    pigments = 0.3 * torch.randn(2, 60, 60, PIGMENTS, generator=generator)
    mixed = cells_to_image(mix(pigments, colors)).flatten(1, 2).transpose(1, 2)  # (B, 3, H*W)
    expected = style.flatten(2)
    assert torch.allclose(mixed.mean(2), expected.mean(2), atol=0.01)
    for got, target in zip(mixed, expected, strict=True):
        # The pigments have a deviation of 0.3, so the covariance is 0.09 of the picture's.
        assert torch.allclose(torch.cov(got), 0.09 * torch.cov(target), atol=6e-4)


def test_the_first_pigments_are_the_lightness_of_each_pixel():
    colors = palette(picture(3))
    plain = cell([0, 0, 0, 0], [0, 0], colors)
    assert torch.allclose(plain, colors[:, :3].expand(4, 3))
    one = cell([0, 0, 1, 0], [0, 0], colors)
    assert one[2].mean() > plain[2].mean() + 0.05
    assert torch.equal(one[[0, 1, 3]], plain[[0, 1, 3]])


def test_a_cell_shares_its_hue_and_hue_leaves_lightness_alone():
    colors = palette(picture(3))
    for hues in ([1.0, 0.0], [0.0, 1.0]):
        pixels = cell([0, 0, 0, 0], hues, colors)
        assert torch.equal(pixels, pixels[:1].expand(4, 3))
        assert torch.allclose(pixels.mean(), colors[:, :3].mean(), atol=1e-4)


def test_a_gray_picture_has_a_gray_palette():
    gray = picture(1).mean(1, keepdim=True).expand(1, 3, 40, 50)
    red, green, blue = cells_to_image(mix(torch.randn(1, 4, 4, PIGMENTS), palette(gray))).unbind(3)
    assert (red - green).abs().max() < 0.05
    assert (red - blue).abs().max() < 0.05


def test_cells_are_laid_out_in_rows():
    cells = torch.arange(2 * 3 * 12).view(1, 2, 3, 12)
    laid = cells_to_image(cells)
    assert laid.shape == (1, 4, 6, 3)
    for row in range(4):
        for column in range(6):
            within = 2 * (row % 2) + column % 2
            expected = cells[0, row // 2, column // 2, 3 * within : 3 * within + 3]
            assert torch.equal(laid[0, row, column], expected)


def test_colors_far_outside_are_nearly_clamped():
    from vidstyle.nets.arbitrary import Arbitrary, Shape

    net = Arbitrary(Shape(kernels=0)).frame_net
    torch.nn.init.constant_(net.out.bias, 50.0)
    white = torch.full((1, 3, 8, 8), 0.99) + 0.2 * torch.randn(1, 1, 8, 8)
    vector = torch.cat([torch.ones(1, 2 * sum(net.norm_channels)), palette(white)], 1)
    out = net(torch.rand(1, 3, 16, 16), vector)[0]
    assert 1 < out.max() < 2
