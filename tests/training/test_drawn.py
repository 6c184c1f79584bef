"""Style pictures drawn by program: many hands, the same for the same photo and painting."""

from __future__ import annotations

import numpy as np
import pytest

from vidstyle.training import drawn as drawing
from vidstyle.training.data import Crops
from vidstyle.training.drawn import HANDS, draw

SIDE = 256


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """Half as high and wide as what is made for trainings."""
    monkeypatch.setattr(drawing, "SIDE", SIDE)


def picture(seed):
    """A picture (SIDE, SIDE, 3) in [0, 1] of even areas of 64 pixels."""
    areas = np.random.default_rng(seed).random((SIDE // 64, SIDE // 64, 3), np.float32)
    return areas.repeat(64, 0).repeat(64, 1)


@pytest.mark.parametrize("hand", sorted(set(HANDS), key=lambda hand: hand.__name__))
def test_each_hand_leaves_the_shapes_and_adds_strokes(hand):
    target = np.ascontiguousarray(np.float32(0.3) + 0.4 * np.float32(picture(1) > 0.5))
    field = np.full((SIDE, SIDE), 0.4, np.float32)
    drawn = hand(target, field, np.random.default_rng(2))
    assert drawn.shape == target.shape and np.isfinite(drawn).all()
    again = hand(target, field, np.random.default_rng(2))
    assert np.array_equal(drawn, again)
    # Inside an even area of 64 pixels there is texture now.
    inside = drawn[16:48, 16:48].std((0, 1)).mean()
    assert inside > 0.004
    # Chalk on a dark ground is a negative.
    assert abs(np.corrcoef(drawn.mean(2).ravel(), target.mean(2).ravel())[0, 1]) > 0.1


def test_a_drawing_has_the_colors_of_the_painting():
    painting = np.zeros((64, 64, 3), np.float32)
    painting[..., 2] = np.linspace(0.2, 1, 64)  # blues
    for seed in range(4):
        drawn = draw(picture(3), painting, np.random.default_rng(seed))
        assert drawn.min() >= 0 and drawn.max() <= 1
        assert drawn[..., 2].mean() > drawn[..., 0].mean()


def test_crops_are_turned():
    lying = np.zeros((64, 64, 3), np.uint8)
    lying[::2] = 255  # rows
    crops = next(iter(Crops([lying], size=64, batch=32, seed=0, turn=True)))
    standing = sum(bool((crop[:, 0] == crop[:, 1]).all()) for crop in crops)
    assert 8 < standing < 24
