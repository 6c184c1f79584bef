from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from vidstyle.nets import arbitrary
from vidstyle.runtime import padding


def test_the_multiple_is_the_networks():
    assert padding.MULTIPLE == arbitrary.MULTIPLE


@given(st.integers(1, 67), st.integers(1, 67))
def test_padding_reflects_and_crop_undoes_it(height, width):
    frame = np.random.default_rng(height * 68 + width).integers(
        0, 255, (height, width, 3), np.uint8
    )
    padded = padding.pad(frame)
    assert padded.shape[0] % 8 == 0
    assert padded.shape[1] % 8 == 0
    assert padded.shape[0] >= 16
    assert padded.shape[1] >= 16
    assert (padding.crop(padded, height, width) == frame).all()
    if height > 1 and padded.shape[0] > height:
        assert (padded[height, :width] == frame[height - 2]).all()
