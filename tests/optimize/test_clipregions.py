"""The regions of a clip that is painted by optimization."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from vidstyle import InputError, Masks, UsageError
from vidstyle.images.naming import NAMES, color_of
from vidstyle.images.regions import labels_of
from vidstyle.media.source import FileSource
from vidstyle.optimize.album import Album
from vidstyle.optimize.clip import paint_video
from vidstyle.optimize.clipregions import find_clip_regions
from vidstyle.optimize.config import VideoConfig
from vidstyle.optimize.regionfiles import ClipPlaces, FoundRegions

HEIGHT, WIDTH = 48, 64


def scene(horizon, seed=1):
    """A light sky above the horizon, and dark, rough ground below it."""
    noise = np.random.default_rng(seed).integers(-20, 20, (HEIGHT, WIDTH, 1))
    picture = np.full((HEIGHT, WIDTH, 3), (150, 180, 230), np.uint8)
    picture[horizon:] = (70, 60, 50) + noise[horizon:]
    return picture


def style():
    """Red above, and blue below."""
    picture = np.full((60, 60, 3), (30, 30, 220), np.uint8)
    picture[:30] = (220, 30, 30)
    return picture + (np.indices((60, 60)).sum(0) % 9).astype(np.uint8)[..., None]


def by_light(calls, doubt=0.0):
    """Name what is light, or red, sky, and the rest ground; every other time nearly as much of the sky is water."""

    def named(picture):
        calls.append(picture.shape)
        bright = cv2.resize(picture, (16, 12), interpolation=cv2.INTER_AREA)[..., 0] > 120
        shares = np.full((12, 16, len(NAMES)), 0.01, np.float32)
        shares[~bright, NAMES.index("ground")] = 0.94
        shares[bright, NAMES.index("sky")] = 0.94 - doubt * (len(calls) % 2)
        shares[bright, NAMES.index("water")] = 0.01 + doubt * (len(calls) % 2)
        return shares

    return named


@pytest.fixture
def album(tmp_path):
    def make(pictures):
        made = Album(tmp_path / "frames")
        for number, picture in enumerate(pictures):
            made[number] = picture
        return made

    return make


def test_names_are_found_in_each_frame_and_do_not_flicker(album, tmp_path, perceptual, monkeypatch):
    calls = []
    monkeypatch.setattr(
        "vidstyle.optimize.clipregions.RegionNamer", lambda: by_light(calls, doubt=0.5)
    )
    frames, maps = album([scene(16 + n) for n in range(8)]), Album(tmp_path / "maps")
    found = find_clip_regions(FoundRegions("names"), frames, [style()], perceptual, maps)
    assert len(calls) == 9
    for number in range(8):
        labels = labels_of(maps[number])
        assert (labels[:12] == color_of("sky")).all()
        assert (labels[30:] == color_of("ground")).all()
        sky, ground = found.at(number, [(0, style()[::2, ::2])])
        assert np.array_equal(sky.where + ground.where, np.ones((HEIGHT, WIDTH)))
        assert sky.where[4].min() == ground.where[-4].min() == 1
        assert sky.style_mask.shape == (30, 30)
        assert sky.style_mask[4].min() == ground.style_mask[-4].min() == 1


def test_a_frame_as_its_own_style_has_its_own_regions(album, tmp_path, perceptual, monkeypatch):
    monkeypatch.setattr("vidstyle.optimize.clipregions.RegionNamer", lambda: by_light([]))
    frames, maps = album([scene(20)]), Album(tmp_path / "maps")
    found = find_clip_regions(FoundRegions("names"), frames, [style()], perceptual, maps)
    regions = found.at(0, [(0, style()), (None, scene(20))])
    assert [r.style for r in regions] == [0, 0, 1, 1]
    for region in regions[2:]:
        assert np.array_equal(region.where, region.style_mask)


def test_likeness_names_regions_alike_over_a_shot_and_anew_after_a_cut(album, tmp_path, perceptual):
    after = scene(30, seed=2)[:, ::-1]
    after[30:, :32] = (250, 250, 20)
    frames = album([scene(18 + n // 2) for n in range(4)] + [255 - after] * 2)
    maps = Album(tmp_path / "maps")
    found = find_clip_regions(FoundRegions(region_count=2), frames, [scene(20)], perceptual, maps)
    labels = [labels_of(maps[n]) for n in range(6)]
    for number in range(4):
        assert len(np.unique(labels[number])) == 2
        assert (labels[number][:12] == labels[0][0, 0]).all()
        assert (labels[number][34:] == labels[0][-1, 0]).all()
    assert found.shots[0] is found.shots[3]
    assert found.shots[3] is not found.shots[4]


def test_where_a_style_has_no_two_names_likeness_decides(
    album, tmp_path, perceptual, monkeypatch, caplog
):
    monkeypatch.setattr("vidstyle.optimize.clipregions.RegionNamer", lambda: by_light([]))
    frames = album([scene(20)])
    plain = np.full((40, 40, 3), 200, np.uint8)
    maps = [Album(tmp_path / name) for name in ("named", "alike")]
    for regions, made in zip(("names", "auto"), maps, strict=True):
        find_clip_regions(FoundRegions(regions), frames, [plain], perceptual, made)
    assert "found by likeness" in caplog.text
    assert np.array_equal(maps[0][0], maps[1][0])


def test_each_half_of_a_clip_is_painted_like_its_part_of_the_style(
    tmp_path, perceptual, monkeypatch
):
    """The left half is called sky, and the sky of the style is red."""

    def by_place(picture):
        is_sky = np.zeros((12, 12), bool)
        is_sky[(slice(None), slice(6)) if picture.shape[1] == WIDTH else slice(6)] = True
        shares = np.full((12, 12, len(NAMES)), 0.01, np.float32)
        shares[is_sky, NAMES.index("sky")] = shares[~is_sky, NAMES.index("ground")] = 0.94
        return shares

    monkeypatch.setattr("vidstyle.optimize.clipregions.RegionNamer", lambda: by_place)
    for number in range(2):
        cv2.imwrite(str(tmp_path / f"{number}.png"), np.full((HEIGHT, WIDTH, 3), 128, np.uint8))
    paint_video(
        *(tmp_path / "%d.png", [style()], perceptual, tmp_path / "out.mkv"),
        VideoConfig(size=WIDTH, steps=8, ratio=0.0, style_layers={"relu1_1": 1.0}),
        regions=FoundRegions("names"),
    )
    with FileSource(tmp_path / "out.mkv") as painted:
        made = [f.pixels[..., 0].astype(int) - f.pixels[..., 2] for f in painted]
    assert len(made) == 2
    assert all(red[:, :28].mean() > red[:, 36:].mean() + 100 for red in made)


def test_frames_painted_in_other_regions_are_not_gone_on_from(tmp_path, perceptual, monkeypatch):
    monkeypatch.setattr("vidstyle.optimize.clipregions.RegionNamer", lambda: by_light([]))
    for number in range(2):
        cv2.imwrite(str(tmp_path / f"{number}.png"), scene(24)[..., ::-1])
    words = tmp_path / "%d.png", [style()], perceptual, tmp_path / "out.mkv"
    config = VideoConfig(size=64, steps=2)

    def stop(step):
        if step.number == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        paint_video(*words, config, resume=True, on_step=stop)
    with pytest.raises(UsageError, match="`regions` was unset, is names"):
        paint_video(*words, config, resume=True, regions=FoundRegions("names"))
    assert paint_video(*words, config, resume=True).frames == 2


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"regions": "map.png"}, "`regions` names, auto or none for a clip, got map.png"),
        ({"regions": ""}, "a map for `regions`, got nothing"),
        ({"regions": "auto", "style_regions": "map.png"}, "finds those of the style, too"),
        ({"style_regions": "map.png"}, "`style_regions` of a clip go with `regions` names"),
        ({"regions": "names", "region_count": 3}, "`region_count` is for `regions` auto"),
        ({"regions": "none", "region_count": 3}, "none to find"),
        ({"region_count": 1}, "`region_count` from 2 to 24, got 1"),
        ({"regions": "names", "invert": True}, "`invert` changes masks"),
    ],
)
def test_regions_that_cannot_be_are_refused(given, message):
    with pytest.raises(UsageError, match=message):
        ClipPlaces(**given)


@pytest.mark.parametrize(
    ("regions", "message"),
    [
        (FoundRegions("map.png"), "names, auto or none for a clip, got map.png"),
        (FoundRegions(style_regions="map.png"), "go with `regions` names"),
        (FoundRegions("names", "map.png"), "one style with `style_regions`, got 2"),
    ],
)
def test_regions_that_cannot_be_are_refused_before_a_clip_is_read(
    regions, message, base, perceptual, tmp_path, monkeypatch
):
    monkeypatch.setattr(FileSource, "__iter__", None)
    with pytest.raises(UsageError, match=message):
        paint_video(base, [style()] * 2, perceptual, tmp_path / "out.mkv", regions=regions)


def test_a_map_of_the_style_has_the_colors_of_names(tmp_path, perceptual, album):
    cv2.imwrite(str(tmp_path / "map.png"), style())
    frames, maps = album([scene(20)]), Album(tmp_path / "maps")
    given = FoundRegions("names", style_regions=tmp_path / "map.png")
    with pytest.raises(InputError, match="colors of names"):
        find_clip_regions(given, frames, [style()], perceptual, maps)


def test_masks_and_regions_go_together():
    places = ClipPlaces(regions="auto", keep="sky")
    assert isinstance(places, Masks)
    assert (places.mask, places.invert, places.found) == (("auto:sky",), True, "auto")
