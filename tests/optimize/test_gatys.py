"""Pictures by optimization."""

from __future__ import annotations

import itertools

import cv2
import numpy as np
import pytest
import torch

from tests.clips import pattern
from vidstyle import InputError, UsageError
from vidstyle.images.colors import (
    COLORS,
    LIGHTS,
    light_of,
    match_colors,
    match_histograms,
    with_light_of,
)
from vidstyle.nets.perceptual import Perceptual
from vidstyle.optimize import objective
from vidstyle.optimize.config import GatysConfig
from vidstyle.optimize.descent import (
    Checkpoint,
    OptimizeConfig,
    descend,
    first_picture,
    to_tensor,
)
from vidstyle.optimize.painting import Region, paint_picture


@pytest.mark.parametrize("optimizer", ["lbfgs", "adam"])
def test_it_comes_nearer_to_the_style(perceptual, optimizer):
    content, style = pattern(1, 64, 48), pattern(50, 80, 70)[..., ::-1].copy()
    found = []
    config = GatysConfig(size=64, steps=25, optimizer=optimizer)
    painted = paint_picture(content, [style], perceptual, config, on_step=found.append)
    assert painted.shape == (48, 64, 3)
    assert [s.step for s in found] == list(range(1, 26))
    assert found[0].energies["style"] == pytest.approx(1, abs=0.3)
    assert found[-1].energies["style"] < 0.5 * found[0].energies["style"]
    again = paint_picture(content, [style], perceptual, config)
    assert np.array_equal(painted, again)


def test_with_all_content_nothing_changes_and_noise_comes_near(perceptual):
    content, style = pattern(1, 64, 48), pattern(50, 80, 70)
    kept = paint_picture(
        content, [style], perceptual, GatysConfig(size=64, steps=5, style_layers={})
    )
    assert np.abs(kept.astype(int) - content).max() <= 1
    config = GatysConfig(
        size=64,
        steps=60,
        style_layers={},
        content_layers={"relu1_1": 1.0},
        init="noise",
        ratio=1.0,
    )
    found = paint_picture(content, [style], perceptual, config)
    assert np.abs(found.astype(int) - content).mean() < 25


def test_large_pictures_begin_small():
    for size, expected in {
        256: [256],
        512: [256, 512],
        4096: [256, 512, 1024, 2048, 4096],
        600: [150, 300, 600],
        100: [100],
    }.items():
        assert GatysConfig(size=size).sizes == expected


def test_starts_differ_and_seeds_repeat(perceptual):
    content, style = pattern(1, 48, 48), pattern(50, 48, 48)
    results = {
        init: paint_picture(content, [style], perceptual, GatysConfig(size=48, steps=2, init=init))
        for init in ("content", "noise", "style", "blend")
    }
    for one, other in itertools.combinations(results.values(), 2):
        assert not np.array_equal(one, other)

    def noise(seed):
        config = GatysConfig(size=48, steps=2, init="noise", seed=seed)
        return paint_picture(content, [style], perceptual, config)

    assert np.array_equal(noise(1), results["noise"])
    assert not np.array_equal(noise(2), results["noise"])


@pytest.mark.parametrize("init", ["content", "style", "blend"])
def test_the_share_of_noise_may_be_chosen(init):
    content, style = (to_tensor(pattern(n, 48, 48)) for n in (1, 50))

    def begin(init, **more):
        return first_picture(GatysConfig(init=init, **more), content, style)

    base = begin("content" if init == "blend" else init)
    noise = begin("noise")
    expected = (0.8 * base + 0.2 * noise).clamp(0, 1)
    assert torch.allclose(begin(init, noise_share=0.2), expected, atol=1e-6)
    assert torch.equal(begin("blend"), begin("content", noise_share=0.5))
    assert torch.equal(begin("noise", noise_share=0.0), content)
    with pytest.raises(UsageError, match="`noise_share` from 0 to 1"):
        GatysConfig(noise_share=1.5)


def test_an_objective_is_asked_once_for_a_picture():
    """L-BFGS begins a step by asking for where the last one ended, which is known; but not of a new objective."""

    class Bowl:
        def __init__(self):
            self.bottom, self.asked = 0.25, []

        def __call__(self, picture):
            self.asked.append((self.bottom, picture.detach().clone()))
            return (picture - self.bottom).pow(4).mean(), {}

        def renew(self, _picture, step):
            if step == 3:
                self.bottom = 0.75
            return step == 3

    begin = torch.rand(1, 3, 8, 8, generator=torch.Generator().manual_seed(1))
    bowl = Bowl()
    descend(bowl, begin, OptimizeConfig(size=64, steps=6))
    bottoms, pictures = zip(*bowl.asked, strict=True)
    renewed_at = bottoms.index(0.75)
    same = [n for n, pair in enumerate(itertools.pairwise(pictures), 1) if torch.equal(*pair)]
    assert same == [renewed_at]
    # What it finds so is what torch's own loop finds, that asks again.
    picture = begin.clone().requires_grad_(True)
    plain = torch.optim.LBFGS(
        [picture],
        max_iter=1,
        max_eval=6,
        tolerance_grad=0.0,
        tolerance_change=0.0,
        history_size=20,
        line_search_fn="strong_wolfe",
    )

    def closure():
        picture.grad = None
        loss = (picture - 0.25).pow(4).mean() * picture.numel()
        loss.backward()
        return loss

    for _ in range(3):
        plain.step(closure)
    assert torch.equal(picture.detach(), pictures[renewed_at])


def test_a_picture_too_large_for_memory_is_looked_at_twice(perceptual, monkeypatch):
    content, style = pattern(1, 64, 64), pattern(50, 64, 64)
    asked = []
    forward = Perceptual.forward

    def spy(*args, recompute=False, **more):
        asked.append(recompute)
        return forward(*args, recompute=recompute, **more)

    monkeypatch.setattr(Perceptual, "forward", spy)
    kept = paint_picture(content, [style], perceptual, GatysConfig(size=64, steps=3))
    assert not any(asked)
    asked.clear()
    monkeypatch.setattr(objective, "_LARGE", 64 * 64 - 1)
    assert np.array_equal(
        paint_picture(content, [style], perceptual, GatysConfig(size=64, steps=3)), kept
    )
    assert all(asked)


def test_knobs_do_something(perceptual):
    content, style = pattern(1, 48, 48), pattern(50, 48, 48)
    knobs = ({}, {"pooling": "average"}, {"style_scale": (2.0,)}, {"variation": 100.0})
    made = [
        paint_picture(content, [style], perceptual, GatysConfig(size=48, steps=4, **k))
        for k in knobs
    ]
    for one, other in itertools.combinations(made, 2):
        assert not np.array_equal(one, other)
    rough = [np.abs(np.diff(m.astype(int), axis=1)).mean() for m in made]
    assert rough[3] < 0.9 * rough[0]


def test_each_style_may_have_a_scale_of_its_own(perceptual):
    content, styles = pattern(1, 48, 48), [pattern(50, 64, 64), pattern(9, 64, 64)]

    def painted(*scales):
        config = GatysConfig(size=48, steps=4, style_scale=scales)
        return paint_picture(content, styles, perceptual, config)

    assert np.array_equal(painted(2.0), painted(2.0, 2.0))
    assert not np.array_equal(painted(1.0, 2.0), painted(2.0, 1.0))
    with pytest.raises(UsageError, match="one for each of 2 styles, got 3"):
        painted(1.0, 1.0, 1.0)


def test_several_styles_are_mixed_by_shares(perceptual):
    content, first, second = pattern(1, 48, 48), pattern(50, 48, 48), pattern(9, 48, 48)[..., ::-1]
    second = np.ascontiguousarray(second)
    config = GatysConfig(size=48, steps=4)

    def painted(styles, shares=None):
        return paint_picture(content, styles, perceptual, config, shares=shares)

    assert np.array_equal(painted([first, second], [1, 0]), painted([first]))
    assert not np.array_equal(painted([first, second]), painted([first]))
    for styles, shares in (([], None), ([first], [1, 2]), ([first], [0])):
        with pytest.raises(UsageError, match="expected"):
            painted(styles, shares)


def test_colors_can_be_kept():
    content = cv2.GaussianBlur(pattern(3, 64, 48), (0, 0), 3)
    style = np.random.default_rng(1).integers(0, 255, (40, 50, 3), np.uint8)
    matched = match_colors(style, content).reshape(-1, 3) / 255.0
    expected = content.reshape(-1, 3) / 255.0
    assert np.allclose(matched.mean(0), expected.mean(0), atol=0.02)
    assert np.allclose(np.cov(matched.T), np.cov(expected.T), atol=0.01)
    histograms = match_histograms(style, content)
    for channel in range(3):
        of = [np.sort(p[..., channel].ravel()) for p in (histograms, content)]
        ranks = np.linspace(0, 1, 50)
        apart = np.abs(np.quantile(of[0], ranks) - np.quantile(of[1], ranks))
        assert np.quantile(apart, 0.9) <= 4
    dark = content // 2
    assert match_histograms(style, dark).max() == dark.max()
    assert (match_histograms(style, np.full_like(content, 128)) == 128).all()
    assert match_colors(style[:1, :1], content).shape == (1, 1, 3)


@pytest.mark.parametrize("space", LIGHTS)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_painted_light_stands_over_the_contents_hues(space, dtype):
    content = cv2.GaussianBlur(pattern(3, 64, 48), (0, 0), 3)
    painted = np.repeat(content[..., 1:2], 3, axis=2)
    factor = 257 if dtype == np.uint16 else 1
    lit = with_light_of(painted.astype(dtype) * factor, content.astype(dtype) * factor, space)
    assert lit.dtype == dtype
    code = {"yuv": "YUV", "luv": "Luv", "lab": "Lab", "luminance": "YCrCb"}[space]
    to = getattr(cv2, f"COLOR_RGB2{code}")
    lit8 = (lit // factor).astype(np.uint8)
    of = [cv2.cvtColor(p.astype(np.float32) / 255, to) for p in (lit8, painted, content)]
    unit = 100 if space in ("luv", "lab") else 1
    inside = (lit8.min(2) > 2) & (lit8.max(2) < 253)
    assert inside.mean() > 0.3
    assert np.abs(of[0] - of[1])[..., 0][inside].max() / unit < 0.02
    assert np.abs(of[0] - of[2])[..., 1:][inside].max() / unit < 0.03
    gray = light_of(content, space)
    assert np.ptp(gray.astype(int), axis=2).max() <= 1
    assert (
        np.abs(cv2.cvtColor(gray.astype(np.float32) / 255, to) - of[2])[..., 0].max() / unit < 0.01
    )


def test_every_way_with_colors_paints(perceptual):
    content, style = pattern(1, 48, 48), pattern(50, 48, 48)
    found = {
        colors: paint_picture(
            content, [style], perceptual, GatysConfig(size=48, steps=3, colors=colors)
        )
        for colors in COLORS
    }
    # YCrCb and YUV have one luma, and their other two axes are the same differences from it.
    assert np.array_equal(found.pop("yuv"), found["luminance"])
    for one, other in itertools.combinations(found.values(), 2):
        assert not np.array_equal(one, other)


def halves(height, width):
    left = np.zeros((height, width), np.float32)
    left[:, : width // 2] = 1
    return left, 1 - left


def test_masks_say_where_each_style_is_painted(perceptual):
    content = np.full((64, 64, 3), 128, np.uint8)
    red, blue = np.zeros((2, 64, 64, 3), np.uint8)
    red[..., 0], blue[..., 2] = 230, 230
    left, right = halves(64, 64)
    config = GatysConfig(size=64, steps=40, style_layers={"relu1_1": 1.0}, ratio=0.0)
    painted = paint_picture(
        content, [red, blue], perceptual, config, regions=[Region(0, left), Region(1, right)]
    ).astype(int)
    assert painted[:, :28, 0].mean() > painted[:, :28, 2].mean() + 60
    assert painted[:, 36:, 2].mean() > painted[:, 36:, 0].mean() + 60
    only = paint_picture(content, [red], perceptual, config, regions=[Region(0, left)]).astype(int)
    assert np.abs(only[:, 36:] - 128).max() <= 1
    assert np.abs(only[:, :28] - 128).mean() > 30


def test_masks_say_what_is_meant_of_a_style(perceptual):
    content = np.full((64, 64, 3), 128, np.uint8)
    left, right = halves(64, 64)
    both = np.zeros((64, 64, 3), np.uint8)
    both[..., 0], both[..., 2] = left * 230, right * 230
    config = GatysConfig(size=64, steps=40, style_layers={"relu1_1": 1.0}, ratio=0.0)
    for style_mask, channel in ((left, 0), (right, 2)):
        painted = paint_picture(
            content, [both], perceptual, config, regions=[Region(0, None, style_mask)]
        )
        means = painted.reshape(-1, 3).mean(0)
        assert means.argmax() == channel
        assert means[channel] > means[2 - channel] + 60


def test_a_mask_of_everything_is_none(perceptual):
    content, style = pattern(1, 64, 48), pattern(50, 60, 60)
    config, ones = GatysConfig(size=64, steps=4), np.ones((48, 64), np.float32)
    plain = paint_picture(content, [style], perceptual, config)
    masked = paint_picture(content, [style], perceptual, config, regions=[Region(0, ones)])
    assert np.abs(plain.astype(int) - masked).max() <= 4
    with pytest.raises(InputError, match="expected a mask like its picture"):
        paint_picture(content, [style], perceptual, config, regions=[Region(0, ones.T)])
    with pytest.raises(UsageError, match="regions of 1 styles"):
        paint_picture(content, [style], perceptual, config, regions=[Region(1)])
    with pytest.raises(InputError, match="expected sides of 32 pixels at least, got 64x6"):
        paint_picture(np.tile(content, (1, 8, 1)), [style], perceptual, config)
    with pytest.raises(UsageError, match="134217728 pixels at most, got 99999x"):
        paint_picture(content, [style], perceptual, GatysConfig(size=99999))
    with pytest.raises(InputError, match="all black"):
        paint_picture(content, [style], perceptual, config, regions=[Region(0, 0 * ones)])


def test_a_run_goes_on_where_it_was_left(perceptual):
    content, style = pattern(1, 300, 200), pattern(50, 80, 80)
    config = GatysConfig(size=300, steps=4, optimizer="adam")
    steps = []
    whole = paint_picture(content, [style], perceptual, config, on_step=steps.append)
    assert [s.step for s in steps] == list(range(1, 9))
    assert [s.size for s in steps] == [(100, 150)] * 4 + [(200, 300)] * 4
    pictures = {}
    paint_picture(
        content,
        [style],
        perceptual,
        config,
        on_step=lambda s: pictures.update({s.step: s.picture.clone()}),
    )
    later = []
    rest = paint_picture(
        content,
        [style],
        perceptual,
        config,
        resume=Checkpoint(4, pictures[4]),  # between two sizes: nothing is forgotten
        on_step=later.append,
    )
    assert [s.step for s in later] == [5, 6, 7, 8]
    assert np.array_equal(rest, whole)
    later.clear()
    paint_picture(
        content,
        [style],
        perceptual,
        config,
        resume=Checkpoint(6, pictures[6]),
        on_step=later.append,
    )
    assert [s.step for s in later] == [7, 8]
    assert later[0].loss == pytest.approx(steps[6].loss)
    done = paint_picture(content, [style], perceptual, config, resume=Checkpoint(8, pictures[8]))
    assert np.array_equal(done, whole)
    with pytest.raises(UsageError, match="expected to go on with 300x200"):
        paint_picture(content, [style], perceptual, config, resume=Checkpoint(6, pictures[2]))


@pytest.mark.parametrize(
    "wrong",
    [
        {"content_layers": {"conv4_2": 1.0}},
        {"style_layers": {"relu1_3": 1.0}},
        {"style_layers": {"relu1_1": float("nan")}},
        {"content_layers": {}, "style_layers": {}},
        {"init": "nothing"},
        {"ratio": -1.0},
        {"style_scale": (float("inf"),)},
        {"learning_rate": 0.0},
        {"size": 8},
    ],
)
def test_knobs_that_cannot_be_are_refused(wrong):
    with pytest.raises(UsageError, match="expected"):
        GatysConfig(**wrong)
