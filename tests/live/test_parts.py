"""The parts of the live loop, without a camera."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vidstyle import UsageError
from vidstyle.live.controls import Command, Fade, parse_key, parse_line
from vidstyle.live.meter import Meter
from vidstyle.live.pace import STEPS, Pace
from vidstyle.media.arrival import DeviceClock


def run(pace, pixels_a_second, frames, overhead=0.0):
    """Let a machine of a speed paint frames; return the sizes it painted at."""
    sizes = []
    for _ in range(frames):
        height, width = pace.size
        sizes.append(pace.size)
        pace.took(height * width / pixels_a_second + overhead)
    return sizes


@given(st.floats(2e6, 4e7), st.floats(0, 0.008))
def test_the_rate_is_kept_where_it_can_be(speed, overhead):
    pace = Pace(30, 720, 1280)
    sizes = run(pace, speed, 600, overhead)
    height, width = sizes[-1]
    smallest = Pace(30, 720, 1280)._at(len(STEPS) - 1)
    in_time = height * width / speed + overhead <= 1 / 30
    assert in_time or (height, width) == smallest
    assert sum(a != b for a, b in itertools.pairwise(sizes)) <= len(STEPS) + 2


def test_a_fast_machine_paints_at_full_size_and_without_a_rate_so_does_a_slow_one():
    assert set(run(Pace(30, 360, 640), 1e8, 100)) == {(360, 640)}
    assert set(run(Pace(None, 360, 640), 1e5, 100)) == {(360, 640)}


def test_it_rises_again_and_does_not_pump():
    pace = Pace(30, 720, 1280)
    assert run(pace, 1e7, 60)[-1] != (720, 1280)
    assert run(pace, 1e8, 900)[-1] == (720, 1280)
    # Once a day something else runs for a while: that is no reason to rise later every time.
    for _ in range(10):
        assert run(pace, 1e7, 300)[-1] != (720, 1280)
        assert run(pace, 1e8, 3000)[-1] == (720, 1280)
    # A machine whose speed jumps to and fro every two seconds: it soon stays where it can stay.
    sizes = [s for n in range(60) for s in run(pace, 1e7 if n % 2 else 4e7, 60)]
    late = sizes[len(sizes) // 2 :]
    assert sum(a != b for a, b in itertools.pairwise(late)) <= 4


def test_sizes_are_multiples_of_the_networks():
    for step in range(1, len(STEPS)):
        assert all(side % 8 == 0 and side >= 64 for side in Pace(30, 361, 641)._at(step))
    assert min(Pace(30, 72, 96)._at(len(STEPS) - 1)) >= 64


def test_a_fade_is_smooth_and_can_turn_round():
    fade = Fade(np.zeros(2, np.float32), seconds=1.0)
    assert (fade.at(5.0) == 0).all()
    fade.to(np.array([1.0, -2.0], np.float32), 5.0)
    values = [fade.at(5.0 + t / 30)[0] for t in range(31)]
    assert values[0] == 0
    assert values[-1] == 1
    steps = np.diff(values)
    assert (steps >= 0).all()
    assert steps.max() < 0.06
    before = fade.at(5.4)
    fade.to(np.zeros(2, np.float32), 5.4)
    assert np.allclose(fade.at(5.4), before)
    assert (fade.at(9.0) == 0).all()


def test_lines_and_keys():
    assert parse_line("style starry night \n") == Command("style", "starry night")
    assert parse_line("strength 0.5") == Command("strength", 0.5)
    assert parse_line("compare") == parse_key(ord("c")) == Command("compare")
    assert parse_line("quit") == Command("quit")
    for wrong in ("", "style", "strength", "strength 2", "strength nan", "stability x", "dance"):
        with pytest.raises(UsageError, match="expected style"):
            parse_line(wrong)
    assert parse_key(ord("3")) == Command("style", "3")
    assert parse_key(ord("+")) == Command("strength", 0.1, relative=True)
    assert parse_key(27) == parse_key(ord("q")) == Command("quit")
    assert parse_key(255) is parse_key(ord("x")) is None


@given(st.lists(st.floats(0, 9), min_size=1, max_size=200), st.floats(0.01, 1))
def test_percentiles_are_within_a_bin(values, share):
    meter = Meter()
    for value in values:
        meter.add(value)
    assert meter.count == len(values)
    exact = float(np.quantile(values, share, method="inverted_cdf"))
    assert abs(meter.percentile(share) - exact) <= 0.0021


def test_a_frame_that_waited_counts_as_old():
    clock = DeviceClock()
    stamps = [clock.stamp(n / 30, 100 + n / 30) for n in range(30)]
    assert stamps == [pytest.approx(100 + n / 30) for n in range(30)]
    assert clock.stamp(1.0, 101.5) == pytest.approx(101.0, abs=0.01)  # read half a second late
    assert clock.stamp(None, 7.0) == 7.0
    # A clock that runs 0.05 % slow is followed; one that was set is begun with anew.
    clock, late = DeviceClock(), 0.0
    for n in range(30_000):
        now = n / 30 * 1.0005
        late = now - clock.stamp(n / 30, now)
    assert late < 0.01
    assert clock.stamp(5e6, 2000.0) == 2000.0
    assert clock.stamp(5e6 - 10, 2001.0) == 2001.0  # set back: not ten seconds late
