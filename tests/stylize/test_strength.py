"""A strength between 0 and 1: a weaker hand, no double exposure; and the cross-fade that is one."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest

import vidstyle
from tests.clips import pattern
from vidstyle.frame import Frame
from vidstyle.media.source import FileSource
from vidstyle.runtime.identity import IdentityEngine
from vidstyle.runtime.network import NETWORK_FOLLOWING
from vidstyle.stylize.look import Look
from vidstyle.stylize.strength import tones_first
from vidstyle.stylize.style import Style
from vidstyle.stylize.stylizer import Stylizer
from vidstyle.testing import BT709, MADE_BY, STYLE, TinyEngine
from vidstyle.zoo import catalog

SAMPLES = Path(__file__).parents[2] / "samples"
SWIRLS = SAMPLES / "styles" / "swirls.jpg"
STRENGTHS = (0, 0.02, 0.1, 0.25, 0.5, 0.75, 0.9, 0.98, 1)
PHOTO = Style(np.ones(3, np.float32), MADE_BY)


def still(deep=False):
    frame = pattern(5, 128, 96)
    frame[20:60, 40:70] = 7
    return frame.astype(np.uint16) * 257 if deep else frame


@pytest.fixture(scope="module")
def scene():
    """A frame of the sample clip, 320x180."""
    with FileSource(SAMPLES / "clip.mp4") as source:
        return cv2.resize(next(iter(source)).pixels, (320, 180), interpolation=cv2.INTER_AREA)


@pytest.fixture(scope="module")
def looks():
    """Models of each kind, and a full look of each."""
    with (
        vidstyle.load(device="cpu") as any_style,
        vidstyle.load("starry_night", device="cpu") as one_style,
        vidstyle.load("photoreal") as photoreal,
    ):
        yield {
            "any style": (any_style, Look(any_style.style(SWIRLS))),
            "one style": (one_style, Look()),
            "photoreal": (photoreal, Look(photoreal.style(SWIRLS))),
        }


def at(model, look, strengths, frame):
    return [
        model(frame, replace(look, strength=s)).astype(float) / np.iinfo(frame.dtype).max * 255
        for s in strengths
    ]


@pytest.mark.parametrize("deep", [False, True])
@pytest.mark.parametrize("kind", ["any style", "one style", "photoreal"])
def test_it_goes_from_the_frame_to_the_painting_without_a_jump(looks, kind, deep):
    model, look = looks[kind]
    frame = still(deep)
    untouched = frame.astype(float) / np.iinfo(frame.dtype).max * 255
    shown = at(model, look, STRENGTHS, frame)
    assert (model(frame, replace(look, strength=0.0)) == frame).all()
    assert (model(frame, replace(look, strength=1.0)) == model(frame, look)).all()
    distances = [np.abs(p - untouched).mean() for p in shown]
    assert distances[-1] > 5
    assert all(a < b + 0.3 for a, b in pairwise(distances)), distances
    steps = [np.abs(a - b).mean() for a, b in pairwise(shown)]
    gaps = [b - a for a, b in pairwise(STRENGTHS)]
    assert all(s < 4 * g * distances[-1] + 1 for s, g in zip(steps, gaps, strict=True)), steps
    steady = replace(look, strength=0.0, stability=1.0)
    assert (model(frame, steady) == frame).all()


def detail(picture):
    gray = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32)
    return (gray - cv2.GaussianBlur(gray, (0, 0), 2)).ravel()


def two_pictures(mixed, frame, painted):
    """Return how much the details of two pictures show at once: 1 in a cross-fade of a half."""
    parts = np.stack([detail(frame), detail(painted)], 1)
    of_frame, of_painting = np.linalg.lstsq(parts, detail(mixed), rcond=None)[0]
    return 4 * of_frame * of_painting


@pytest.mark.parametrize(("share", "most"), [(0.25, 0.75), (0.5, 0.85)])
def test_a_weaker_hand_of_one_style_is_no_double_exposure(looks, scene, share, most):
    """Of pictures' styles it is one by this measure: see docs/strength.md."""
    model, look = looks["one style"]
    painted = model(scene, look)
    faded = two_pictures(model(scene, replace(look, blend=share)), scene, painted)
    assert faded == pytest.approx(4 * share * (1 - share), abs=0.05)
    weaker = two_pictures(model(scene, replace(look, strength=share)), scene, painted)
    assert weaker < most * faded


def test_a_color_map_is_mixed_evenly(looks):
    model, look = looks["photoreal"]
    frame = still()
    middle = (frame.astype(float) + model(frame, look)) / 2
    assert np.abs(model(frame, replace(look, strength=0.5)) - middle).max() <= 1


@pytest.mark.parametrize("kind", ["any style", "one style", "photoreal"])
def test_the_cross_fade_stays(looks, kind):
    model, look = looks[kind]
    frame = still()
    painted = model(frame, look).astype(float)
    half = model(frame, replace(look, blend=0.5))
    assert np.abs(half - (frame + painted) / 2).max() <= 1
    assert (model(frame, replace(look, blend=0.0)) == frame).all()
    weaker = model(frame, replace(look, strength=0.5)).astype(float)
    both = model(frame, replace(look, strength=0.5, blend=0.5))
    assert np.abs(both - (frame + weaker) / 2).max() <= 1


def test_the_shipped_network_knows_a_photo(looks, scene):
    """`make photo` has been run since the weights changed; a photo stays nearly itself in that style."""
    model, _ = looks["any style"]
    files = catalog.find()
    photo = Style.load(files.photo)
    assert photo.made_by == files.digest
    as_it_is = np.abs(model(scene, Look(photo)).astype(float) - scene).mean()
    own = Look(model.style(scene))
    assert as_it_is < 13
    assert as_it_is < 0.8 * np.abs(model(scene, own).astype(float) - scene).mean()


def test_no_flicker_is_added(looks):
    """Noise that the painting hardly follows is not stressed by mixing it with the frame."""
    rng = np.random.default_rng(2)
    clip = [
        np.clip(still() + rng.normal(0, 2, (96, 128, 3)), 0, 255).astype(np.uint8)
        for _ in range(12)
    ]

    def change(frames):
        shown = [f.astype(float) for f in frames][4:]
        return np.mean([np.abs(a - b).mean() for a, b in pairwise(shown)])

    for model, look in looks.values():
        ends = max(change(clip), change(model.stream(clip, look)))
        for strength in (0.1, 0.5, 0.9):
            assert change(model.stream(clip, replace(look, strength=strength))) < 1.1 * ends + 0.2


@pytest.mark.parametrize("size", [(1, 1), (3, 50), (17, 33)])
def test_tones_of_frames_of_any_size(size):
    rng = np.random.default_rng(1)
    frame, painted = (rng.integers(0, 256, (*size, 3), np.uint8) for _ in range(2))
    for strength in STRENGTHS:
        mixed = tones_first(frame, painted, strength)
        assert mixed.shape == frame.shape
        assert mixed.dtype == np.uint8
    deep = tones_first(frame.astype(np.uint16) * 257, painted.astype(np.uint16) * 257, 0.5)
    assert np.abs(deep / 257 - tones_first(frame, painted, 0.5)).max() <= 1.5


def test_tones_come_first_and_keep_the_edges_of_the_frame():
    """A painting that is the frame in other tones is reached early, its strokes late."""
    y, x = np.mgrid[0:96, 0:128]
    frame = np.where(x < 64, 60, 180)[..., None].repeat(3, 2).astype(np.uint8)
    tones = 0.5 * frame + 70
    strokes = 30 * np.sign(np.sin(y))[..., None]
    painted = (tones + strokes).astype(np.uint8)
    mixed = tones_first(frame, painted, 0.5).astype(float)
    for middle in (32, 96):  # away from the edge
        column = mixed[20:-20, middle - 4 : middle + 4]
        even = frame[0, middle, 0] + 0.75 * (tones[0, middle, 0] - frame[0, middle, 0])
        assert abs(column.mean() - even) < 2
        assert abs(column.std() - 0.25 * 30) < 2


def test_a_fade_lets_the_statistics_follow_and_goes_on_after_a_stop():
    """The mixed style is the one that the state remembers, in a file, too."""
    engine = TinyEngine(following=NETWORK_FOLLOWING)
    stylizer = Stylizer(engine, made_by=MADE_BY, photo=PHOTO)
    bound = stylizer.bind(Look(STYLE, strength=0.5))
    pixels = [np.full((8, 8, 3), 40, np.uint8)]
    frames = [Frame(p, 0, Fraction(1, 25), BT709) for p in pixels]
    _, state = bound.start(frames, None)
    assert np.allclose(state.style.values, (STYLE.values + PHOTO.values) / 2)
    _, state = bound.start(frames, bound.unpack(bound.pack(state)))
    assert not state.settling, "it is the style of before"
    _, state = stylizer.start(pixels, Look(STYLE, strength=0.6), state)
    assert state.settling


def test_engines_without_strokes_are_faded():
    frame = still()
    for engine in (IdentityEngine(), TinyEngine(strokes=False)):
        style = STYLE if engine.takes_pictures else None
        stylizer = Stylizer(engine, made_by=MADE_BY)
        (full,), _ = stylizer.step([frame], Look(style))
        (half,), _ = stylizer.step([frame], Look(style, strength=0.5))
        assert np.abs(half - (frame.astype(float) + full) / 2).max() <= 1
