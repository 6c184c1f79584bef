from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from vidstyle import ColorTags, Frame

TAGS = ColorTags(1, 1, 1, 1)


def test_a_frame_refuses_other_pixels():
    for wrong in (np.zeros((4, 4), np.uint8), np.zeros((4, 4, 3), np.float32)):
        with pytest.raises(ValueError, match="expected uint8"):
            Frame(wrong, 0, Fraction(1, 25), TAGS)


@pytest.mark.parametrize(("height", "matrix"), [(719, 6), (720, 1)])
def test_unspecified_colors_are_guessed_as_players_do(height, matrix):
    tags = ColorTags(2, 0, 2, 2).resolved(height)
    assert (tags.matrix, tags.range) == (matrix, 1)


def test_specified_colors_stay():
    assert ColorTags(9, 2, 9, 14).resolved(100) == ColorTags(9, 2, 9, 14)
    assert ColorTags(9, 1, 9, 16).is_hdr
    assert not TAGS.is_hdr
