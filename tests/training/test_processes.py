"""Two processes that torchrun starts learn what one learns alone."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import cv2
import pytest
import torch
from safetensors.torch import save_file

from tests.clips import make_picture, pattern
from tests.conftest import ROOT
from vidstyle.losses.perceptual import relative_error
from vidstyle.losses.temporal import temporal_loss
from vidstyle.nets import processes
from vidstyle.nets.arbitrary import Arbitrary, Shape
from vidstyle.nets.perceptual import Perceptual
from vidstyle.training.config import StyleConfig
from vidstyle.training.motion import Pair
from vidstyle.training.painting import Views, rows

EXACT = """
import vidstyle.nets.devices as devices
from vidstyle.cli.entry import main

devices.has_fast_bf16 = lambda device: False
main()
"""
"""The command without bf16, whose rounding depends on the size of a batch."""

TORCHRUN = ("-m", "torch.distributed.run", "--standalone", "--nproc-per-node", 2)


def run(*words):
    """Run Python."""
    return subprocess.run(
        [sys.executable, *map(str, words)],
        capture_output=True,
        text=True,
        timeout=1200,
        env=os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
    )


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    top = tmp_path_factory.mktemp("data")
    for folder in ("photos", "styles"):
        (top / folder).mkdir()
        for n in range(5):
            cv2.imwrite(str(top / folder / f"p{n}.png"), pattern(7 * n, 150, 130))
    make_picture(top / "blots.jpg", 160, 120)
    torch.manual_seed(0)
    save_file(varied(Perceptual((4, 4, 8, 8, 8))).state_dict(), top / "features.safetensors")
    save_file(Arbitrary(Shape(8, 8, 16, 1)).state_dict(), top / "base.safetensors")
    return top


def varied(perceptual):
    """Give it weights by which features differ from place to place, as those of a network that has learned do.

    With those that torch gives it they are all but the same, and rounding decides how similar two places are.
    """
    for name, weight in perceptual.named_parameters():
        if weight.dim() == 1:
            torch.nn.init.zeros_(weight)
        elif name.startswith("conv"):
            torch.nn.init.kaiming_normal_(weight, nonlinearity="relu")
    return perceptual


def one_style(data, out, batch=4):
    return (
        *("train", "style", data / "blots.jpg", "--content", data / "photos", "--out", out),
        *("--features", data / "features.safetensors", "--base", data / "base.safetensors"),
        *("--steps", 10, "--batch", batch, "--crop", 64, "--style-side", 64, "--device", "cpu"),
        # Gradients of biases before a norm are rounding alone, which Adam makes steps of full length of.
        *("--learning-rate", 1e-5),
        *("--nearest-weight", 1, "--similarity-weight", 1),
    )


def any_style(data, out):
    return (
        *("train", "arbitrary", "--content", data / "photos", "--style", data / "styles"),
        *("--out", out, "--features", data / "features.safetensors", "--widths", 8, 8, 16),
        *("--steps", 10, "--batch", 4, "--crop", 64, "--style-crop", 64, "--device", "cpu"),
        *("--learning-rate", 1e-5),
    )


def losses(done):
    """Return the losses of the last step, as they were reported."""
    (line,) = (line for line in done.stderr.splitlines() if "10/10  " in line)
    return {name: float(value) for name, value in re.findall(r"([a-z]+) ([\d.e+-]+)(?:  |$)", line)}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "name"), [(one_style, "blots"), (any_style, "arbitrary")], ids=["style", "arbitrary"]
)
def test_two_processes_learn_what_one_does(data, tmp_path, words, name):
    exact = tmp_path / "exact.py"
    exact.write_text(EXACT)
    alone = run(exact, *words(data, tmp_path / "one"))
    assert alone.returncode == 0, alone.stderr
    both = run(*TORCHRUN, exact, *words(data, tmp_path / "two"))
    assert both.returncode == 0, both.stderr
    assert both.stdout.split() == [str(tmp_path / "two" / f"{name}.safetensors")]
    expected = losses(alone)
    assert len(expected) >= 7
    assert losses(both) == pytest.approx(expected, rel=2e-3)
    assert {p.name for p in (tmp_path / "one").iterdir()} == {
        p.name for p in (tmp_path / "two").iterdir()
    }


STEP = """
import torch
import vidstyle.nets.devices as devices
from vidstyle.nets import processes
from vidstyle.nets.arbitrary import Arbitrary, Shape
from vidstyle.nets.onestyle import OneStyle
from vidstyle.nets.perceptual import Perceptual
from vidstyle.training.config import StyleConfig
from vidstyle.training.motion import Pair
from vidstyle.training.painting import Views, losses_of_step

devices.has_fast_bf16 = lambda device: False
config = StyleConfig(batch=4, crop=64, nearest_weight=1, similarity_weight=1)
torch.manual_seed(0)
eyes = Perceptual((4, 4, 8, 8, 8)).requires_grad_(False)
style = torch.rand(1, 3, 64, 80)
net = OneStyle.begin(Arbitrary(Shape(8, 8, 16, 1)).state_dict(), style)
photos = torch.nn.functional.interpolate(torch.rand(4, 3, 14, 14), size=(112, 112), mode="bilinear")
views = Views.of(photos, config, torch.Generator().manual_seed(3))

# In 64 bits, where no difference is one of rounding.
pair = Pair(*(tensor.double() for tensor in vars(views.pair).values()))
views = Views(views.frames.double(), pair, views.ramps.double())
eyes, net, style = eyes.double(), net.double(), style.double()
torch.Tensor.float = torch.Tensor.double


def step(views):
    torch.manual_seed(7)
    net.zero_grad()
    vectors = net.style.expand(len(views.frames), -1)
    loss, losses = losses_of_step(0, views, style, vectors, net.frame_net, eyes, config)
    loss.backward()
    assert loss.dtype == torch.float64
    return losses | {"all": loss}, {n: p.grad.clone() for n, p in net.named_parameters()}


alone, expected = step(views)
assert len(alone) == 10
with processes.together("cpu"):
    parts, found = step(views.own())
    processes.average_gradients(net.parameters())
    found = {n: p.grad for n, p in net.named_parameters()}
    assert processes.count() == 2
    for name, loss in alone.items():
        assert abs(parts[name] / loss - 1) > 1e-5, name
        assert abs(processes.mean(parts[name]) / loss - 1) < 1e-12, name
size = max(g.norm() for g in expected.values())
for name, gradient in expected.items():
    assert (found[name] - gradient).norm() < 1e-11 * max(gradient.norm(), 0.01 * size), name
"""


@pytest.mark.slow
def test_the_gradient_of_two_parts_is_that_of_the_batch(tmp_path):
    script = tmp_path / "step.py"
    script.write_text(STEP)
    done = run(*TORCHRUN, script)
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_a_batch_that_cannot_be_parted_is_refused(data, tmp_path):
    done = run(*TORCHRUN, "-m", "vidstyle", *one_style(data, tmp_path / "out", batch=6))
    assert done.returncode
    assert "--batch that is a multiple of 4, twice the number of processes, got 6" in done.stderr


@pytest.fixture
def two(monkeypatch):
    """Let this process be one of two, whose number can be set; `mean` knows what the other holds."""

    def be(rank, others=()):
        held = iter(others)
        monkeypatch.setattr(processes.dist, "is_initialized", lambda: True)
        monkeypatch.setattr(processes.dist, "get_world_size", lambda: 2)
        monkeypatch.setattr(processes.dist, "get_rank", lambda: rank)
        monkeypatch.setattr(processes.dist, "all_reduce", lambda value: value.add_(next(held)))

    return be


def test_the_parts_of_a_batch_are_the_batch(two):
    frames = torch.rand(8, 3, 4, 4)
    pair = Pair(*(torch.rand(4, 1, 2, 2) for _ in range(5)))
    views = Views(frames, pair, torch.rand(4, 3, 2, 2))
    parts = []
    for rank in (0, 1):
        two(rank)
        parts.append(views.own())
        assert torch.equal(parts[-1].frames, frames[rows(8)])
        assert torch.equal(parts[-1].frames[:2], frames[2 * rank : 2 * rank + 2])
        assert torch.equal(parts[-1].frames[2:], frames[4 + 2 * rank : 6 + 2 * rank])
    for name in vars(pair):
        both = [getattr(p.pair, name) for p in parts]
        assert torch.equal(torch.cat(both), getattr(pair, name))
    assert torch.equal(torch.cat([p.ramps for p in parts]), views.ramps)


def test_losses_over_a_batch_are_the_mean_of_those_over_its_parts(two):
    value, target = torch.rand(4, 3, 8, 8), torch.rand(4, 3, 8, 8) ** 4
    whole = relative_error(value, target)
    grid = torch.rand(4, 8, 8, 2) * 2 - 1
    mask = (torch.rand(4, 1, 8, 8) > 0.7).float()
    moved = temporal_loss(value, target, grid, mask)
    mine, other = slice(0, 2), slice(2, 4)
    found = []
    for this, that in ((mine, other), (other, mine)):
        two(0, [target[that].square().mean(), mask[that].sum()])
        found.append(
            (
                relative_error(value[this], target[this]),
                temporal_loss(value[this], target[this], grid[this], mask[this]),
            )
        )
    relative, temporal = (torch.stack(each).mean() for each in zip(*found, strict=True))
    assert torch.allclose(relative, whole)
    assert torch.allclose(temporal, moved)


def test_a_gradient_is_the_mean_of_all(two):
    weights = [torch.zeros(2, 3, requires_grad=True), torch.zeros(4, requires_grad=True)]
    still = torch.zeros(5, requires_grad=True)
    for n, weight in enumerate(weights):
        weight.grad = torch.full_like(weight, float(n))
    two(0, [torch.ones(10) * 3])
    processes.average_gradients([weights[0], still, weights[1]])
    assert torch.equal(weights[0].grad, torch.full((2, 3), 1.5))
    assert torch.equal(weights[1].grad, torch.full((4,), 2.0))
    assert still.grad is None


def test_the_number_of_processes_is_checked_before_the_work():
    StyleConfig(batch=8).check_processes(4)
    with pytest.raises(ValueError, match="multiple of 6"):
        StyleConfig(batch=8).check_processes(3)
