"""Strokes of another size: a share of the picture's height, the same at any resolution."""

from __future__ import annotations

import numpy as np
import pytest

from tests.clips import pattern
from vidstyle import Look, UsageError
from vidstyle.stylize.stroke import enlarged, scaled, size_for
from vidstyle.stylize.stylizer import Stylizer
from vidstyle.testing import MADE_BY, STYLE, TinyEngine

PERIOD = 16
"""Pixels from one stroke of `hatched` to the next."""


def hatched(frame):
    """Paint strokes of a fixed width over a frame, whatever its size, as networks do."""
    lines = np.cos(2 * np.pi * np.arange(frame.shape[0]) / PERIOD)[:, None, None]
    most = np.iinfo(frame.dtype).max
    return (frame * 0.2 + most * (0.4 + 0.3 * lines)).astype(frame.dtype)


def strokes(picture):
    """Return how many strokes there are from top to bottom."""
    column = picture[:, picture.shape[1] // 2, 0].astype(float)
    spectrum = np.abs(np.fft.rfft(column - column.mean()))
    return int(spectrum.argmax())


def paint(frame, look, painter=hatched):
    (painted,), _ = Stylizer(TinyEngine(painter), made_by=MADE_BY).step([frame], look)
    return painted


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize(("height", "width"), [(240, 320), (720, 405), (2160, 640)])
def test_strokes_are_a_share_of_the_height(height, width, dtype):
    frame = np.full((height, width, 3), np.iinfo(dtype).max // 2, dtype)
    found = {stroke: paint(frame, Look(STYLE, stroke=stroke)) for stroke in (0.5, 1, 2)}
    for stroke, painted in found.items():
        assert (painted.shape, painted.dtype) == (frame.shape, frame.dtype)
        assert abs(strokes(painted) - 480 / stroke / PERIOD) <= 1


def test_without_a_stroke_nothing_changes():
    frame = pattern(3, 90, 70)
    assert np.array_equal(paint(frame, Look(STYLE)), hatched(frame))
    assert size_for(1080, 1920, None) == (1080, 1920)
    assert size_for(470, 800, 1) == (470, 800), "nearly the size: not scaled for that"


def test_a_painting_is_enlarged_along_the_edges_of_its_frame():
    frame = np.zeros((480, 480, 3), np.uint8)
    frame[:, 203:] = 200  # an edge between two pixels of the small one
    small = scaled(frame, (120, 120))
    whole = enlarged(255 - small, small, frame)
    assert np.abs(whole.astype(int) - (255 - frame)).max() < 25
    plain = scaled(255 - small, (480, 480))
    assert np.abs(plain.astype(int) - (255 - frame)).max() > 60


def test_the_state_goes_on():
    frames = [pattern(n, 60, 80) for n in range(3)]
    look = Look(STYLE, stroke=2, stability=0.5)
    stylizer = Stylizer(TinyEngine(hatched), made_by=MADE_BY)
    whole, _ = stylizer.step(frames, look)
    bound = stylizer.bind(look)
    (first,), state = stylizer.step(frames[:1], look)
    rest, _ = stylizer.step(frames[1:], look, bound.unpack(bound.pack(state)))
    assert all(np.array_equal(a, b) for a, b in zip(whole, [first, *rest], strict=True))


def test_sizes_out_of_range_are_refused():
    with pytest.raises(UsageError, match=r"0\.5 to 3"):
        Look(STYLE, stroke=4)
