"""Masks that are found: people, the sky and other places."""

from __future__ import annotations

import importlib.util
from contextlib import ExitStack
from fractions import Fraction

import cv2
import numpy as np
import pytest

from tests.conftest import ROOT, shared
from tests.conftest import vidstyle as command
from vidstyle import (
    Frame,
    Masks,
    Reading,
)
from vidstyle.images.files import read_picture
from vidstyle.images.masks import fitted
from vidstyle.masks import FOUND, _Fit
from vidstyle.media.source import FileSource
from vidstyle.runtime.segmenter import SEGMENTERS
from vidstyle.stylize.finding import FoundMask
from vidstyle.testing import BT709


def half(frame):
    """Find the left half; every other time, a little more."""
    mask = np.zeros((9, 16), np.float32)
    mask[:, :8] = 1
    mask[:, 8] = 0.4 * (frame[0, 0, 0] % 2)
    return mask


def found(frames, **options):
    source = FoundMask(half, _Fit(None, Masks(("auto:person",), **options)))
    masks, memory = [], {}
    for index, pixels in enumerate(frames):
        mask, memory = source.at(Frame(pixels, index, Fraction(1, 25), BT709), memory)
        masks.append(mask)
    return masks, memory


def test_a_found_mask_does_not_flicker_and_a_cut_begins_anew():
    shot = [np.full((90, 160, 3), 60 + n % 2, np.uint8) for n in range(12)]
    masks, _ = found(shot)
    shown = np.array([mask[45, 84] for mask in masks])
    raw = np.array([fitted(half(f), 90, 160)[45, 84] for f in shot])
    assert np.abs(np.diff(shown[4:])).mean() < 0.6 * np.abs(np.diff(raw)).mean()
    cut = [np.full((90, 160, 3), 201, np.uint8)]
    assert np.array_equal(found([*shot, *cut])[0][-1], found(cut)[0][0])
    turned, memory = found(shot, invert=True)
    assert np.allclose(turned[-1], 1 - masks[-1])
    assert set(memory) == {"mask", "last", "levels"}


def test_the_sky_of_the_sample_clip_is_painted_and_the_grass_is_not():
    """With the network that is shipped."""
    with FileSource(ROOT / "samples" / "clip.mp4") as source:
        frame = next(iter(source))
        (sky,), (grass,) = (
            Masks(name).open(source.info, Reading(), ExitStack())
            for name in ("auto:sky", "auto:vegetation")
        )
    (sky_mask, _), (grass_mask, _) = sky.at(frame, {}), grass.at(frame, {})
    top, bottom = len(sky_mask) // 5, -len(sky_mask) // 10
    assert sky_mask[:top].mean() > 0.8
    assert sky_mask[bottom:].mean() < 0.02
    assert grass_mask[bottom:].mean() > 0.8


@pytest.mark.parametrize("name", [found.removeprefix("auto:") for found in FOUND])
def test_what_can_be_found_can_be_kept(name):
    assert Masks(keep=name) == Masks(f"auto:{name}", invert=True)


def test_a_sky_that_is_kept_stays_as_it_is(tmp_path):
    with FileSource(ROOT / "samples" / "clip.mp4") as source:
        frame = next(iter(source)).pixels
    cv2.imwrite(str(tmp_path / "frame.png"), frame[..., ::-1])
    done = command("run", "frame.png", "-s", "udnie", "--keep", "sky", "-o", "o.png", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    same = (read_picture(tmp_path / "o.png") == frame).all(2)
    top, bottom = len(frame) // 5, -len(frame) // 10
    assert same[:top].mean() > 0.8
    assert same[bottom:].mean() < 0.1


def test_people_are_found():
    """With the networks that a package brings: a face and a person, where the picture has one."""
    if not importlib.util.find_spec("mediapipe"):
        pytest.skip("the package with the networks is not here")
    clip = shared("data/video/woman_running.mp4")
    with FileSource(clip) as frames:
        frame = next(iter(frames)).pixels
    person, face = (SEGMENTERS[kind]()(frame) for kind in ("person", "face"))
    assert 0.2 < (person > 0.5).mean() < 0.6
    assert 0.02 < (face > 0.5).mean() < 0.2
    assert person[len(person) // 2, person.shape[1] // 2] > 0.9


@pytest.mark.parametrize("what", ["person", "face", "background"])
def test_what_is_kept_is_a_mask_the_other_way_round(what, monkeypatch):
    monkeypatch.setattr("vidstyle.masks._finders", lambda names: dict.fromkeys(SEGMENTERS, half))
    kept, other = Masks(keep=what, feather=2), Masks(f"auto:{what}", invert=True, feather=2)
    assert kept == other
    frame = Frame(np.full((90, 160, 3), 60, np.uint8), 0, Fraction(1, 25), BT709)
    left = [
        masks.live().at(frame, {})[0][45, 10] for masks in (kept, Masks(f"auto:{what}", feather=2))
    ]
    assert left == [1, 0] if what == "background" else left == [0, 1]
