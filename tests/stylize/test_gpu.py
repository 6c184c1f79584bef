"""The torch engine on CUDA against the CPU: `pytest -m gpu`, where there is one."""

from __future__ import annotations

import numpy as np
import pytest

from tests.clips import pattern
from vidstyle.images.files import read_picture
from vidstyle.model import load
from vidstyle.runtime.select import find_accelerator
from vidstyle.stylize.look import Look

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(find_accelerator()[0] != "cuda", reason="needs CUDA"),
]


@pytest.mark.parametrize("high_bit_depth", [False, True])
@pytest.mark.parametrize("precision", ["f16", "bf16", "f32"])
def test_cuda_paints_what_the_cpu_paints(picture, precision, high_bit_depth):
    frames = [pattern(i, 333, 222) for i in range(5)]
    if high_bit_depth:
        frames = [f.astype(np.uint16) * 257 for f in frames]
    expected, painted = (
        np.stack(model.step(frames, Look(model.style(picture)))[0])
        for model in (load(device="cpu", precision="f32"), load(device="cuda", precision=precision))
    )
    peak = 65535 if high_bit_depth else 255
    error = ((painted.astype(float) - expected) ** 2).mean() / peak**2
    assert 10 * np.log10(1 / error) >= 35


def test_calls_under_way_do_not_disturb_each_other(picture):
    model = load(device="cuda")
    look = Look(model.style(picture))
    batches = [[pattern(10 * b + i, 640, 360) for i in range(4)] for b in range(6)]
    alone = [np.stack(model.step(batch, look)[0]) for batch in batches]
    finishes = [model.stylizer.start(batch, look)[0] for batch in batches]
    for expected, finish in zip(alone, finishes, strict=True):
        assert (np.stack(finish()) == expected).all()


def test_a_recorded_call_paints_what_the_first_one_painted(picture):
    model = load(device="cuda")
    looks = [Look(model.style(p)) for p in (picture, 255 - read_picture(picture))]
    batches = [[pattern(10 * b + i, 640, 360) for i in range(4)] for b in range(3)]
    # Each by an engine of its own: a kind of frames is recorded when it comes again.
    alone = [
        np.stack(load(device="cuda").step(batch, look)[0]) for look in looks for batch in batches
    ]
    recorded = [np.stack(model.step(b, look)[0]) for look in looks for b in batches]
    for expected, painted in zip(alone, recorded, strict=True):
        assert np.abs(painted.astype(int) - expected).max() <= 2
