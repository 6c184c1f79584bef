"""The one loop of all trainings, on a network of one number."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from vidstyle import InputError, OutputError, TrainingError
from vidstyle.training.report import Recording
from vidstyle.training.run import Run


@dataclass(frozen=True)
class Knobs:
    steps: int = 25
    batch: int = 2
    learning_rate: float = 0.1
    average: float = 0.9
    seed: int = 1


def begin(folder, config=None, subject=""):
    torch.manual_seed(0)
    return Run(nn.Linear(1, 1), folder, config or Knobs(), torch.device("cpu"), subject=subject)


def towards(run, goal=3.0):
    """Losses that are lowest where the weight is the goal."""

    def losses_at(step):
        loss = (run.net.weight - goal).square().sum()
        return loss, {"distance": loss}

    return losses_at


def test_a_run_reports_saves_and_draws_when_it_should(tmp_path):
    run, reports, drawn = begin(tmp_path), [], []
    run.fit(
        towards(run),
        Recording(reports.append, save_every=100, sheet_every=10),
        sheet=lambda step, net: drawn.append((step, net.weight.item())),
        held_out=lambda net: {"distance": abs(net.weight.item() - 3)},
    )
    assert [(r.step, list(r.losses)) for r in reports] == [
        (10, ["distance"]),
        (20, ["distance"]),
        (25, ["held out distance"]),
    ]
    assert all(r.steps == 25 and r.skipped == 0 for r in reports)
    assert reports[0].images_per_second > 0 == reports[-1].images_per_second
    assert [step for step, _ in drawn] == [10, 20, 25]
    # What is drawn, measured and shipped is the average, which lags behind.
    average = run.average.weights["weight"].item()
    assert drawn[-1][1] == average != run.net.weight.item()
    shipped = load_file(run.ship(tmp_path / "net.safetensors"))
    assert shipped["weight"].item() == pytest.approx(average, rel=1e-3)


def test_a_run_goes_on_from_its_checkpoint(tmp_path):
    run = begin(tmp_path, Knobs(steps=10))
    run.fit(towards(run))
    again, steps = begin(tmp_path), []
    assert (again.start, again.seed) == (10, 11)
    assert torch.equal(again.net.weight, run.net.weight)

    def losses_at(step):
        steps.append(step)
        return towards(again)(step)

    again.fit(losses_at)
    assert steps == list(range(10, 25))
    with pytest.raises(InputError, match="something else"):
        begin(tmp_path, subject="another picture")


def test_weights_stay_where_they_are_allowed(tmp_path):
    run, weights = begin(tmp_path), []

    @torch.no_grad()
    def constrain():
        run.net.weight.clamp_(max=0.05)
        weights.append(run.net.weight.item())

    run.fit(towards(run), constrain=constrain)
    assert len(weights) == 25
    assert max(weights) == run.net.weight.item() == pytest.approx(0.05)


def test_losses_that_are_not_finite_are_left_out_and_end_a_run(tmp_path):
    run, reports = begin(tmp_path), []

    def now_and_then(step):
        loss, losses = towards(run)(step)
        return loss * (float("nan") if step % 5 == 0 else 1), losses

    run.fit(now_and_then, Recording(reports.append))
    assert [r.skipped for r in reports] == [2, 4]
    assert torch.isfinite(run.net.weight).all()
    hopeless = begin(tmp_path / "other")
    with pytest.raises(TrainingError, match="20 steps"):
        hopeless.fit(lambda step: (hopeless.net.weight.sum() * float("nan"), {}))


def test_a_folder_that_cannot_be_made_is_reported_before_the_first_step(tmp_path):
    (tmp_path / "file").touch()
    run = begin(tmp_path / "file" / "out")
    with pytest.raises(OutputError, match="cannot make the folder"):
        run.fit(lambda _: pytest.fail("a step is taken"))
