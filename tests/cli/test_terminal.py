"""The standard streams: they may be full, closed or a terminal, and what a file says commands none of them."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys

import pytest

from tests.clips import make_clip, make_picture
from tests.conftest import ROOT
from vidstyle.cli.terminal import printable

FULL = "/dev/full"

pytestmark = pytest.mark.skipif(not os.path.exists(FULL), reason="no device is always full here")  # noqa: PTH110


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    return make_clip(tmp_path_factory.mktemp("terminal") / "in.mp4", sound=False)


def shell(line, *args, cwd=None):
    """Run a line of the shell in which "$@" is the command."""
    return subprocess.run(
        ["bash", "-c", line, "bash", sys.executable, "-m", "vidstyle", *map(str, args)],
        capture_output=True,
        cwd=cwd,
        timeout=60,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    "streams", [f"2>{FULL}", "2>&-", "<&-", ">&-", ">&- 2>&- <&-"], ids=lambda v: v
)
def test_text_for_people_neither_ends_nor_fails_a_run(clip, tmp_path, streams):
    out = tmp_path / "out.mkv"
    done = shell(f'"$@" {streams}', "run", clip, "-s", "identity", "-o", out)
    assert done.returncode == 0, done.stderr
    assert out.stat().st_size > 1000
    assert sorted(tmp_path.iterdir()) == [out]
    missing = shell(f'"$@" {streams}', "run", "none.mp4", "-s", "identity", "-o", out, "-y")
    assert missing.returncode == 2


@pytest.mark.parametrize("command", ["styles --json", "--help", "probe IN"])
@pytest.mark.parametrize(
    ("streams", "code"), [(f">{FULL}", 4), (">&-", 4), ("| true", 141)], ids=str
)
def test_output_that_does_not_arrive_is_told(clip, command, streams, code):
    line = f'(sleep 0.1; "$@"; echo $? >&2) {streams}' if code == 141 else f'"$@" {streams}'
    done = shell(line, *(clip if word == "IN" else word for word in command.split()))
    if code == 141:
        assert done.stderr == b"141\n"
        return
    assert done.returncode == code
    (told,) = done.stderr.decode().splitlines()
    assert told.startswith("vidstyle: cannot write standard output: ")


@pytest.fixture(scope="module")
def folder(clip):
    """A folder of the clip and of a picture."""
    make_picture(clip.parent / "s.png", 96, 80)
    return clip.parent


SOURCE = "testsrc2=size=64x48:rate=25,realtime --from lavfi --seconds 1"
RESULTS = {
    "metrics": "metrics in.mp4 in.mp4",
    "metrics as JSON": "metrics in.mp4 in.mp4 --json",
    "manifest": "train manifest --content .",
    "doctor": "doctor",
    "live": f"live {SOURCE} -s s.png -o OUT.mkv --json",
}
"""Commands whose result goes to standard output."""

FILES = {
    "live": (f"live {SOURCE} -s s.png -o OUT.mkv", ".mkv"),
    "paint": ("paint s.png -s s.png --steps 2 --size 48 -o OUT.png", ".png"),
    "reconstruct": ("reconstruct s.png --steps 1 --size 64 -o OUT.png", ".png"),
}
"""Those whose result is a file."""


@pytest.mark.slow
@pytest.mark.parametrize("streams", [f"2>{FULL}", "2>&-"])
@pytest.mark.parametrize("name", RESULTS)
def test_results_arrive_where_messages_do_not(folder, tmp_path, name, streams):
    if name != "doctor":
        pytest.importorskip("torch")
    words = RESULTS[name].replace("OUT", str(tmp_path / "out")).split()
    done = shell(f'"$@" {streams}', *words, cwd=folder)
    assert done.returncode == 0
    assert len(done.stdout) > 50


@pytest.mark.slow
@pytest.mark.parametrize("streams", [f">{FULL}", ">&-"])
@pytest.mark.parametrize("name", RESULTS)
def test_results_that_do_not_arrive_are_told(folder, tmp_path, name, streams):
    if name != "doctor":
        pytest.importorskip("torch")
    words = RESULTS[name].replace("OUT", str(tmp_path / "out")).split()
    done = shell(f'"$@" {streams}', *words, cwd=folder)
    assert done.returncode == 4
    lines = done.stderr.decode().splitlines()
    assert lines[-1].startswith("vidstyle: cannot write standard output: ")
    if name == "live":  # what was recorded is kept
        assert (tmp_path / "out.mkv").stat().st_size > 1000
    else:
        assert len(lines) == 1


@pytest.mark.slow
@pytest.mark.parametrize("streams", [f"2>{FULL}", "2>&-", f">{FULL}", ">&- 2>&-"])
@pytest.mark.parametrize("name", FILES)
def test_text_for_people_fails_no_other_command(folder, tmp_path, name, streams):
    if name != "live":
        pytest.importorskip("torch")
    command, ending = FILES[name]
    out = tmp_path / f"out{ending}"
    words = command.replace("OUT", str(tmp_path / "out")).split()
    done = shell(f'"$@" {streams}', *words, cwd=folder)
    assert done.returncode == 0, done.stderr
    assert out.stat().st_size > 500
    assert sorted(tmp_path.iterdir()) == [out]


def test_a_terminal_that_goes_away_ends_no_run(clip, tmp_path):
    master, slave = pty.openpty()
    run = subprocess.Popen(
        [sys.executable, "-m", "vidstyle", "-v", "run", clip, "-s", "identity"]
        + ["-o", tmp_path / "o.mkv"],
        stderr=slave,
        env=os.environ | {"PYTHONPATH": str(ROOT), "TERM": "xterm"},
    )
    os.close(slave)
    os.read(master, 1)  # it has begun to say something
    os.close(master)
    assert run.wait(60) == 0
    assert (tmp_path / "o.mkv").stat().st_size > 1000


def test_a_closed_input_is_an_input_that_cannot_be_read(tmp_path):
    out = tmp_path / "out.mkv"
    done = shell('"$@" <&-', "run", "-", "-s", "identity", "-o", out)
    assert done.returncode == 2
    assert b"Bad file descriptor" in done.stderr


def test_control_characters_are_written_out():
    assert printable("\x1b[2J\x07 \x7f\x9b é 漢\n\t") == r"\x1b[2J\x07 \x7f\x9b é 漢\x0a\x09"
    assert printable("a\nb\x1b", keep="\n") == "a\nb\\x1b"
    assert printable("txt.\u202egpj \udc80 \ud800") == r"txt.\u202egpj \x80 \ud800"


@pytest.mark.slow
def test_what_a_file_says_does_not_command_the_terminal(tmp_path, judge):
    evil = "\x1b]0;OWNED\x07\x1b[2J\x9b31m\u202e"
    (tmp_path / "s.srt").write_text("1\n00:00:00,000 --> 00:00:01,000\nhi\n")
    make_clip(tmp_path / "a.mp4", sound=False)
    source = tmp_path / f"e{evil}\n.mkv"
    tags = ["-metadata", f"{evil}K=1", "-metadata:s:v", f"language={evil}"]
    attached = ["-attach", "s.srt", "-metadata:s:t", "mimetype=text/plain", "-metadata:s:t"]
    subprocess.run(
        ["ffmpeg", "-v", "error", "-i", "a.mp4", "-c", "copy", *attached]
        + [f"filename={evil}.ttf", *tags, f"file:{source}"],
        cwd=tmp_path,
        check=True,
        stdin=subprocess.DEVNULL,
    )
    for args in (
        ["probe", source],
        ["-v", "run", source, "-s", "identity", "-o", f"o{evil}.mp4"],
        ["run", source, "-s", "identity", "-o", f"o{evil}.mp4"],
        ["run", f"none{evil}", "-s", "identity", "-o", "x.mkv"],
        ["run", "a.mp4", "-s", f"none{evil}.jpg", "-o", "x.mkv"],
        ["run", "a.mp4", "-s", "identity", f"--none{evil}"],
        ["run", "a.mp4", "-s", "identity", "-o", f"{evil}/x.mkv"],
        ["metrics", source, f"none{evil}"],
        ["paint", f"none{evil}.jpg", "-s", f"none{evil}.jpg", "-o", "x.png"],
    ):
        done = shell('"$@"', *args, cwd=tmp_path)
        text = (done.stdout + done.stderr).decode()
        assert not set("\x1b\x07\x9b\u202e") & set(text), (args, text)
        assert r"\x1b" in text, (args, text)
    found = json.loads(shell('"$@"', "probe", source, "--json", cwd=tmp_path).stdout)
    assert found["file"].endswith(f"{evil}\n.mkv")


def test_a_terminal_still_gets_its_bar(clip, tmp_path):
    master, slave = pty.openpty()
    subprocess.run(
        [sys.executable, "-m", "vidstyle", "run", clip, "-s", "identity", "-o", tmp_path / "o.mkv"],
        stderr=slave,
        check=True,
        timeout=60,
        env=os.environ | {"PYTHONPATH": str(ROOT), "TERM": "xterm"},
    )
    os.close(slave)
    assert b"\x1b[" in os.read(master, 10**6)
    os.close(master)
