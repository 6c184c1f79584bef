"""Cuts are seen, movement is none, and no state passes a cut."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from vidstyle import Encoding, stylize
from vidstyle.runtime.engine import Following
from vidstyle.stylize.look import Look
from vidstyle.stylize.shots import Shot, thumbnail
from vidstyle.stylize.stylizer import Stylizer
from vidstyle.testing import MADE_BY, STYLE, TinyEngine

CLIPS = Path(__file__).parents[3] / "shared" / "data" / "video"


def scene(seed, width=96, height=64):
    """A soft picture, as photos are: a few large shapes, some small ones."""
    rng = np.random.default_rng(seed)
    large = cv2.resize(rng.integers(0, 255, (4, 6, 3), np.uint8), (width, height))
    small = cv2.resize(rng.integers(0, 60, (16, 24, 3), np.uint8), (width, height))
    return cv2.addWeighted(large, 0.8, small, 1.0, 0)


def cuts(frames):
    found, shot = [], None
    for number, frame in enumerate(frames):
        now = thumbnail(frame)
        shot, same = shot.follow(now) if shot else (Shot.first(now), True)
        if not same:
            found.append(number)
    return found


# Statistics that are known at once and never rest: what a call is given tells which shot's frames it knows.
AT_ONCE = Following(lag=0, settled=1000, slow=1000, quick=1, misfit=1, share=1)


def test_statistics_of_even_frames_are_not_followed():
    noise = np.random.default_rng(3).integers(16, 18, (64, 96, 3), np.uint8)
    dark = scene(1) // 8
    for deep in (False, True):
        engine = TinyEngine(following=replace(AT_ONCE, least=1), size=3)
        stylizer = Stylizer(engine, made_by=MADE_BY)
        calls = ([noise, dark, np.zeros_like(noise)], [noise, noise], [dark])
        state = None
        for call in calls:
            frames = [frame.astype(np.uint16) * 257 if deep else frame for frame in call]
            _, state = stylizer.step(frames, Look(STYLE), state)
        followed = [given[0] for given in engine.statistics if given]
        assert len(followed) == 2
        for mean in followed:
            assert mean / (257 if deep else 1) == pytest.approx(dark.mean((0, 1)), abs=1e-2)


def test_a_black_screen_behind_a_fade_keeps_its_color(tmp_path):
    source, output = tmp_path / "in.mkv", tmp_path / "out.mkv"
    picture = scene(1, 160, 96)
    lights = [*[1] * 8, *np.linspace(1, 0, 9), *[0] * 30]
    with av.open(str(source), "w") as container:
        stream = container.add_stream("ffv1", rate=10)
        stream.width, stream.height, stream.pix_fmt = 160, 96, "yuv444p"
        for light in lights:
            frame = (picture * light).astype(np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode())
    stylize(source, "starry_night", output, device="cpu", encoding=Encoding("ffv1"))
    with av.open(str(output)) as container:
        painted = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    first, *others = painted[-25:]
    for other in others:
        assert np.abs(other.astype(int) - first).max() <= 1


def test_state_ends_at_a_cut_within_a_batch():
    engine = TinyEngine(following=AT_ONCE, depth=2, size=5)
    stylizer = Stylizer(engine, made_by=MADE_BY)
    frames = [scene(1)] * 7 + [scene(2)] * 4
    look = Look(STYLE)
    painted, state = stylizer.step(frames[:5], look)
    assert len(painted) == 5
    painted, state = stylizer.step(frames[5:10], look, state)
    assert all((a == 255 - b).all() for a, b in zip(painted, frames[5:10], strict=True))
    stylizer.step(frames[10:], look, state)
    assert engine.calls == [5, 2, 3, 1]
    first, second, third, fourth = engine.statistics
    assert first is third is None
    for statistics, shot in ((second, 1), (fourth, 2)):
        assert statistics[0] == pytest.approx(scene(shot).mean((0, 1)), abs=1e-2)
    assert (stylizer.depth(look), stylizer.batch(64, 96)) == (2, 5)


def test_a_shot_begins_with_what_is_known_of_it_alone():
    frames = [scene(1)] * 13 + [scene(2)] * 4 + [scene(3)] * 3
    asked = []

    def ahead(index):
        asked.append(index)
        return iter(frames[index:])

    engine = TinyEngine(following=AT_ONCE, size=100)
    stylizer = Stylizer(engine, made_by=MADE_BY)
    state = None
    for begin in (0, 10):
        finish, state = stylizer.start(
            frames[begin : begin + 10], Look(STYLE), state, lookahead=ahead
        )
        finish()
    assert asked == [0, 13]  # the second is too short for a look behind it
    # Every second of the thirteen frames of the first shot, of the four of the second; not the first.
    assert engine.calls == [6, 10, 3, 1, 4, 3]
    means = [None if statistics is None else statistics[0] for statistics in engine.statistics]
    assert means[0] is means[3] is means[5] is None
    assert means[1] == pytest.approx(scene(1).mean((0, 1)), abs=1e-2)
    assert means[4] == pytest.approx(scene(2).mean((0, 1)), abs=1e-2)


def test_where_nothing_is_known_a_shot_begins_from_nothing():
    engine = TinyEngine(following=AT_ONCE)
    Stylizer(engine, made_by=MADE_BY).start(
        [scene(1)], Look(STYLE), lookahead=lambda index: iter([])
    )
    assert (engine.calls, engine.statistics) == ([1], [None])


@pytest.mark.parametrize("depth", [np.uint8, np.uint16])
def test_cuts_are_seen(depth):
    wide = 257 if depth == np.uint16 else 1
    frames = [scene(n // 8).astype(depth) * wide for n in range(40)]
    assert cuts(frames) == [8, 16, 24, 32]


def test_movement_grain_and_fading_out_are_no_cuts():
    rng = np.random.default_rng(1)
    wide = scene(3, 400, 120)
    pan = [wide[20:84, 6 * n : 6 * n + 96] for n in range(40)]
    assert cuts(pan) == []
    grain = [
        np.clip(scene(1) + rng.normal(0, 12, (64, 96, 3)), 0, 255).astype(np.uint8)
        for _ in range(20)
    ]
    assert cuts(grain) == []
    assert cuts([(scene(1) * share).astype(np.uint8) for share in np.linspace(1, 0, 20)]) == []


def test_what_changes_all_the_time_is_not_cut_all_the_time():
    strobe = [(scene(1) * (0.6 if n % 2 else 1.0)).astype(np.uint8) for n in range(60)]
    assert len(cuts(strobe)) <= 2
    wide = cv2.resize(scene(5, 96, 64), (96 * 20, 64))
    fast = [np.roll(wide, -40 * n, 1)[:, :96] for n in range(40)]
    assert len(cuts(fast)) <= 2


def test_cuts_soon_after_another_are_seen():
    assert cuts([scene(1)] * 10 + [scene(2)] * 10 + [scene(3)] * 10) == [10, 20]


def test_a_fade_from_black_begins_anew():
    """Statistics of black frames would make garbage of the first bright ones."""
    fade = [(scene(1) * share).astype(np.uint8) for share in np.linspace(0, 1, 20)]
    found = cuts(fade + [scene(1)] * 20)
    assert found
    assert max(found) < 20


@pytest.mark.skipif(not CLIPS.is_dir(), reason="needs the shared clips")
@pytest.mark.parametrize(
    ("name", "expected"),
    [("bikes_cuts", [30, 76, 137, 187, 242]), ("bear_pan", []), ("car_turn", [])],
)
def test_real_clips(name, expected):
    with av.open(CLIPS / f"{name}.mp4") as clip:
        assert cuts(f.to_ndarray(format="rgb24") for f in clip.decode(video=0)) == expected
