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
    frames = np.random.default_rng(height * 68 + width).integers(
        0, 255, (2, height, width, 3), np.uint8
    )
    padded = padding.pad(frames)
    assert padded.shape[1] % 8 == 0
    assert padded.shape[2] % 8 == 0
    assert padded.shape[1] >= 16
    assert padded.shape[2] >= 16
    assert (padding.crop(padded, height, width) == frames).all()
    if height > 1 and padded.shape[1] > height:
        assert (padded[:, height, :width] == frames[:, height - 2]).all()
