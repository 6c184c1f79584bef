"""The video's own colors for its painting: by each frame's light, or by the colors of a shot."""

from __future__ import annotations

import signal
from dataclasses import replace

import cv2
import numpy as np
import pytest

import vidstyle
from tests.clips import make_clip, pattern
from vidstyle import Encoding, Interrupted, Look, UsageError
from vidstyle.images.colors import COLORS, LIGHTS
from vidstyle.media.sink import PIECE_FRAMES
from vidstyle.stylize.packing import pack, unpack
from vidstyle.stylize.stylizer import Stylizer
from vidstyle.testing import STYLE, TinyEngine

OWN = [colors for colors in COLORS if colors != "style"]


def teal(frame):
    """Paint in other colors, and with little contrast."""
    top = np.iinfo(frame.dtype).max
    return ((0.1 + 0.5 * frame[..., [2, 0, 1]] / top * [0.6, 1, 0.9]) * top).astype(frame.dtype)


def clip(count=12, dtype=np.uint8):
    factor = 257 if dtype == np.uint16 else 1
    return [pattern(n, 96, 64).astype(dtype) * factor for n in range(count)]


def paint(frames, colors, *, painter=teal, batch=1, **look):
    stylizer = Stylizer(TinyEngine(painter=painter), made_by="tiny")
    return list(stylizer.stream(frames, Look(STYLE, colors=colors, **look), batch))


def hues(picture):
    floats = picture.astype(np.float32) / np.iinfo(picture.dtype).max
    return cv2.cvtColor(floats, cv2.COLOR_RGB2YCrCb)[..., 1:]


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("colors", OWN)
def test_the_painting_has_the_frames_colors(colors, dtype):
    frames = clip(dtype=dtype)
    plain, own = paint(frames, "style"), paint(frames, colors)
    assert {p.dtype for p in own} == {np.dtype(dtype)}
    was, now = (
        np.mean([np.abs(p.mean((0, 1)) - f.mean((0, 1))) for p, f in zip(of, frames, strict=True)])
        for of in (plain, own)
    )
    if colors in LIGHTS:
        apart = [np.abs(hues(p) - hues(f)).mean() for p, f in zip(own, frames, strict=True)]
        assert max(apart) < 0.05
        light, painted = (cv2.cvtColor(p[0], cv2.COLOR_RGB2GRAY) for p in (own, plain))
        assert np.abs(light.astype(int) - painted).mean() < 0.06 * np.iinfo(dtype).max
    else:
        assert now < 0.2 * was
        assert np.abs(own[0].std((0, 1)) / frames[0].std((0, 1)) - 1).max() < 0.4


@pytest.mark.parametrize("colors", OWN)
def test_what_is_not_painted_stays(colors):
    for frame, same in zip(clip(3), paint(clip(3), colors, painter=np.copy), strict=True):
        assert np.abs(frame.astype(int) - same).max() <= (3 if colors in ("luv", "lab") else 0)


@pytest.mark.parametrize("colors", OWN)
def test_a_strength_of_0_is_the_frame_to_the_bit(colors):
    assert all(map(np.array_equal, clip(3), paint(clip(3), colors, strength=0)))


@pytest.mark.parametrize("colors", ["linear", "histogram"])
def test_batches_do_not_show(colors):
    frames = clip()
    assert all(map(np.array_equal, paint(frames, colors), paint(frames, colors, batch=5)))


@pytest.mark.parametrize("colors", ["linear", "histogram"])
def test_the_colors_are_steady_over_a_shot_and_a_cut_ends_it(colors):
    """Something bright and red enters: the rest keeps its colors, nearly. Another scene has its own at once."""
    quiet = clip(1)[0] // 2
    shot = [quiet] * 40
    entered = quiet.copy()
    entered[:, :10] = 250, 20, 20
    after = paint([*shot, *[entered] * 3], colors)
    rest = after[-1][:, 10:].astype(int) - after[39][:, 10:]
    assert np.abs(rest).mean() < 3
    alone = paint([entered] * 3, colors)
    assert np.abs(alone[-1][:, 10:].astype(int) - after[39][:, 10:]).mean() > 4
    other = [np.ascontiguousarray(255 - f[::-1]) for f in clip(3)]
    cut = paint([*shot, *other], colors)[40:]
    assert all(map(np.array_equal, cut, paint(other, colors)))


@pytest.mark.parametrize("colors", ["linear", "histogram"])
def test_a_kept_state_goes_on(colors):
    stylizer = Stylizer(TinyEngine(painter=teal), made_by="tiny")
    look = Look(STYLE, colors=colors)
    first, second = clip()[:7], clip()[7:]
    _, state = stylizer.step(first, look)
    kept = {name: array.copy() for name, array in pack(state).items()}
    on, _ = stylizer.step(second, look, state)
    again, _ = stylizer.step(second, look, unpack(kept, None, look))
    assert all(map(np.array_equal, on, again))
    fresh, _ = stylizer.step(second, look)
    assert not np.array_equal(fresh[0], on[0])
    other, _ = stylizer.step(second, replace(look, colors="luminance"), state)
    assert all(map(np.array_equal, other, paint(second, "luminance")))


@pytest.mark.slow
@pytest.mark.parametrize("colors", ["linear", "histogram"])
def test_a_run_goes_on(tmp_path, picture, colors):
    source = make_clip(tmp_path / "in.mkv", times=range(PIECE_FRAMES + 60), size=(64, 48))
    whole, other = tmp_path / "whole.mkv", tmp_path / "other.mkv"
    options = {"colors": colors, "encoding": Encoding(codec="ffv1"), "device": "cpu"}
    vidstyle.stylize(source, picture, whole, **options)
    seen = []

    def stop():
        if seen and seen[-1].frames >= PIECE_FRAMES + 40:
            raise Interrupted(signal.SIGTERM)

    with pytest.raises(Interrupted):
        vidstyle.stylize(
            source, picture, other, resume=True, stop=stop, on_progress=seen.append, **options
        )
    done = vidstyle.stylize(source, picture, other, resume=True, **options)
    assert done.summary.resumed == PIECE_FRAMES
    assert whole.read_bytes()[-2000:] == other.read_bytes()[-2000:]


def test_other_words_are_refused():
    with pytest.raises(UsageError, match="expected `colors` style or luminance"):
        Look(colors="sepia")
