"""Before and after in one clip."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import cv2
import numpy as np
import pytest

import vidstyle
from tests.clips import make_clip, pattern
from tests.conftest import vidstyle as command
from vidstyle import Frame, UsageError, pipeline
from vidstyle.comparison import COMPARISONS, Comparison
from vidstyle.live.controls import Command
from vidstyle.live.painter import LivePainter
from vidstyle.runtime.compute import Compute
from vidstyle.stylize.stylizer import Stylizer
from vidstyle.testing import BT709, INFO, MADE_BY, STYLE, ListSource, MemorySink, TinyEngine, invert

WIDTH, HEIGHT = 40, 24


class Film(ListSource):
    """Seven seconds at uneven times, of 8 or 16 bits, with alpha."""

    bits = 8

    def __iter__(self):
        for index, time in enumerate([0, 1000, 1500, 3000, 6000, 7000]):
            pixels, alpha = pattern(index, WIDTH, HEIGHT), pattern(index + 9, WIDTH, HEIGHT)[..., 0]
            if self.bits == 16:
                pixels, alpha = (p.astype(np.uint16) * 257 for p in (pixels, alpha))
            yield Frame(pixels, time, Fraction(1, 1000), BT709, alpha=np.ascontiguousarray(alpha))


def compared(way, bits=8, engine=None):
    film = Film(info=replace(INFO, width=WIDTH, height=HEIGHT))
    film.bits = bits
    comparison = Comparison(way)
    source = comparison.source(film)
    bound = Stylizer(engine or TinyEngine(), made_by=MADE_BY).bind(vidstyle.Look(STYLE))
    sink = MemorySink()
    pipeline.run(source, comparison.stylizer(bound), sink)
    assert all(f.pixels.shape == (source.info.height, source.info.width, 3) for f in sink.frames)
    return list(film), sink.frames


@pytest.mark.parametrize("bits", [8, 16])
def test_split_is_half_before_and_half_after_with_a_thin_line_between(bits):
    before, frames = compared("split", bits)
    for original, frame in zip(before, frames, strict=True):
        assert np.array_equal(frame.pixels[:, :19], original.pixels[:, :19])
        assert np.array_equal(frame.pixels[:, 21:], invert(original.pixels)[:, 21:])
        assert np.ptp(frame.pixels[:, 19:21]) == 0
        assert np.array_equal(frame.alpha, original.alpha)


@pytest.mark.parametrize("bits", [8, 16])
def test_side_is_both_whole_with_their_alpha(bits):
    engine = TinyEngine(size=4, depth=2)
    before, frames = compared("side", bits, engine)
    for original, frame in zip(before, frames, strict=True):
        both = [original.pixels, invert(original.pixels)]
        assert np.array_equal(frame.pixels, np.concatenate(both, 1))
        assert np.array_equal(frame.alpha, np.concatenate([original.alpha] * 2, 1))


def test_a_wipe_goes_across_and_back_by_the_time_of_each_frame():
    before, frames = compared("wipe")
    places = []
    for original, frame in zip(before, frames, strict=True):
        same = (frame.pixels == original.pixels).all((0, 2))
        places.append(np.count_nonzero(same) / WIDTH)
    expected = (1 + np.cos(2 * np.pi * np.array([0, 1, 1.5, 3, 6, 7]) / 6)) / 2
    assert places == pytest.approx(expected, abs=2 / WIDTH)
    assert places[0] == places[4] == 1
    assert places[3] == 0


@pytest.mark.parametrize("way", COMPARISONS)
def test_frames_are_what_they_are_without(way):
    """The painter of a comparison sees the frames of a run without one."""
    plain, seen = TinyEngine(), TinyEngine()
    compared(None, engine=plain)
    compared(way, engine=seen)
    assert seen.calls == plain.calls


@pytest.mark.parametrize("way", COMPARISONS)
def test_times_and_sound_stay(way, judge, tmp_path):
    clip = make_clip(tmp_path / "in.mkv", times=[0, 1, 2, 5, 9, 10], size=(65, 48), codec="ffv1")
    out = tmp_path / "out.mkv"
    vidstyle.stylize(clip, "identity", out, compare=way, encoding=vidstyle.Encoding(codec="ffv1"))
    made = judge.stream(out)
    assert (made["width"], made["height"]) == (130 if way == "side" else 65, 48)
    assert judge.times(out) == judge.times(clip)
    assert judge.packets_md5(out) == judge.packets_md5(clip)


def test_a_photo_with_alpha(tmp_path):
    photo, out = tmp_path / "photo.png", tmp_path / "out.png"
    whole = np.dstack([pattern(1, 30, 20), pattern(5, 30, 20)[..., :1]])
    cv2.imwrite(str(photo), whole)
    vidstyle.stylize(photo, "identity", out, compare="side")
    assert np.array_equal(cv2.imread(str(out), -1), np.concatenate([whole, whole], 1))
    with pytest.raises(UsageError, match="no time for a wipe"):
        vidstyle.stylize(photo, "identity", tmp_path / "no.png", compare="wipe")
    assert not (tmp_path / "no.png").exists()


def test_the_command(base, judge, tmp_path):
    done = command("run", base, "-s", "identity", "--compare", "side", "-o", tmp_path / "out.mp4")
    assert done.returncode == 0, done.stderr
    assert judge.stream(tmp_path / "out.mp4")["width"] == 2 * 128


def test_no_such_way(base, tmp_path):
    done = command("run", base, "-s", "identity", "--compare", "up", "-o", "out.mp4", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr == "vidstyle: expected --compare split or side or wipe, got up\n"


def test_live_shows_both_halves_while_it_is_asked_to():
    live = LivePainter.of(["identity"], Compute("cpu"))
    live.model.engine.paint = TinyEngine().paint
    frame = pattern(0, WIDTH, HEIGHT)
    assert live.obey(Command("compare"), 0.0) == "compare split"
    shown = live.paint(frame, (HEIGHT, WIDTH), 0.0)
    assert np.array_equal(shown[:, :19], frame[:, :19])
    assert np.array_equal(shown[:, 21:], invert(frame)[:, 21:])
    assert live.obey(Command("compare"), 0.0) == "compare off"
    assert np.array_equal(live.paint(frame, (HEIGHT, WIDTH), 0.0), invert(frame))
