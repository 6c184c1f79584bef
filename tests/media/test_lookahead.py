from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from tests.clips import make_clip
from vidstyle.media.lookahead import LookaheadSource
from vidstyle.media.reading import Reading
from vidstyle.media.source import FileSource


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """Nine seconds with frames that no other refers to."""
    return make_clip(tmp_path_factory.mktemp("clip") / "in.mkv", times=range(270))


def shown(path, index, **wishes):
    """Return what is shown after a frame, as places in the video, and the frames themselves."""
    with FileSource(path, Reading(**wishes)) as source:
        lookahead = LookaheadSource(source)
        frames = [frame.pixels.astype(int) for frame in lookahead]
        coming = list(lookahead.after(index))
    assert all(c.shape == frames[0].shape for c in coming)
    places = [int(np.argmin([np.abs(f - c).mean() for f in frames])) for c in coming]
    return places, len(frames)


@pytest.mark.parametrize("index", [0, 1, 100, 260])
def test_what_comes_is_shown_half_a_second_apart(clip, index):
    places, count = shown(clip, index)
    steps = np.diff(places)
    assert index <= places[0] < index + 4
    assert ((steps >= 15) & (steps <= 19)).all()
    assert places[-1] > min(index + 4 * 30, count) - 20
    assert places[-1] < index + 4 * 30


def test_it_ends_where_the_output_does(clip):
    places, count = shown(clip, 30, start=Fraction(2), end=Fraction(4))
    assert count == 60
    assert 30 <= places[0] < 34
    assert places[-1] > 40


def test_it_is_as_large_and_upright_as_what_is_painted(tmp_path):
    turned = make_clip(tmp_path / "in.mp4", times=range(40), rotation=90)
    places, _ = shown(turned, 5, size=(48, 64))
    assert 5 <= places[0] < 9
    assert places == sorted(places)


def test_an_index_from_another_frame_rate_is_a_time(clip):
    places, count = shown(clip, 20, fps=Fraction(10))
    assert count == 90
    assert abs(places[0] - 20) <= 1


def test_what_cannot_be_read_ends_it(clip, tmp_path):
    broken = tmp_path / "in.mkv"
    data = clip.read_bytes()
    broken.write_bytes(data[: len(data) // 2])
    places, count = shown(broken, 0)
    assert len(places) > 0
    assert count < 270
    broken.unlink()
    gone = tmp_path / "gone.mkv"
    gone.write_bytes(data)
    with FileSource(gone) as source:
        lookahead = LookaheadSource(source)
        next(iter(lookahead))
        assert len(list(lookahead.after(0))) > 0
        gone.unlink()
        assert list(lookahead.after(0)) == []


def test_a_stream_without_times_is_not_looked_into(tmp_path):
    bare = make_clip(tmp_path / "in.h264", times=range(40), sound=False)
    with FileSource(bare) as source:
        lookahead = LookaheadSource(source)
        assert len(list(lookahead)) == 40
        assert len(list(lookahead.after(0))) <= 1


def test_the_frames_of_a_stream_without_times_last_as_long_as_they_are_apart(tmp_path):
    bare = make_clip(tmp_path / "in.h264", times=range(40), sound=False)
    with FileSource(bare) as source:
        assert {frame.duration for frame in source} == {1}
