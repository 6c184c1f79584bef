from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from vidstyle.losses.matching import nearest_loss, self_similarity_loss
from vidstyle.losses.perceptual import (
    StyleTarget,
    content_loss,
    fidelity_loss,
    gram_matrix,
    style_loss,
    without_layout,
)
from vidstyle.losses.smoothness import grid_loss, total_variation
from vidstyle.losses.temporal import temporal_loss
from vidstyle.losses.tone import tone_loss
from vidstyle.training.motion import draw_offsets, draw_pair, occlude

SHAPES = [(2, 4, 64, 64), (2, 6, 32, 32), (2, 8, 16, 16), (2, 8, 8, 8)]


def features(seed=0):
    generator = torch.Generator().manual_seed(seed)
    return [torch.rand(s, generator=generator) for s in SHAPES]


def test_a_gram_matrix_by_hand():
    x = torch.tensor([[[[1.0, 2.0]], [[3.0, 4.0]]]])  # (1, 2, 1, 2)
    assert torch.allclose(gram_matrix(x), torch.tensor([[[2.5, 5.5], [5.5, 12.5]]]))


def test_nearest_neighbors_by_brute_force():
    have, want = torch.randn(2, 5, 3, 4), torch.randn(2, 5, 4, 6)
    totals = []
    for h, w in zip(have, want, strict=True):
        center = w.flatten(1).mean(1)
        distance = [
            [
                1 - F.cosine_similarity(a - center, b - center, dim=0).item()
                for b in w.flatten(1).unbind(1)
            ]
            for a in h.flatten(1).unbind(1)
        ]
        there = sum(min(row) for row in distance) / len(distance)
        back = sum(min(column) for column in zip(*distance, strict=True)) / len(distance[0])
        totals.append(max(there, back))
    assert nearest_loss(have, want).item() == pytest.approx(sum(totals) / 2, abs=1e-5)


def test_nearest_neighbors_want_all_of_the_style():
    style = torch.randn(1, 6, 8, 8)
    part = style[..., :2, :2].repeat(1, 1, 4, 4)
    assert nearest_loss(style.flip(3), style) < 1e-5, "where does not matter"
    assert nearest_loss(part, style) > 0.1, "a part of it alone is not the style"


def test_self_similarity_is_kept_by_any_palette():
    frame = torch.randn(1, 6, 8, 8)
    turned = torch.linalg.qr(torch.randn(6, 6))[0]
    painted = (turned @ frame.flatten(2)).view_as(frame)  # other features, as alike as before
    assert self_similarity_loss(painted, frame) < 1e-4
    assert self_similarity_loss(frame.flip(3), frame) > 0.1
    assert self_similarity_loss(frame, frame, places=10) < 1e-6


def test_a_balanced_style_loss_is_one_for_what_is_untouched():
    photo = features(0)
    for scale in (3, 10):
        style = [scale * f for f in features(1)]
        target = StyleTarget.of(style)
        loss = style_loss(photo, target, gram=0.0, root=True, untouched=photo)
        assert loss.item() == pytest.approx(1.0, abs=0.05)
        assert style_loss(style, target, gram=0.4, root=True, untouched=photo) < 0.1


def test_losses_vanish_only_on_their_target():
    ours, target = features(0), features(0)
    assert content_loss(ours, target) == 0
    assert style_loss(ours, StyleTarget.of(target)) == 0
    assert content_loss(ours, features(1)) > 0
    assert style_loss(ours, StyleTarget.of(features(1))) > 0


def test_style_ignores_where_and_content_does_not():
    ours, moved = features(0), [f.flip(3) for f in features(0)]
    assert style_loss(ours, StyleTarget.of(moved)) < 1e-8
    assert content_loss(ours, moved) > 0.1


def test_texture_is_told_from_layout():
    """Blotches and fine stripes of the same mean and deviation: only the texture differs."""
    blotches = torch.zeros(1, 1, 32, 32)
    blotches[..., :16] = 1.0
    stripes = torch.zeros(1, 1, 32, 32)
    stripes[..., ::2] = 1.0
    assert torch.allclose(without_layout(blotches), torch.zeros(()))
    assert without_layout(stripes).square().mean() == 0.25
    assert without_layout(torch.rand(1, 2, 19, 30)).shape == (1, 2, 16, 24)


def test_tone_follows_light_and_dark_only():
    frame = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(3))
    frame[..., :32] *= 0.3
    assert tone_loss(0.1 + 0.5 * frame, frame) < 1e-3
    assert tone_loss(frame.flip(3), frame) > 1.5
    assert tone_loss(1 - frame, frame) > 1.9


def test_losses_are_relative():
    ten = [10 * f for f in features(0)], [10 * f for f in features(1)]
    assert torch.isclose(content_loss(*ten), content_loss(features(0), features(1)), rtol=1e-3)


def test_total_variation_of_a_ramp():
    ramp = torch.arange(4.0).view(1, 1, 1, 4).expand(1, 1, 3, 4)
    assert total_variation(ramp) == 1.0
    assert total_variation(torch.ones(1, 1, 3, 3)) == 0.0


def test_the_grid_loss_sees_the_grid_and_nothing_else():
    rows, columns = torch.meshgrid(torch.arange(96.0), torch.arange(80.0), indexing="ij")
    ramp = (0.3 * rows - 0.2 * columns)[None, None]
    assert grid_loss(ramp, 8) < 1e-7
    woven = ramp + torch.cos(columns * (2 * torch.pi / 8))
    assert grid_loss(woven, 8) == pytest.approx(0.5, rel=1e-3)  # the mean square of a cosine
    noise = torch.randn(1, 1, 96, 80, generator=torch.Generator().manual_seed(1))
    assert grid_loss(noise, 8) < 0.02


def test_the_motion_is_exact():
    """A net that does nothing has no temporal loss on whole-pixel motion: the flow is exact."""
    generator = torch.Generator().manual_seed(5)
    smooth = torch.rand(16, 3, 14, 14, generator=generator)
    wide = torch.nn.functional.interpolate(smooth, size=(112, 112), mode="bicubic").clamp(0, 1)
    pair = draw_pair(wide, 64, generator, max_noise=0.0)
    assert pair.first.shape == pair.second.shape == (16, 3, 64, 64)
    exact = temporal_loss(pair.first, pair.second, pair.grid, pair.mask)
    assert exact < 2e-5
    assert pair.mask.mean() > 0.6
    still = (
        torch.stack(torch.meshgrid([torch.arange(64.0)] * 2, indexing="xy"), -1) + 0.5
    ) / 32 - 1
    unmoved = temporal_loss(pair.first, pair.second, still.expand(16, -1, -1, -1), pair.mask)
    assert unmoved > 20 * exact


def test_what_moves_in_front_is_exact_too():
    """What is uncovered is not compared, and the ellipse is compared with itself where it was."""
    wide = torch.rand(32, 3, 112, 112, generator=torch.Generator().manual_seed(5))
    wide = F.avg_pool2d(wide, 9, stride=1, padding=4)
    plain = draw_pair(wide, 64, torch.Generator().manual_seed(1), max_noise=0.0)
    pair = occlude(plain, 1.0, torch.Generator().manual_seed(2))
    assert (pair.first != plain.first).any(1).flatten(1).float().mean() > 0.05
    exact = temporal_loss(plain.first, plain.second, plain.grid, plain.mask)
    occluded = temporal_loss(pair.first, pair.second, pair.grid, pair.mask)
    assert occluded < 2 * exact  # the ellipse's own edge is interpolated by no more than a pixel
    assert temporal_loss(pair.first, pair.second, plain.grid, plain.mask) > 5 * occluded
    some = occlude(plain, 0.5, torch.Generator().manual_seed(2))
    changed = (some.first != plain.first).flatten(1).any(1).float().mean()
    assert 0.25 < changed < 0.75


def test_the_output_may_get_as_bright_as_the_light():
    gray = 0.6 * torch.rand(8, 1, 112, 112, generator=torch.Generator().manual_seed(5))
    plain, pair = (
        draw_pair(
            gray.expand(-1, 3, -1, -1),
            64,
            torch.Generator().manual_seed(1),
            max_noise=0.0,
            exposure=exposure,
        )
        for exposure in (0.0, 0.1)
    )
    assert (pair.second - plain.second).abs().max() > 0.02
    steady = temporal_loss(plain.first, plain.second, plain.grid, plain.mask)
    known = temporal_loss(pair.first, pair.second, pair.grid, pair.mask, pair.brighter)
    assert known == pytest.approx(steady.item(), rel=1e-3)
    assert temporal_loss(pair.first, pair.second, pair.grid, pair.mask) > known + 1e-4


def test_half_of_the_motion_is_whole_pixels():
    offsets = draw_offsets(200, 16, torch.Generator().manual_seed(1))
    whole = (offsets == offsets.round()).flatten(1).all(1).float().mean()
    assert 0.4 < whole < 0.6
    assert offsets.abs().max() < 16 + 8


def test_the_root_of_the_style_loss_is_a_distance():
    """Twice as far costs twice as much, whatever the layer's scale; the square costs four times."""
    target = [torch.rand(2, 4, 16, 16) for _ in range(5)]
    near, far = ([t + shift for t in target] for shift in (0.2, 0.4))
    of = StyleTarget.of(target)
    costs = [style_loss(f, of, gram=0.0, root=True).item() for f in (near, far)]
    assert abs(costs[1] / costs[0] - 2) < 0.02
    squares = [style_loss(f, of, gram=0.0).item() for f in (near, far)]
    assert abs(squares[1] / squares[0] - 4) < 0.02
    scaled = StyleTarget.of([10 * t for t in target])
    assert abs(style_loss([10 * f for f in near], scaled, gram=0.0, root=True) - costs[0]) < 1e-4


def test_a_smooth_style_among_others_does_not_cost_without_end():
    rough, smooth = torch.rand(1, 4, 16, 16), torch.full((1, 4, 16, 16), 1e-3)
    of = StyleTarget.of([torch.cat([rough, smooth])])
    assert style_loss([torch.rand(2, 4, 16, 16)], of, gram=0.0, root=True) < 3


def test_fidelity_is_about_directions():
    target = [torch.rand(1, 4, 8, 8) for _ in range(5)]
    assert fidelity_loss([3 * t for t in target], target) < 1e-6
    opposite = fidelity_loss([-t for t in target], target)
    assert abs(opposite - 4) < 1e-4
    one, other = torch.zeros(2, 1, 2, 3, 3)
    one[:, 0], other[:, 1] = 1, 5
    assert abs(fidelity_loss([one], [other]) - 2) < 1e-5
    # All layers count alike.
    assert abs(fidelity_loss([one, one], [other, one]) - 1) < 1e-5
