"""Painting while it happens, with filter graphs in the place of cameras: frames, changes of the look, timelines."""

from __future__ import annotations

import itertools
import time

import numpy as np
import pytest

from tests.clips import pattern
from tests.live.common import SWIRLS, WOODCUT, paced, painter
from vidstyle import Cue, Timeline, VidstyleError
from vidstyle.live.controls import FADE, Command
from vidstyle.live.pace import Pace
from vidstyle.live.painter import LivePainter
from vidstyle.live.session import Session
from vidstyle.media.capture import LiveSource, address
from vidstyle.runtime.compute import Compute


class Slow:
    """A painter that takes a tenth of a second."""

    def paint(self, pixels, size, now):
        time.sleep(0.1)
        return pixels

    def expect(self, height, width): ...

    def ready(self, height, width):
        return True

    def forget(self): ...


class Counted:
    """An output that remembers how late frames were."""

    def __init__(self):
        self.late = []

    def put(self, pixels, stamp, meter):
        self.late.append(time.monotonic() - stamp)
        meter.add(self.late[-1])

    def commands(self):
        return []

    def close(self): ...


def test_the_newest_frame_wins_and_drops_are_counted():
    out = Counted()
    with LiveSource(paced()) as source:
        status = Session(source, Slow(), [out], Pace(None, 96, 128)).run(seconds=3)
    assert np.median(out.late) < 0.25
    assert status.frames == len(out.late)
    assert status.dropped > status.frames
    assert 0 <= status.came - status.dropped - status.frames <= 1
    assert 30 < status.came < 100
    assert abs(status.latency - np.median(out.late)) < 0.01


def test_a_source_that_ends_ends_the_run():
    with LiveSource(
        address("testsrc2=size=64x64:rate=30:duration=0.5,realtime", "lavfi")
    ) as source:
        status = Session(source, Slow(), [Counted()], Pace(None, 64, 64)).run(seconds=20)
    assert status.seconds < 15


@pytest.mark.slow
def test_a_change_of_style_shows_no_jump():
    """Frame by frame the picture goes from one style to the other, without a step or a flash."""
    still = pattern(4, 128, 96)
    live = painter(SWIRLS, WOODCUT)
    frames = [live.paint(still, (96, 128), n / 30) for n in range(40)]
    assert live.obey(Command("style", "next"), 40 / 30) == "style woodcut"
    frames += [live.paint(still, (96, 128), n / 30) for n in range(40, 80)]
    changes = [np.abs(a.astype(float) - b).mean() for a, b in itertools.pairwise(frames)]
    fresh = painter(WOODCUT)
    goal = [fresh.paint(still, (96, 128), n / 30) for n in range(60)][-1]
    far = [np.abs(frame.astype(float) - goal).mean() for frame in frames]
    assert far[39] > 15
    assert max(changes) < 0.25 * far[39]
    assert max(changes[10:39]) < 0.5
    assert max(far[40 + round(2 * 30 * FADE) :]) < 0.1 * far[39]


@pytest.mark.slow
def test_size_strength_and_stability_change_without_a_jump():
    clip = [pattern(n, 192, 128) for n in range(30)]
    live = painter(stability=0.5)
    shown = []
    for n, frame in enumerate(clip):
        if n == 10:
            live.obey(Command("stability", "0"), n / 30)
        if n == 20:
            live.obey(Command("stability", 0.7), n / 30)
        shown.append(live.paint(frame, (128, 192) if n < 15 else (80, 120), n / 30))
    assert all(f.shape == (128, 192, 3) for f in shown)
    assert max(abs(float(a.mean()) - b.mean()) for a, b in itertools.pairwise(shown)) < 12
    live.obey(Command("strength", 0.0), 10.0)
    assert np.array_equal(live.paint(clip[0], (80, 120), 20.0), clip[0])


def test_stability_goes_over_smoothly():
    live = painter(stability=0.0)
    live.obey(Command("stability", 0.8), 1.0)
    found = []
    for now in (1.0, 1.0 + FADE / 4, 1.0 + FADE / 2, 1.0 + FADE):
        found.append(live.look_at(now).stability)
    assert found[0] == 0
    assert found[2] == pytest.approx(0.4)
    assert found[3] == pytest.approx(0.8)
    assert found == sorted(found)


@pytest.mark.slow
def test_a_change_of_size_is_softened_by_stability():
    def pop(stability):
        live, still = painter(stability=stability), pattern(3, 192, 128)
        before = [live.paint(still, (80, 120), n / 30) for n in range(12)][-1]
        return np.abs(live.paint(still, (96, 144), 1.0).astype(float) - before).mean()

    assert pop(1.0) < 0.75 * pop(0.0)


@pytest.mark.slow
def test_a_timeline_counts_from_the_first_frame(caplog):
    """It goes from look to look as its cues say, anew after `forget`; a command counts until the next cue."""
    cues = [
        Cue(0, SWIRLS, strength=0.5),
        Cue(1, WOODCUT, fade=1, curve="linear"),
        Cue(2, blend=0.25, fade=1, curve="linear"),
        Cue(4, strength=1, colors="luminance"),
    ]
    live = LivePainter.of((), Compute("cpu"), timeline=Timeline(cues))
    blank = np.zeros((32, 32, 3), np.uint8)
    for start in (0.0, 100.0):
        live.forget()
        looks = []
        for n in range(50):
            live.paint(blank, (32, 32), start + n / 10)
            looks.append(live.look_at(start + n / 10))
            if n == 32:
                live.obey(Command("strength", "0.2"), start + n / 10)
        one, other = (live.model.style(s).values for s in (SWIRLS, WOODCUT))
        assert np.allclose(looks[9].style.values, one)
        assert np.allclose(looks[15].style.values, (one + other) / 2, atol=1e-4)
        assert np.allclose(looks[20].style.values, other)
        assert [round(looks[n].blend, 3) for n in (19, 20, 24, 30)] == [1, 1, 0.7, 0.25]
        assert [round(looks[n].strength, 3) for n in (0, 39, 40)] == [0.5, 0.2, 1]
        assert [looks[n].colors for n in (39, 40)] == ["style", "luminance"]
    assert "1 s: style woodcut" in caplog.text
    assert live.obey(Command("style", "swirls"), 110.0) == "style swirls"


@pytest.mark.parametrize(
    ("cue", "said"),
    [
        ("shot:2=strength:0.5", "expected a time, got shot 2"),
        ("2=strength:audio", "expected strength as a number at 2 s, got audio:0..1"),
        ("2=flow:dis", "blend, stability, stroke, colors in a cue of a live source, got flow"),
        (f"2={WOODCUT}", "nothing says what it looks like before 2 s"),
        ("0=none.jpg", "none.jpg"),
    ],
)
def test_a_timeline_that_does_not_suit_is_refused(cue, said):
    styles = () if "before" in said else (SWIRLS,)
    with pytest.raises(VidstyleError, match=said.replace(".", r"\.")):
        LivePainter.of(styles, Compute("cpu"), timeline=Timeline([Cue.parse(cue)]))
