"""Paintings that are interrupted, and go on where they were left."""

from __future__ import annotations

import csv
import json
import os
import re
import signal
import subprocess
import sys
import time

import cv2
import pytest
from safetensors import safe_open
from safetensors.torch import save_file

from tests.clips import make_picture
from tests.conftest import vidstyle
from tests.optimize.test_commands import PAINT
from vidstyle.cli.app import app
from vidstyle.cli.steps import StepDisplay
from vidstyle.errors import Interrupted


def test_an_interrupted_run_is_resumed(folder, refused):
    words = (*PAINT, "-o", "o.png", "--optimizer", "adam", "--save-every", "20")
    state = folder / "o.resume.safetensors"
    run = subprocess.Popen(
        [sys.executable, "-m", "vidstyle", *words, "--steps", "100000"],
        cwd=folder,
        stderr=subprocess.PIPE,
    )
    for _ in range(600):
        if state.exists() or run.poll() is not None:
            break
        time.sleep(0.1)
    os.kill(run.pid, signal.SIGINT)
    _, said = run.communicate(timeout=60)
    assert run.returncode == 130, said
    assert state.exists()
    assert not (folder / "o.png").exists()
    kept = re.search(rb"the picture of step (\d+) of 100000 is in o.partial.png", said)
    assert cv2.imread(str(folder / "o.partial.png")).shape == (36, 48, 3)
    with safe_open(state, "pt") as file:
        assert file.metadata()["step"] == kept[1].decode()
    refused("other options: --steps was 100000, is 7;", *words, "--resume", "--steps", "7")
    make_picture(folder / "photo.png", 65, 48)
    refused(
        "other options: --ratio was 0.001, is 0.1; the content differs;",
        *words,
        *("--resume", "--steps", "100000", "--ratio", "0.1"),
    )
    make_picture(folder / "photo.png", 64, 48)
    # The state of a shorter run, as if that had been cut off.
    with safe_open(state, "pt") as file:
        about, picture = file.metadata(), file.get_tensor("picture")
    settings = json.dumps({**json.loads(about["settings"]), "steps": "30"})
    save_file({"picture": picture}, state, {"step": "20", "settings": settings})
    curve = ("--curve", "rest.csv")
    done = vidstyle(*words, "--resume", "--steps", "30", *curve, cwd=folder)
    assert done.returncode == 0, done.stderr
    with (folder / "rest.csv").open() as file:
        assert [int(row["step"]) for row in csv.DictReader(file)] == list(range(21, 31))
    assert (folder / "o.png").exists()
    assert not state.exists()
    refused("nothing to resume: o.png is finished; -y without --resume", *words, "--resume")
    state.write_text("no checkpoint")
    refused("o.resume.safetensors is no file to resume from", *words, "--resume", "-y")


def test_an_interrupted_run_keeps_its_picture_and_replaces_none(here, monkeypatch, capsys):
    kept = here / "o.partial.png"
    kept.write_text("of the user")

    sent = []

    def interrupt(_display, step):
        if step.step == 3 and not sent:  # a second one would end the process at once
            sent.append(step)
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(StepDisplay, "picture", interrupt)
    with pytest.raises(Interrupted):
        app([*PAINT, "-o", "o.png", "--colors", "luminance"], standalone_mode=False)
    said = capsys.readouterr().err
    assert said == "vidstyle: the picture of step 3 of 200 is in o.partial2.png\n"
    assert kept.read_text() == "of the user"
    assert cv2.imread(str(here / "o.partial2.png")).shape == (36, 48, 3)
    assert not list(here.glob("o.resume*"))
    assert not (here / "o.png").exists()
