"""`vidstyle paint` and `vidstyle reconstruct`, as a user runs them."""

from __future__ import annotations

import csv
import itertools
import os
import re
import shutil
import subprocess
import sys

import cv2
import numpy as np
import pytest

from tests.clips import make_clip
from tests.conftest import vidstyle
from vidstyle import stylize
from vidstyle.cli import steps
from vidstyle.cli.app import app
from vidstyle.cli.steps import StepDisplay
from vidstyle.media.source import FileSource
from vidstyle.optimize.descent import StepResult

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


def test_a_picture_with_its_curves(folder):
    words = ("--steps", 4, "--save-every", 2, "--curve", "curve.csv", "--curve", "curve.png")
    done = vidstyle(*PAINT, *words, cwd=folder)
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
        (("-o", "photo.txt"), "ends in one of .png .jpg"),
        (("-s", "starry_night"), "by Vincent van Gogh, is not shipped: give a file of it"),
        (("-s", "Stary Night"), "did you mean starry_night?"),
        (("-s", "x.safetensors"), "x.safetensors is a network, which vidstyle run paints with"),
        (("--curve", "none/x.csv"), "cannot write none/x.csv"),
        (("--curve", "x.txt"), "ends in .csv or .png"),
        (("--curve", "photo.png", "-y"), "is an input itself"),
        (("--curve", "photo.starry.png"), "is the picture itself"),
        (("--curve", "one.png"), "pass -y to replace it, or choose another --curve"),
        (("--regions", "auto", "--save-regions", "one.png"), "or choose another --save-regions"),
        (("--regions", "auto", "--save-regions", "photo.png", "-y"), "another --save-regions"),
        (("--regions", "auto", "--save-regions", "a.txt"), "for --save-regions, got a.txt"),
        (("--save-every", "1", "-o", "left.png"), "left.000001.png exists already"),
        (("--style-weights", "2,-1"), "--style-weights of 0 or more"),
        (("--device", "toaster"), "toaster"),
        (("--method", "magic"), "expected gatys, mrf, swap, doodle, photoreal, video"),
        (("--passes", "2"), "--passes does not go with --method gatys"),
        (("--invert",), "--invert does not go with --method gatys"),
        (("--method", "mrf", "--style-layers", "relu1_1"), "--style-layers does not go"),
        (("--end", "3"), "--end does not go"),
        (("--strength", "0.5"), "--strength does not go with --method gatys"),
        (("--at", "0=strength:0.5"), "--at does not go with --method gatys"),
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


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("-o", "out.mp4"),
        ("-s", "starry.jpg", "-o", "out.png"),
        ("-s", "starry_night"),
        ("-s", "starry.jpg", "--method", "mrf", "--resume"),
        ("-s", "starry.jpg", "--strength", "0.5", "--at", "0.1=starry.jpg"),
        ("-s", "starry.jpg", "--mask", "none.png", "--device", "toaster"),
        ("-s", "starry.jpg", "--features", "none", "--curve", "losses.txt"),
    ],
)
def test_a_clip_without_its_method_names_both_ways(refused, folder, words):
    make_clip(folder / "clip.mp4", times=range(4), size=(64, 48))
    shutil.copy(folder / "clip.mp4", folder / "clip")
    for clip in ("clip.mp4", "clip"):
        said = "is a video: vidstyle run paints it, or --method video by optimization"
        refused(f"{clip} {said}", "paint", clip, *words)


def test_numbered_pictures_and_animations_are_videos_too(refused, folder):
    make_clip(folder / "clip.mp4", times=range(4), size=(64, 48))
    stylize(folder / "clip.mp4", "identity", folder / "clip.gif")
    for number in range(3):
        shutil.copy(folder / "photo.png", folder / f"{number}.png")
    refused("%d.png is a video", "paint", "%d.png", "-s", "starry.jpg")
    refused("clip.gif is a video", "paint", "clip.gif", "-s", "starry.jpg", "-o", "out.mp4")
    refused("ends in one of .png", "paint", "photo.png", "-s", "starry.jpg", "-o", "out.mp4")


def test_a_folder_is_no_picture(refused):
    for words in ((), ("-s", "starry.jpg", "-o", "out.png"), ("--method", "video")):
        refused(". is a folder: vidstyle run paints the files in it", "paint", ".", *words)
    refused("cannot read the picture .: Is a directory", *PAINT, "-s", ".", "-o", "out.png")
    refused("cannot read the picture .: Is a directory", "paint", "photo.png", "-s", ".")
    refused("expected a picture, got the folder .", "reconstruct", ".")


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
    monkeypatch.setattr(StepDisplay, "step", come(folder / name))
    command = ("paint", "photo.png", "-s", "starry.jpg", "--features", "features.safetensors")
    refused("exists already; pass -y", *command, "--size", 48, "--steps", 4, *words)
    assert (folder / name).read_text() == "precious"


def test_a_sheet_that_appears_meanwhile_is_not_replaced(refused, folder, monkeypatch):
    monkeypatch.setattr(StepDisplay, "step", come(folder / "photo.content.png"))
    command = ("reconstruct", "photo.png", "--features", "features.safetensors")
    refused("exists already; pass -y", *command, "--size", 48, "--steps", 2)
    assert (folder / "photo.content.png").read_text() == "precious"


def test_regions_by_color(here):
    for name, shape in (("a.png", (48, 64)), ("b.png", (60, 60))):
        labels = np.zeros((*shape, 3), np.uint8)
        labels[: shape[0] // 2] = (255, 0, 128)
        cv2.imwrite(name, labels)
    cv2.imwrite("turned.png", labels[::-1])
    paintings = []
    for number, words in enumerate(
        [
            (),
            ("--regions", "a.png", "--style-regions", "b.png"),
            ("--regions", "a.png", "--style-regions", "turned.png"),
            ("--regions", "auto"),
        ]
    ):
        app([*PAINT, "--steps", "4", *words, "-o", f"{number}.png"], standalone_mode=False)
        paintings.append(cv2.imread(f"{number}.png"))
    for one, other in itertools.combinations(paintings, 2):
        assert not np.array_equal(one, other)


def test_lines_tell_what_is_left(monkeypatch, capsys):
    monkeypatch.setattr(steps, "_SECONDS", 0.0)
    now = iter(range(100))
    monkeypatch.setattr(steps.time, "monotonic", lambda: next(now))
    with steps.StepDisplay(quiet=False) as display:
        for n in (1, 2, 4):
            display.picture(StepResult(n, 4, 0.5, {"style": 0.25}, (36, 48), None, n / 4))
    first, second, last = capsys.readouterr().err.splitlines()
    assert first == "vidstyle: step 1/4 at 48x36: style 0.25"
    assert re.fullmatch(r"vidstyle: step 2/4 at 48x36: style 0.25; \d+ s left", second)
    assert last == "vidstyle: step 4/4 at 48x36: style 0.25"


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pty")
def test_a_terminal_gets_a_bar(folder):
    import pty

    leader, follower = pty.openpty()
    run = subprocess.Popen(
        [sys.executable, "-m", "vidstyle", *PAINT, "--steps", "20"],
        cwd=folder,
        stderr=follower,
        env=os.environ | {"TERM": "xterm", "COLUMNS": "100"},
    )
    os.close(follower)
    seen = b""
    while block := _read(leader):
        seen += block
    assert run.wait() == 0
    assert b"\x1b[" in seen
    assert b"left" in seen
    assert seen.rstrip().endswith(b"photo.starry.png")


def _read(leader):
    try:
        return os.read(leader, 4096)
    except OSError:  # nobody writes any more
        return b""


def frames(path):
    with FileSource(path) as source:
        return [frame.pixels for frame in source]


def changes(one, other):
    """Return the mean difference of two pictures, in levels."""
    return np.abs(one.astype(int) - other).mean()


def test_a_clip(folder, refused):
    make_clip(folder / "clip.mp4", times=range(4), size=(64, 48))
    words = ["--passes", "2", "--reach", "1,2", "--resume", "--region-count", "2"]
    app([*CLIP, "--size", "48", "--steps", "4", *words], standalone_mode=False)
    before, after = frames(folder / "clip.mp4"), frames(folder / "clip.starry.mp4")
    assert len(after) == 4
    assert min(changes(cv2.resize(f, (48, 36)), g) for f, g in zip(before, after, strict=True)) > 4
    for words, message in {
        (): "exists already",
        ("-y", "-o", "clip.mp4"): "input itself",
        ("-y", "--curve", "x.csv"): "--curve does not go with --method video",
        ("-y", "--mask", "a.png"): "a.png",
        ("-y", "--mask", "clip.mp4", "-o", "clip.mp4"): "input itself",
        ("-y", "--mask", "photo.png", "--mask", "photo.png"): "expected one --mask, got 2",
        ("-y", "--mask", "photo.png", "--keep", "person"): "--keep person is --mask auto:person",
        ("-y", "--tile", "512"): "--tile does not go with --method video",
        ("-y", "--flow", "magic"): "dis or raft",
        ("-y", "--regions", "photo.png"): "expected --regions names, auto or none for a clip",
        ("-y", "--regions", "names", "--style-regions", "a.png"): "a.png",
        ("-y", "--regions", "names", "--style-regions", "starry.jpg"): "the colors of names",
        ("-y", "--save-regions", "a.png"): "--save-regions does not go with --method video",
        ("-y", "--reach", "2,1"): "rising",
    }.items():
        refused(message, *CLIP, *words)


def test_a_clip_by_a_timeline(folder, refused):
    make_clip(folder / "clip.mp4", times=range(4), size=(64, 48))
    cues = '[[cue]]\nat = 0\nstyle = "starry.jpg"\n[[cue]]\nat = 0.1\nstrength = 0\n'
    (folder / "plan.toml").write_text(cues)
    words = ["--method", "video", "--timeline", "plan.toml", "--features", "features.safetensors"]
    rest = ["--size", "64", "--steps", "4", "-o", "%d.png"]
    app(["paint", "clip.mp4", *words, *rest], standalone_mode=False)
    before, after = frames(folder / "clip.mp4"), frames(folder / "%d.png")
    first, *_, last = (changes(f, g) for f, g in zip(before, after, strict=True))
    assert last < 0.5 < 1.5 < first
    for words, message in {
        ("--at", "9=strength:0.5"): "the cue at 9 s is beyond the end of the input",
        ("--at", "9=strength:0.5", "--end", "0.1"): "the cue at 9 s is beyond the end of the input",
        ("--at", "0=stroke:2"): "expected a style or strength, blend in a cue of a clip",
        ("--at", "0=great_wave"): "great_wave is a network",
        ("--at", "shot:3=blend:0.5"): "expected a shot of the input, which has 1",
        ("--at", "0=blend:0.5", "-o", "starry.jpg", "-y"): "starry.jpg",
        ("--strength", "nan"): "--strength from 0 to 1",
    }.items():
        refused(message, *CLIP, "-o", "other.mp4", *words)


def test_a_reconstruction(folder, refused):
    words = (
        "reconstruct",
        "photo.png",
        "--features",
        "features.safetensors",
        "--size",
        "48",
        "--steps",
        "2",
    )
    app([*words, "--kind", "style"], standalone_mode=False)
    assert cv2.imread(str(folder / "photo.style.png")).shape[1] == 5 * 48 + 16
    refused("exists already", *words, "--kind", "style")
    refused("content or style or grid", *words, "--kind", "soul")
    refused("needs a --style", *words, "--kind", "grid")


def test_maps_swaps_doodles_and_textures_are_commands(here):
    """Each by the words of its page; and what they ask for is there."""
    left = np.full((48, 64, 3), (0, 0, 255), np.uint8)
    left[:, :32] = (255, 0, 0)
    cv2.imwrite("doodle.png", left)
    cv2.imwrite("starry_sem.png", left[:, 2:62])
    knobs = ["--features", "features.safetensors", "--size", "64", "--steps", "1", "-q"]

    def run(*words):
        assert not app(["paint", *words, "-s", "starry.jpg", *knobs], standalone_mode=False)

    run("doodle.png", "--method", "doodle")
    assert cv2.imread("doodle.starry.png").shape == (48, 64, 3)
    run("photo.png", "--method", "swap", "--patch-size", "5", "--patch-stride", "2")
    found = ("--region-count", "2", "--save-regions", "map.png", "--save-regions", "style_map.png")
    run("photo.png", "--method", "mrf", *found, "-o", "regions.png")
    assert cv2.imread("map.png").shape == (48, 64, 3)
    assert cv2.imread("style_map.png").shape == (60, 60, 3)
    run("64x32", "-o", "texture.png", "--regions", "none")
    assert cv2.imread("texture.png").shape == (32, 64, 3)
