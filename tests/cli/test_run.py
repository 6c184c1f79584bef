"""The command as a user meets it: real processes, their words and their exit codes."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time

import pytest

from tests.clips import make_clip
from tests.conftest import ROOT, vidstyle
from vidstyle import __version__


def one_line(done):
    """Return the only line on stderr; no traceback, nothing on stdout."""
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1, done.stderr
    assert done.stdout == ""
    assert lines[0].startswith("vidstyle: ")
    return lines[0]


@pytest.mark.slow
def test_a_clip_is_painted_beside_the_input(base, picture, tmp_path, judge):
    clip = shutil.copy(base, tmp_path / "in.mp4")
    done = vidstyle("run", clip, "--style", picture, "--device", "cpu")
    assert done.returncode == 0, done.stderr
    out = tmp_path / "in.style.mp4"
    assert re.search(r"in\.style\.mp4: 30 frames in .* fps\) on OpenVINO CPU", done.stderr)
    assert judge.times(out) == judge.times(base)
    assert judge.packets_md5(out) == judge.packets_md5(base)
    stream = judge.stream(out)
    assert (stream["width"], stream["height"], stream["codec_name"]) == (128, 96, "h264")
    assert judge.luma_psnr(out, base) < 30


def test_identity_brings_no_torch_and_no_network(base, tmp_path, judge):
    """In a process that cannot import torch at all."""
    code = "import sys; sys.modules['torch'] = sys.modules['openvino'] = None\n" + (
        "from vidstyle.cli.app import main; main()"
    )
    out = tmp_path / "out.mkv"
    args = ["run", str(base), "--style", "identity", "--codec", "ffv1", "-o", str(out)]
    done = subprocess.run([sys.executable, "-c", code, *args], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert judge.luma_psnr(out, base) >= 55


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["none.mp4", "-s", "identity"], "does not exist"),
        (["bare", "-s", "identity"], "is a folder"),
        (["text.mp4", "-s", "identity"], "not a media file"),
        (["empty.mp4", "-s", "identity"], "not a media file"),
        (["sound.mp4", "-s", "identity"], "no video in it, only audio"),
        (["ok.mp4", "-s", "none.jpg"], "the picture none.jpg"),
        (["ok.mp4", "-s", "text.mp4"], "no picture"),
        (["ok.mp4", "-s", "stary_night"], "no style is called stary_night; did you mean starry_n"),
        (["ok.mp4", "-s", "identity", "-o", "none/out.mp4"], "folder none does not exist"),
        (["ok.mp4", "-s", "identity", "-o", "ok.mp4", "-y"], "is an input itself"),
        (["ok.mp4", "-s", "identity", "-o", "there.mp4"], "-y"),
        (["ok.mp4", "-s", "identity", "--codec", "nosuch"], "no encoder is called nosuch"),
        (["ok.mp4", "-s", "identity", "--strength", "2"], "strength from 0 to 1"),
        (["ok.mp4", "-s", "style.png", "--device", "abacus"], "no device is called abacus"),
        (["ok.mp4", "-s", "identity", "--preset", "nosuch"], "nosuch"),
    ],
    ids=lambda v: v if isinstance(v, str) else "",
)
def test_what_cannot_work_says_so_in_one_line(folder, args, message):
    before = sorted(folder.iterdir())
    done = vidstyle("run", *args, cwd=folder)
    assert done.returncode == 2
    assert message in one_line(done)
    assert sorted(folder.iterdir()) == before


@pytest.fixture(scope="module")
def folder(tmp_path_factory, base, picture):
    """ok.mp4, style.png, sound.mp4 without video, text.mp4, empty.mp4 and there.mp4; bare, a folder."""
    import av

    top = tmp_path_factory.mktemp("folder")
    shutil.copy(base, top / "ok.mp4")
    shutil.copy(picture, top / "style.png")
    (top / "text.mp4").write_text("this is no video\n" * 50)
    (top / "empty.mp4").touch()
    (top / "bare").mkdir()
    (top / "there.mp4").write_text("already here")
    with av.open(str(base)) as source, av.open(str(top / "sound.mp4"), "w") as output:
        copy = output.add_stream_from_template(source.streams.audio[0], opaque=True)
        for packet in source.demux(source.streams.audio[0]):
            if packet.size:
                packet.stream = copy
                output.mux(packet)
    return top


def test_wrong_use_ends_with_2():
    assert vidstyle("run").returncode == 2
    assert vidstyle("nosuch").returncode == 2
    assert vidstyle("run", "a.mp4", "-s", "b.png", "--strength", "much").returncode == 2


def test_help_and_version():
    for args, words in {
        ("--help",): "sheet",
        ("run", "--help"): "Exit codes",
        ("train", "--help"): "'vidstyle[torch]'",
        ("train", "arbitrary", "-h"): "--style-weight",
    }.items():
        done = vidstyle(*args)
        assert done.returncode == 0
        assert done.stdout.startswith("Usage: vidstyle ")
        assert words in done.stdout
    assert vidstyle("--version").stdout == f"vidstyle {__version__}\n"


@pytest.mark.skipif(sys.platform == "win32", reason="a POSIX limit stands in for the full disk")
def test_a_full_disk_ends_with_4_and_leaves_nothing(base, tmp_path):
    """A limit on the size of files fails the same system calls as a full disk does."""
    clip = shutil.copy(base, tmp_path / "in.mp4")
    code = (
        "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, 30_000))\n"
        "from vidstyle.cli.app import main; main()"
    )
    args = ["run", str(clip), "-s", "identity", "--codec", "ffv1", "-o", str(tmp_path / "o.mkv")]
    done = subprocess.run([sys.executable, "-c", code, *args], capture_output=True, text=True)
    assert done.returncode == 4
    assert "cannot write" in one_line(done)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["in.mp4"]


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["int", "term"]
)
def test_a_signal_half_way_leaves_nothing(tmp_path, picture, number, code):
    clip = make_clip(tmp_path / "long.mp4", times=range(200), size=(320, 240), sound=False)
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "vidstyle",
            "run",
            str(clip),
            "-s",
            str(picture),
            "-o",
            str(tmp_path / "o.mp4"),
            "--device",
            "cpu",
        ],
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    deadline = time.monotonic() + 60
    while not list(tmp_path.glob(".o.mp4.*.part")) and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(0.5)
    process.send_signal(number)
    _, stderr = process.communicate(timeout=30)
    assert process.returncode == code
    assert stderr.strip().splitlines()[-1] == "vidstyle: interrupted"
    assert "Traceback" not in stderr
    assert sorted(p.name for p in tmp_path.iterdir()) == ["long.mp4"]


def test_a_second_signal_ends_at_once_and_leaves_nothing(tmp_path):
    """In a run that cannot answer the first: its main thread sleeps inside the style."""
    clip = make_clip(tmp_path / "long.mp4", times=range(60), sound=False)
    code = f"""
import time
from pathlib import Path
import vidstyle.api, vidstyle.cli.app
from vidstyle.runtime.identity import IdentityEngine
def sleep(self, frames, style, given, *, describe):
    Path({str(tmp_path / "asleep")!r}).touch()
    while True:
        time.sleep(60)
IdentityEngine.paint = sleep
vidstyle.cli.app.main()
"""
    process = subprocess.Popen(
        [sys.executable, "-c", code, "run", str(clip), "-s", "identity", "-o", "o.mp4"],
        stderr=subprocess.PIPE,
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    deadline = time.monotonic() + 60
    while not (tmp_path / "asleep").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    time.sleep(0.3)
    assert process.poll() is None, process.stderr.read()
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=10)
    assert process.returncode == 130
    assert sorted(p.name for p in tmp_path.iterdir()) == ["asleep", "long.mp4"]


def test_progress_lines_tell_what_is_left(monkeypatch, capsys):
    from vidstyle.cli import progress
    from vidstyle.pipeline import Progress

    monkeypatch.setattr(progress, "_SECONDS", 0.0)
    with progress.ProgressDisplay() as display:
        display(Progress(1, 40, 2.0))
        display(Progress(10, 40, 4.0, rate=5.0))
        display(Progress(20, None, 6.0, rate=5.0))
        display(Progress(40, 40, 10.0, rate=5.0))
    assert capsys.readouterr().err.splitlines() == [
        "vidstyle: 1/40 frames",
        "vidstyle: 10/40 frames, 5.0 fps, 6 s left",
        "vidstyle: 20 frames, 5.0 fps",
        "vidstyle: 40/40 frames, 5.0 fps",
    ]


def test_progress_is_lines_where_there_is_no_terminal(base, tmp_path):
    done = vidstyle("run", base, "-s", "identity", "-o", tmp_path / "o.mp4")
    assert "\r" not in done.stderr
    assert "\x1b" not in done.stderr
    quiet = vidstyle("run", base, "-s", "identity", "-o", tmp_path / "q.mp4", "--quiet")
    assert quiet.stderr == ""


def test_progress_is_a_bar_on_a_terminal(base, tmp_path):
    import pty

    leader, follower = pty.openpty()
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "vidstyle",
            "run",
            str(base),
            "-s",
            "identity",
            "-o",
            str(tmp_path / "o.mp4"),
        ],
        stderr=follower,
        stdout=follower,
        env=os.environ | {"PYTHONPATH": str(ROOT), "TERM": "xterm", "COLUMNS": "100"},
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
    assert process.wait() == 0
    assert b"painting" in seen
    assert b"fps" in seen


@pytest.mark.parametrize("name", ["in.mkv", "in.mp4"])
def test_a_truncated_input_is_finished_and_ends_with_3(tmp_path, name):
    whole = make_clip(tmp_path / f"whole_{name}", times=range(60), size=(320, 240), sound=False)
    source = whole.with_name(name)
    if name.endswith("mp4"):  # with its index at the front, as on the web
        vidstyle("run", whole, "-s", "identity", "-o", source)
        data = source.read_bytes()
    else:
        data = whole.read_bytes()
    source.write_bytes(data[: len(data) // 2])
    done = vidstyle("run", source, "-s", "identity", "-o", tmp_path / "o.mkv")
    assert done.returncode == 3, done.stderr
    assert re.search(r"ends at \d\.\d of 2\.0 s|truncated: \d+ of 60 frames", done.stderr)
    assert (tmp_path / "o.mkv").exists()


def test_sound_that_outlasts_the_video_is_no_damage(tmp_path, judge):
    short = make_clip(tmp_path / "short.mp4", times=range(10), sound=False)
    long = make_clip(tmp_path / "long.mp4", times=range(90))
    both = tmp_path / "both.mkv"
    join = [
        "ffmpeg",
        "-v",
        "error",
        "-i",
        str(short),
        "-i",
        str(long),
        "-map",
        "0:v",
        "-map",
        "1:a",
    ]
    subprocess.run([*join, "-c", "copy", str(both)], check=True)
    done = vidstyle("run", both, "-s", "identity", "-o", tmp_path / "o.mkv")
    assert done.returncode == 0, done.stderr
    assert judge.packets_md5(tmp_path / "o.mkv") == judge.packets_md5(both)


def test_a_damaged_input_is_finished_and_ends_with_3(tmp_path):
    clip = make_clip(tmp_path / "in.mkv", times=range(60), size=(320, 240), sound=False)
    data = bytearray(clip.read_bytes())
    for place in range(4000, len(data) - 1000, 997):
        data[place] ^= 0xFF
    clip.write_bytes(data)
    done = vidstyle("run", clip, "-s", "identity", "-o", tmp_path / "o.mkv")
    assert done.returncode == 3, done.stderr
    assert "damaged" in done.stderr
    assert (tmp_path / "o.mkv").exists()


@pytest.mark.parametrize(
    "demand", ["bytearray(10**17)", "__import__('torch').empty(10**15, dtype=int)"]
)
def test_too_little_memory_is_one_line(demand):
    code = f"import vidstyle.cli.app as it; it.app = lambda: {demand}; it.main()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith(
        "vidstyle: memory, threads or open files do not suffice; take a smaller size"
    )
    assert done.stderr.count("\n") == 1
