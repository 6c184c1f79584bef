"""Results that are made at once."""

from __future__ import annotations

import json
import signal
import threading
from pathlib import Path

import av
import numpy as np
import pytest

from tests.batch.test_work import many, statuses
from vidstyle import Interrupted, UsageError
from vidstyle.batch import painting


def decoded(path):
    with av.open(str(path)) as container:
        return np.stack([f.to_ndarray(format="rgb24") for f in container.decode(video=0)])


@pytest.mark.parametrize("jobs", [2, 5])
def test_several_jobs_make_the_same(here, jobs):
    order, styles = [], ["identity", "starry_night"]
    options = {"styles": styles, "device": "cpu"}
    alone = many("a.mp4", "b.mkv", "c.png", output="one/{name}.{style}.{ext}", **options)
    report = many(
        *("a.mp4", "b.mkv", "c.png"),
        **options,
        jobs=jobs,
        report="r.json",
        on_outcome=lambda outcome: order.append(outcome.output.name),
    )
    assert statuses(alone) == statuses(report) == ["done"] * 6
    assert sorted(order) == sorted(o.output.name for o in report.outcomes)
    for one, other in zip(alone.outcomes, report.outcomes, strict=True):
        assert one.output.name == other.output.name
        assert np.array_equal(decoded(one.output), decoded(other.output))
    told = json.loads(Path("r.json").read_text())
    assert (told["done"], told["failed"]) == (6, 0)
    again = many("a.mp4", "b.mkv", "c.png", **options, jobs=jobs, report="r.json", overwrite=True)
    assert statuses(again) == ["skipped"] * 6


def test_jobs_are_at_work_together(here, monkeypatch):
    """Each waits in its first frames until the other is there, too."""
    together = threading.Barrier(2, timeout=60)
    met = set()

    def meet(step):
        met.add(step.item)

    paint = painting.paint_file

    def waiting(*args, **options):
        together.wait()
        return paint(*args, **options)

    monkeypatch.setattr(painting, "paint_file", waiting)
    report = many("a.mp4", "b.mkv", jobs=2, on_progress=meet)
    assert statuses(report) == ["done"] * 2
    assert len(met) == 2


def test_a_failure_in_a_job_does_not_stop_the_rest(here):
    Path("bad.mp4").write_bytes(b"no video")
    report = many("a.mp4", "bad.mp4", "b.mkv", "none.mp4", styles=["identity", "no.png"], jobs=3)
    assert [o.status for o in report.outcomes if o.styles == ["identity"]] == [
        *("done", "failed", "done", "failed")
    ]
    assert report.count("failed") == 6


@pytest.mark.parametrize("name", ["stop", "on_outcome", "on_progress"])
def test_what_a_function_raises_ends_all_jobs(here, name):
    """The caller's error comes out, nothing is half there, and the report says what is waiting."""
    calls = []

    def end(*_):
        calls.append(1)
        if len(calls) > 2 * (name == "stop"):
            raise Interrupted(signal.SIGINT)

    with pytest.raises(Interrupted):
        many(
            *["a.mp4", "b.mkv", "c.png"],
            styles=["identity"],
            jobs=2,
            report="r.json",
            **{name: end},
        )
    told = json.loads(Path("r.json").read_text())
    assert told["failed"] == 0
    assert told["waiting"] + told["done"] == 3
    made = {r["output"] for r in told["results"] if r["status"] == "done"}
    assert {str(p) for p in Path("out").iterdir()} == made if Path("out").exists() else not made


def test_how_many_jobs_is_held_to_a_range(here):
    with pytest.raises(UsageError, match="`jobs` from 1 to 64, got 0"):
        many("a.mp4", "b.mkv", jobs=0)
