"""Styles of several networks, and strokes, in one live session."""

from __future__ import annotations

import itertools
import time

import numpy as np
import pytest

from tests.clips import pattern
from tests.conftest import ROOT, vidstyle
from vidstyle import Cue, Look, Timeline
from vidstyle.live.controls import Command
from vidstyle.live.painter import LivePainter
from vidstyle.live.voice import Voice
from vidstyle.media.source import FileSource
from vidstyle.runtime.compute import Compute

SWIRLS = str(ROOT / "samples" / "styles" / "swirls.jpg")
SIZE = 96, 128
STILL = pattern(4, 128, 96)


def away(one, other):
    return float(np.abs(one.astype(float) - other).mean())


def painted(live, until, since=0.0):
    """Paint a still picture, ten frames a second; wait where a network gets ready, so that time has no part in it."""
    frames = []
    for n in range(round(10 * (until - since))):
        live.expect(*SIZE)
        while not live.ready(*SIZE):
            time.sleep(0.01)
        frames.append(live.paint(STILL, SIZE, since + n / 10))
        time.sleep(0.05)
    return frames


@pytest.mark.slow
def test_a_cue_goes_over_into_a_network_and_back_to_a_picture():
    cues = [Cue(7, "great_wave", fade=1), Cue(15, "identity"), Cue(20, SWIRLS, fade=1)]
    live = LivePainter.of([SWIRLS], Compute("cpu"), timeline=Timeline(cues))
    assert live.names == ["swirls", "great_wave", "identity"]
    frames = painted(live, 26)
    wave = painted(LivePainter.of(["great_wave"], Compute("cpu")), 3)[-1]
    assert away(frames[149], wave) < 0.1 * away(frames[60], wave)
    assert np.array_equal(frames[199], STILL)
    assert away(frames[-1], frames[60]) < 0.1 * away(frames[60], wave)
    # The fades show no jump, and begin when they shall.
    fades = frames[60:100] + frames[195:235]
    changes = [away(a, b) for a, b in itertools.pairwise(fades)]
    changes[39] = 0
    assert max(changes) < 0.4 * away(frames[60], wave)
    assert away(frames[75], frames[69]) > 0.2 * away(frames[60], wave)


def test_keys_choose_among_pictures_and_networks():
    live = LivePainter.of([SWIRLS, "identity"], Compute("cpu"))
    first = painted(live, 0.5)[-1]
    assert live.obey(Command("style", "next"), 1.0) == "style identity"
    assert np.array_equal(painted(live, 4, 1)[-1], STILL)
    assert live.obey(Command("style", "1"), 5.0) == "style swirls"
    assert away(painted(live, 8, 5)[-1], first) < 3


def test_a_style_that_is_wished_while_another_fades_waits_for_it():
    live = LivePainter.of([SWIRLS, "identity"], Compute("cpu"))
    painted(live, 0.3)
    live.obey(Command("style", "2"), 1.0)
    painted(live, 1.3, 1)
    live.obey(Command("style", "1"), 1.3)
    live.obey(Command("style", "2"), 1.3)
    assert np.array_equal(painted(live, 4, 1.3)[-1], STILL)


def test_a_stroke_changes_without_a_stall(monkeypatch):
    """The network for another size is compiled beside the painting, which goes on as it was until then."""
    live = LivePainter.of(
        [SWIRLS], Compute("cpu"), timeline=Timeline([Cue(1, stroke=3), Cue(2, stroke=2)])
    )
    sizes, ready = [], []
    paint = Voice.paint

    def noted(voice, frame, small, look):
        sizes.append(small.shape[:2])
        ready.append(voice.ready(*sizes[-1]))
        return paint(voice, frame, small, look)

    monkeypatch.setattr(Voice, "paint", noted)
    painted(live, 3)
    assert sizes[0] == (96, 128)
    assert (160, 213) in sizes
    assert sizes[-1] == (240, 320)
    assert all(ready)
    assert sizes == sorted(sizes)


def test_a_session_may_change_its_size_while_a_stroke_gets_ready():
    """Neither waits for the other without end."""
    live = LivePainter.of([SWIRLS], Compute("cpu"), look=Look(stroke=3))
    live.expect(*SIZE)
    live.paint(STILL, SIZE, 0.0)
    small = 48, 64
    live.expect(*small)
    live.obey(Command("stroke", 2.0), 0.1)
    now, end = 0.1, time.monotonic() + 60
    while not live.ready(*small):
        assert time.monotonic() < end
        now += 0.1
        live.paint(STILL, SIZE, now)
        time.sleep(0.01)
    live.paint(STILL, small, now)
    assert live._stroke == 2


@pytest.mark.slow
def test_the_command_takes_networks_in_cues(tmp_path):
    out = tmp_path / "live.mkv"
    graph = "color=gray:size=64x64:rate=20,realtime"
    words = ["live", graph, "--from", "lavfi", "-s", "identity", "-o", out, "--device", "cpu"]
    done = vidstyle(*words, "--at", "3=great_wave", "--at", "3.5=stroke:2", "--seconds", 7)
    assert done.returncode == 0, done.stderr
    assert "3 s: style great_wave" in done.stderr
    assert "3.5 s: stroke 2" in done.stderr
    with FileSource(out) as frames:
        found = [(float(f.pts * f.time_base), f.pixels.astype(int)) for f in frames]
    assert max(away(pixels, found[0][1]) for t, pixels in found if t < 2.5) < 3
    assert min(away(pixels, found[0][1]) for t, pixels in found if t > 6.5) > 3
