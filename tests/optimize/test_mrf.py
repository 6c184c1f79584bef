"""Patches: nearest neighbours, their energy, and the picture that comes of them."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tests.clips import pattern
from vidstyle import UsageError
from vidstyle.losses.energies import PatchEnergy, matched_patches, nearest_patches, patches
from vidstyle.optimize.mrf import MrfConfig, variants
from vidstyle.optimize.painting import paint_picture


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


@pytest.mark.parametrize("most", [1, 100, 2**24])
def test_nearest_patches_are_those_of_a_brute_force_search(most):
    torch.manual_seed(1)
    have, style = torch.rand(1, 5, 7, 9), torch.rand(1, 5, 8, 6)
    a, b = windows(have), windows(style)
    wanted = [int(np.argmax([p @ s / np.linalg.norm(p) / np.linalg.norm(s) for s in b])) for p in a]
    assert nearest_patches(have, style, most=most).tolist() == wanted
    assert np.allclose(patches(style).T.numpy(), b)


def test_of_several_styles_the_best_patch_is_taken():
    torch.manual_seed(2)
    have = torch.rand(1, 4, 6, 6)
    styles = [torch.rand(1, 4, 5, 7), torch.rand(1, 4, 9, 4), have.clone()]
    assert torch.equal(matched_patches(have, styles), patches(have))
    both = np.concatenate([windows(s) for s in styles[:2]])
    unit = both / np.linalg.norm(both, axis=1, keepdims=True)
    wanted = both[(windows(have) @ unit.T).argmax(1)]
    assert np.allclose(matched_patches(have, styles[:2]).T.numpy(), wanted)


def test_the_energy_is_the_sum_over_all_patches():
    """Eq. 2 of Li and Wand 2016, written out."""
    torch.manual_seed(3)
    have = torch.rand(1, 4, 6, 8, dtype=torch.float64)
    wanted = torch.rand(36, 24, dtype=torch.float64)
    energy = ((windows(have) - wanted.T.numpy()) ** 2).sum()
    assert PatchEnergy(wanted, 6, 8)(have).item() == pytest.approx(energy)


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


def test_a_picture_is_made_of_the_styles_patches(eyes):
    content, style = pattern(1, 64, 64), np.ascontiguousarray(pattern(50, 80, 70)[..., ::-1])
    found = []
    config = MrfConfig(size=64, steps=45, rotations=0, scales=0, ratio=0.0, variation=0.0)
    painted = paint_picture(content, [style], eyes, config, on_step=found.append)
    assert painted.shape == (64, 64, 3)
    assert found[0].energies["style"] == pytest.approx(1, abs=0.2)
    assert found[-1].energies["style"] < 0.7 * found[0].energies["style"]


@pytest.mark.parametrize("wrong", [{"rotations": -1}, {"scales": 99}, {"patch_layers": {}}])
def test_knobs_that_cannot_be_are_refused(wrong):
    with pytest.raises(UsageError, match="expected"):
        MrfConfig(**wrong)
