"""Style swap: the swapped features are those of a brute-force swap, and the picture comes to have them."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from tests.clips import pattern
from vidstyle import InputError, UsageError
from vidstyle.losses.energies import PatchEnergy, laid, matched_patches, patches
from vidstyle.optimize.config import MrfConfig, SwapConfig
from vidstyle.optimize.painting import Region, Scene, SceneRegion, paint_picture


def begins(length, size, stride):
    """Where patches begin: every stride, and at the last place."""
    places = list(range(0, length - size + 1, stride))
    return places if places[-1] == length - size else [*places, length - size]


def swapped(content, style, size, stride):
    """The swap of Chen and Schmidt 2016, by hand: (C, H, W)."""
    content, style = content[0].numpy(), style[0].numpy()
    total, count = np.zeros_like(content), np.zeros(content.shape[1:])
    offered = [
        style[:, y : y + size, x : x + size]
        for y in begins(style.shape[1], size, stride)
        for x in begins(style.shape[2], size, stride)
    ]
    for y in begins(content.shape[1], size, stride):
        for x in begins(content.shape[2], size, stride):
            here = content[:, y : y + size, x : x + size]
            near = [np.vdot(here, patch) / np.linalg.norm(patch) for patch in offered]
            total[:, y : y + size, x : x + size] += offered[int(np.argmax(near))]
            count[y : y + size, x : x + size] += 1
    return total / count


@pytest.mark.parametrize(("size", "stride"), [(3, 1), (3, 2), (4, 3), (1, 1), (5, 5)])
def test_a_swap_is_that_of_a_brute_force(size, stride):
    torch.manual_seed(1)
    content, style = torch.rand(1, 4, 11, 9), torch.rand(1, 4, 8, 13)
    found = matched_patches(content, [style], size, stride)
    assert np.allclose(
        laid(found, content, size, stride)[0][0], swapped(content, style, size, stride), atol=1e-5
    )


def test_the_search_is_a_normalized_convolution():
    """As the paper computes it: the style's patches, each of length 1, are the kernels; and laid back by the transposed one."""
    torch.manual_seed(2)
    content, style = torch.rand(1, 4, 9, 9), torch.rand(1, 4, 7, 7)
    kernels = patches(style).T.reshape(-1, 4, 3, 3)
    unit = kernels / kernels.flatten(1).norm(dim=1)[:, None, None, None]
    best = F.conv2d(content, unit).argmax(1, keepdim=True)
    hot = torch.zeros(1, len(kernels), 7, 7).scatter_(1, best, 1.0)
    expected = F.conv_transpose2d(hot, kernels) / F.conv_transpose2d(hot, torch.ones_like(kernels))
    assert torch.allclose(laid(matched_patches(content, [style]), content)[0], expected, atol=1e-5)


@pytest.mark.parametrize("stride", [1, 2, 3])
def test_patches_are_laid_back_as_they_were(stride):
    features = torch.rand(1, 3, 8, 11)
    mean, counts = laid(patches(features, 3, stride), features, 3, stride)
    assert torch.allclose(mean, features)
    assert counts.min() >= 1


@pytest.mark.parametrize("kind", [SwapConfig, MrfConfig])
@pytest.mark.parametrize("masked", [False, True])
def test_gradients_agree_with_finite_differences(perceptual, kind, masked):
    torch.manual_seed(3)
    smooth = perceptual.double()
    left = torch.zeros(1, 1, 40, 48, dtype=torch.float64)
    left[..., :24] = 1
    regions = [SceneRegion(0, 1.0, left, left)] if masked else [SceneRegion(0, 1.0)]
    content, style = (torch.rand(1, 3, 40, 48, dtype=torch.float64) for _ in range(2))
    config = kind(size=48, pooling="average", patch_stride=2)
    objective = config.objective(smooth, Scene(content, [style], regions))
    picture = torch.rand(1, 3, 40, 48, dtype=torch.float64, requires_grad=True)
    loss, _ = objective(picture)
    (gradient,) = torch.autograd.grad(loss, picture)
    way = torch.randn_like(picture)
    way /= way.norm()
    step = 1e-5
    with torch.no_grad():
        slope = (objective(picture + step * way)[0] - objective(picture - step * way)[0]) / (
            2 * step
        )
    perceptual.float()
    assert slope.item() == pytest.approx((gradient * way).sum().item(), rel=1e-3)


def test_a_picture_comes_to_have_the_swapped_features(perceptual):
    content, style = pattern(1, 64, 64), np.ascontiguousarray(pattern(50, 80, 70)[..., ::-1])
    found = []
    config = SwapConfig(size=64, steps=40, variation=0.0)
    painted = paint_picture(content, [style], perceptual, config, on_step=found.append)
    assert painted.shape == (64, 64, 3)
    assert found[0].energies["style"] == pytest.approx(1)
    assert found[-1].energies["style"] < 0.5
    with pytest.raises(UsageError, match="no weights"):
        paint_picture(content, [style, content], perceptual, config, shares=[2, 1])


def test_a_swap_with_itself_changes_nothing(perceptual):
    content = pattern(1, 64, 64)
    kept = paint_picture(
        content, [content], perceptual, SwapConfig(size=64, steps=3, variation=0.0)
    )
    assert np.abs(kept.astype(int) - content).mean() < 2


def test_what_no_mask_covers_is_the_content_to_the_bit(perceptual):
    content, style = pattern(1, 64, 64), pattern(50, 80, 70)
    left = np.zeros((64, 64), np.float32)
    left[:, :32] = 1
    for kind in (SwapConfig, MrfConfig):
        made = paint_picture(
            content, [style], perceptual, kind(size=64, steps=2), regions=[Region(0, left)]
        )
        assert np.array_equal(made[:, 32:], content[:, 32:])
        assert not np.array_equal(made[:, :28], content[:, :28])


def test_dials_that_cannot_be_are_refused(perceptual):
    with pytest.raises(UsageError, match="`patch_stride` up to the `patch_size`, 3, got 4"):
        SwapConfig(patch_stride=4)
    with pytest.raises(UsageError, match="`patch_size` from 1 to 15"):
        SwapConfig(patch_size=16)
    content = pattern(1, 64, 64)
    with pytest.raises(InputError, match="expected 15 for a patch"):
        paint_picture(
            content[:40], [content], perceptual, SwapConfig(size=64, steps=1, patch_size=15)
        )


def test_weights_leave_places_out():
    torch.manual_seed(4)
    have, wanted = torch.rand(1, 3, 6, 6), torch.rand(27, 16)
    weight = torch.zeros(1, 1, 6, 6)
    weight[..., :3] = 1
    energy = PatchEnergy(wanted, have, weight=weight)
    other = have.clone()
    other[..., 3:] = 9
    assert energy(other) == energy(have)
