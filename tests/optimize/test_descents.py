"""How a descent goes and ends: sizes, a tolerance, and the mean of Adam's iterates."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import torch

from vidstyle import UsageError
from vidstyle.optimize.config import GatysConfig, OptimizeConfig
from vidstyle.optimize.descent import coarse_to_fine, descend


class Bowl:
    """The squared distance to a gray, and a word when it changes."""

    def __init__(self, level=0.5):
        self.level, self.changes = level, ()

    def __call__(self, picture):
        loss = (picture - self.level).square().mean() + 0.1
        return loss, {}

    def renew(self, _picture, step):
        return step in self.changes


def steps_of(config, objective=None):
    found = []
    descend(objective or Bowl(), torch.zeros(1, 3, 4, 4), config, lambda n, *_: found.append(n))
    return len(found)


def test_a_size_ends_when_the_loss_falls_no_more():
    slow = {"optimizer": "adam", "learning_rate": 0.005, "steps": 300}
    assert steps_of(OptimizeConfig(**slow)) == 300
    assert 100 < steps_of(OptimizeConfig(**slow, tolerance=1e-3)) < 300
    early = steps_of(OptimizeConfig(**slow, tolerance=0.3))
    assert 11 <= early < steps_of(OptimizeConfig(**slow, tolerance=1e-3))
    changing = Bowl()
    changing.changes = range(0, 300, 10)  # a loss that changes is compared with itself alone
    assert steps_of(OptimizeConfig(**slow, tolerance=0.9), changing) == 300


def test_the_mean_of_iterates_is_the_result():
    config = OptimizeConfig(optimizer="adam", learning_rate=0.1, steps=5, averaging=0.5)
    seen = []
    descend(
        Bowl(),
        torch.zeros(1, 3, 4, 4),
        OptimizeConfig(optimizer="adam", learning_rate=0.1, steps=5),
        lambda *a: seen.append(a[3].clone()),
    )
    weights = [0.5 ** (4 - n) for n in range(5)]
    expected = sum(w * p for w, p in zip(weights, seen, strict=True)) / sum(weights)
    assert torch.allclose(descend(Bowl(), torch.zeros(1, 3, 4, 4), config), expected)
    with pytest.raises(UsageError, match="`averaging` goes with `optimizer` adam, got lbfgs"):
        GatysConfig(averaging=0.9)


def test_sizes_rise_by_the_step_that_is_asked_for():
    assert OptimizeConfig(size=512).sizes == [256, 512]
    assert OptimizeConfig(size=512, size_step=2**0.5).sizes == [256, 363, 512]
    assert OptimizeConfig(size=512, first_size=100).sizes == [64, 128, 256, 512]
    assert OptimizeConfig(size=200).sizes == [200]
    for step in (1.2, 3.0):
        sizes = OptimizeConfig(size=700, first_size=90, size_step=step).sizes
        assert sizes[0] <= 90
        assert sizes[-1] == 700
        assert all(b <= np.ceil(a * step) for a, b in pairwise(sizes))


def test_a_size_that_ended_early_is_followed_by_the_next():
    config = OptimizeConfig(
        size=64, first_size=32, steps=200, tolerance=0.5, optimizer="adam", learning_rate=1e-6
    )
    found = []

    def make(side):
        return torch.zeros(1, 3, side, side), Bowl()

    coarse_to_fine(config, config.sizes, make, on_step=found.append)
    assert [s.step for s in found] == [*range(1, 12), *range(201, 212)]
    assert found[-1].size == (64, 64)
