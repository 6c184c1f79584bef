"""Words of other programs: they are understood, or answered by the one that is meant here."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from tests.clips import pattern
from vidstyle import InputError, UsageError
from vidstyle.evaluation.report import find_likeness
from vidstyle.model import Model
from vidstyle.optimize.api import paint
from vidstyle.optimize.config import GatysConfig, MrfConfig, PhotorealConfig, VideoConfig
from vidstyle.testing import TinyEngine


@pytest.mark.parametrize("kind", [GatysConfig, MrfConfig, PhotorealConfig, VideoConfig])
def test_synonyms_become_the_word(kind):
    assert kind(pooling="avg") == kind(pooling="average")
    assert kind(init="random") == kind(init="noise")
    assert kind(init="image") == kind(init="content")


@pytest.mark.parametrize(
    ("layer", "said"),
    [
        ("conv4_2", "got conv4_2; layers are looked at behind their ReLU: take relu4_2"),
        ("r31", "take relu3_1"),
        ("block5_conv1", "take relu5_1"),
        ("conv_4", "take relu2_2"),
        ("relu5_2", "got relu5_2; the network ends at relu5_1"),
        ("pool3", "expected layers of relu1_1, relu1_2"),
    ],
)
def test_layers_in_other_spellings_are_told(layer, said):
    for layers in ({"content_layers": {layer: 1.0}}, {"style_layers": {layer: 1.0}}):
        with pytest.raises(UsageError) as caught:
            GatysConfig(**layers)
        assert said in str(caught.value)


def test_a_run_begins_with_a_picture_of_any_size(perceptual, tmp_path):
    begin = tmp_path / "begin.png"
    cv2.imwrite(str(begin), np.full((30, 100, 3), (0, 0, 255), np.uint8))
    photo, style = pattern(1, 64, 48), pattern(50, 60, 60)
    config = GatysConfig(size=48, steps=1, learning_rate=1e-9, init=str(begin))
    assert config.files == (begin,)
    painted = paint(photo, style, method=config, features=perceptual, device="cpu")
    assert painted.shape == (36, 48, 3)
    assert np.abs(painted.astype(int) - (255, 0, 0)).max() <= 1
    with pytest.raises(UsageError, match="is an input itself"):
        paint(photo, style, begin, method=config, features=perceptual, overwrite=True)


def test_a_begin_that_is_none_is_refused(perceptual, tmp_path):
    with pytest.raises(UsageError, match="noise or style or blend or a file, got nosie"):
        GatysConfig(init="nosie")
    (tmp_path / "notes.png").write_text("no picture")
    config = GatysConfig(size=48, init=str(tmp_path / "notes.png"))
    with pytest.raises(InputError, match="is no picture"):
        paint(pattern(1, 64, 48), pattern(5, 60, 60), method=config, features=perceptual)


@pytest.mark.parametrize("read", [find_likeness, Model("tiny", TinyEngine()).style])
def test_the_name_of_a_network_is_no_picture_anywhere(read, tmp_path, monkeypatch):
    with pytest.raises(InputError, match="The Starry Night by Vincent van Gogh, is not shipped"):
        read("starry_night")
    with pytest.raises(InputError, match="is a network"):
        read("x.safetensors")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "starry_night").write_text("a file of that name comes first")
    with pytest.raises(InputError, match="starry_night is no picture"):
        read("starry_night")
