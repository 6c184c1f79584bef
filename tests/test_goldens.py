"""Pictures are what they were; see `tests.goldens`."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from tests import goldens

EXACT = {"identity", "identity_file"}

OPTIMIZED = {"gatys", "mrf"}
"""Their steps differ a little from processor to processor."""


@pytest.mark.parametrize("name", goldens.CASES)
def test_pixels_are_what_they_were(name):
    want = cv2.imread(str(goldens.FOLDER / f"{name}.png"))[..., ::-1].astype(int)
    have = goldens.sheet(goldens.CASES[name]()).astype(int)
    assert have.shape == want.shape
    difference = np.abs(have - want)
    if name in EXACT:
        assert difference.max() == 0
    else:
        assert difference.mean() <= (3 if name in OPTIMIZED else 1)


def test_every_golden_has_a_case():
    assert {p.stem for p in goldens.FOLDER.glob("*.png")} == set(goldens.CASES)
