"""A small inverse network learns to bring features back, and goes on from its checkpoint."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from tests.clips import make_picture, pattern
from tests.conftest import vidstyle
from vidstyle import InputError
from vidstyle.nets.inverse import LAYER, REACH, SCALE, Inverse
from vidstyle.training.inverse import Config, train
from vidstyle.training.manifest import Folders
from vidstyle.training.report import Recording
from vidstyle.zoo.features import load_features

SMALL = Config(steps=60, batch=1, crop=64, quarter=12, half=8, learning_rate=1e-2, average=0.9)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Folders `photos` and `paintings`."""
    top = tmp_path_factory.mktemp("data")
    for name in ("photos", "paintings"):
        (top / name).mkdir()
    for i in range(6):
        cv2.imwrite(str(top / "photos" / f"p{i}.png"), pattern(7 * i, 80, 70))
        make_picture(top / "paintings" / f"s{i}.jpg", 80, 70 + i)
    return top


def trained(data, out, config, **options):
    folders = Folders(data / "photos", data / "paintings")
    return train(folders, load_features(), out, config=config, recording=Recording(**options))


@pytest.mark.slow
def test_it_learns_to_bring_pictures_back_and_goes_on(data, tmp_path):
    reports = []
    result = trained(data, tmp_path, SMALL, on_report=reports.append, sheet_every=60)
    losses = [r.losses for r in reports]
    for name in ("pixel", "feature", "swap", "color"):
        early, late = (np.mean([x[name] for x in part]) for part in (losses[:2], losses[-2:]))
        assert late < 0.8 * early, name
    weights = load_file(result)
    assert all(w.dtype == torch.float16 for w in weights.values())
    net = Inverse.from_shipped(weights)
    picture = torch.from_numpy(pattern(5, 80, 64)).permute(2, 0, 1)[None] / 255
    made = net(*load_features()(picture, [LAYER]))
    assert made.shape == picture.shape
    assert (tmp_path / "sheet_000060.jpg").exists()
    trained(data, tmp_path, replace(SMALL, steps=70), on_report=reports.append)
    assert reports[-1].step == 70
    assert reports[-2].step == 60
    with pytest.raises(InputError, match="another size"):
        trained(data, tmp_path, replace(SMALL, quarter=16))


def test_a_pixel_depends_on_what_is_near_alone():
    """On which the bands of large frames rest."""
    net = Inverse(8, quarter=8, half=8)
    features = torch.rand(1, 8, 1, 41).expand(1, 8, 24, 41).clone()
    with torch.no_grad():
        before = net(features)
        features[..., 20] += 1
        after = net(features)
    changed = (before - after).abs().amax((0, 1, 2)).nonzero().flatten()
    assert changed.min() >= (20 - REACH) * SCALE
    assert changed.max() < (21 + REACH) * SCALE


def test_a_crop_that_does_not_fit_is_refused(data, tmp_path):
    with pytest.raises(InputError, match="multiple of 4, of 64 pixels"):
        trained(data, tmp_path, replace(SMALL, crop=66))
    words = ("train", "inverse", "--content", data / "photos", "--style", data / "none")
    done = vidstyle(*words, "--crop", "64", "--out", tmp_path / "run")
    assert done.returncode == 2
    assert "expected a folder of pictures" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
