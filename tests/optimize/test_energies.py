"""The losses against finite differences and the papers' equations."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from vidstyle.losses.energies import (
    PatchEnergy,
    content_energy,
    matting_energy,
    style_energy,
    temporal_energy,
)
from vidstyle.losses.perceptual import (
    StyleTarget,
    content_loss,
    fidelity_loss,
    gram_matrix,
    style_loss,
)
from vidstyle.losses.smoothness import grid_loss, total_variation
from vidstyle.losses.temporal import temporal_loss
from vidstyle.losses.tone import tone_loss
from vidstyle.optimize.photoreal import matting_laplacian


def double(*shape, seed=0):
    return torch.rand(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize(
    "loss",
    [
        lambda x: content_energy(x, double(1, 3, 8, 9, seed=1)),
        lambda x: style_energy(x, gram_matrix(double(1, 3, 7, 7, seed=2))),
        lambda x: style_energy(x, gram_matrix(double(1, 3, 7, 7)), double(1, 1, 8, 9, seed=4)),
        lambda x: temporal_energy(x, double(1, 3, 8, 9, seed=5), double(1, 1, 8, 9, seed=6)),
        PatchEnergy(double(27, 42, seed=7), double(1, 3, 8, 9, seed=1)),
        lambda x: matting_energy(x, matting_laplacian(double(1, 3, 8, 9, seed=8))),
        lambda x: content_loss([x] * 4, [double(1, 3, 8, 9, seed=1)] * 4),
        lambda x: style_loss([x] * 2, StyleTarget.of([double(1, 3, 8, 9, seed=3)] * 2)),
        lambda x: style_loss([x], StyleTarget.of([double(1, 3, 8, 9, seed=3)]), root=True),
        lambda x: fidelity_loss([x] * 2, [double(1, 3, 8, 9, seed=3)] * 2),
        total_variation,
        lambda x: grid_loss(x, 3),
    ],
)
def test_gradients_agree_with_finite_differences(loss):
    assert torch.autograd.gradcheck(loss, double(1, 3, 8, 9).requires_grad_(True))


def test_the_gradients_of_the_losses_over_pictures_do_too():
    frame, first = double(1, 3, 32, 32, seed=5), double(1, 3, 6, 6, seed=6)
    grid = double(1, 6, 6, 2, seed=7) * 1.6 - 0.8
    mask = (double(1, 1, 6, 6, seed=8) > 0.3).double()
    painted = double(1, 3, 32, 32, seed=9).requires_grad_(True)
    loss = tone_loss(painted, frame)
    (gradient,) = torch.autograd.grad(loss, painted)
    step = torch.zeros_like(painted)
    step[0, 1, 3, 20] = 1e-6
    slope = (tone_loss(painted + step, frame) - tone_loss(painted - step, frame)) / 2e-6
    assert torch.isclose(slope, gradient[0, 1, 3, 20], rtol=1e-4)
    second = double(1, 3, 6, 6, seed=10).requires_grad_(True)
    assert torch.autograd.gradcheck(lambda x: temporal_loss(first, x, grid, mask), second)


def test_the_style_energy_is_the_papers():
    """Eqs. 3 to 5, written out: G = F F^T, E = 1 / (4 N^2 M^2) sum (G - A)^2."""
    f, a = np.random.default_rng(0).random((2, 5, 42))
    energy = ((f @ f.T - a @ a.T) ** 2).sum() / (4 * 5**2 * 42**2)
    one, other = (torch.from_numpy(x).view(1, 5, 6, 7) for x in (f, a))
    assert style_energy(one, gram_matrix(other)).item() == pytest.approx(energy)
    assert content_energy(one, other).item() == pytest.approx(0.5 * ((f - a) ** 2).sum())
    weights = np.random.default_rng(1).random((6, 7))
    gram = (f * weights.ravel()) @ f.T / weights.sum()
    found = gram_matrix(one, torch.from_numpy(weights)[None, None])
    assert np.allclose(found[0].numpy(), gram, atol=1e-6)
