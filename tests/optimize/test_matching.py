"""Styles that are compared place by place: nearest neighbors, and sliced transport."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from tests.clips import pattern
from tests.optimize.test_energies import double
from vidstyle import UsageError
from vidstyle.losses.matching import nearest_loss, sliced_wasserstein_loss
from vidstyle.optimize import gatys
from vidstyle.optimize.config import GatysConfig, PhotorealConfig, VideoConfig
from vidstyle.optimize.painting import Region, Scene, SceneRegion, paint_picture

DIRECTIONS = F.normalize(double(3, 4, seed=9) - 0.5, dim=0)


@pytest.mark.parametrize(
    "loss",
    [
        lambda x: nearest_loss(x, double(1, 3, 7, 7, seed=2)),
        lambda x: sliced_wasserstein_loss(x, double(1, 3, 7, 6, seed=2), DIRECTIONS),
    ],
)
def test_gradients_agree_with_finite_differences(loss):
    assert torch.autograd.gradcheck(loss, double(1, 3, 8, 9).requires_grad_(True))


def test_transport_is_what_pairs_in_order_cost():
    """By brute force, of as many places: along a direction the cheapest pairing is the sorted one."""
    one, other = double(1, 3, 2, 2, seed=1), double(1, 3, 2, 2, seed=2)
    have, want = ((x[0].flatten(1).T @ DIRECTIONS).numpy() for x in (one, other))  # (places, K)
    costs = [
        min(np.mean((h[list(order)] - w) ** 2) for order in itertools.permutations(range(4)))
        for h, w in zip(have.T, want.T, strict=True)
    ]
    assert sliced_wasserstein_loss(one, other, DIRECTIONS).item() == pytest.approx(np.mean(costs))


def test_places_and_their_order_do_not_matter_to_transport():
    features = double(1, 3, 6, 6)
    turned = features.flip(2, 3)
    assert sliced_wasserstein_loss(turned, features, DIRECTIONS).item() == pytest.approx(0)
    more = features.repeat(1, 1, 2, 2)
    assert sliced_wasserstein_loss(features, more, DIRECTIONS).item() < 1e-3


@pytest.mark.parametrize(
    "losses", [{"nearest": 1.0}, {"wasserstein": 1.0}, {"nearest": 1.0, "gram": 0.5}]
)
def test_the_gradient_of_a_picture_agrees_too(perceptual, losses):
    """Of pictures of noise: flat ones have ties, where a maximum has no slope."""
    content, style, picture = (double(1, 3, 32, 32, seed=n) for n in range(3))
    config = GatysConfig(size=32, style_losses=losses, ratio=0.1, pooling="average")
    scene = Scene(content, [style], [SceneRegion(0, 1.0)])
    try:
        objective = gatys.GramObjective(perceptual.double(), scene, config)
        picture.requires_grad_(True)
        (gradient,) = torch.autograd.grad(objective(picture)[0], picture)
        direction = double(1, 3, 32, 32, seed=3) - 0.5
        step = 1e-7 * direction
        with torch.no_grad():
            slope = (objective(picture + step)[0] - objective(picture - step)[0]) / 2e-7
        assert slope.item() == pytest.approx((gradient * direction).sum().item(), rel=1e-3)
    finally:
        perceptual.float()


@pytest.mark.parametrize("loss", ["nearest", "wasserstein"])
def test_it_comes_nearer_to_the_style(perceptual, loss, monkeypatch):
    monkeypatch.setattr(gatys, "_RENEWED", 5)
    content, style, found = pattern(1, 48, 48), pattern(50, 48, 40)[..., ::-1].copy(), []
    config = GatysConfig(size=48, steps=12, style_losses={loss: 1.0})
    painted = paint_picture(content, [style], perceptual, config, on_step=found.append)
    assert found[0].energies["style"] == pytest.approx(1, abs=0.3)
    assert found[-1].energies["style"] < 0.7
    assert np.array_equal(painted, paint_picture(content, [style], perceptual, config))


@pytest.mark.parametrize("loss", ["nearest", "wasserstein"])
def test_regions_take_their_own_part_of_the_style(perceptual, loss):
    """The left half is to be like the red half of the style, the right like the blue one."""
    rng = np.random.default_rng(1)
    style = rng.integers(0, 60, (48, 64, 3)).astype(np.uint8)
    style[:24, :, 0] += 180
    style[24:, :, 2] += 180
    left, above = np.zeros((2, 48, 64), np.float32)
    left[:, :32], above[:24] = 1, 1
    regions = [Region(0, left, above), Region(0, 1 - left, 1 - above)]
    knobs = {"style_layers": {"relu1_1": 1.0}, "style_losses": {loss: 1.0}}
    config = GatysConfig(size=64, steps=15, ratio=0.0, init="noise", **knobs)
    content = np.full((48, 64, 3), 128, np.uint8)
    painted = paint_picture(content, [style], perceptual, config, regions=regions).astype(int)
    redder = (painted[..., 0] - painted[..., 2]).mean(0)
    assert redder[:28].mean() > redder[36:].mean() + 20


def test_a_weight_of_nothing_leaves_a_loss_out(perceptual):
    content, style = pattern(1, 48, 48), pattern(50, 48, 48)
    plain, other = (
        paint_picture(content, [style], perceptual, GatysConfig(size=48, steps=3, style_losses=x))
        for x in ({"gram": 1.0}, {"gram": 1.0, "nearest": 0.0})
    )
    assert np.array_equal(plain, other)


@pytest.mark.parametrize("kind", [GatysConfig, PhotorealConfig, VideoConfig])
@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (
            {"style_losses": {"gramm": 1.0}},
            "`style_losses` gram, nearest, wasserstein, got gramm:1",
        ),
        ({"style_losses": {}}, "got none"),
        ({"style_losses": {"nearest": 0.0}}, "got nearest:0"),
        ({"style_losses": {"nearest": 1.0}, "semantics": 2.0}, "`style_losses` is gram"),
    ],
)
def test_losses_that_cannot_be_are_refused(kind, wrong, message):
    with pytest.raises(UsageError, match=message):
        kind(**wrong)
