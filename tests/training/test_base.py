"""The base of fits: what is learned for it, and how a fit begins with it."""

from __future__ import annotations

import cv2
import pytest
import torch
from safetensors.torch import load_file, save_file

from tests.clips import pattern
from tests.conftest import vidstyle
from vidstyle import InputError
from vidstyle.nets.arbitrary import Arbitrary, Shape
from vidstyle.nets.perceptual import Perceptual
from vidstyle.training.base import choose_, in_style, train, way_loss
from vidstyle.training.config import BaseConfig, FitConfig
from vidstyle.training.fit import begin, fit
from vidstyle.training.manifest import Folders
from vidstyle.training.pace import FirstSteps
from vidstyle.training.report import Recording
from vidstyle.zoo import catalog

QUICK = FitConfig(crop=64, style_side=64)


@pytest.fixture
def words(tmp_path):
    """Good arguments of `train`, for a tiny network."""
    torch.manual_seed(0)
    for name in ("photos", "styles"):
        (tmp_path / name).mkdir()
        for n in range(3):
            cv2.imwrite(str(tmp_path / name / f"{n}.png"), pattern(7 * n + len(name), 160, 130))
    net = Arbitrary(Shape(8, 8, 16, 1), hidden=16)
    save_file(net.state_dict(), tmp_path / "mine.safetensors")
    return {
        "folders": Folders(tmp_path / "photos", tmp_path / "styles"),
        "perceptual": Perceptual((4, 4, 8, 8, 8)).requires_grad_(False),
        "base": tmp_path / "mine.safetensors",
        "out": tmp_path / "run",
        "config": BaseConfig(steps=2, inner_steps=2, batch=1, learning_rate=1.0, average=0.0),
        "fit_config": QUICK,
    }


def test_a_step_down_goes_all_the_way_of_a_fit():
    torch.manual_seed(0)
    net = Arbitrary(Shape(8, 8, 16, 1), hidden=16)
    picture = pattern(3, 96, 80)
    choose_(net)
    begun, fitted = in_style(net, picture), in_style(net, picture)
    with torch.no_grad():
        for name, weight in fitted.named_parameters():
            if name == "affine" or name.startswith(("frame_net.near", "frame_net.out.weight")):
                weight.add_(0.02 * torch.randn(weight.shape))
    way_loss(net, begun.state_dict(), fitted.state_dict()).backward()
    with torch.no_grad():
        for weight in net.parameters():
            if weight.grad is not None:
                weight.sub_(weight.grad)
    for name, value in in_style(net, picture).state_dict().items():
        assert torch.allclose(value, fitted.state_dict()[name], atol=1e-4), name


def test_it_writes_what_a_fit_begins_with(words):
    reports = []
    path = train(**words, recording=Recording(reports.append, report_every=1))
    assert path == words["out"] / "mine_fit.safetensors"
    assert [r.step for r in reports] == [1, 2]
    own, made = load_file(words["base"]), load_file(path)
    for name, value in made.items():
        assert not torch.equal(value.float(), own[name].half().float()), name
    sees = ("frame_net.stem", "frame_net.down1.", "frame_net.down2.")
    kept = {n for n in own if n not in made}
    assert kept == {
        n for n in own if n.startswith((*sees, "style_encoder")) or n.endswith(".bank")
    } - {"style_encoder.head.bias"}
    beside = words["base"].with_name(path.name)
    beside.write_bytes(path.read_bytes())
    files = catalog.open_file(words["base"])
    assert files.known_fit_base == beside
    net = Arbitrary(Shape(8, 8, 16, 1), hidden=16)
    net.style_encoder.head.bias.data += 1
    save_file(net.state_dict(), words["base"])
    with pytest.raises(InputError, match="was not made for"):
        _ = catalog.open_file(words["base"]).known_fit_base


def test_it_goes_on_and_refuses_the_run_of_another_network(words):
    train(**words)
    reports = []
    train(
        **words | {"config": BaseConfig(steps=3, inner_steps=2, batch=1)},
        recording=Recording(reports.append, report_every=1),
    )
    assert [r.step for r in reports] == [3]
    net = Arbitrary(Shape(8, 8, 16, 1), hidden=16)
    save_file(net.state_dict(), words["base"])
    with pytest.raises(InputError, match="learns something else"):
        train(**words)


@pytest.mark.slow
def test_a_fit_of_an_unseen_style_goes_farther(words):
    picture, frames = pattern(50, 160, 130), [pattern(60 + n, 160, 130) for n in range(2)]

    def last(weights) -> float:
        reports = []
        pace, learned = FirstSteps(6), begin(weights, picture)
        see = words["perceptual"]
        fit(learned, picture, frames, see, pace=pace, config=QUICK, on_report=reports.append)
        return sum(r.losses["style"] for r in reports[-3:])

    config = BaseConfig(steps=40, inner_steps=4, batch=2, learning_rate=1.0, average=0.0)
    own = load_file(words["base"])
    made = load_file(train(**words | {"config": config}))
    assert last(own | made) < 0.9 * last(own)


def test_the_command_names_what_is_missing(tmp_path):
    done = vidstyle("train", "base", "--content", tmp_path, "--style", tmp_path)
    assert done.returncode == 2
    assert "no picture" in done.stderr
    assert "Traceback" not in done.stderr
