from __future__ import annotations

import torch

from vidstyle.nets.arbitrary import mix, palette


def picture(seed):
    generator = torch.Generator().manual_seed(seed)
    spread = torch.randn(3, 3, generator=generator) * 0.1
    pixels = spread @ torch.randn(3, 40 * 50, generator=generator) + torch.tensor([[0.5]])
    return pixels.view(1, 3, 40, 50)


def test_standard_pigments_take_on_mean_and_covariance():
    style = torch.cat([picture(1), picture(2)])
    colors = palette(style)
    pigments = 0.3 * torch.randn(2, 3, 100, 100, generator=torch.Generator().manual_seed(5))
    mixed = mix(pigments, colors).flatten(2)
    wanted = style.flatten(2)
    assert torch.allclose(mixed.mean(2), wanted.mean(2), atol=0.01)
    for got, target in zip(mixed, wanted, strict=True):
        # The pigments have a deviation of 0.3, so the covariance is 0.09 of the picture's.
        assert torch.allclose(torch.cov(got), 0.09 * torch.cov(target), atol=4e-4)


def test_the_first_pigment_is_lightness():
    colors = palette(picture(3))
    light, dark = (
        mix(torch.full((1, 3, 1, 1), 0.0).index_fill(1, torch.tensor([0]), v), colors)
        for v in (1.0, -1.0)
    )
    hue = [
        mix(torch.zeros(1, 3, 1, 1).index_fill(1, torch.tensor([i]), 1.0), colors) for i in (1, 2)
    ]
    assert light.mean() > dark.mean() + 0.05
    assert all(torch.allclose(h.mean(), colors[:, :3].mean(), atol=1e-4) for h in hue)


def test_a_gray_picture_has_a_gray_palette():
    gray = picture(1).mean(1, keepdim=True).expand(1, 3, 40, 50)
    out = mix(torch.randn(1, 12, 4, 4), palette(gray))
    red, green, blue = out.chunk(3, 1)
    assert (red - green).abs().max() < 0.05
    assert (red - blue).abs().max() < 0.05


def test_colors_far_outside_are_nearly_clamped():
    white = torch.full((1, 3, 8, 8), 0.99) + 0.2 * torch.randn(1, 1, 8, 8)
    out = mix(torch.full((1, 3, 2, 2), 50.0), palette(white))
    assert out.max() < 1.1
