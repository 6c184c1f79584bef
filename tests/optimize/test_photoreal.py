"""Photorealistic transfer: the matting Laplacian, the smoothing, the regions."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch

from tests.clips import pattern
from vidstyle import InputError, UsageError
from vidstyle.images.regions import pair_regions
from vidstyle.losses.energies import matting_energy
from vidstyle.optimize.likeness import find_regions
from vidstyle.optimize.painting import Scene, SceneRegion, paint_picture
from vidstyle.optimize.photoreal import (
    PhotorealConfig,
    matting_laplacian,
    recolored_regions,
    smooth_affinely,
)


def laplacian_by_hand(picture, epsilon=1e-7):
    """Levin et al. 2008, eq. 12, as it stands there."""
    height, width, _ = picture.shape
    found = np.zeros((height * width, height * width))
    for y in range(1, height - 1):
        for x in range(1, width - 1):
            places = [(y + i) * width + x + j for i in (-1, 0, 1) for j in (-1, 0, 1)]
            colors = picture.reshape(-1, 3)[places]
            centered = colors - colors.mean(0)
            inverse = np.linalg.inv(centered.T @ centered / 9 + epsilon / 9 * np.eye(3))
            part = np.eye(9) - (1 + centered @ inverse @ centered.T) / 9
            found[np.ix_(places, places)] += part
    return found


def test_the_laplacian_is_the_published_one():
    picture = np.random.default_rng(1).random((7, 6, 3))
    tensor = torch.from_numpy(picture).permute(2, 0, 1)[None]
    found = matting_laplacian(tensor).to_dense().numpy()
    assert np.allclose(found, laplacian_by_hand(picture), atol=1e-6)


def test_what_is_affine_of_the_content_costs_nothing():
    content = torch.rand(1, 3, 20, 24, dtype=torch.float64)
    laplacian = matting_laplacian(content)
    mixed = torch.einsum("ij,bjhw->bihw", torch.rand(3, 3, dtype=torch.float64), content) + 0.2
    other = torch.rand(1, 3, 20, 24, dtype=torch.float64)
    assert matting_energy(mixed, laplacian) < 1e-3 * matting_energy(other, laplacian)


def test_the_smoothing_keeps_an_affine_map_and_removes_noise():
    content = cv2.GaussianBlur(pattern(3, 96, 80), (0, 0), 2)
    mapped = (content[..., ::-1] * 0.6 + 40).round().astype(np.uint8)
    noise = np.random.default_rng(1).normal(0, 12, mapped.shape)
    noisy = np.clip(mapped + noise, 0, 255).astype(np.uint8)
    kept = smooth_affinely(mapped, content, 6).astype(int)
    assert np.abs(kept - mapped).mean() < 1.5
    smoothed = smooth_affinely(noisy, content, 6).astype(int)
    assert np.abs(smoothed - mapped).mean() < 0.5 * np.abs(noisy.astype(int) - mapped).mean()


def scene(sky, ground, mirrored=False):
    picture = np.empty((96, 128, 3), np.uint8)
    picture[:48], picture[48:] = sky, ground
    picture = picture.astype(int) + np.random.default_rng(2).integers(-9, 9, picture.shape)
    picture[48:] += np.random.default_rng(3).integers(-40, 40, (48, 128, 1))
    return np.clip(picture, 0, 255).astype(np.uint8)


def test_like_regions_are_found_in_both_pictures(perceptual):
    content, style = scene((90, 150, 230), (60, 90, 40)), scene((100, 140, 220), (70, 80, 50))
    own, other = find_regions(content, [style], perceptual, 2)
    assert own.shape == other.shape == (96, 128)
    for labels in (own, other):
        above, below = labels[:36], labels[60:]
        assert (above == np.bincount(above.ravel()).argmax()).mean() > 0.9
        assert np.bincount(above.ravel()).argmax() != np.bincount(below.ravel()).argmax()
    assert own[10, 60] == other[10, 60]
    assert len(pair_regions(own, other)) == 2
    # Every region of the one is in the other, whatever the pictures are.
    far = np.full((64, 64, 3), 255, np.uint8)
    for a, b in ((content, far), (far, content)):
        assert pair_regions(*find_regions(a, [b], perceptual, 4))


def test_a_region_without_a_style_is_said():
    with pytest.raises(
        InputError, match="#000002 of the content is not in the style; it has #000001"
    ):
        pair_regions(np.array([[1, 2]], np.int32), np.array([[1, 1]], np.int32))


def test_colors_come_and_edges_stay(perceptual):
    content = scene((90, 150, 230), (60, 90, 40))
    style = np.clip(scene((230, 120, 60), (60, 30, 20)), 0, 255).astype(np.uint8)
    found = {}
    for realism in (0.0, 100.0):
        config = PhotorealConfig(
            size=128,
            steps=25,
            init="content",
            realism=realism,
            smoothing=0,
            ratio=0.0,
            style_layers={"relu1_1": 1.0},
        )
        found[realism] = paint_picture(content, [style], perceptual, config)
    tensor = torch.from_numpy(content / 255.0).permute(2, 0, 1)[None]
    laplacian = matting_laplacian(tensor)
    rough = {
        realism: matting_energy(torch.from_numpy(p / 255.0).permute(2, 0, 1)[None], laplacian)
        for realism, p in found.items()
    }
    assert rough[100.0] < 0.5 * rough[0.0]
    nearer = np.abs(found[100.0].mean((0, 1)) - style.mean((0, 1))).sum()
    assert nearer < 0.7 * np.abs(content.mean((0, 1)) - style.mean((0, 1))).sum()


def test_each_region_begins_in_its_styles_colors():
    rng = torch.Generator().manual_seed(1)
    content, style = (torch.rand(1, 3, 40, 60, generator=rng) * 0.3 + 0.3 for _ in range(2))
    style[:, 0, :, :30] *= 0.5
    style[:, 2, :, 30:] *= 0.4
    left = torch.zeros(1, 1, 40, 60)
    left[..., :30] = 1
    regions = [SceneRegion(0, 0.5, left, left), SceneRegion(0, 0.5, 1 - left, 1 - left)]
    begun = recolored_regions(Scene(content, [style], regions))
    for part in (slice(0, 24), slice(36, 60)):
        have, want = (p[0, :, :, part].flatten(1) for p in (begun, style))
        assert torch.allclose(have.mean(1), want.mean(1), atol=0.02)
        assert torch.allclose(have.cov(), want.cov(), atol=0.003)
    # A small one is as much recolored as a large one.
    spot = torch.zeros(1, 1, 40, 60)
    spot[..., 10:20, 40:52] = 1
    tiny = recolored_regions(Scene(content, [style], [SceneRegion(0, 0.001, spot, left)]))
    assert tiny[0, 0, 15, 46] < 0.6 * content[0, 0, 15, 46] + 0.1
    # What no region covers stays as it is.
    some = recolored_regions(Scene(content, [style], regions[:1]))
    assert torch.allclose(some[..., 40:], content[..., 40:], atol=1e-5)


def test_the_colors_of_the_content_do_not_come_back(perceptual):
    day, night = (
        torch.rand(1, 3, 48, 64, generator=torch.Generator().manual_seed(4)) for _ in "ab"
    )
    made = Scene(day, [0.2 * night], [SceneRegion(0, 1.0)])
    for init, same in (("recolored", True), ("content", False)):
        config = PhotorealConfig(size=64, init=init)
        _, energies = config.objective(perceptual, made)(recolored_regions(made))
        assert (energies["content"] < 1e-6) is same


@pytest.mark.parametrize(
    "wrong", [{"init": "nothing"}, {"realism": -1.0}, {"smoothing": -1}, {"smoothing": 1000}]
)
def test_knobs_that_cannot_be_are_refused(wrong):
    with pytest.raises(UsageError, match="expected"):
        PhotorealConfig(**wrong)
