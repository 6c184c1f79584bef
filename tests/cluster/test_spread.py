"""What is checked, and made fit for other machines, before any work is spread."""

from __future__ import annotations

import json
from contextlib import nullcontext
from pathlib import Path

import pytest

import vidstyle
from tests.clips import make_clip, make_picture
from vidstyle import UsageError, cores
from vidstyle.batch.plan import Plan
from vidstyle.batch.report import Record
from vidstyle.batch.work import Batch
from vidstyle.cluster import clips, spread
from vidstyle.cluster.crew import Crew, NoWorkerError
from vidstyle.cluster.options import Spreading
from vidstyle.cluster.pieces import absolute, check_divisible, network_of
from vidstyle.files import Job
from vidstyle.masks import Masks
from vidstyle.media import sink
from vidstyle.media.address import located, placed
from vidstyle.stylize.look import Look
from vidstyle.stylize.style import StyleOptions

from .here import Here


@pytest.mark.parametrize("of_on", [{"workers": 2}, {"worker_cores": 2}])
def test_options_of_on_go_with_it_alone(of_on):
    with pytest.raises(UsageError, match="are of `on`"):
        Spreading(**of_on)
    Spreading(on="ray", **of_on)


def test_a_job_and_a_network_are_found_from_another_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    make_clip(Path("in.mp4"), times=range(2))
    make_picture(Path("m.png"), 8, 8)
    Path("mine.safetensors").touch()
    masks = Masks(mask=("m.png", "auto:person"))
    job = absolute(Job(Path("in.mp4"), Path("out.mp4"), masks=masks))
    assert (job.source, job.output) == (tmp_path / "in.mp4", tmp_path / "out.mp4")
    assert job.masks.mask == (str(tmp_path / "m.png"), "auto:person")
    options = StyleOptions(patch_size=5)
    network = network_of("mine.safetensors", Look(), options)
    assert network.name == tmp_path / "mine.safetensors"
    assert network.styles == options
    assert network_of("starry_night", Look(), options).name == "starry_night"


def test_several_are_files_and_no_jobs(tmp_path):
    clips = [make_clip(tmp_path / f"{name}.mp4", times=range(2)) for name in "ab"]
    plan = Plan.of(clips, [["starry_night"]], str(tmp_path / "{name}.out.mp4"))
    with pytest.raises(UsageError, match="`jobs` are of one machine"):
        spread.paint_many(Batch(plan, Look(), jobs=2), Spreading(on="ray"))


def spread_to(cluster, monkeypatch):
    """Let `on` lead to workers of this process."""
    monkeypatch.setattr(cores, "_given", {})
    monkeypatch.setattr(clips, "_WAIT", 0.01)
    monkeypatch.setattr(spread, "Cluster", lambda *_: nullcontext(cluster))
    return cluster


def spread_here(tmp_path, monkeypatch, names, **faults):
    """Paint clips by workers of this process; return the report, and what the workers were given."""
    cluster = spread_to(Here(**faults), monkeypatch)
    for name in names:
        if not (tmp_path / f"{name}.mp4").exists():
            make_clip(tmp_path / f"{name}.mp4", times=range(3))
    report = vidstyle.stylize_many(
        [tmp_path / f"{name}.mp4" for name in names],
        ["identity"],
        tmp_path / "{name}.out.mp4",
        report=tmp_path / "report.json",
        on="ray",
    )
    return report, cluster.tasks


def test_a_clip_whose_worker_died_before_it_answered_is_painted_anew(tmp_path, monkeypatch):
    report, tasks = spread_here(tmp_path, monkeypatch, "abc", deaths=1)
    assert [outcome.status for outcome in report.outcomes] == ["done"] * 3
    assert sorted(again for _, again in tasks) == [False] * 3 + [True]
    assert all((tmp_path / f"{name}.out.mp4").exists() for name in "abc")


def test_a_clip_over_which_workers_die_fails_alone(tmp_path, monkeypatch):
    report, tasks = spread_here(tmp_path, monkeypatch, "ab", deaths=8, count=1)
    reasons = [outcome.reason for outcome in report.outcomes]
    assert ["4 workers were lost over the same work" in reason for reason in reasons] == [True] * 2
    assert len(tasks) == 8


def test_what_was_there_is_not_replaced_though_workers_die(tmp_path, monkeypatch):
    (tmp_path / "b.out.mp4").write_text("mine")
    report, _ = spread_here(tmp_path, monkeypatch, "abc", deaths=2)
    assert [outcome.status for outcome in report.outcomes] == ["done", "failed", "done"]
    assert (tmp_path / "b.out.mp4").read_text() == "mine"


def test_what_a_worker_made_for_a_run_that_was_killed_is_skipped(tmp_path, monkeypatch):
    class Killed(BaseException):
        """Stands in for the end of the process: nothing is written behind it."""

    def killed(*_):
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(Crew, "result", killed)  # the worker has answered
        patched.setattr(Record, "end", killed)
        with pytest.raises(Killed):
            spread_here(tmp_path, monkeypatch, "abc", count=1)
    assert not (tmp_path / "report.json").exists()
    (made,) = tmp_path.glob("*.out.mp4")
    report, tasks = spread_here(tmp_path, monkeypatch, "abc")
    assert sorted(outcome.status for outcome in report.outcomes) == ["done", "done", "skipped"]
    assert made.name not in [name for name, _ in tasks]
    assert not list(tmp_path.glob("report.json.*"))


def test_without_a_worker_a_list_ends_with_one_line(tmp_path, monkeypatch):
    def none(self):
        raise NoWorkerError("no worker has begun")

    monkeypatch.setattr(Crew, "take", none)
    with pytest.raises(NoWorkerError):
        spread_here(tmp_path, monkeypatch, "abc")
    assert json.loads((tmp_path / "report.json").read_text())["results"][2]["status"] == "waiting"


def test_a_single_one_is_spread_by_its_pieces_from_python_too(tmp_path, monkeypatch):
    monkeypatch.setattr(sink, "PIECE_FRAMES", 2)
    report, tasks = spread_here(tmp_path, monkeypatch, "a")
    assert [outcome.status for outcome in report.outcomes] == ["done"]
    assert tasks == [(0, 1)]
    assert not list(tmp_path.glob("*.resume"))


def test_addresses_are_read_and_written_by_the_workers(tmp_path, monkeypatch):
    pytest.importorskip("fsspec", reason="fsspec is not installed: pip install 'vidstyle[fsspec]'")
    cluster = spread_to(Here(), monkeypatch)
    for name in "ab":
        make_clip(tmp_path / f"{name}.mp4", times=range(3))
    at, report = f"local://{tmp_path}", tmp_path / "report.json"

    def many():
        painted = vidstyle.stylize_many(
            [f"{at}/a.mp4", f"{at}/b.mp4"],
            ["identity"],
            f"{at}/out/{{name}}.{{ext}}",
            report=report,
            on="ray",
        )
        return [outcome.status for outcome in painted.outcomes]

    assert many() == ["done", "done"]
    assert sorted(cluster.tasks) == [("a.mp4", False), ("b.mp4", False)]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["a.mp4", "b.mp4"]
    assert many() == ["skipped", "skipped"]


def test_pieces_do_not_go_to_addresses(tmp_path, monkeypatch):
    pytest.importorskip("fsspec", reason="fsspec is not installed: pip install 'vidstyle[fsspec]'")
    cluster = spread_to(Here(), monkeypatch)
    clip = make_clip(tmp_path / "a.mp4", times=range(3))
    for source, output in ((f"local://{clip}", "b.mp4"), (str(clip), f"local://{tmp_path}/b.mp4")):
        job = Job(located(source, stored=True), placed(output))
        with pytest.raises(UsageError, match="give the video and the output names there"):
            check_divisible(job)
    # Of a list it is a list of one.
    report = vidstyle.stylize_many([f"local://{clip}"], ["identity"], tmp_path / "b.mp4", on="ray")
    assert [outcome.status for outcome in report.outcomes] == ["done"]
    assert cluster.tasks == [("b.mp4", False)]


def test_a_single_one_without_pieces_is_painted_whole(tmp_path, monkeypatch):
    cluster = spread_to(Here(), monkeypatch)
    photo = make_picture(tmp_path / "photo.png", 32, 24)
    output = str(tmp_path / "{name}.out.png")
    report = vidstyle.stylize_many([photo], ["identity"], output, on="ray")
    assert [outcome.status for outcome in report.outcomes] == ["done"]
    assert cluster.tasks == [("photo.out.png", False)]
