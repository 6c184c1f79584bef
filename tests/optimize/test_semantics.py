"""Semantic maps beside features, regions that are found and saved, doodles and textures."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from tests.clips import pattern
from vidstyle import UsageError
from vidstyle.images.files import read_picture
from vidstyle.images.naming import NAMES
from vidstyle.losses.energies import matched_patches, patches
from vidstyle.losses.perceptual import gram_matrix
from vidstyle.optimize.api import paint
from vidstyle.optimize.config import (
    DISTANCE,
    DoodleConfig,
    GatysConfig,
    MrfConfig,
    PhotorealConfig,
    SwapConfig,
)
from vidstyle.optimize.gatys import GramEnergy
from vidstyle.optimize.painting import Region, Scene, SceneRegion, paint_picture
from vidstyle.optimize.regionfiles import RegionFiles
from vidstyle.optimize.semantics import fading, semantic_maps

RED, BLUE = (255, 0, 0), (0, 0, 255)


def halves(height, width, *, upright=True):
    """A map: red above and blue below; or red at the left."""
    picture = np.full((height, width, 3), RED, np.uint8)
    picture[
        (slice(height // 2, None), slice(None))
        if upright
        else (slice(None), slice(width // 2, None))
    ] = BLUE
    return picture


def write(path, picture):
    cv2.imwrite(str(path), picture[..., ::-1])
    return path


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "photo.png", pattern(1, 64, 48))
    write(tmp_path / "starry.png", pattern(50, 60, 60))
    write(tmp_path / "map.png", halves(48, 64, upright=False))
    write(tmp_path / "style_map.png", halves(60, 60))
    return tmp_path


@pytest.mark.parametrize("semantics", [0.0, 0.5, 50.0])
def test_maps_and_features_are_matched_by_the_sum_of_their_correlations(semantics):
    """By brute force: each part by its own normalized cross-correlation (Champandard 2016)."""
    torch.manual_seed(1)
    have, style = torch.rand(1, 5, 7, 8), torch.rand(1, 5, 9, 6)
    own, other = torch.rand(1, 3, 7, 8), torch.rand(1, 3, 9, 6)

    def columns(features):
        found = patches(features).T.numpy()
        return found / np.linalg.norm(found, axis=1, keepdims=True)

    likeness = columns(have) @ columns(style).T + semantics * columns(own) @ columns(other).T
    expected = patches(style)[:, likeness.argmax(1)]
    found = matched_patches(have, [style], maps=(own, [other]), semantics=semantics)
    assert torch.allclose(found, expected)


def test_heavy_semantics_take_patches_of_the_same_region_alone():
    torch.manual_seed(2)
    have, style = torch.rand(1, 4, 8, 8), torch.rand(1, 4, 8, 8)
    style[..., 4:] += 5  # what is of the second region is bright
    maps = torch.zeros(1, 2, 8, 8)
    maps[:, 0, :, :4], maps[:, 1, :, 4:] = 1, 1
    found = matched_patches(have, [style], maps=(maps, [maps]), semantics=50.0).mean(0).view(6, 6)
    assert found[:, :2].max() < 1 < 5 < found[:, 4:].min()


def scene(regions, seed=3):
    torch.manual_seed(seed)
    return Scene(torch.rand(1, 3, 6, 8), [torch.rand(1, 3, 8, 6)], regions)


def test_a_map_has_a_channel_for_each_region():
    left, top = torch.zeros(1, 1, 6, 8), torch.zeros(1, 1, 8, 6)
    left[..., :4], top[..., :4, :] = 1, 1
    made = scene([SceneRegion(0, 0.5, left, top), SceneRegion(0, 0.5, 1 - left, 1 - top)])
    own, (other,) = semantic_maps(made)
    assert torch.equal(own, torch.cat([left, 1 - left], 1))
    assert torch.equal(other, torch.cat([top, 1 - top], 1))
    assert semantic_maps(scene([SceneRegion(0, 1.0)])) is None


def test_channels_fade_with_the_distance_from_their_region():
    """By brute force: 1 within, outside half of what the distance to the nearest pixel of the region leaves."""
    left, speck = torch.zeros(1, 1, 6, 8), torch.zeros(1, 1, 8, 6)
    left[..., :3], speck[..., 7, 2] = 1, 0.1
    own, (other,) = semantic_maps(scene([SceneRegion(0, 1.0, left, speck)]), DISTANCE)
    for mask, channel in ((left, own), (speck, other)):
        there = np.argwhere(mask[0, 0].numpy() > 0)
        for place in np.ndindex(mask.shape[2:]):
            away = np.linalg.norm(there - place, axis=1).min()
            expected = 1 if away == 0 else 0.5 * np.exp(-away / (8 / 16))
            assert float(channel[0, 0][place]) == pytest.approx(expected, abs=1e-5)


def test_by_distance_a_border_is_sought_at_the_same_border():
    """Of features that are all alike, a place of the first region takes one as far from the second as it is."""
    torch.manual_seed(4)
    width = 16
    columns = torch.arange(width, dtype=torch.float32).expand(1, 1, 6, width)
    left = (columns < 8).float()
    maps = torch.cat([fading(left), fading(1 - left)], 1)
    features = torch.cat([columns / 1000, torch.ones_like(columns)], 1)
    found = matched_patches(features, [features.flip(2)], maps=(maps, [maps]), semantics=100.0)
    assert torch.allclose(found[0] * 1000, patches(features)[0] * 1000, atol=0.5)


def test_channels_add_to_a_gram_energy_what_they_do_in_the_matrices():
    """The Gram matrices of features and maps concatenated, written out; squares of the maps alone do not depend on the picture."""
    left, top = torch.zeros(1, 1, 6, 8), torch.zeros(1, 1, 8, 6)
    left[..., :2], top[..., :4, :] = 1, 1
    regions = [SceneRegion(0, 0.25, left, top), SceneRegion(0, 0.75, 1 - left, 1 - top)]
    made = scene(regions)
    output, style = torch.rand(1, 5, 6, 8), torch.rand(1, 5, 8, 6)
    energy = GramEnergy(made, {"relu1_1": output}, [{"relu1_1": style}], {"relu1_1": 1.0}, 3.0)
    size = 3.0 * style.square().mean().sqrt()

    def concatenated(features, masks):
        channels = [
            m * size * (r.share**0.5) / m.mean() for m, r in zip(masks, regions, strict=True)
        ]
        return gram_matrix(torch.cat([features, *channels], 1))

    difference = concatenated(output, [left, 1 - left]) - concatenated(style, [top, 1 - top])
    # The style's regions count as much as they are large in the picture.
    mixed = 0.25 * gram_matrix(style, top) + 0.75 * gram_matrix(style, 1 - top)
    difference[:, :5, :5] = gram_matrix(output) - mixed
    difference[:, 5:, 5:] = 0
    expected = difference.square().sum() / (4 * 5**2)
    assert energy({"relu1_1": output}).item() == pytest.approx(expected.item(), rel=1e-4)


@pytest.mark.parametrize(
    ("config", "least", "more"),
    [
        (MrfConfig, 20, {}),
        (SwapConfig, 20, {}),
        (SwapConfig, 20, {"map_encoding": DISTANCE}),
        (GatysConfig, 4, {}),
    ],
)
def test_each_half_is_painted_like_its_half_of_the_style(perceptual, config, least, more):
    content = np.full((64, 64, 3), 128, np.uint8)
    style = np.empty((64, 64, 3), np.uint8)
    style[:32], style[32:] = (220, 30, 30), (30, 30, 220)
    style += (np.indices((64, 64)).sum(0) % 9).astype(np.uint8)[..., None]
    left, top = np.zeros((64, 64), np.float32), np.zeros((64, 64), np.float32)
    left[:, :32], top[:32] = 1, 1
    regions = [Region(0, left, top), Region(0, 1 - left, 1 - top)]
    knobs = {"size": 64, "steps": 25, "variation": 0.0, "ratio": 0.0, "semantics": 8.0, **more}
    made = paint_picture(content, [style], perceptual, config(**knobs), regions=regions).astype(int)
    red = made[..., 0] - made[..., 2]
    assert red[:, :26].mean() > red[:, 38:].mean() + least


def test_a_doodle_needs_no_content(folder, perceptual, caplog):
    files = RegionFiles(style_regions=folder / "style_map.png")
    config = DoodleConfig(size=64, steps=2)
    assert (config.ratio, config.init) == (0, "noise")
    made = paint("map.png", "starry.png", method=config, regions=files, features=perceptual)
    assert made.shape == (48, 64, 3)
    with pytest.raises(UsageError, match=r"starry_sem.png beside starry.png, or `style_regions`"):
        paint("map.png", "starry.png", method=config, features=perceptual)
    (folder / "style_map.png").rename("starry_sem.png")
    assert np.array_equal(paint("map.png", "starry.png", method=config, features=perceptual), made)
    assert "maps found by name: starry_sem.png" in caplog.text
    assert "paints without" not in caplog.text
    with pytest.raises(UsageError, match="nothing but its regions, got `regions` none"):
        RegionFiles(regions="none").resolved(config, Path("map.png"), [Path("starry.png")])
    with pytest.raises(UsageError, match="one style with maps of regions, got 2"):
        paint("map.png", ["starry.png", "photo.png"], method=config, features=perceptual)
    with pytest.raises(UsageError, match="a map in a file"):
        paint(read_picture(folder / "map.png"), "starry.png", method=config, features=perceptual)


def test_maps_are_found_by_name(folder, perceptual, caplog):
    config = MrfConfig(size=64, steps=2)
    words = {"method": config, "features": perceptual}
    alone = paint("photo.png", "starry.png", **words)
    (folder / "map.png").rename("photo_sem.png")
    assert np.array_equal(paint("photo.png", "starry.png", **words), alone)  # one of two
    assert "by name" not in caplog.text
    (folder / "style_map.png").rename("starry_sem.png")
    found = paint("photo.png", "starry.png", **words)
    assert "maps found by name: photo_sem.png, starry_sem.png; `regions` none" in caplog.text
    assert not np.array_equal(found, alone)
    none = RegionFiles(regions="none")
    assert np.array_equal(paint("photo.png", "starry.png", regions=none, **words), alone)
    given = RegionFiles(regions="photo_sem.png")
    assert np.array_equal(paint("photo.png", "starry.png", regions=given, **words), found)


def test_regions_are_found_saved_and_taken_again(folder, perceptual):
    words = {"method": GatysConfig(size=64, steps=2), "features": perceptual}
    saved = folder / "own.png", folder / "other.png"
    files = RegionFiles(region_count=3, save_regions=saved)
    assert files.resolved(words["method"], None, [None]).regions == "auto"
    made = paint("photo.png", "starry.png", regions=files, **words)
    own, other = map(read_picture, saved)
    assert own.shape == (48, 64, 3)
    assert other.shape == (60, 60, 3)
    assert 1 <= len(np.unique(own.reshape(-1, 3), axis=0)) <= 3
    again = RegionFiles(regions="own.png", style_regions=saved[1])
    assert np.array_equal(paint("photo.png", "starry.png", regions=again, **words), made)
    with pytest.raises(UsageError, match=r"own.png exists already"):
        paint("photo.png", "starry.png", regions=files, **words)
    with pytest.raises(UsageError, match="it and each style, 2 in all, got 3"):
        many = RegionFiles(
            region_count=3, save_regions=(folder / "a.png", folder / "b.png", folder / "c.png")
        )
        paint("photo.png", "starry.png", regions=many, **words)


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"regions": "none", "region_count": 3}, "none to find"),
        ({"regions": ""}, "expected names, auto, none or a map for `regions`, got nothing"),
        ({"regions": "auto", "style_regions": "x.png"}, "finds those of the style"),
        ({"regions": "map.png", "region_count": 3}, "a map has as many"),
        ({"mask": ("x.png",), "region_count": 3}, "either masks or regions"),
        ({"save_regions": ("m.png",)}, "no regions to save"),
        ({"style_regions": "style_map.png"}, "need each other"),
        ({"regions": "map.png"}, "expected starry_sem.png beside"),
        ({"region_count": 2, "save_regions": ("m.txt",)}, "ends in one of .png"),
        ({"region_count": 2, "save_regions": ("m.png", "m.png")}, "m.png is another file"),
        ({"region_count": 2, "save_regions": ("photo.png",)}, "photo.png exists"),
    ],
)
def test_files_that_do_not_go_together_are_refused(folder, perceptual, files, message):
    def path(value):
        return tuple(map(Path, value)) if isinstance(value, tuple) else value

    given = {k: Path(v) if k == "style_regions" else path(v) for k, v in files.items()}
    with pytest.raises(UsageError, match=message):
        paint(
            "photo.png",
            "starry.png",
            method=GatysConfig(size=64, steps=1),
            regions=RegionFiles(**given),
            features=perceptual,
        )


def by_place(picture):
    """Name the upper half sky; the lower one is ground where it is square, otherwise vegetation."""
    likely = np.full((12, 12, len(NAMES)), 0.01, np.float32)
    below = "ground" if picture.shape[0] == picture.shape[1] else "vegetation"
    likely[:6, :, NAMES.index("sky")] = likely[6:, :, NAMES.index(below)] = 0.94
    return likely


@pytest.mark.parametrize(
    "method", [GatysConfig, MrfConfig, PhotorealConfig], ids=lambda m: m.__name__
)
def test_names_are_matched_saved_and_taken_again(folder, perceptual, caplog, monkeypatch, method):
    monkeypatch.setattr("vidstyle.optimize.regions.RegionNamer", lambda: by_place)
    words = {"method": method(size=64, steps=2), "features": perceptual}
    saved = folder / "own.png", folder / "other.png"
    files = RegionFiles(regions="names", save_regions=saved)
    made = paint("photo.png", "starry.png", regions=files, **words)
    assert "starry.png: sky (50%) like sky; vegetation (50%) like ground" in caplog.text
    own, other = (read_picture(path) for path in saved)
    assert own[-1, 0].tolist() != other[-1, 0].tolist()
    again = RegionFiles(regions="own.png", style_regions=saved[1])
    assert np.array_equal(paint("photo.png", "starry.png", regions=again, **words), made)
    half = RegionFiles(regions="names", style_regions=saved[1])
    assert np.array_equal(paint("photo.png", "starry.png", regions=half, **words), made)
    turned = read_picture(saved[1])[::-1].copy()
    write(folder / "turned.png", turned)
    other_way = RegionFiles(regions="names", style_regions=folder / "turned.png")
    assert not np.array_equal(paint("photo.png", "starry.png", regions=other_way, **words), made)


def test_where_names_tell_nothing_apart_regions_are_found_by_likeness(
    folder, perceptual, caplog, monkeypatch
):
    monkeypatch.setattr(
        "vidstyle.optimize.regions.RegionNamer", lambda: lambda picture: by_place(picture)[:6]
    )
    words = {"method": GatysConfig(size=64, steps=2), "features": perceptual}
    named = paint("photo.png", "starry.png", regions=RegionFiles(regions="names"), **words)
    assert "found by likeness" in caplog.text
    auto = paint("photo.png", "starry.png", regions=RegionFiles(regions="auto"), **words)
    assert np.array_equal(named, auto)


def test_photos_find_regions_by_themselves(folder):
    assert (
        RegionFiles()
        .resolved(PhotorealConfig(), folder / "photo.png", [folder / "starry.png"])
        .regions
        == "names"
    )
    assert (
        RegionFiles().resolved(GatysConfig(), folder / "photo.png", [folder / "starry.png"])
        == RegionFiles()
    )


@pytest.mark.parametrize("method", [MrfConfig(steps=2), GatysConfig(steps=2), SwapConfig(steps=2)])
def test_texture_is_made_in_any_size(folder, perceptual, method):
    made = paint("80x40", "starry.png", method=method, features=perceptual)
    assert made.shape == (40, 80, 3)


def test_textures_that_cannot_be_are_refused(folder, perceptual):
    with pytest.raises(UsageError, match="its own `size`, got 100"):
        paint("80x40", "starry.png", method=GatysConfig(size=100), features=perceptual)
    with pytest.raises(UsageError, match="32 pixels a side at least, got 80x31"):
        paint("80x31", "starry.png", features=perceptual)
    with pytest.raises(UsageError, match="134217728 pixels at most, got 99999x99999"):
        paint("99999x99999", "starry.png", features=perceptual)
    for method in ("doodle", "photoreal"):
        with pytest.raises(UsageError, match="80x40 is painted by `method` gatys, mrf or swap"):
            paint("80x40", "starry.png", method=method, features=perceptual)
