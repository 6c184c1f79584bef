"""Regions by likeness go to what is nearest."""

from __future__ import annotations

import numpy as np
import pytest

from tests.clips import pattern
from vidstyle.optimize.likeness import Likeness


def test_places_belong_to_the_nearest_center_as_by_brute_force(perceptual):
    pictures = [pattern(n, 96, 128) for n in (3, 60)]
    likeness = Likeness(pictures, perceptual, 3)
    centers, scale, center = likeness._centers, likeness._scale, likeness._center
    for picture in pictures:
        shares, values = likeness(picture), likeness._describe(picture)
        assert shares.sum(2) == pytest.approx(1, abs=1e-5)
        for row, column in np.ndindex(shares.shape[:2]):
            away = [
                float(sum(((v - c) * s - m) ** 2 for v, c, s, m in zip(*place, strict=True)))
                for place in ((values[row, column], center, scale, mine) for mine in centers)
            ]
            inverse = [1 / max(d, 1e-12) for d in away]
            expected = [i / sum(inverse) for i in inverse]
            assert shares[row, column] == pytest.approx(expected, rel=1e-2, abs=1e-4)
            assert shares[row, column].argmax() == int(np.argmin(away))
