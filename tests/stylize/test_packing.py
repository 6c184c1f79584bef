"""A state comes back from arrays as it was."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pytest

from tests.clips import pattern
from vidstyle.runtime.network import NETWORK_FOLLOWING
from vidstyle.stylize.look import Look
from vidstyle.stylize.packing import pack, unpack
from vidstyle.stylize.style import Style
from vidstyle.stylize.stylizer import Stylizer
from vidstyle.testing import MADE_BY, STYLE, TinyEngine

CLIP = [pattern(i, 64, 48) for i in range(20)] + [255 - pattern(i, 64, 48) for i in range(20)]


def through_a_file(arrays):
    file = io.BytesIO()
    np.savez(file, **arrays)
    file.seek(0)
    return dict(np.load(file, allow_pickle=False))


def test_colors_in_a_change_of_style_come_back():
    """While a style changes they count fewer frames than there were, and no whole number of them."""
    stylizer = Stylizer(TinyEngine(following=NETWORK_FOLLOWING), made_by=MADE_BY)
    other = Look(Style(STYLE.values + 1, MADE_BY), colors="linear")
    finish, state = stylizer.start(CLIP[:13], Look(STYLE, colors="linear"))
    finish, state = stylizer.start(CLIP[13:15], other, state)
    finish()
    back = unpack(through_a_file(pack(state)), NETWORK_FOLLOWING, other)
    assert state.colors.pool().described % 1
    painted = [stylizer.step(CLIP[15:18], other, each)[0] for each in (state, back)]
    assert np.array_equal(*painted)


@pytest.mark.parametrize("stability", [0, 0.7])
@pytest.mark.parametrize("every", [1, 3])
@pytest.mark.parametrize("following", [None, replace(NETWORK_FOLLOWING, lag=5)])
@pytest.mark.parametrize("at", [4, 20, 36])
def test_what_follows_is_the_same(stability, every, following, at):
    following = following and replace(following, every=every)
    look = Look(STYLE, stability=stability)
    engine = TinyEngine(following=following)
    stylizer = Stylizer(engine, made_by=MADE_BY)
    state, painted = None, []
    for index in range(0, len(CLIP), 2):
        if index == at:
            state = unpack(through_a_file(pack(state)), following, look)
        frames, state = stylizer.step(CLIP[index : index + 2], look, state)
        painted += frames
    plain = TinyEngine(following=following)
    state, expected = None, []
    for index in range(0, len(CLIP), 2):
        frames, state = Stylizer(plain, made_by=MADE_BY).step(CLIP[index : index + 2], look, state)
        expected += frames
    assert np.array_equal(painted, expected)
    assert len(engine.statistics) == len(plain.statistics)
    for one, other in zip(engine.statistics, plain.statistics, strict=True):
        assert (one is None) == (other is None)
        assert one is None or (np.array_equal(one[0], other[0]) and one[1] == other[1])
