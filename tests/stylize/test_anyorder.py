"""A clip whose frames are asked for in any order."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np
import pytest

import vidstyle
from tests.clips import pattern
from vidstyle import Look, UsageError
from vidstyle.stylize.anyorder import AnyOrder

COUNT, SECTION = 24, 10


@pytest.fixture(scope="module")
def model():
    with vidstyle.load("la_grande_jatte", device="cpu", precision="f32") as model:
        yield model


def clip(index):
    """Two shots."""
    return pattern(index, 64, 48) if index < 17 else 255 - pattern(3 * index, 64, 48)


def made(model, look=None, **options):
    options = {"rate": 8.0, "section": SECTION} | options
    return AnyOrder(model.stylizer, look or Look(), clip, COUNT, **options)


@pytest.fixture(scope="module", params=[0.0, 0.5], ids=["plain", "stable"])
def look(request):
    return Look(stability=request.param)


@pytest.fixture(scope="module")
def in_order(model, look):
    frames = made(model, look)
    return [frames(n) for n in range(COUNT)]


ORDERS = {
    "backwards": [*reversed(range(COUNT))],
    "a little out of order": [0, 1, 3, 2, 4, 7, 5, 6, 9, 8, 11, 10, 12],
    "seeks": [15, 3, 16, 4, 23, 0, 22],
    "again": [5, 5, 4, 5],
}


@pytest.mark.parametrize("order", ORDERS.values(), ids=ORDERS)
def test_a_frame_is_the_same_whatever_came_before(model, look, in_order, order):
    frames = made(model, look)
    for n in order:
        assert np.array_equal(frames(n), in_order[n]), n


def test_threads_get_the_same(model, look, in_order):
    frames = made(model, look)
    with ThreadPoolExecutor(4) as pool:
        for n, painted in enumerate(pool.map(frames, range(COUNT))):
            assert np.array_equal(painted, in_order[n])


def test_in_order_each_frame_is_painted_once(model, monkeypatch):
    starts = []
    start = model.stylizer.start
    monkeypatch.setattr(
        *(model.stylizer, "start"), lambda f, *a, **k: starts.append(1) or start(f, *a, **k)
    )
    frames = made(model)
    for n in range(COUNT):
        frames(n)
    assert len(starts) == COUNT


def test_one_section_without_a_look_ahead_is_the_stream(model):
    """What a clip is painted like that cannot be read ahead, by `Model.stream`, with one section and no look ahead."""
    frames = made(model, section=0)
    frames._ahead = lambda index: iter(())
    for n, expected in enumerate(model.stream(map(clip, range(COUNT)))):
        assert np.array_equal(frames(n), expected)


def test_sections_go_into_each_other(model):
    """The first frame of a section differs from the last before it by little more than others do."""
    frames = made(model)
    painted = [frames(n).astype(float) for n in range(16)]
    change = [np.abs(b - a).mean() for a, b in pairwise(painted)]
    assert change[SECTION - 1] < 1.5 * max(c for n, c in enumerate(change) if n != SECTION - 1)


def test_after_an_error_the_next_frame_is_right(model):
    fails = [True]

    def source(index):
        if index == 5 and fails:
            fails.pop()
            raise OSError("the source broke")
        return clip(index)

    frames = AnyOrder(model.stylizer, Look(), source, COUNT, rate=8, section=SECTION)
    with pytest.raises(OSError, match="broke"):
        frames(4)
    assert np.array_equal(frames(6), made(model)(6))


def test_what_there_is_not_is_refused(model):
    with pytest.raises(IndexError, match="from 0 to 23, got 24"):
        made(model)(24)
    other = vidstyle.Style(np.zeros(3, np.float32), "other")
    with pytest.raises(UsageError):
        made(model, Look(other))
