"""Pictures by optimisation."""

from __future__ import annotations

import csv
import itertools

import cv2
import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from tests.clips import make_picture, pattern
from tests.conftest import vidstyle
from vidstyle import UsageError
from vidstyle.losses.energies import content_energy, style_energy
from vidstyle.losses.perceptual import StyleTarget, content_loss, gram_matrix, style_loss
from vidstyle.losses.temporal import temporal_loss, total_variation
from vidstyle.losses.tone import tone_loss
from vidstyle.nets.perceptual import LAYERS, Perceptual
from vidstyle.optimize.colors import match_colors, with_light_of
from vidstyle.optimize.gatys import Config, paint_picture, sizes
from vidstyle.optimize.reconstructions import reconstruct, sheet


@pytest.fixture(scope="module")
def eyes():
    torch.manual_seed(4)
    net = Perceptual((8, 8, 12, 12, 12))
    for module in net.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight)
    return net.eval().requires_grad_(False)


def double(*shape, seed=0):
    return torch.rand(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize(
    "loss",
    [
        lambda x: content_energy(x, double(1, 3, 8, 9, seed=1)),
        lambda x: style_energy(x, gram_matrix(double(1, 3, 7, 7, seed=2))),
        lambda x: content_loss([x] * 4, [double(1, 3, 8, 9, seed=1)] * 4),
        lambda x: style_loss([x] * 2, StyleTarget.of([double(1, 3, 8, 9, seed=3)] * 2)),
        total_variation,
    ],
)
def test_gradients_agree_with_finite_differences(loss):
    assert torch.autograd.gradcheck(loss, double(1, 3, 8, 9).requires_grad_(True))


def test_the_gradients_of_the_losses_over_pictures_do_too():
    frame, first = double(1, 3, 32, 32, seed=5), double(1, 3, 6, 6, seed=6)
    grid = double(1, 6, 6, 2, seed=7) * 1.6 - 0.8
    mask = (double(1, 1, 6, 6, seed=8) > 0.3).double()
    painted = double(1, 3, 32, 32, seed=9).requires_grad_(True)
    loss = tone_loss(painted, frame)
    (gradient,) = torch.autograd.grad(loss, painted)
    step = torch.zeros_like(painted)
    step[0, 1, 3, 20] = 1e-6
    slope = (tone_loss(painted + step, frame) - tone_loss(painted - step, frame)) / 2e-6
    assert torch.isclose(slope, gradient[0, 1, 3, 20], rtol=1e-4)
    second = double(1, 3, 6, 6, seed=10).requires_grad_(True)
    assert torch.autograd.gradcheck(lambda x: temporal_loss(first, x, grid, mask), second)


def test_the_style_energy_is_the_papers():
    """Eqs. 3 to 5, written out: G = F F^T, E = 1 / (4 N^2 M^2) sum (G - A)^2."""
    f, a = np.random.default_rng(0).random((2, 5, 42))
    energy = ((f @ f.T - a @ a.T) ** 2).sum() / (4 * 5**2 * 42**2)
    one, other = (torch.from_numpy(x).view(1, 5, 6, 7) for x in (f, a))
    assert style_energy(one, gram_matrix(other)).item() == pytest.approx(energy)
    assert content_energy(one, other).item() == pytest.approx(0.5 * ((f - a) ** 2).sum())


@pytest.mark.parametrize("optimizer", ["lbfgs", "adam"])
def test_it_comes_nearer_to_the_style(eyes, optimizer):
    content, style = pattern(1, 64, 48), pattern(50, 80, 70)[..., ::-1].copy()
    found = []
    config = Config(size=64, steps=25, optimizer=optimizer)
    painted = paint_picture(
        content, [style], eyes, config, on_step=lambda step, _: found.append(step)
    )
    assert painted.shape == (48, 64, 3)
    assert [s.step for s in found] == list(range(1, 26))
    assert found[0].style == pytest.approx(1, abs=0.3)
    assert found[-1].style < 0.5 * found[0].style
    again = paint_picture(content, [style], eyes, config)
    assert np.array_equal(painted, again)


def test_with_all_content_nothing_changes_and_noise_comes_near(eyes):
    content, style = pattern(1, 64, 48), pattern(50, 80, 70)
    kept = paint_picture(content, [style], eyes, Config(size=64, steps=5, style_layers={}))
    assert np.abs(kept.astype(int) - content).max() <= 1
    config = Config(
        *(64, 60), style_layers={}, content_layers={"relu1_1": 1.0}, init="noise", ratio=1.0
    )
    found = paint_picture(content, [style], eyes, config)
    assert np.abs(found.astype(int) - content).mean() < 25


def test_large_pictures_begin_small():
    assert sizes(256) == [256]
    assert sizes(512) == [256, 512]
    assert sizes(4096) == [256, 512, 1024, 2048, 4096]
    assert sizes(600) == [150, 300, 600]
    assert sizes(100) == [100]


def test_starts_differ_and_seeds_repeat(eyes):
    content, style = pattern(1, 48, 48), pattern(50, 48, 48)
    results = {
        init: paint_picture(content, [style], eyes, Config(size=48, steps=2, init=init))
        for init in ("content", "noise", "style", "blend")
    }
    for one, other in itertools.combinations(results.values(), 2):
        assert not np.array_equal(one, other)


def test_several_styles_are_mixed_by_shares(eyes):
    content, first, second = pattern(1, 48, 48), pattern(50, 48, 48), pattern(9, 48, 48)[..., ::-1]
    second = np.ascontiguousarray(second)
    config = Config(size=48, steps=4)

    def painted(styles, shares=None):
        return paint_picture(content, styles, eyes, config, shares=shares)

    assert np.array_equal(painted([first, second], [1, 0]), painted([first]))
    assert not np.array_equal(painted([first, second]), painted([first]))
    for styles, shares in (([], None), ([first], [1, 2]), ([first], [0])):
        with pytest.raises(UsageError, match="share"):
            painted(styles, shares)


def test_colors_can_be_kept():
    content = cv2.GaussianBlur(pattern(3, 64, 48), (0, 0), 3)
    style = np.random.default_rng(1).integers(0, 255, (40, 50, 3), np.uint8)
    matched = match_colors(style, content).reshape(-1, 3) / 255.0
    wanted = content.reshape(-1, 3) / 255.0
    assert np.allclose(matched.mean(0), wanted.mean(0), atol=0.02)
    assert np.allclose(np.cov(matched.T), np.cov(wanted.T), atol=0.01)
    gray = np.repeat(content[..., :1], 3, axis=2)
    lit = with_light_of(gray, content)
    ycc = [cv2.cvtColor(p, cv2.COLOR_RGB2YCrCb).astype(int) for p in (lit, gray, content)]
    inside = (lit.min(2) > 2) & (lit.max(2) < 253)
    assert np.abs(ycc[0] - ycc[1])[..., 0][inside].max() <= 2
    assert np.abs(ycc[0] - ycc[2])[..., 1:][inside].max() <= 3


def test_the_command(eyes, tmp_path):
    save_file(eyes.state_dict(), tmp_path / "eyes.safetensors")
    make_picture(tmp_path / "photo.png", 64, 48)
    make_picture(tmp_path / "starry.jpg", 60, 60)

    def run(*words):
        return vidstyle(
            *("paint", "photo.png", "-s", "starry.jpg", "--features", "eyes.safetensors"),
            *("--size", 48, "--steps", 4, *words),
            cwd=tmp_path,
        )

    done = run("--save-every", 2, "--curve", "curve.csv")
    assert done.returncode == 0, done.stderr
    assert cv2.imread(str(tmp_path / "photo.starry.png")).shape == (36, 48, 3)
    assert (tmp_path / "photo.starry.000002.png").exists()
    with (tmp_path / "curve.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [int(row["step"]) for row in rows] == [1, 2, 3, 4]
    for words, message in {
        (): "exists already",
        ("-y", "-o", "photo.png"): "input itself",
        ("-y", "--curve", "none/x.csv"): "cannot write none/x.csv",
        ("-y", "--style-weights", "2,-1"): "style weights",
        ("-y", "--device", "toaster"): "toaster",
    }.items():
        failed = run(*words)
        assert failed.returncode == 2, failed.stderr
        assert message in failed.stderr
        assert len(failed.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"content_layers": {"conv4_2": 1.0}},
        {"style_layers": {"relu1_3": 1.0}},
        {"style_layers": {"relu1_1": float("nan")}},
        {"content_layers": {}, "style_layers": {}},
        {"init": "nothing"},
        {"ratio": -1.0},
        {"style_scale": float("inf")},
        {"learning_rate": 0.0},
        {"size": 8},
    ],
)
def test_knobs_that_cannot_be_are_refused(wrong):
    with pytest.raises(UsageError, match="expected"):
        Config(**wrong)


def test_reconstructions_from_shallow_layers_are_nearer(eyes):
    picture = pattern(2, 48, 48)
    (row,) = reconstruct(picture, eyes, "content", size=48, steps=40)
    assert [title for title, _ in row] == list(LAYERS)
    far = [np.abs(made.astype(int) - picture).mean() for _, made in row]
    assert far[0] < 20
    assert far[0] < far[3]
    whole = sheet([row, row[:2]])
    assert whole.shape == (48 * 2 + 4, 48 * 5 + 16, 3)
    assert (whole[60:, 120:] == 255).all()


def test_figures_of_texture_and_of_weights(eyes):
    picture, style = pattern(2, 32, 32), pattern(30, 32, 32)
    (row,) = reconstruct(picture, eyes, "style", size=32, steps=2)
    assert [title for title, _ in row] == [f"to {layer}" for layer in LAYERS]
    rows = reconstruct(picture, eyes, "grid", style=style, size=32, steps=1)
    assert [len(r) for r in rows] == [4] * 5


def test_the_command_that_reconstructs(eyes, tmp_path):
    save_file(eyes.state_dict(), tmp_path / "eyes.safetensors")
    make_picture(tmp_path / "photo.png", 48, 48)

    def run(*words):
        return vidstyle(
            *("reconstruct", "photo.png", "--features", "eyes.safetensors"),
            *("--size", 32, "--steps", 2, *words),
            cwd=tmp_path,
        )

    done = run("--kind", "style")
    assert done.returncode == 0, done.stderr
    assert cv2.imread(str(tmp_path / "photo.style.png")).shape == (32, 5 * 32 + 16, 3)
    for words, message in {
        ("--kind", "style"): "exists already",
        ("--kind", "soul"): "content or style or grid",
        ("--kind", "grid"): "needs a --style",
    }.items():
        failed = run(*words)
        assert failed.returncode == 2
        assert message in failed.stderr
