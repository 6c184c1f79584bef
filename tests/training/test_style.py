"""A network for one style: trained a little, converted, and painted with."""

from __future__ import annotations

import shutil

import cv2
import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

import vidstyle as package
from tests.clips import make_clip, make_picture, pattern
from tests.conftest import vidstyle
from vidstyle import InputError, UsageError
from vidstyle.nets.arbitrary import Arbitrary, Shape
from vidstyle.nets.encoder import MAX_GAIN, MAX_SHIFT
from vidstyle.nets.onestyle import OneStyle
from vidstyle.nets.palette import PALETTE, palette
from vidstyle.nets.perceptual import Perceptual
from vidstyle.training.report import Recording
from vidstyle.training.style import Config, train
from vidstyle.zoo import catalog

SMALL = {"batch": 2, "crop": 64, "style_side": 64}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """A folder `photos`, a picture, `features.safetensors`, a random perceptual network, and a base."""
    top = tmp_path_factory.mktemp("data")
    (top / "photos").mkdir()
    for i in range(4):
        cv2.imwrite(str(top / "photos" / f"p{i}.png"), pattern(7 * i, 150, 130))
    make_picture(top / "blots.jpg", 160, 120)
    torch.manual_seed(0)
    save_file(Perceptual((4, 4, 8, 8, 8)).state_dict(), top / "features.safetensors")
    save_file(Arbitrary(Shape(8, 8, 16, 1)).state_dict(), top / "base.safetensors")
    return top


@pytest.fixture(scope="module")
def trained(data, tmp_path_factory):
    """Weights that the command trained, converted beside them."""
    out = tmp_path_factory.mktemp("run")
    done = vidstyle(
        *("train", "style", data / "blots.jpg", "--content", data / "photos", "--out", out),
        *("--features", data / "features.safetensors", "--base", data / "base.safetensors"),
        *("--steps", 10, "--batch", 2, "--crop", 64, "--style-side", 64, "--device", "cpu"),
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == str(out / "blots.safetensors")
    used = out / "blots.safetensors"
    assert done.stderr.splitlines()[-1] == f"vidstyle: use it: vidstyle run IN --style {used}"
    assert (out / "sheet.jpg").exists()
    return out / "blots.safetensors"


def test_it_begins_as_the_any_style_network_in_that_style():
    torch.manual_seed(1)
    base = Arbitrary(Shape(8, 8, 16, 1)).eval()
    torch.nn.init.normal_(base.style_encoder.kernel_head.weight)
    picture, frame = torch.rand(1, 3, 64, 80), torch.rand(1, 3, 64, 64)
    net = OneStyle.begin(base.state_dict(), picture)
    with torch.no_grad():
        found, expected = net.frame_net(frame, net.style)[0], base(frame, picture)
    assert torch.equal(found, expected)
    assert not any("bank" in name for name in net.state_dict())


def test_it_begins_as_the_network_of_another_style_in_its_own_colors():
    torch.manual_seed(1)
    other, picture = OneStyle(Shape(8, 8, 16, 1)).eval(), torch.rand(1, 3, 64, 80)
    net = OneStyle.begin(other.state_dict(), picture)
    assert torch.equal(net.affine, other.affine)
    assert torch.allclose(net.colors, palette(picture))
    with pytest.raises(InputError, match="any-style"):
        OneStyle.begin(Perceptual((4, 4, 8, 8, 8)).state_dict(), picture)


def test_it_learns_its_style_within_bounds(data, tmp_path):
    perceptual = Perceptual.from_state_dict(load_file(data / "features.safetensors"))
    reports = []
    config = Config(steps=60, learning_rate=2e-2, average=0.5, **SMALL)
    result = train(
        data / "blots.jpg",
        data / "photos",
        perceptual,
        data / "base.safetensors",
        tmp_path,
        config=config,
        recording=Recording(reports.append),
    )
    assert reports[-1].losses["style"] < 0.8 * reports[0].losses["style"]
    net = OneStyle.from_shipped(load_file(result))
    split = [2 * c for c in net.frame_net.norm_channels]
    for part in net.affine.detach().split(split, dim=1):
        gain, shift = part.chunk(2, dim=1)
        assert 0 <= gain.min() <= gain.max() <= MAX_GAIN
        assert shift.abs().max() <= MAX_SHIFT
    assert net.colors.shape == (1, PALETTE)


def test_what_was_trained_paints_alike_on_both_engines(trained, tmp_path):
    frames = [pattern(3, 96, 64)]
    (cpu,), (reference,) = (
        list(package.stylize_frames(frames, trained, device=device, precision="f32"))
        for device in ("cpu", "torch-cpu")
    )
    assert np.abs(cpu.astype(int) - reference).max() <= 2
    clip = make_clip(tmp_path / "in.mp4", times=range(8))
    done = vidstyle("run", clip, "--style", trained, "-o", tmp_path / "out.mp4", "--device", "cpu")
    assert done.returncode == 0, done.stderr
    assert "int8" not in done.stderr  # it takes the maker's tools


def test_weights_without_their_conversion_say_so(trained, tmp_path):
    alone = shutil.copy(trained, tmp_path / "alone.safetensors")
    with pytest.raises(InputError, match="missing beside it"):
        list(package.stylize_frames([pattern(1, 64, 64)], alone, device="cpu"))


def test_weights_that_are_not_of_one_style_are_refused(tmp_path):
    for device in ("cpu", "torch-cpu"):
        with pytest.raises(InputError, match=r"no network of one style|missing beside"):
            list(
                package.stylize_frames(
                    [pattern(1, 64, 64)], catalog.find().weights, device=device, precision="f32"
                )
            )
    with pytest.raises(InputError, match=r"strry.safetensors: no such file"):
        list(package.stylize_frames([pattern(1, 64, 64)], tmp_path / "strry.safetensors"))
    with pytest.raises(InputError, match="did you mean starry_night"):
        list(package.stylize_frames([pattern(1, 64, 64)], "starry_nigth"))


def test_a_run_of_another_style_is_not_gone_on_with(data, tmp_path):
    perceptual = Perceptual.from_state_dict(load_file(data / "features.safetensors"))
    config = Config(steps=1, **SMALL)
    rest = (data / "photos", perceptual, data / "base.safetensors", tmp_path)
    train(data / "blots.jpg", *rest, config=config)
    cv2.imwrite(str(data / "dots.png"), pattern(9, 80, 80))
    with pytest.raises(InputError, match="something else"):
        train(data / "dots.png", *rest, config=config)


def test_a_network_of_one_style_does_not_mix(trained, data):
    frames = [pattern(1, 64, 64)]
    with pytest.raises(UsageError, match="mix"):
        list(package.stylize_frames(frames, [trained, data / "blots.jpg"]))
    with pytest.raises(UsageError, match="strokes"):
        list(package.stylize_frames(frames, trained, style_scale=2.0))


def test_what_cannot_be_trained_is_refused(data, tmp_path):
    perceptual = Perceptual.from_state_dict(load_file(data / "features.safetensors"))
    good = (data / "blots.jpg", data / "photos", perceptual, data / "base.safetensors", tmp_path)
    with pytest.raises(InputError, match="cannot read the picture"):
        train(data / "none.jpg", *good[1:])
    with pytest.raises(InputError, match="no picture"):
        train(data / "base.safetensors", *good[1:])
    with pytest.raises(InputError, match="any-style"):
        train(*good[:3], data / "features.safetensors", tmp_path)
    with pytest.raises(InputError, match="64 pixels"):
        train(*good, config=Config(batch=2, crop=64, style_side=32))


def test_the_palette_of_the_base_is_the_pictures():
    picture = torch.rand(1, 3, 32, 32)
    net = OneStyle.begin(Arbitrary(Shape(8, 8, 16, 1)).state_dict(), picture)
    assert torch.allclose(net.colors, palette(picture))


def test_every_shipped_style_is_listed_and_whole():
    listed = vidstyle("styles")
    assert listed.returncode == 0
    assert len(catalog.styles()) >= 8
    for name, entry in catalog.styles().items():
        assert f"{entry.artist}, {entry.title}, {entry.year}" in listed.stdout
        model = catalog.shipped_style(name)
        for path in (model.weights, model.frame_net, model.float_net_16bit, model.int8_net):
            assert catalog.verify(path).exists()
