"""The torch engine on CUDA against the CPU: `pytest -m gpu`, where there is one."""

from __future__ import annotations

import numpy as np
import pytest

from tests.clips import pattern
from vidstyle.images.files import read_picture
from vidstyle.runtime.select import find_accelerator, select_engine
from vidstyle.stylize.stylizer import NetworkStylizer

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(find_accelerator()[0] != "cuda", reason="needs CUDA"),
]


@pytest.mark.parametrize("deep", [False, True])
@pytest.mark.parametrize("precision", ["f16", "bf16", "f32"])
def test_cuda_paints_what_the_cpu_paints(picture, precision, deep):
    frames = [pattern(i, 333, 222) for i in range(5)]
    if deep:
        frames = [f.astype(np.uint16) * 257 for f in frames]
    wanted, painted = (
        NetworkStylizer(engine).step(frames, NetworkStylizer(engine).prepare(picture))[0]
        for engine in (select_engine("cpu", "f32"), select_engine("cuda", precision))
    )
    peak = 65535 if deep else 255
    error = ((painted.astype(float) - wanted) ** 2).mean() / peak**2
    assert 10 * np.log10(1 / error) >= 35


def test_calls_under_way_do_not_disturb_each_other(picture):
    stylizer = NetworkStylizer(select_engine("cuda"))
    prepared = stylizer.prepare(picture)
    batches = [[pattern(10 * b + i, 640, 360) for i in range(4)] for b in range(6)]
    alone = [stylizer.step(batch, prepared)[0] for batch in batches]
    finishes = [stylizer.start(batch, prepared)[0] for batch in batches]
    for wanted, finish in zip(alone, finishes, strict=True):
        assert (np.stack(finish()) == wanted).all()


def test_a_recorded_call_paints_what_the_first_one_painted(picture):
    stylizer = NetworkStylizer(select_engine("cuda"))
    styles = [stylizer.prepare(picture), stylizer.prepare(255 - read_picture(picture))]
    batches = [[pattern(10 * b + i, 640, 360) for i in range(4)] for b in range(3)]
    # Each by an engine of its own: a kind of frames is recorded when it comes again.
    alone = [
        NetworkStylizer(select_engine("cuda")).step(batch, style)[0]
        for style in styles
        for batch in batches
    ]
    recorded = [stylizer.step(batch, style)[0] for style in styles for batch in batches]
    for wanted, painted in zip(alone, recorded, strict=True):
        assert np.abs(painted.astype(int) - wanted).max() <= 2
