"""Cuts are seen, movement is none, and no state passes a cut."""

from __future__ import annotations

from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from vidstyle.stylize.shots import Shot, ShotStylizer, thumbnail

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
        shot, same = shot.go_on(now) if shot else (Shot.begin(now), True)
        if not same:
            found.append(number)
    return found


class Recorder:
    """A stylizer that paints nothing and notes how it was called."""

    depth = 2

    def __init__(self):
        self.calls = []

    def batch(self, height, width):
        return 5

    def start(self, frames, prepared, state):
        self.calls.append((len(frames), state))
        return lambda: frames, len(self.calls)


def test_state_ends_at_a_cut_within_a_batch():
    inner = Recorder()
    stylizer = ShotStylizer(inner)
    frames = [scene(1)] * 7 + [scene(2)] * 4
    finish, state = stylizer.start(frames[:5], None)
    assert len(finish()) == 5
    finish, state = stylizer.start(frames[5:10], None, state)
    assert all((a == b).all() for a, b in zip(finish(), frames[5:10], strict=True))
    stylizer.start(frames[10:], None, state)
    assert inner.calls == [(5, None), (2, 1), (3, None), (1, 3)]
    assert (stylizer.depth, stylizer.batch(64, 96)) == (2, 5)


class Foreseer(Recorder):
    """A recorder that is told what comes: its state is how much that was."""

    def begin(self, frames, prepared):
        return f"knows {len(frames)}"


def test_a_shot_begins_with_what_is_known_of_it_alone():
    frames = [scene(1)] * 13 + [scene(2)] * 4 + [scene(3)] * 3
    asked = []

    def ahead(index):
        asked.append(index)
        return iter(frames[index:])

    inner = Foreseer()
    stylizer = ShotStylizer(inner, ahead)
    state = None
    for begin in (0, 10):
        _, state = stylizer.start(frames[begin : begin + 10], None, state)
    assert asked == [0, 13]  # the second is too short for a look behind it
    # Every second of the thirteen frames of the first shot, of the four of the second; not the first.
    assert inner.calls == [(10, "knows 6"), (3, 1), (4, "knows 1"), (3, None)]


def test_where_nothing_is_known_a_shot_begins_from_nothing():
    inner = Foreseer()
    ShotStylizer(inner, lambda index: iter([])).start([scene(1)], None)
    assert inner.calls == [(1, None)]


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
