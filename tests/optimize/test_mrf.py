"""Patches: nearest neighbors, their energy, and the picture that comes of them."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tests.clips import pattern
from vidstyle import InputError, UsageError
from vidstyle.losses.energies import PatchEnergy, matched_patches, nearest_patches, patches
from vidstyle.optimize.descent import Checkpoint
from vidstyle.optimize.mrf import MrfConfig
from vidstyle.optimize.painting import paint_picture
from vidstyle.optimize.patches import variants


def windows(features, size=3):
    """All patches, by hand: (places, C * size * size)."""
    _, _, height, width = features.shape
    return np.stack(
        [
            features[0, :, y : y + size, x : x + size].numpy().ravel()
            for y in range(height - size + 1)
            for x in range(width - size + 1)
        ]
    )


@pytest.mark.parametrize("max_correlations", [1, 100, 2**24])
def test_nearest_patches_are_those_of_a_brute_force_search(max_correlations):
    torch.manual_seed(1)
    have, style = torch.rand(1, 5, 7, 9), torch.rand(1, 5, 8, 6)
    a, b = windows(have), windows(style)
    expected = [
        int(np.argmax([p @ s / np.linalg.norm(p) / np.linalg.norm(s) for s in b])) for p in a
    ]
    assert nearest_patches(patches(have), patches(style), max_correlations)[1].tolist() == expected
    assert np.allclose(patches(style).T.numpy(), b)


def test_of_several_styles_the_best_patch_is_taken():
    torch.manual_seed(2)
    have = torch.rand(1, 4, 6, 6)
    styles = [torch.rand(1, 4, 5, 7), torch.rand(1, 4, 9, 4), have.clone()]
    assert torch.equal(matched_patches(have, styles), patches(have))
    both = np.concatenate([windows(s) for s in styles[:2]])
    unit = both / np.linalg.norm(both, axis=1, keepdims=True)
    expected = both[(windows(have) @ unit.T).argmax(1)]
    assert np.allclose(matched_patches(have, styles[:2]).T.numpy(), expected)


def test_the_energy_is_the_sum_over_all_patches():
    """Eq. 2 of Li and Wand 2016, written out."""
    torch.manual_seed(3)
    have = torch.rand(1, 4, 6, 8, dtype=torch.float64)
    expected = torch.rand(36, 24, dtype=torch.float64)
    energy = ((windows(have) - expected.T.numpy()) ** 2).sum()
    assert PatchEnergy(expected, have)(have).item() == pytest.approx(energy)


def test_variants_are_turned_and_scaled():
    picture = torch.rand(1, 3, 96, 120)
    found = variants(picture, 1, 1)
    assert len(found) == 9
    assert torch.allclose(found[4], picture, atol=1e-5)
    assert found[1].shape[2] == int(96 / 1.15)
    assert found[7].shape[3] == int(120 * 1.15)
    assert found[3].shape[2] < 96  # turned: what fits inside
    assert len(variants(picture, 0, 0)) == 1
    # A turned picture holds nothing but the picture: no mirrored corners.
    ramp = torch.linspace(0, 1, 200).expand(1, 3, 200, 200).contiguous()
    turned = variants(ramp, 1, 0)[0]
    slope = turned[0, 0, 50:-50, 51:-49] - turned[0, 0, 50:-50, 50:-50]
    assert slope.min() > 0
    assert slope.std() < 0.01 * slope.mean()
    edges = turned[0, 0, :, 1:] - turned[0, 0, :, :-1]
    assert edges.min() > 0
    assert variants(torch.rand(1, 3, 25, 25), 1, 0)[0].shape[2] >= 24


def test_a_picture_is_made_of_the_styles_patches(perceptual):
    content, style = pattern(1, 64, 64), np.ascontiguousarray(pattern(50, 80, 70)[..., ::-1])
    found = []
    config = MrfConfig(size=64, steps=45, rotations=0, scales=0, ratio=0.0, variation=0.0)
    painted = paint_picture(content, [style], perceptual, config, on_step=found.append)
    assert painted.shape == (64, 64, 3)
    assert found[0].energies["style"] == pytest.approx(1, abs=0.2)
    assert found[-1].energies["style"] < 0.7 * found[0].energies["style"]


def test_a_resumed_run_seeks_patches_for_its_own_picture(perceptual):
    content, style = pattern(1, 64, 64), np.ascontiguousarray(pattern(50, 80, 70)[..., ::-1])
    config, found, pictures = MrfConfig(size=64, steps=12), [], {}
    paint_picture(
        content,
        [style],
        perceptual,
        config,
        on_step=lambda s: (found.append(s), pictures.update({s.step: s.picture.clone()})),
    )
    later = []
    paint_picture(
        content,
        [style],
        perceptual,
        config,
        resume=Checkpoint(6, pictures[6]),
        on_step=later.append,
    )
    # Those of the content would be far off; the nearest by correlation are not always nearest by distance.
    assert later[0].step == 7
    assert later[0].loss < 1.5 * found[6].loss


def test_what_patches_do_not_know_is_refused(perceptual):
    content, style = pattern(1, 64, 64), pattern(50, 80, 70)
    config = MrfConfig(size=64, steps=1)
    with pytest.raises(UsageError, match="no weights"):
        paint_picture(content, [style, content], perceptual, config, shares=[2, 1])
    deepest = MrfConfig(size=64, steps=1, patch_layers={"relu5_1": 1.0})
    with pytest.raises(InputError, match="at relu5_1, expected 3"):
        paint_picture(content[:40], [style], perceptual, deepest)


def test_a_style_that_is_the_content_costs_nothing(perceptual):
    content, found = pattern(1, 64, 64), []
    config = MrfConfig(size=64, steps=3, variation=0.0)
    kept = paint_picture(content, [content], perceptual, config, on_step=found.append)
    assert all(abs(s.loss) < 1e-3 for s in found)
    assert np.abs(kept.astype(int) - content).mean() < 2


@pytest.mark.parametrize("wrong", [{"rotations": -1}, {"scales": 99}, {"patch_layers": {}}])
def test_knobs_that_cannot_be_are_refused(wrong):
    with pytest.raises(UsageError, match="expected"):
        MrfConfig(**wrong)
