"""Colors region by region: the sky's for the sky, the ground's for the ground."""

from __future__ import annotations

import logging

import cv2
import numpy as np
import pytest

from tests.clips import make_clip
from tests.conftest import ROOT, vidstyle
from vidstyle import InputError, UsageError, stylize
from vidstyle.images.naming import NAMES, color_of
from vidstyle.media.source import FileSource
from vidstyle.runtime.color_transfer import sample

HEIGHT, WIDTH = 96, 128
"""Of a frame of `make_clip`."""

NIGHT, EARTH = (20, 30, 160), (110, 80, 40)
"""Colors of the picture."""


def by_place(picture):
    """Name the upper half sky, and the lower one vegetation; of what is brown, ground."""
    likely = np.full((12, 16, len(NAMES)), 0.01, np.float32)
    brown = picture[..., 0].mean() > picture[..., 1].mean()
    below = "ground" if brown else "vegetation"
    likely[:6, :, NAMES.index("sky")] = likely[6:, :, NAMES.index(below)] = 0.94
    return likely


@pytest.fixture
def night(tmp_path, monkeypatch):
    """A picture of a blue night over brown earth, and a namer that knows it."""
    monkeypatch.setattr("vidstyle.regions.RegionNamer", lambda: by_place)
    rng = np.random.default_rng(1)
    picture = np.empty((80, 80, 3), np.uint8)
    picture[:40], picture[40:] = NIGHT, EARTH
    noisy = (picture + rng.normal(0, 12, picture.shape)).clip(0, 255).astype(np.uint8)
    cv2.imwrite(str(tmp_path / "night.png"), noisy[..., ::-1])
    return tmp_path / "night.png"


@pytest.fixture
def day(tmp_path):
    """A photo of a light sky over green grass."""
    rng = np.random.default_rng(2)
    picture = np.empty((HEIGHT, WIDTH, 3), np.uint8)
    picture[: HEIGHT // 2], picture[HEIGHT // 2 :] = (190, 210, 240), (70, 150, 60)
    noisy = (picture + rng.normal(0, 12, picture.shape)).clip(0, 255).astype(np.uint8)
    cv2.imwrite(str(tmp_path / "day.png"), noisy[..., ::-1])
    return tmp_path / "day.png"


def painted(source, style, output, **options):
    stylize(source, style, output, method="photoreal", overwrite=True, **options)
    with FileSource(output) as frames:
        return [f.pixels.astype(int) for f in frames]


def distance(part, color):
    return np.abs(part.reshape(-1, 3).mean(0) - color).mean()


def test_the_grass_does_not_take_the_colors_of_the_night(day, night, tmp_path, caplog):
    (named,) = painted(day, night, tmp_path / "named.png", regions="names")
    (whole,) = painted(day, night, tmp_path / "whole.png")
    sky, grass = slice(0, HEIGHT // 2 - 8), slice(HEIGHT // 2 + 8, None)
    assert distance(named[sky], NIGHT) < 12
    assert distance(named[grass], EARTH) < 12
    assert distance(named[grass], NIGHT) > 2 * distance(named[grass], EARTH)
    assert distance(whole[sky], NIGHT) > 2 * distance(named[sky], NIGHT)  # each has some of both
    assert "sky, water like sky (50% of it)" in caplog.text
    assert "vegetation, building, ground, other like ground (50% of it)" in caplog.text


def test_a_map_of_the_picture_counts_and_not_what_is_found(day, night, tmp_path):
    labels = np.zeros((80, 80, 3), np.uint8)
    for half, name in ((slice(40, None), "sky"), (slice(0, 40), "ground")):
        labels[half] = [color_of(name) >> shift & 255 for shift in (16, 8, 0)]
    cv2.imwrite(str(tmp_path / "map.png"), labels[..., ::-1])
    (turned,) = painted(day, night, tmp_path / "out.png", regions=str(tmp_path / "map.png"))
    assert distance(turned[: HEIGHT // 2 - 8], EARTH) < 12
    assert distance(turned[HEIGHT // 2 + 8 :], NIGHT) < 12


def test_a_picture_of_one_region_gives_its_colors_to_all(day, night, tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(
        "vidstyle.regions.RegionNamer",
        lambda: lambda picture: by_place(picture)[:6],
    )
    (named,) = painted(day, night, tmp_path / "named.png", regions="names")
    (whole,) = painted(day, night, tmp_path / "whole.png")
    assert np.array_equal(named, whole)
    assert "no two regions" in caplog.text


def test_a_clip_is_steady(night, tmp_path, monkeypatch):
    """A namer that doubts every second frame does not make the clip flicker."""
    seen = []

    def doubting(picture):
        likely = by_place(picture)
        seen.append(len(seen))
        if len(seen) % 2:
            likely[:6, :, NAMES.index("sky")] = 0.6
            likely[:6, :, NAMES.index("other")] = 0.35
        return likely

    monkeypatch.setattr("vidstyle.regions.RegionNamer", lambda: doubting)
    clip = make_clip(tmp_path / "clip.mp4", times=range(12), sound=False)
    frames = painted(clip, night, tmp_path / "out.mp4", regions="names")
    assert len(frames) == 12
    sky = [f[8 : HEIGHT // 2 - 8].mean() for f in frames[4:]]
    assert np.abs(np.diff(sky)).max() < 6


def test_pieces_go_together(day, night, tmp_path, caplog):
    caplog.set_level(logging.WARNING)
    for options, message in (
        ({"method": "network", "regions": "names"}, "those of `method` photoreal"),
        ({"method": "photoreal", "regions": "names", "mask": str(day)}, "do not go with"),
    ):
        with pytest.raises(UsageError, match=message):
            stylize(day, night, tmp_path / "out.png", **options)
    with pytest.raises(UsageError, match="expected one style"):
        stylize(day, [night, day], tmp_path / "out.png", method="photoreal", regions="names")


@pytest.mark.parametrize(
    ("regions", "error", "message"),
    [
        ("none.png", InputError, "cannot read the picture .*none.png"),
        ("words.mkv", InputError, "words.mkv is no picture"),
        ("day.png", InputError, "expected a color for each of 32 regions"),
        ("other.png", InputError, "expected the colors of names in .*#7fbfff sky"),
        ("out.png", UsageError, "out.png is an input itself; choose another `output`"),
        ("auto", UsageError, "expected names, or a map of the picture, for `regions`, got auto"),
        ("", UsageError, "got nothing"),
        ("-", UsageError, "got -"),
    ],
)
def test_a_bad_map_is_refused_before_the_input_is_opened(
    day, night, tmp_path, monkeypatch, regions, error, message
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "words.mkv").write_text("no video")
    for name in ("other.png", "out.png"):
        cv2.imwrite(name, np.full((80, 80, 3), 200, np.uint8))
    before = (tmp_path / "out.png").read_bytes()
    with pytest.raises(error, match=message):
        painted("words.mkv", night, "out.png", regions=regions)
    assert (tmp_path / "out.png").read_bytes() == before


def test_the_colors_of_a_part_are_as_many():
    picture = np.zeros((64, 64, 3), np.uint8)
    picture[:16] = 255
    where = np.zeros((64, 64), np.float32)
    where[:16] = 1
    whole, part = sample(picture), sample(picture, where)
    assert whole.shape == part.shape
    assert part.min() == 1
    assert np.array_equal(sample(picture, np.zeros((8, 8), np.float32)), whole)  # of nothing


def test_a_painted_night_leaves_the_grass_of_the_sample_clip_green(tmp_path):
    """With the network that is shipped: the shadows of the grass do not take the blue of the sky."""
    with FileSource(ROOT / "samples" / "clip.mp4") as source:
        frame = next(iter(source)).pixels
    cv2.imwrite(str(tmp_path / "day.png"), frame[..., ::-1])
    style, blue = ROOT / "samples" / "styles" / "swirls.jpg", []
    for regions in (None, "names"):
        (made,) = painted(tmp_path / "day.png", style, tmp_path / "out.png", regions=regions)
        grass = made[int(0.92 * len(made)) :]
        blue.append((grass[..., 2] > grass[..., :2].max(-1)).mean())
    assert blue[1] < 0.6 * blue[0]


def test_many_inputs_are_refused_in_a_line(day, night):
    done = vidstyle(
        *("run", str(day), str(night), "-s", str(night), "--method", "photoreal"),
        *("--regions", "names"),
    )
    assert done.returncode == 2
    assert "--regions" in done.stderr


def test_regions_of_nothing_are_refused(day, night, tmp_path):
    with pytest.raises(UsageError, match="for `regions`, got nothing"):
        painted(day, night, tmp_path / "out.png", regions="")


def test_regions_are_refused_before_keyframes_are_learned(day, night):
    done = vidstyle(*("run", str(day), "--keyframe", f"0={night}", "--regions", "names"))
    assert done.returncode == 2
    assert "the network of keyframes is its own style: leave --regions out" in done.stderr
