"""`train_style`, as a Python user calls it."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch
from safetensors.torch import save_file

import vidstyle
from tests.clips import make_clip, make_picture, pattern
from vidstyle import InputError, UsageError
from vidstyle.nets.arbitrary import Arbitrary, Shape
from vidstyle.nets.perceptual import Perceptual
from vidstyle.training.api import train_style
from vidstyle.training.style import Config

QUICK = Config(steps=10, batch=2, crop=64, style_side=64)


@pytest.fixture
def words(tmp_path, monkeypatch):
    """Good arguments, on small pictures and networks."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "photos").mkdir()
    for i in range(4):
        cv2.imwrite(str(tmp_path / "photos" / f"p{i}.png"), pattern(7 * i, 150, 130))
    make_picture(tmp_path / "blots.jpg", 160, 120)
    torch.manual_seed(0)
    save_file(Perceptual((4, 4, 8, 8, 8)).state_dict(), tmp_path / "features.safetensors")
    save_file(Arbitrary(Shape(8, 8, 16, 1)).state_dict(), tmp_path / "base.safetensors")
    return {
        "picture": "blots.jpg",
        "content": "photos",
        "base": "base.safetensors",
        "features": "features.safetensors",
        "config": QUICK,
    }


def test_what_it_returns_is_a_style(words, tmp_path):
    reports = []
    weights = train_style(**words, on_report=reports.append)
    assert weights.resolve() == tmp_path / "runs" / "blots" / "blots.safetensors"
    assert [r.step for r in reports] == [10]
    frame = pattern(3, 96, 64)
    (painted,) = vidstyle.stylize_frames([frame], weights, device="cpu")
    assert painted.shape == frame.shape
    assert not np.array_equal(painted, frame)
    # It goes on from there, and the converted network is of the new weights.
    converted = weights.with_name("blots_frame.bin").read_bytes()
    longer = words | {"config": replace(QUICK, steps=20)}
    assert train_style(**longer, on_report=reports.append) == weights
    assert [r.step for r in reports] == [10, 20]
    assert weights.with_name("blots_frame.bin").read_bytes() != converted


@pytest.mark.parametrize(
    ("wrong", "error", "message"),
    [
        ({"picture": np.zeros((64, 64, 3), np.uint8)}, InputError, "got ndarray"),
        ({"picture": "none.jpg"}, InputError, "cannot read the picture none.jpg"),
        ({"picture": "base.safetensors"}, InputError, "expected the picture of a style"),
        ({"picture": "starry_night"}, InputError, "by Vincent van Gogh, is not shipped"),
        ({"content": "none"}, InputError, "expected a folder of pictures, got none"),
        ({"base": "features.safetensors"}, InputError, "any-style"),
        ({"features": "none.safetensors"}, InputError, "cannot read weights"),
        ({"manifest": "none.csv"}, InputError, "cannot read the manifest"),
        ({"config": replace(QUICK, batch=3)}, InputError, "expected an even batch"),
        ({"exclude": "bad_"}, UsageError, "got the text 'bad_'"),
        ({"save_every": 0}, UsageError, "got 0"),
        ({"device": "toaster"}, UsageError, "toaster"),
    ],
)
def test_arguments_that_cannot_be_are_refused(words, tmp_path, wrong, error, message):
    with pytest.raises(error, match=message):
        train_style(**words | wrong)
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize("content", ["in.mp4", None])
def test_it_learns_from_a_clip_or_without_photos(words, tmp_path, monkeypatch, content):
    monkeypatch.setattr("vidstyle.training.style._LEAVES", 4)  # each takes a tenth of a second
    make_clip(tmp_path / "in.mp4", times=range(8), size=(160, 128))
    weights = train_style(**words | {"content": content, "config": replace(QUICK, steps=1)})
    assert weights.is_file()
    with pytest.raises(UsageError, match="give `content`, their folder"):
        train_style(**words | {"content": content, "exclude": ["bad_"]})


def test_to_import_it_brings_no_torch():
    code = "import vidstyle.training.api, sys; print('torch' in sys.modules)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "False"
