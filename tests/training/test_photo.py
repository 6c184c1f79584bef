"""The style in which a network leaves a photo nearly as it is is learned, and the network stays as it was."""

from __future__ import annotations

import shutil

import cv2
import pytest
import torch

from tests.clips import make_picture, pattern
from vidstyle.nets.arbitrary import Arbitrary
from vidstyle.nets.weights import load_weights
from vidstyle.stylize.style import Style
from vidstyle.training import photo
from vidstyle.zoo.catalog import FOLDER, open_file


@pytest.fixture
def folders(tmp_path):
    for name in ("photos", "styles"):
        (tmp_path / name).mkdir()
    for i in range(4):
        cv2.imwrite(str(tmp_path / "photos" / f"{i}.png"), pattern(9 * i, 80, 72)[..., ::-1])
    make_picture(tmp_path / "styles" / "s.jpg", 90, 80)
    return tmp_path


def test_it_is_learned_and_written_beside_the_weights(folders, monkeypatch):
    monkeypatch.setattr(photo, "_SIZE", 64)
    monkeypatch.setattr(photo, "STYLE_SIDE", 64)
    weights = shutil.copy(FOLDER / "small.safetensors", folders / "own.safetensors")
    net = Arbitrary.from_shipped(load_weights(weights))
    picture = torch.from_numpy(pattern(3, 64, 64)).permute(2, 0, 1)[None] / 255

    def distance(vector):
        with torch.no_grad():
            return (net.frame_net(picture, vector[None])[0] - picture).abs().mean().item()

    before = {name: value.clone() for name, value in net.state_dict().items()}
    few, more = (
        photo.learn(net, *(folders / n for n in ("photos", "styles")), steps=n) for n in (1, 12)
    )
    assert distance(more) < 0.98 * distance(few)
    assert all((value == before[name]).all() for name, value in net.state_dict().items())
    low, high = photo._bounds(net)
    assert ((more >= low) & (more <= high)).all()

    monkeypatch.setattr(photo, "learn", lambda *_args, **_more: more)
    photo.main(weights, folders / "photos", folders / "styles")
    model = open_file(weights)
    found = Style.load(model.photo)
    assert found.made_by == model.digest
    assert torch.equal(torch.from_numpy(found.values), more)
