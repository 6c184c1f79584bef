"""The training loops on a few small pictures and a random perceptual network."""

from __future__ import annotations

from dataclasses import replace

import cv2
import pytest
import torch
from safetensors.torch import load_file, save_file

from tests.clips import make_picture, pattern
from tests.conftest import vidstyle
from vidstyle import InputError, TrainingError
from vidstyle.nets import devices
from vidstyle.nets.arbitrary import Arbitrary, Shape
from vidstyle.nets.layers import StyleNorm
from vidstyle.nets.onestyle import OneStyle
from vidstyle.nets.palette import palette
from vidstyle.nets.perceptual import Perceptual
from vidstyle.runtime.torch_engine import load_network
from vidstyle.training import painting
from vidstyle.training.arbitrary import Config, train
from vidstyle.training.checkpoint import WeightAverage
from vidstyle.training.data import Crops, list_pictures
from vidstyle.training.growth import grow, widen
from vidstyle.training.manifest import Folders
from vidstyle.training.pace import Steps
from vidstyle.training.painting import weights_at
from vidstyle.training.report import Recording
from vidstyle.zoo.features import load_features

SMALL = {"batch": 4, "crop": 64, "style_crop": 64}
SMALLER = Shape(16, 32, 80, 1)


@pytest.fixture(autouse=True)
def few_descriptions(monkeypatch):
    """A training begins with looks at 512 crops, which takes a second."""
    monkeypatch.setattr("vidstyle.training.arbitrary._DESCRIBED", 64)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Folders `photos` and `styles`, and `features.safetensors`, a random perceptual network."""
    top = tmp_path_factory.mktemp("data")
    for name in ("photos", "styles"):
        (top / name).mkdir()
    for i in range(6):
        cv2.imwrite(str(top / "photos" / f"p{i}.png"), pattern(7 * i, 150, 130))
    (top / "photos" / "bad_x.png").write_text("left out by --exclude")
    for i in range(3):
        make_picture(top / "styles" / f"s{i}.jpg", 160, 120 + i)
    torch.manual_seed(0)
    save_file(Perceptual((4, 4, 8, 8, 8)).state_dict(), top / "features.safetensors")
    return top


def perceptual(data, name="features"):
    return load_features(str(data / f"{name}.safetensors"))


def folders(data):
    return Folders(data / "photos", data / "styles", exclude=("bad_",))


def run(data, out, steps, shape=None, on_report=None, **more):
    config = Config(steps=steps, shape=shape or Shape(), **SMALL)
    return train(
        folders(data),
        perceptual(data),
        out,
        encoder_perceptual=load_features(),
        config=config,
        recording=Recording(on_report, sheet_every=steps),
        **more,
    )


def test_it_learns_and_writes_everything(data, tmp_path):
    reports = []
    result = run(data, tmp_path, 40, on_report=reports.append)
    assert [r.step for r in reports] == [10, 20, 30, 40]
    first, last = reports[0].losses, reports[-1].losses
    assert last["style"] < first["style"]
    assert all(r.skipped == 0 for r in reports)
    assert (tmp_path / "sheet_000040.jpg").stat().st_size > 1000
    weights = load_file(result)
    assert all(w.dtype == torch.float16 for w in weights.values())
    # The encoder looks through our perceptual network, and knows how styles vary.
    own = load_features().state_dict()
    shared = [n for n in weights if n.startswith("style_encoder.eyes.")]
    assert all(torch.equal(weights[n].float(), own[n.split(".", 2)[2]]) for n in shared)
    assert len(shared) == 2 * (1 + 2 + 2 + 4 + 1)
    spread = weights["style_encoder.spread"]
    assert 0.04 < spread.min() < spread.max() < 5
    load_network(result)


def test_a_run_goes_on_where_it_stopped(data, tmp_path):
    run(data, tmp_path, 10)
    reports = []
    run(data, tmp_path, 20, on_report=reports.append)
    assert [r.step for r in reports] == [20]


def test_init_starts_from_shipped_weights(data, tmp_path):
    shipped = run(data, tmp_path / "a", 2)
    again = run(data, tmp_path / "b", 1, init=shipped)
    before, after = load_file(shipped), load_file(again)
    change = max((before[k].float() - after[k].float()).abs().max().item() for k in before)
    assert change < 0.02
    with pytest.raises(InputError, match="another"):
        run(data, tmp_path / "c", 1, init=data / "features.safetensors")


@pytest.mark.parametrize(
    ("begin", "shape"),
    [
        (SMALLER, SMALLER),
        (SMALLER, Shape()),
        (SMALLER, Shape(24, 40, 88, 1)),
        (SMALLER, Shape(16, 32, 80, 3)),
        (SMALLER, Shape(16, 32, 80, 1, kernels=40)),
        (Shape(16, 32, 80, 1, kernels=0), SMALLER),
        (SMALLER, Shape(16, 32, 80, 1, sixteenth=40, coarse_blocks=2)),
        (
            Shape(16, 32, 80, 1, sixteenth=40, coarse_blocks=2),
            Shape(16, 32, 80, 1, sixteenth=40, coarse_blocks=2, rank=6),
        ),
        (
            Shape(16, 32, 80, 1, sixteenth=40, coarse_blocks=2, rank=6),
            Shape(16, 32, 88, 1, sixteenth=40, coarse_blocks=2, rank=6),
        ),
    ],
)
def test_a_grown_network_paints_nearly_the_same(begin, shape):
    torch.manual_seed(2)
    small, large = Arbitrary(begin, hidden=200), Arbitrary(shape)
    if begin.kernels:
        torch.nn.init.normal_(small.style_encoder.kernel_head.weight, std=0.01)
    frame, picture = torch.rand(1, 3, 64, 96), torch.rand(1, 3, 64, 64)
    with torch.no_grad():
        expected = small(frame, picture)
        assert (large(frame, picture) - expected).abs().max() > 0.1
        grow(small, large)
        error = (large(frame, picture) - expected).abs()
    # Without new blocks the same; a new block speaks, softly.
    assert error.max() < 1e-5 if shape.blocks == 1 else 0 < error.mean() < 0.01


def test_any_style_begins_as_a_network_of_one_style():
    torch.manual_seed(3)
    shape = Shape(8, 12, 16, 1, kernels=0, sixteenth=16, coarse_blocks=1)
    one = OneStyle(shape)
    for at in range(0, one.affine.shape[1], 3):  # gains and shifts over all of their range
        one.affine.data[0, at] = 3.0 * torch.rand(())
    net = Arbitrary(replace(shape, kernels=4), hidden=8)
    frame, picture = torch.rand(1, 3, 64, 96), torch.rand(1, 3, 64, 64)
    widen(one, net)
    net.style_encoder.head.weight.data.zero_()  # the style encoder is silent
    one.colors.copy_(palette(picture))
    with torch.no_grad():
        expected = one.frame_net(frame, one.style)[0]
        assert (net(frame, picture) - expected).abs().max() < 1e-3
    with pytest.raises(InputError, match="expected weights of"):
        widen(one, Arbitrary(Shape()))


def test_a_grown_encoder_describes_textures_and_answers_the_same():
    torch.manual_seed(2)
    small, large = Arbitrary(SMALLER), Arbitrary(SMALLER, texture=True)
    grow(small, large)
    known = len(small.style_encoder.center)
    large.style_encoder.standardize([torch.rand(8, 3, 64, 64)], known)
    assert (large.style_encoder.spread[known:] != 1).all()
    picture = torch.rand(1, 3, 64, 96)
    with torch.no_grad():
        assert torch.allclose(small.style_encoder(picture), large.style_encoder(picture), atol=1e-5)
    with pytest.raises(InputError, match="textures"):
        grow(large, small)


def test_a_description_of_texture_knows_orientation():
    torch.manual_seed(2)
    encoder = Arbitrary(SMALLER, texture=True).style_encoder
    encoder.load_perceptual(load_features(), [torch.rand(2, 3, 64, 64)])
    stripes = (torch.arange(64) // 4 % 2).float().expand(1, 3, 64, 64).contiguous()
    standing = encoder.describe(stripes)[0]
    lying = encoder.describe(stripes.transpose(2, 3).contiguous())[0]
    # Of each layer the first two: one place to the right, one down.
    right, down = standing[-36:].view(3, 12)[:, :2].unbind(1)
    assert (down > right + 0.05).all(), "standing stripes repeat downwards"
    right, down = lying[-36:].view(3, 12)[:, :2].unbind(1)
    assert (right > down + 0.05).all()


@pytest.mark.parametrize("size", [(64, 96), (72, 104)])
def test_a_coarse_branch_sees_frames_of_any_multiple_of_eight(size):
    torch.manual_seed(2)
    net = Arbitrary(Shape(8, 8, 16, 1, 0, 24, 1)).frame_net
    frame, style = torch.rand(1, 3, *size), torch.rand(1, net.style_size)
    painted, statistics = net(frame, style)
    assert painted.shape == frame.shape
    assert statistics.shape == (1, 2 * sum(net.norm_channels))
    other = frame.clone()
    other[..., 0, 0] += 1.0
    changed = (net(other, style, statistics)[0] - net(frame, style, statistics)[0]).abs()
    far = changed.amax(1)[0].nonzero().amax(0)
    assert far.min() >= 63, "the branch carries a change across the frame"


def test_blocks_that_have_no_place_are_left_out():
    torch.manual_seed(2)
    large, small = Arbitrary(), Arbitrary(Shape(blocks=1))
    grow(large, small)
    frame, picture = torch.rand(1, 3, 64, 96), torch.rand(1, 3, 64, 64)
    gains = torch.cat(
        [
            torch.full((2 * m.channels,), 0.0 if name.startswith("far.1.") else 1.0)
            for name, m in large.frame_net.named_modules()
            if isinstance(m, StyleNorm)
        ]
    )
    with torch.no_grad():
        vector = large.style_encoder(picture)
        vector[:, : len(gains)] *= gains  # without gain and shift the block adds nothing
        expected = large.frame_net(frame, vector)[0]
        assert (small(frame, picture) - expected).abs().max() < 1e-5


def test_channels_do_not_shrink(data, tmp_path):
    shipped = run(data, tmp_path / "a", 1)
    with pytest.raises(InputError, match="or smaller"):
        run(data, tmp_path / "b", 1, init=shipped, shape=SMALLER)
    with pytest.raises(InputError, match="`out`"):
        run(data, tmp_path / "a", 2, shape=SMALLER)


def test_bf16_trains_too(data, tmp_path, monkeypatch):
    """Emulated here, native on a GPU: the same mixture of types."""
    monkeypatch.setattr(devices, "has_fast_bf16", lambda _device: True)
    reports = []
    run(data, tmp_path, 10, on_report=reports.append)
    assert reports[-1].skipped == 0


def test_the_smallest_crops_are_not_scaled_below_what_the_losses_need(data, tmp_path):
    config = Config(steps=10, shape=Shape(blocks=1), **SMALL, least_scale=0.25, nearest_weight=1.0)
    reports = []
    train(
        *(folders(data), perceptual(data), tmp_path),
        encoder_perceptual=load_features(),
        config=config,
        recording=Recording(reports.append),
    )
    assert reports[-1].skipped == 0


def test_what_cannot_be_trained_is_refused(data, tmp_path):
    run(data, tmp_path / "there", 1)
    with pytest.raises(InputError, match="already"):
        run(data, tmp_path / "there", 2, init=data / "features.safetensors")
    (data / "text.safetensors").write_text("no weights")
    save_file({"junk": torch.zeros(2)}, data / "junk.safetensors")
    for name, message in (("none", "cannot read"), ("text", "cannot read"), ("junk", "VGG-19")):
        with pytest.raises(InputError, match=message):
            perceptual(data, name)
    for wrong in ({"batch": 3}, {"crop": 60}, {"crop": 56, "style_crop": 56}):
        with pytest.raises(InputError, match="expected"):
            train(
                folders(data),
                perceptual(data),
                tmp_path / "x",
                encoder_perceptual=load_features(),
                config=Config(**wrong),
            )


def test_a_loss_that_is_not_finite_is_never_applied(data, tmp_path, monkeypatch):
    real, calls = painting.content_loss, []

    def broken(*args):
        calls.append(1)
        return real(*args) * (float("nan") if len(calls) == 5 else 1)

    monkeypatch.setattr(painting, "content_loss", broken)
    reports = []
    result = run(data, tmp_path / "once", 10, on_report=reports.append)
    assert reports[-1].skipped == 1
    assert all(torch.isfinite(w).all() for w in load_file(result).values())
    monkeypatch.setattr(painting, "content_loss", lambda *a: real(*a) * float("nan"))
    with pytest.raises(TrainingError, match="not finite"):
        run(data, tmp_path / "always", 30)


def test_schedules():
    config = Config(steps=1000)
    assert weights_at(config, 0.1) == (config.style_weight, config.temporal_weight)
    assert weights_at(config, 0.9) == (
        config.late_style_weight,
        config.late_temporal_weight,
    )
    pace = Steps(1000)
    assert pace.rate(0) < pace.rate(99) > pace.rate(900)
    assert pace.steps(0) == pace.steps(1000) == 1000


def test_crops_have_their_size_even_from_small_pictures(data):
    files = list_pictures(data / "photos", ("bad_",))
    assert len(files) == 6
    batch = next(iter(Crops(files, size=200, batch=2, seed=0, recolor=1.0)))
    assert batch.shape == (2, 3, 200, 200)
    assert 0 <= batch.min() < batch.max() <= 1
    plain, recolored = (
        next(iter(Crops(files, size=64, batch=32, seed=4, recolor=r))) for r in (0.0, 1.0)
    )
    changed = (plain - recolored).abs().flatten(1).mean(1) > 0.01
    assert changed.float().mean() > 0.7
    one, other = (next(iter(Crops(files, size=64, batch=4, seed=9))) for _ in range(2))
    assert torch.equal(one, other)


def test_folders_without_pictures_are_refused(tmp_path):
    for folder in (tmp_path, tmp_path / "none"):
        with pytest.raises(InputError):
            list_pictures(folder)


def test_the_average_follows_the_weights():
    net = torch.nn.Linear(1, 1)
    average = WeightAverage(net, 0.9)
    with torch.no_grad():
        net.weight.fill_(5.0)
    for _ in range(200):
        average.update(net)
    assert torch.allclose(average.weights["weight"], net.weight)


def test_gains_and_shifts_are_bounded():
    net = Arbitrary()
    raw = torch.full((1, 2 * sum(net.frame_net.norm_channels)), 1e4)
    for bounded in (net.style_encoder.bound(raw), net.style_encoder.bound(-raw)):
        assert bounded.abs().max() <= 3.0


@pytest.mark.slow
def test_the_command_trains(data, tmp_path):
    done = vidstyle(
        *("train", "arbitrary", "--content", data / "photos", "--style", data / "styles"),
        *(
            "--features",
            data / "features.safetensors",
            "--out",
            tmp_path / "run",
            "--exclude",
            "bad_",
        ),
        *("--steps", 10, "--batch", 2, "--crop", 64, "--device", "cpu"),
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip().endswith("arbitrary.safetensors")
    assert "10/10" in done.stderr
    assert "vidstyle train style PICTURE --content PHOTOS --base" in done.stderr.splitlines()[-1]
