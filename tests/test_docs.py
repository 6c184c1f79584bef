"""What the README and the pages of docs/ say works."""

from __future__ import annotations

import importlib.util
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.clips import make_clip, make_picture, pattern
from tests.conftest import ROOT, vidstyle

TRIED = tuple(
    f"vidstyle {name}" for name in ("run", "sheet", "probe", "metrics", "doctor", "styles")
)
"""Commands of a page that are run here; the others take minutes, a camera or a browser."""

README = (ROOT / "README.md").read_text()


def blocks(language, page=README):
    return re.findall(rf"```{language}\n(.*?)```", page, re.DOTALL)


def commands(page):
    """The commands of a page, without comments."""
    return [line.split("#")[0] for block in blocks("sh", page) for line in block.splitlines()]


@pytest.mark.parametrize(
    ("page", "made"),
    [
        ("README.md", {"in.starry.mp4", "out.mkv", "own.mp4", "in.sheet.png", "long.mkv"}),
        pytest.param(
            "docs/tasks.md",
            {"in.starry.mp4", "out.mkv", "short.webm", "photo.png", "evening.mp4", "errors.mp4"},
            marks=pytest.mark.slow,
        ),
    ],
)
def test_every_run_command_works(page, made, base, picture, tmp_path):
    shutil.copy(base, tmp_path / "in.mp4")
    for name in ("starry.jpg", "dusk.jpg", "photo.jpg"):
        shutil.copy(picture, tmp_path / name)
    for folder, name in (("clips", "in.mp4"), ("photos", "dusk.jpg"), ("styles", "starry.jpg")):
        (tmp_path / folder).mkdir()
        shutil.copy(tmp_path / name, tmp_path / folder)
    (tmp_path / "frames").mkdir()
    tried = [line for line in commands((ROOT / page).read_text()) if line.startswith(TRIED)]
    assert len(tried) >= 8
    for command in tried:
        done = vidstyle(*shlex.split(command)[1:], cwd=tmp_path)
        assert done.returncode == 0, f"{command}: {done.stderr}"
    assert {p.name for p in tmp_path.iterdir()} >= made
    if page == "docs/tasks.md":
        assert len(list((tmp_path / "frames").iterdir())) == 30
    assert {p.name for p in (tmp_path / "out").iterdir()} == {"in.starry.mp4", "dusk.starry.jpg"}


@pytest.mark.slow
def test_the_tutorial_works(picture, tmp_path):
    """From its folder on, with a small clip of five seconds in the place of the sample."""
    make_clip(tmp_path / "clip.mp4", times=range(150))
    shutil.copy(picture, tmp_path / "mosaic.jpg")
    tried = [
        line
        for line in commands((ROOT / "docs" / "tutorial.md").read_text())
        if line.startswith("vidstyle")
    ]
    assert len(tried) == 10
    for command in tried:
        done = vidstyle(*shlex.split(command)[1:], cwd=tmp_path)
        assert done.returncode == 0, f"{command}: {done.stderr}"
    made = {"clip.mosaic.mp4", "weaker.mp4", "steady.mp4", "split.mp4", "change.mp4"}
    assert {p.name for p in tmp_path.iterdir()} == made | {
        "clip.mp4",
        "clip.sheet.png",
        "mosaic.jpg",
    }


def test_the_page_on_many_files_works(base, picture, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shutil.copy(base, "in.mp4")
    for folder in ("photos", "styles"):
        (tmp_path / folder).mkdir()
    for name in ("starry.jpg", "wave.jpg", "photos/dusk.jpg", "styles/starry.jpg"):
        shutil.copy(picture, name)
    page = (ROOT / "docs" / "many.md").read_text()
    (command,) = blocks("sh", page)
    done = vidstyle(*shlex.split(command.replace("*.mp4", "in.mp4"))[1:])
    assert done.returncode == 0, done.stderr
    names: dict[str, Any] = {}
    for block in blocks("python", page):
        exec(block, names)
    assert names["report"].count("done") == 4
    assert Path("many/dusk.starry+wave.jpg").exists()


def test_the_chains_of_the_page_on_pipes_work(base, picture, judge, tmp_path):
    """All that need no screen and no VapourSynth."""
    shutil.copy(base, tmp_path / "in.mp4")
    shutil.copy(picture, tmp_path / "starry.jpg")
    page = (ROOT / "docs" / "pipes.md").read_text()
    chains = [line for line in page.splitlines() if line.startswith("ffmpeg")]
    assert len(chains) == 3
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    for chain in chains:
        subprocess.run(
            ["bash", "-c", f"set -o pipefail; {chain}"],
            check=True,
            cwd=tmp_path,
            env=os.environ | {"PATH": path},
        )
    for name in ("out.mkv", "painted.mp4", "small.mp4"):
        assert len(judge.times(tmp_path / name)) == 30
    assert judge.stream(tmp_path / "out.mkv", "a:0")["codec_name"] == "aac"


def test_the_python_of_the_readme_works(base, picture, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shutil.copy(base, tmp_path / "in.mp4")
    shutil.copy(picture, tmp_path / "starry.jpg")
    for block in blocks("python"):
        exec(block, {"frames": [np.zeros((32, 48, 3), np.uint8)]})
    assert (tmp_path / "out.mp4").exists()


QUICK = {
    "GatysConfig(size=512, steps=200)": "GatysConfig(size=64, steps=2)",
    "StyleConfig(steps=1000)": "StyleConfig(steps=2, batch=2, crop=64, style_side=64)",
}
"""What takes minutes on the page, and what is run instead."""


def test_the_page_on_python_works(base, picture, tmp_path, monkeypatch):
    """Its blocks, in order, in one namespace; without torch those that need none."""
    monkeypatch.chdir(tmp_path)
    shutil.copy(base, "in.mp4")
    for name in ("starry.jpg", "wave.jpg", "photo.jpg"):
        shutil.copy(picture, name)
    (tmp_path / "photos").mkdir()
    for n in range(2):
        make_picture(tmp_path / "photos" / f"{n}.png", 200, 160)
    page = (ROOT / "docs" / "python.md").read_text()
    for long, short in QUICK.items():
        assert long in page
        page = page.replace(long, short)
    names = {"frames": [pattern(n, 128, 96) for n in range(4)]}
    has_torch = importlib.util.find_spec("torch") is not None
    for block in blocks("python", page):
        if has_torch or not any(word in block for word in ("torch", "paint(", "train_style")):
            exec(block, names)
    names["model"].close()
    assert {"out.mp4", "first.mp4", "second.mkv", "short.mp4"} <= {
        p.name for p in tmp_path.iterdir()
    }


def test_the_page_on_looking_before_the_work_works(base, picture, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shutil.copy(base, "in.mp4")
    shutil.copy(picture, "starry.jpg")
    (block,) = blocks("python", (ROOT / "docs" / "choose.md").read_text())
    names = {}
    exec(block, names)
    assert names["sheet"].shape == (5 * 244 - 4, 2 * 324 - 4, 3)


@pytest.mark.slow
def test_the_page_on_onnx_works(base, picture, tmp_path, monkeypatch):
    for package in ("torch", "onnx", "onnxruntime"):
        pytest.importorskip(package, reason=f"{package} is not installed")
    monkeypatch.chdir(tmp_path)
    shutil.copy(base, "in.mp4")
    for name in ("starry.jpg", "wave.jpg"):
        shutil.copy(picture, name)
    page = (ROOT / "docs" / "onnx.md").read_text()
    for command in blocks("sh", page)[0].splitlines():
        done = vidstyle(*shlex.split(command)[1:])
        assert done.returncode == 0, done.stderr
    assert {p.stem for p in Path().glob("*.onnx")} == {"starry", "wave", "steady", "any"}
    Path("any.onnx").unlink()
    names = {}
    for block in blocks("python", page):
        exec(block, names)
    assert names["painted"].shape == (1, 3, 90, 160)


def test_every_make_target_and_link_exists():
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"^make ([a-z-]+)", README, re.MULTILINE)) <= targets
    for page in (ROOT / "README.md", *ROOT.glob("docs/**/*.md"), *ROOT.glob("models/**/*.md")):
        for link in re.findall(r"\]\(([^)#\s]+)\)", page.read_text()):
            assert link.startswith("https://") or (page.parent / link).exists(), f"{page}: {link}"


def test_every_option_of_the_readme_and_the_first_pages_exists():
    """In docs/cli.md, which another test compares with `--help`."""
    known = (ROOT / "docs" / "cli.md").read_text()
    pages = ("tutorial", "tasks", "options", "faq", "training", "limits", "gallery")
    text = README + "".join((ROOT / "docs" / f"{name}.md").read_text() for name in pages)
    options = set(re.findall(r"--[a-z][a-z-]+", text)) - {"--help"}
    assert {option for option in options if not re.search(rf"{option}\b", known)} == set()
