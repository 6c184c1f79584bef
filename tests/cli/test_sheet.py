"""`vidstyle sheet`, as a process of its own, in terminals that show pictures and in others."""

from __future__ import annotations

import base64
import os
import re
import shutil
import subprocess
import sys

import cv2
import numpy as np
import pytest

from tests.conftest import ROOT, vidstyle
from vidstyle.cli.inline import codes, protocol

WORDS = ("sheet", "in.mp4", "-s", "identity", "--moments", "2", "--cell", "48")


@pytest.fixture
def folder(base, tmp_path):
    shutil.copy(base, tmp_path / "in.mp4")
    return tmp_path


def test_it_writes_a_picture_beside_the_input_and_no_code_into_a_pipe(folder, monkeypatch):
    monkeypatch.setenv("TERM", "xterm-kitty")
    done = vidstyle(*WORDS, cwd=folder)
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(r"vidstyle: in\.sheet\.png: 100x76 in \d+\.\d s\n", done.stderr)
    assert done.stdout == ""
    assert cv2.imread(str(folder / "in.sheet.png")).shape == (76, 100, 3)


def terminal(folder, *words, **environment):
    """Return what the command prints on a terminal."""
    pty = pytest.importorskip("pty")
    ours, theirs = pty.openpty()
    with os.fdopen(ours, "rb", buffering=0) as read:
        process = subprocess.Popen(
            [sys.executable, "-m", "vidstyle", *WORDS, "-y", *words],
            stdout=theirs,
            stderr=subprocess.DEVNULL,
            cwd=folder,
            env={k: v for k, v in os.environ.items() if k not in {"TMUX", "STY"}}
            | {"PYTHONPATH": str(ROOT)}
            | environment,
        )
        os.close(theirs)
        told = b""
        try:
            while some := read.read(65536):
                told += some
        except OSError:  # how Linux tells the end of a terminal
            pass
        assert process.wait(60) == 0
    return told


def test_a_terminal_that_can_shows_it(folder):
    told = terminal(folder, TERM="xterm-kitty")
    data = b"".join(re.findall(rb"\x1b_G[^;]*;([^\x1b]*)\x1b\\", told))
    shown = cv2.imdecode(np.frombuffer(base64.b64decode(data), np.uint8), cv2.IMREAD_COLOR)
    assert np.array_equal(shown, cv2.imread(str(folder / "in.sheet.png")))
    assert re.sub(rb"\x1b_G[^\x1b]*\x1b\\", b"", told) == b"\r\n"


@pytest.mark.slow
def test_no_other_gets_a_code(folder):
    assert terminal(folder, TERM="xterm-256color", TERM_PROGRAM="", LC_TERMINAL="") == b""
    assert terminal(folder, "--no-show", TERM="xterm-kitty") == b""


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"TERM": "xterm-kitty"}, "kitty"),
        ({"TERM": "xterm-ghostty"}, "kitty"),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "iTerm.app"}, "iterm2"),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "WezTerm"}, "iterm2"),
        ({"TERM": "xterm-256color", "LC_TERMINAL": "iTerm2"}, "iterm2"),
        ({"TERM": "xterm-256color"}, None),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "Apple_Terminal"}, None),
        ({"TERM": "xterm-256color", "KITTY_WINDOW_ID": "1"}, None),
        ({"TERM": "screen-256color", "LC_TERMINAL": "iTerm2"}, None),
        ({"TERM": "xterm-kitty", "TMUX": "/tmp/x"}, None),
        ({"TERM": "dumb", "TERM_PROGRAM": "iTerm.app"}, None),
        ({}, None),
    ],
)
def test_terminals_are_known_by_the_environment(environment, expected):
    assert protocol(environment) == expected


def test_codes_hold_the_picture():
    png = bytes(range(256)) * 40
    kitty = list(codes(png, "kitty"))
    assert all(len(code) < 4200 for code in kitty)
    assert [re.search(r"m=(\d)", code)[1] for code in kitty] == ["1", "1", "1", "0"]
    assert kitty[0].startswith("\x1b_Ga=T,f=100,q=2,m=1;")
    joined = "".join(code.split(";", 1)[1].removesuffix("\x1b\\") for code in kitty)
    assert base64.b64decode(joined) == png
    (iterm,) = codes(png, "iterm2")
    assert iterm.startswith(f"\x1b]1337;File=inline=1;size={len(png)}:")
    assert base64.b64decode(iterm.split(":", 1)[1].removesuffix("\x07")) == png


@pytest.mark.slow
def test_wrong_use(folder):
    style = cv2.imwrite(str(folder / "s.png"), np.zeros((9, 9, 3), np.uint8)) and "s.png"
    for words, said in (
        (("in.mp4", "-s", ".", "-o", style, "-y"), "s.png is an input itself"),
        (("in.mp4", "--at", "0:01"), "expected --at from 0 to 1 s"),
    ):
        done = vidstyle("sheet", *words, cwd=folder)
        assert done.returncode == 2
        assert said in done.stderr, done.stderr
        assert len(done.stderr.splitlines()) == 1
