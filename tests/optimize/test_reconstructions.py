"""Figures of what a network sees."""

from __future__ import annotations

import numpy as np

from tests.clips import pattern
from vidstyle.nets.perceptual import LAYERS
from vidstyle.optimize.reconstructions import reconstruct, sheet


def test_reconstructions_from_shallow_layers_are_nearer(perceptual):
    picture = pattern(2, 48, 48)
    (row,) = reconstruct(picture, perceptual, "content", size=48, steps=40)
    assert [title for title, _ in row] == list(LAYERS)
    far = [np.abs(made.astype(int) - picture).mean() for _, made in row]
    assert far[0] < 20
    assert far[0] < far[3]
    whole = sheet([row, row[:2]])
    assert whole.shape == (48 * 2 + 4, 48 * 5 + 16, 3)
    assert (whole[60:, 120:] == 255).all()


def test_figures_of_texture_and_of_weights(perceptual):
    picture, style = pattern(2, 32, 32), pattern(30, 32, 32)
    (row,) = reconstruct(picture, perceptual, "style", size=32, steps=2)
    assert [title for title, _ in row] == [f"to {layer}" for layer in LAYERS]
    rows = reconstruct(picture, perceptual, "grid", style=style, size=32, steps=1)
    assert [len(r) for r in rows] == [4] * 5
