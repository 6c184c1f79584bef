"""`vidstyle paint` and `vidstyle reconstruct`, as a user runs them."""

from __future__ import annotations

import csv
import os
import signal
import subprocess
import sys
import time

import cv2
import numpy as np
import pytest
from safetensors import safe_open
from safetensors.torch import save_file

from tests.clips import make_clip, make_picture
from tests.conftest import vidstyle
from vidstyle import VidstyleError
from vidstyle.cli.app import app
from vidstyle.cli.painting import Lines
from vidstyle.cli.spelling import spelled


@pytest.fixture
def folder(perceptual, tmp_path):
    save_file(perceptual.state_dict(), tmp_path / "features.safetensors")
    make_picture(tmp_path / "photo.png", 64, 48)
    make_picture(tmp_path / "starry.jpg", 60, 60)
    return tmp_path


@pytest.fixture
def paint(folder):
    def run(*words, content="photo.png", size=48, steps=4):
        return vidstyle(
            *("paint", content, "-s", "starry.jpg", "--features", "features.safetensors"),
            *("--size", size, "--steps", steps, *words),
            cwd=folder,
        )

    return run


@pytest.fixture
def refused(folder, monkeypatch):
    """Says that a command is refused in one line; in this process, for an interpreter with torch takes seconds."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    monkeypatch.chdir(folder)

    def check(message, *words):
        with pytest.raises(VidstyleError) as caught:
            app(list(map(str, words)), standalone_mode=False)
        assert caught.value.exit_code == 2
        assert message in spelled(str(caught.value))
        assert "\n" not in str(caught.value)

    yield check
    for number, handler in handlers.items():
        signal.signal(number, handler)


CLIP = (
    "paint",
    "clip.mp4",
    "-s",
    "starry.jpg",
    "--features",
    "features.safetensors",
    "--method",
    "video",
)
PAINT = (
    "paint",
    "photo.png",
    "-s",
    "starry.jpg",
    "--features",
    "features.safetensors",
    "--size",
    "48",
)


def test_a_picture_with_its_curves(paint, folder):
    done = paint("--save-every", 2, "--curve", "curve.csv", "--curve", "curve.png")
    assert done.returncode == 0, done.stderr
    assert cv2.imread(str(folder / "photo.starry.png")).shape == (36, 48, 3)
    assert (folder / "photo.starry.000002.png").exists()
    assert not (folder / "photo.starry.resume.safetensors").exists()
    with (folder / "curve.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [int(row["step"]) for row in rows] == [1, 2, 3, 4]
    assert float(rows[-1]["style"]) < float(rows[0]["style"])
    assert np.ptp(cv2.imread(str(folder / "curve.png"))) > 100


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("-o", "photo.png", "-y"), "input itself"),
        (("-o", "photo.txt"), "ends in .png or .jpg"),
        (("--curve", "none/x.csv"), "cannot write none/x.csv"),
        (("--curve", "x.txt"), "ends in .csv or .png"),
        (("--curve", "photo.png", "-y"), "is an input itself"),
        (("--curve", "photo.starry.png"), "is the picture itself"),
        (("--save-every", "1", "-o", "left.png"), "left.000001.png exists already"),
        (("--style-weights", "2,-1"), "--style-weights of 0 or more"),
        (("--device", "toaster"), "toaster"),
        (("--method", "magic"), "expected gatys, mrf, photoreal, video"),
        (("--passes", "2"), "--passes does not go with --method gatys"),
        (("--method", "mrf", "--mask", "photo.png"), "--mask does not go with --method mrf"),
        (("--method", "mrf", "--style-layers", "relu1_1"), "--style-layers does not go"),
        (("--end", "3"), "--end does not go"),
        (("--mask", "starry.jpg"), "to have the size of photo.png, 64x48, got 60x60"),
        (("--mask", "black.png"), "all black"),
        (("--mask", "photo.png", "--mask", "photo.png"), "a --mask for each of 1 styles, got 2"),
        (("--mask", "photo.png", "--regions", "auto"), "either masks or regions"),
        (("--regions", "photo.png"), "need each other"),
        (("--regions", "photo.png", "--style-regions", "starry.jpg"), "save it as PNG"),
        (("--regions", "two.png", "--style-regions", "one.png"), "#ffffff of the content"),
        (("--resume",), "nothing to resume"),
        (("-s", "notes.txt"), "notes.txt is no picture"),
        (("--mask", "notes.txt"), "notes.txt is no picture"),
        (("--regions", "notes.txt", "--style-regions", "one.png"), "notes.txt is no picture"),
    ],
)
def test_what_cannot_be_is_said_in_a_line(refused, folder, words, message):
    cv2.imwrite(str(folder / "black.png"), np.zeros((48, 64), np.uint8))
    (folder / "left.000001.png").touch()
    (folder / "notes.txt").write_text("no picture")
    cv2.imwrite(str(folder / "one.png"), np.zeros((60, 60), np.uint8))
    two = np.zeros((48, 64), np.uint8)
    two[:20] = 255
    cv2.imwrite(str(folder / "two.png"), two)
    refused(message, *PAINT, *words)
    assert not list(folder.glob("photo.starry*"))


def test_content_that_is_no_picture(refused, folder):
    (folder / "notes.txt").write_text("no picture")
    refused("notes.txt is no picture", "paint", "notes.txt", *PAINT[2:], "-o", "out.png")


def come(path):
    """Let a file appear under a name while a command works."""

    def at(*_, **_settings):
        if not path.exists():
            path.write_text("precious")

    return at


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ((), "photo.starry.png"),
        (("--curve", "losses.csv"), "losses.csv"),
        (("--save-every", 2), "photo.starry.000004.png"),
    ],
)
def test_what_appears_meanwhile_is_not_replaced(refused, folder, monkeypatch, words, name):
    monkeypatch.setattr(Lines, "step", come(folder / name))
    command = ("paint", "photo.png", "-s", "starry.jpg", "--features", "features.safetensors")
    refused("exists already; allow -y", *command, "--size", 48, "--steps", 4, *words)
    assert (folder / name).read_text() == "precious"


def test_a_sheet_that_appears_meanwhile_is_not_replaced(refused, folder, monkeypatch):
    monkeypatch.setattr(Lines, "step", come(folder / "photo.content.png"))
    command = ("reconstruct", "photo.png", "--features", "features.safetensors")
    refused("exists already; allow -y", *command, "--size", 48, "--steps", 2)
    assert (folder / "photo.content.png").read_text() == "precious"


def test_regions_by_color(paint, folder):
    for name, shape in (("a.png", (48, 64)), ("b.png", (60, 60))):
        labels = np.zeros((*shape, 3), np.uint8)
        labels[: shape[0] // 2] = (255, 0, 128)
        cv2.imwrite(str(folder / name), labels)
    done = paint("--regions", "a.png", "--style-regions", "b.png")
    assert done.returncode == 0, done.stderr
    done = paint("-y", "--regions", "auto")
    assert done.returncode == 0, done.stderr


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
    refused("other options", *words, "--resume", "--steps", "7")
    make_picture(folder / "photo.png", 65, 48)
    refused("other options", *words, "--resume", "--steps", "100000")
    make_picture(folder / "photo.png", 64, 48)
    # The state of a shorter run, as if that had been cut off.
    with safe_open(state, "pt") as file:
        about, picture = file.metadata(), file.get_tensor("picture")
    run_of = about["run"].replace("steps=100000", "steps=30")
    save_file({"picture": picture}, state, {"step": "20", "run": run_of})
    curve = ("--curve", "rest.csv")
    done = vidstyle(*words, "--resume", "--steps", "30", *curve, cwd=folder)
    assert done.returncode == 0, done.stderr
    with (folder / "rest.csv").open() as file:
        assert [int(row["step"]) for row in csv.DictReader(file)] == list(range(21, 31))
    assert (folder / "o.png").exists()
    assert not state.exists()


def test_a_clip(folder, paint, refused):
    make_clip(folder / "clip.mp4", times=range(4), size=(64, 48))
    done = paint("--method", "video", "--passes", 2, "--reach", "1,2", content="clip.mp4")
    assert done.returncode == 0, done.stderr
    assert (folder / "clip.starry.mp4").exists()
    for words, message in {
        (): "exists already",
        ("-y", "-o", "clip.mp4"): "input itself",
        ("-y", "--curve", "x.csv"): "--curve does not go with --method video",
        ("-y", "--flow", "magic"): "dis or raft",
        ("-y", "--reach", "2,1"): "rising",
    }.items():
        refused(message, *CLIP, *words)


def test_a_reconstruction(folder, refused):
    words = (
        "reconstruct",
        "photo.png",
        "--features",
        "features.safetensors",
        "--size",
        48,
        "--steps",
        2,
    )
    done = vidstyle(*words, "--kind", "style", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert cv2.imread(str(folder / "photo.style.png")).shape[1] == 5 * 48 + 16
    refused("exists already", *words, "--kind", "style")
    refused("content or style or grid", *words, "--kind", "soul")
    refused("needs a --style", *words, "--kind", "grid")
