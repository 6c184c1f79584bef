"""Keyframes that the program paints itself."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from tests.clips import make_clip
from tests.sheet.test_sheet import film
from vidstyle import UsageError, stylize
from vidstyle.keyframes.learning import learn_keyframes, paint_keyframes
from vidstyle.nets.arbitrary import Arbitrary, Shape
from vidstyle.optimize.config import GatysConfig
from vidstyle.training.config import KeyframeConfig


def test_each_shot_is_painted_learned_and_followed(picture, tmp_path):
    clip = film(tmp_path / "cuts.mp4", [20, 20])
    steps = []
    painted = paint_keyframes(
        *(clip, picture, 2),
        config=GatysConfig(size=64, steps=2),
        device="cpu",
        on_step=lambda number, step: steps.append(number),
    )
    assert [int(k.time >= 2) for k in painted] == [0, 1]
    assert {*steps} == {0, 1}
    assert all(k.read(48, 64)[0].shape == (48, 64, 3) for k in painted)
    assert not np.array_equal(painted[0].picture, painted[1].picture)
    torch.manual_seed(0)
    save_file(Arbitrary(Shape(8, 8, 16, 1)).state_dict(), tmp_path / "base.safetensors")
    config = KeyframeConfig(steps=2, batch=2, patch=32, crop=64, others=1)
    weights = learn_keyframes(
        *(clip, painted, tmp_path / "net.safetensors"),
        base=tmp_path / "base.safetensors",
        config=config,
    )
    done = stylize(clip, weights, tmp_path / "out.mp4")
    assert done.summary.frames == 40


def test_a_clip_of_one_frame_is_refused_before_it_is_painted(picture, tmp_path):
    clip = make_clip(tmp_path / "one.mp4", times=[0], sound=False)
    with pytest.raises(UsageError, match="expected a clip, got one frame"):
        paint_keyframes(clip, picture, 1, on_step=lambda *_: pytest.fail("it paints"))
