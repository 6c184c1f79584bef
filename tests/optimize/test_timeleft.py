"""The time that is left, in words."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch

from vidstyle.cli import timeleft
from vidstyle.optimize.config import OptimizeConfig
from vidstyle.optimize.descent import StepResult, coarse_to_fine
from vidstyle.optimize.video import FrameStep


def test_it_is_measured_from_the_first_call_on(monkeypatch):
    now = iter([100.0, 110.0, 130.0, 160.0])
    monkeypatch.setattr(timeleft.time, "monotonic", lambda: next(now))
    left = timeleft.TimeLeft()
    assert left(0.5) == ""  # a run that goes on: nothing is known of its pace
    assert left(0.6) == "40 s left"
    assert left(0.75) == "30 s left"
    assert left(1.0) == ""


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.4, "0 s"), (59.4, "59 s"), (200, "3 min 20 s"), (3600, "1 h 0 min"), (9000, "2 h 30 min")],
)
def test_durations_have_two_units(seconds, said):
    assert timeleft.said(seconds) == said


class Gray:
    """The loss of what is not black."""

    def __call__(self, picture):
        return picture.square().mean(), {}

    def renew(self, picture, step):
        return False


def test_a_large_size_is_more_of_the_work():
    steps = []
    coarse_to_fine(
        *(OptimizeConfig(steps=2), [8, 16], lambda side: (torch.ones(1, 3, side, side), Gray())),
        on_step=steps.append,
    )
    assert [s.done for s in steps] == pytest.approx([0.1, 0.2, 0.6, 1.0])


@pytest.mark.parametrize("passes", [1, 2, 3])
def test_the_share_of_a_clip_rises_to_one(passes):
    done = []
    for number in range(1, passes + 1):
        for frame in range(4) if number % 2 else reversed(range(4)):
            for share in (0.5, 1.0):
                step = StepResult(1, 2, 0.0, {}, (1, 1), None, share)
                done.append(FrameStep(frame, 4, number, passes, step).done)
    assert done[-1] == pytest.approx(1)
    rises = [after - before for before, after in pairwise([0.0, *done])]
    assert min(rises) == pytest.approx(max(rises) / min(passes, 2))
