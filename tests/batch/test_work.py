"""What becomes of many results: each model loaded once, failures told, and what is there already left alone."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

import vidstyle
from tests.clips import make_clip
from tests.conftest import ROOT
from vidstyle import Encoding, Interrupted, Look, OutputError, UsageError
from vidstyle.batch import painting, work
from vidstyle.media.sink import PIECE_FRAMES


def many(*sources, styles=("identity",), output="out/{name}.{style}.{ext}", **options):
    return vidstyle.stylize_many(sources, styles, output, **options)


def statuses(report):
    return [outcome.status for outcome in report.outcomes]


def test_each_model_is_loaded_once_and_each_style_read_once(here, monkeypatch, judge):
    loaded, read = [], []

    def load(name, compute, options, real=work.load_wished):
        loaded.append(str(name))
        return real(name, compute, options)

    def style(model, pictures, options, real=work.read_style):
        read.append(pictures)
        return real(model, pictures, options)

    monkeypatch.setattr(work, "load_wished", load)
    monkeypatch.setattr(work, "read_style", style)
    styles = ["one.png", "starry_night", "two.png", ("one.png", "two.png")]
    report = many("a.mp4", "b.mkv", "c.png", styles=styles, device="cpu", report="r.json")
    assert loaded == ["arbitrary", "starry_night"]
    assert read == [("one.png",), ("two.png",), ("one.png", "two.png"), ()]
    assert statuses(report) == ["done"] * 12
    assert report.exit_code == 0
    names = ("one", "starry_night", "two", "one+two")
    inputs = (("a", "mp4"), ("b", "mkv"), ("c", "png"))
    expected = [f"out/{name}.{s}.{ext}" for name, ext in inputs for s in names]
    told = json.loads(Path("r.json").read_text())["results"]
    assert [r["output"] for r in told] == expected
    assert judge.packets_md5(Path("out/a.one.mp4")) == judge.packets_md5(Path("a.mp4"))
    # Painted as by a call of its own.
    alone = vidstyle.stylize("b.mkv", "two.png", "alone.mkv", device="cpu")
    assert alone.summary.frames == 10
    assert Path("alone.mkv").stat().st_size == Path("out/b.two.mkv").stat().st_size


def test_a_failure_does_not_stop_the_rest(here):
    Path("broken.mp4").write_text("no video" * 200)
    Path("out").mkdir()
    Path("out/b.identity.mkv").write_text("there")
    seen = []
    report = many(
        "broken.mp4", "none.mp4", "a.mp4", "b.mkv", report="r.json", on_outcome=seen.append
    )
    assert statuses(report) == ["failed", "failed", "done", "failed"]
    assert [o.status for o in seen] == statuses(report)
    assert report.exit_code == 2
    assert "not a media file" in report.outcomes[0].reason
    assert "none.mp4: it does not exist" in report.outcomes[1].reason
    assert "exists already" in report.outcomes[3].reason
    assert Path("out/b.identity.mkv").read_text() == "there"
    told = json.loads(Path("r.json").read_text())
    assert (told["done"], told["failed"], told["exit_code"]) == (1, 3, 2)
    assert [r["status"] for r in told["results"]] == statuses(report)
    assert told["results"][2]["frames"] == 10
    assert told["results"][0]["reason"] == report.outcomes[0].reason


def test_a_style_that_cannot_be_read_fails_its_own_results(here):
    Path("bad.png").write_text("no picture")
    Path("own.safetensors").write_text("no network")
    styles = ["bad.png", "identity", "own.safetensors", "none.safetensors"]
    report = many("a.mp4", "b.mkv", styles=styles, output="{name}.{style}.out.mkv", device="cpu")
    assert statuses(report) == ["failed", "done", "failed", "failed"] * 2
    assert "bad.png is no picture" in report.outcomes[0].reason


def test_the_worst_decides_the_exit_code(here, monkeypatch):
    data = make_clip(here / "whole.mkv", times=range(60), sound=False).read_bytes()
    Path("cut.mkv").write_bytes(data[: len(data) // 2])
    report = many("a.mp4", "cut.mkv")
    assert statuses(report) == ["done", "done"]
    assert [o.exit_code for o in report.outcomes] == [0, 3]
    assert report.exit_code == 3
    assert "damaged" in report.outcomes[1].reason
    assert many("a.mp4", "none.mp4", "cut.mkv", overwrite=True).exit_code == 2

    def fail(job, *args, real=painting.paint_file, **options):
        if job.source.name == "b.mkv":
            raise OutputError("no space")
        if job.source.name == "c.png":
            raise ZeroDivisionError("two\nlines")
        return real(job, *args, **options)

    monkeypatch.setattr(painting, "paint_file", fail)
    assert many("b.mkv", "none.mp4", "cut.mkv", overwrite=True).exit_code == 4
    report = many("c.png", "b.mkv", "a.mp4", overwrite=True)
    assert (statuses(report), report.exit_code) == (["failed", "failed", "done"], 1)
    assert "ZeroDivisionError: two" in report.outcomes[0].reason
    assert "\n" not in report.outcomes[0].reason
    assert "test_work.py" in report.as_dict()["results"][0]["traceback"]


def test_too_little_memory_for_one_is_no_bug(here, monkeypatch):
    def fail(job, *args, **options):
        raise MemoryError("Unable to allocate 9 GiB")

    monkeypatch.setattr(painting, "paint_file", fail)
    report = many("a.mp4")
    assert report.exit_code == 2
    assert "memory" in report.outcomes[0].reason


def test_what_is_there_and_made_of_the_same_is_skipped(here):
    def again(*sources, **options):
        return statuses(many(*sources, report="r.json", **options))

    assert again("a.mp4", "c.png") == ["done", "done"]
    made = Path("out/a.identity.mp4").stat().st_mtime_ns
    assert again("a.mp4", "c.png", "b.mkv") == ["skipped", "skipped", "done"]
    assert again("a.mp4", "c.png", "b.mkv", overwrite=True) == ["skipped"] * 3
    assert Path("out/a.identity.mp4").stat().st_mtime_ns == made
    # Another setting, input, or result.
    other = {"encoding": Encoding(crf=30)}
    assert again("a.mp4", **other) == ["failed"]
    assert again("a.mp4") == ["skipped"]
    assert again("a.mp4", overwrite=True, **other) == ["done"]
    assert again("a.mp4", overwrite=True, look=Look(strength=0.5), **other) == ["done"]
    shutil.copy("b.mkv", "a.mp4")
    assert again("a.mp4", overwrite=True, look=Look(strength=0.5), **other) == ["done"]
    Path("out/a.identity.mp4").write_text("changed")
    assert again("a.mp4", overwrite=True, look=Look(strength=0.5), **other) == ["done"]
    Path("out/a.identity.mp4").unlink()
    assert again("a.mp4", look=Look(strength=0.5), **other) == ["done"]


def test_another_style_picture_of_the_same_name_is_another(here):
    def again(**options):
        options |= {"method": "photoreal", "report": "r.json", "overwrite": True}
        return statuses(many("c.png", styles=["one.png"], **options))

    assert (again(), again()) == (["done"], ["skipped"])
    shutil.copy("two.png", "one.png")
    assert (again(), again()) == (["done"], ["skipped"])


def test_without_a_report_nothing_is_known(here):
    assert statuses(many("c.png")) == ["done"]
    assert statuses(many("c.png")) == ["failed"]


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"results": 1}', '{"results": [{"made_of": 1}]}']
)
def test_a_report_is_no_other_file(here, text):
    Path("r.json").write_text(text)
    with pytest.raises(UsageError, match="no report"):
        many("a.mp4", report="r.json")
    assert Path("r.json").read_text() == text
    assert not Path("out").exists()


def test_a_report_wants_its_folder(here):
    with pytest.raises(UsageError, match="the folder none does not exist"):
        many("a.mp4", report="none/r.json")


@pytest.mark.parametrize("reason", [Interrupted(signal.SIGINT), ValueError("of the caller's")])
def test_a_stop_ends_it_with_the_report_written(here, reason):
    """And a run after it goes on."""
    seen = []

    def stop():
        if len(seen) == 2:
            raise reason

    with pytest.raises(type(reason)):
        many("a.mp4", "b.mkv", "c.png", report="r.json", on_outcome=seen.append, stop=stop)
    told = json.loads(Path("r.json").read_text())
    assert [r["status"] for r in told["results"]] == ["done", "done", "waiting"]
    assert statuses(many("a.mp4", "b.mkv", "c.png", report="r.json")) == [
        "skipped",
        "skipped",
        "done",
    ]


KILLED = """
import os, signal
import vidstyle

def end(outcome):
    if outcome.source == "two.png":
        os.kill(os.getpid(), signal.SIGKILL)

sources = ["one.png", "two.png", "c.png"]
vidstyle.stylize_many(sources, ["identity"], "out/{name}.png", report="r.json", on_outcome=end)
"""


def test_a_run_that_was_killed_leaves_what_is_made_to_the_next(here):
    """Also what was made within a second after the report was written."""
    done = subprocess.run(
        [sys.executable, "-c", KILLED], env=os.environ | {"PYTHONPATH": str(ROOT)}
    )
    assert done.returncode == -signal.SIGKILL
    results = json.loads(Path("r.json").read_text())["results"]
    assert [r["status"] for r in results] == ["done", "waiting", "waiting"]
    again = {"output": "out/{name}.png", "report": "r.json"}
    assert statuses(many("one.png", "two.png", "c.png", **again)) == ["skipped", "skipped", "done"]
    assert not Path("r.json.made").exists()
    assert statuses(many("one.png", "two.png", "c.png", **again)) == ["skipped"] * 3


def test_a_note_is_of_what_is_there_now(here):
    """One of a file that was replaced, or that was made of something else, or half written, counts for nothing."""
    subprocess.run([sys.executable, "-c", KILLED], env=os.environ | {"PYTHONPATH": str(ROOT)})
    shutil.copy("c.png", "out/two.png")
    for note in Path("r.json.made").iterdir():
        if "one.png" in note.read_text():
            note.write_text("{")
    Path("r.json").unlink()
    report = many("one.png", "two.png", output="out/{name}.png", report="r.json")
    assert ["exists already" in o.reason for o in report.outcomes] == [True] * 2


def test_one_that_was_cut_off_goes_on(here):
    make_clip(here / "long.mp4", times=range(PIECE_FRAMES + 40), size=(64, 48), sound=False)
    steps = []

    def stop():
        if steps and steps[-1].progress.frames > PIECE_FRAMES + 20:
            raise Interrupted(signal.SIGINT)

    options = {"report": "r.json", "resume": True}
    with pytest.raises(Interrupted):
        many("a.mp4", "long.mp4", on_progress=steps.append, stop=stop, **options)
    report = many("a.mp4", "long.mp4", **options)
    assert statuses(report) == ["skipped", "done"]
    assert report.outcomes[1].result.summary.resumed == PIECE_FRAMES
    assert sorted(p.name for p in Path("out").iterdir()) == ["a.identity.mp4", "long.identity.mp4"]


def test_progress_is_of_all(here):
    steps = []
    many("a.mp4", "none.mp4", "b.mkv", on_progress=steps.append)
    assert {(s.number, s.count) for s in steps} == {(1, 3), (3, 3)}
    shares = [s.share for s in steps]
    assert shares == sorted(shares)
    assert shares[-1] == 1
    assert steps[0].left is None
    assert steps[-1].left == 0
    assert str(steps[-1].item) == "b.mkv in identity"


def test_values_out_of_their_range_are_refused_before_the_work(here):
    for options, message in (
        ({"style_weights": [1, 2]}, "expected 1 style weights"),
        ({"method": "oil"}, "expected a `method` network, swap, photoreal, got oil"),
        ({"device": "abacus"}, "no device is called abacus"),
    ):
        with pytest.raises(UsageError, match=message):
            many("a.mp4", styles=["one.png"], **options)
    assert not Path("out").exists()


def test_weights_are_those_of_the_mixture(here):
    """Beside which a style may stand alone."""
    options = {"output": "{style}.out.png", "method": "photoreal"}
    styles = [("one.png", "two.png"), "two.png"]
    report = many("c.png", styles=styles, style_weights=[1, 0], **options)
    assert statuses(report) == ["done", "done"]
    vidstyle.stylize("c.png", "one.png", "one.out.png", method="photoreal")
    mixed, one, two = (cv2.imread(f"{s}.out.png") for s in ("one+two", "one", "two"))
    assert np.abs(mixed - one.astype(float)).mean() < np.abs(mixed - two.astype(float)).mean() / 3


def test_numbered_pictures_are_skipped_once_they_are_whole(here):
    def again(**options):
        return statuses(many("a.mp4", output="out/%04d.png", report="r.json", **options))

    Path("out").mkdir()
    assert again() == ["done"]
    assert len(list(Path("out").iterdir())) == 10
    assert again() == ["skipped"]
    Path("out/0004.png").unlink()
    assert again() == ["failed"]  # exists already
    assert again(overwrite=True) == ["done"]
    assert again(overwrite=True) == ["skipped"]
    Path("out/0010.png").write_bytes(Path("out/0001.png").read_bytes())
    assert again(overwrite=True) == ["done"]


def test_numbered_pictures_among_older_ones_are_made(here):
    Path("out").mkdir()
    Path("out/0100.png").write_text("older")
    report = many("a.mp4", output="out/%04d.png", report="r.json", overwrite=True)
    assert statuses(report) == ["done"]
