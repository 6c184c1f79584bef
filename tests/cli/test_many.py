"""Many inputs and styles in one command: real processes, their words, their report and their exit codes."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.clips import make_clip, make_picture
from tests.conftest import ROOT, vidstyle

PATTERN = ("-o", "out/{name}.{style}.{ext}")


@pytest.fixture
def folder(base, tmp_path):
    """in/a.mp4 and in/b.png, in/sub/a.mp4, broken.mp4; styles/dusk.png and styles/fog.png."""
    (tmp_path / "in" / "sub").mkdir(parents=True)
    (tmp_path / "styles").mkdir()
    for name in ("in/a.mp4", "in/sub/a.mp4"):
        shutil.copy(base, tmp_path / name)
    for name in ("in/b.png", "styles/dusk.png", "styles/fog.png"):
        make_picture(tmp_path / name, 64, 48)
    (tmp_path / "broken.mp4").write_text("this is no video\n" * 50)
    return tmp_path


def test_inputs_times_styles(folder, judge):
    words = ("run", "broken.mp4", "in", "--style-dir", "styles", "--method", "photoreal", *PATTERN)
    done = vidstyle(*words, "--report", "r.json", cwd=folder)
    assert done.returncode == 2, done.stderr
    names = ["a.dusk.mp4", "a.fog.mp4", "b.dusk.png", "b.fog.png"]
    assert sorted(p.name for p in (folder / "out").iterdir()) == names
    assert judge.times(folder / "out/a.fog.mp4") == judge.times(folder / "in/a.mp4")
    lines = done.stderr.splitlines()
    assert all(line.startswith("vidstyle: ") for line in lines)
    reason = "cannot read broken.mp4: not a media file"
    assert f"vidstyle: broken.mp4 in styles/dusk.png: {reason}" in done.stderr
    assert re.search(r"out/a\.fog\.mp4: 30 frames in .* fps\) on ", done.stderr)
    assert re.search(r"out/b\.fog\.png: 1 frame in ", done.stderr)
    assert re.fullmatch(r"vidstyle: 4 done, 0 skipped, 2 failed in \d+\.\d s", lines[-1])
    told = json.loads((folder / "r.json").read_text())
    assert (told["done"], told["failed"], told["exit_code"]) == (4, 2, 2)
    assert reason in told["results"][0]["reason"]
    # Again: what is there is left alone, as long as nothing else is asked for.
    again = vidstyle(*words[:1], *words[2:], "--report", "r.json", cwd=folder)
    assert again.returncode == 0, again.stderr
    assert "out/b.fog.png is there already, made of the same" in again.stderr
    assert "0 done, 4 skipped, 0 failed" in again.stderr
    other = vidstyle(*words[:1], *words[2:], "--report", "r.json", "--crf", "30", "-q", cwd=folder)
    assert other.returncode == 2
    assert other.stderr.count("exists already; pass -y to replace it, or choose another -o") == 4


@pytest.mark.slow
def test_several_styles_are_a_mixture_unless_each_is_asked_for(folder):
    words = ("run", "in", "--recursive", "-s", "styles/dusk.png", "-s", "styles/fog.png")
    words += ("--method", "photoreal", "-o", "out/{folder}/{style}/{name}.mkv", "-q")
    done = vidstyle(*words, cwd=folder)
    assert (done.returncode, done.stderr) == (0, "")
    found = {str(p.relative_to(folder / "out")) for p in (folder / "out").rglob("*.mkv")}
    assert found == {"dusk+fog/a.mkv", "dusk+fog/b.mkv", "sub/dusk+fog/a.mkv"}
    done = vidstyle(*words, "--each", cwd=folder)
    assert (done.returncode, done.stderr) == (0, "")
    assert len(list((folder / "out").rglob("*.mkv"))) == 9


@pytest.mark.slow
def test_one_of_a_pattern_is_as_one_alone(folder):
    done = vidstyle("run", "in/a.mp4", "-s", "identity", *PATTERN, cwd=folder)
    assert done.returncode == 0
    assert done.stderr.startswith("vidstyle: out/a.identity.mp4: 30 frames")
    again = vidstyle("run", "in/a.mp4", "-s", "identity", *PATTERN, cwd=folder)
    assert again.returncode == 2
    assert again.stderr.count("\n") == 1
    assert "exists already" in again.stderr


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["in", "-s", "identity", "-o", "o.mp4"], "would be the result of both"),
        (["in", "-s", "identity", "-o", "{name}.{stile}.mp4"], "no part is called {stile}"),
        (["in/a.mp4", "in/b.png", "-s", "identity", "-o", "in/{name}.mp4"], "is an input itself"),
        (["in/a.mp4"], "give at least one --style PICTURE, or a --style-dir"),
        (["in", "--style-dir", "in/sub"], "in/sub is a folder without style pictures"),
        (
            ["styles/sub", "in", "-s", "identity", "--report", "broken.mp4"],
            "is there and no report",
        ),
        (["in", "-s", "identity", "--report", "in/a.mp4"], "choose another --report"),
        (["in", "-s", "identity", "--codec", "nosuch"], "no encoder is called nosuch"),
        (["empty", "-s", "identity"], "empty is a folder without videos or pictures; --recursive"),
    ],
)
def test_what_cannot_be_says_so_before_the_work(folder, words, message):
    (folder / "empty").mkdir()
    before = sorted(folder.rglob("*"))
    done = vidstyle("run", *words, cwd=folder)
    assert done.returncode == 2
    assert message in done.stderr
    assert done.stderr.count("\n") == 1
    assert sorted(folder.rglob("*")) == before


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_a_signal_ends_the_whole_with_the_report_written(tmp_path):
    (tmp_path / "in").mkdir()
    clip = make_clip(tmp_path / "in" / "00.mp4", times=range(200), sound=False)
    for number in range(1, 40):
        os.link(clip, clip.with_name(f"{number:02}.mp4"))
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "vidstyle", "run", "in", "-s", "identity", *PATTERN),
            *("--report", "r.json"),
        ],
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    deadline = time.monotonic() + 60
    while not list(tmp_path.glob("out/*.mp4")) and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=30)
    assert process.returncode == 130, stderr
    told = json.loads((tmp_path / "r.json").read_text())
    made = len(list((tmp_path / "out").iterdir()))
    assert 1 <= made < 40
    assert (told["done"], told["waiting"]) == (made, 40 - made)
    last = [f"vidstyle: {made} of 40 results were settled", "vidstyle: interrupted"]
    assert stderr.splitlines()[-2:] == last


def test_progress_lines_tell_of_all(monkeypatch, capsys):
    from vidstyle.batch.plan import Plan
    from vidstyle.batch.work import Step
    from vidstyle.cli import progress
    from vidstyle.pipeline import Progress

    monkeypatch.setattr(progress, "_SECONDS", 0.0)
    item, _ = Plan.of(["a.mp4"], [("s.jpg",), ("t.jpg",)], None).items
    with progress.ProgressDisplay() as display:
        display.of_many(Step(item, 2, 9, Progress(10, 40, 2.0, rate=5.0), 0.1, 33.4))
        display.of_many(Step(item, 2, 9, Progress(20, None, 4.0), 0.1, None))
    assert capsys.readouterr().err.splitlines() == [
        "vidstyle: 2 of 9, a.mp4 in s.jpg: 10/40 frames, 5.0 fps, 33 s left in all",
        "vidstyle: 2 of 9, a.mp4 in s.jpg: 20 frames",
    ]


def test_a_bar_tells_of_all_on_a_terminal(folder):
    import pty

    leader, follower = pty.openpty()
    name = "in/z[red].png"  # no markup; the last, so that the bar has time to show it
    shutil.copy(folder / "in" / "b.png", folder / name)
    process = subprocess.Popen(
        [sys.executable, "-m", "vidstyle", "run", "broken.mp4", "in", "-s", "identity", *PATTERN],
        stderr=follower,
        stdout=follower,
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT), "TERM": "xterm", "COLUMNS": "140"},
    )
    os.close(follower)
    seen = b""
    while True:
        try:
            block = os.read(leader, 4096)
        except OSError:
            break
        if not block:
            break
        seen += block
    assert process.wait() == 2
    for words in (b"of 4, in/", b"z[red].png", b"broken.mp4 in identity: cannot read", b"3 done"):
        assert words in seen, seen


def test_options_stand_under_headings():
    page = vidstyle("run", "--help").stdout
    headings = re.findall(r"^(\w+):$", page, re.MULTILINE)
    assert headings == ["Arguments", "Input", "Style", "Output", "Quality", "Machine", "Options"]
    under = dict(zip(headings, re.split(r"^\w+:$", page, flags=re.MULTILINE)[1:], strict=True))
    for heading, options in {
        "Input": "--recursive --start --size --corrupt --from",
        "Style": "--style --style-dir --each --method --strength --style-weights",
        "Output": "--output --overwrite --report --resume --odd --to",
        "Quality": "--codec --crf --bitrate -x --pix-fmt",
        "Machine": "--device --batch --hwaccel --low-latency",
        "Options": "--quiet --config --help",
    }.items():
        for option in options.split():
            assert re.search(rf"^  (-\w, )?{option}\b", under[heading], re.MULTILINE), option


def test_every_option_of_run_but_the_general_ones_has_a_heading():
    import typer

    from vidstyle.cli.app import app

    run = typer.main.get_command(app).commands["run"]
    bare = {p.name for p in run.params if not p.rich_help_panel and p.param_type_name == "option"}
    assert bare == {"quiet", "config_file"}


def test_a_file_gives_several_inputs_and_styles(folder):
    (folder / "it.toml").write_text(
        'style = ["identity"]\nreport = "r.json"\noutput = "{name}.out.{ext}"\nquiet = true\n'
    )
    done = vidstyle("run", "in/a.mp4", "in/b.png", "--config", "it.toml", cwd=folder)
    assert (done.returncode, done.stderr) == (0, "")
    assert {"a.out.mp4", "b.out.png", "r.json"} <= {p.name for p in Path(folder).iterdir()}
