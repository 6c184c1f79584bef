"""What the page for users of other programs says."""

from __future__ import annotations

import re
import shlex
import signal
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.clips import make_clip, make_picture
from tests.conftest import ROOT, vidstyle
from vidstyle.cli.app import app

PAGE = (ROOT / "docs" / "coming_from.md").read_text()
SECTIONS = {part.split("\n", 1)[0]: part for part in PAGE.split("\n## ")[1:]}
LINES = [
    line
    for part in SECTIONS.values()
    for block in re.findall(r"```sh\n(.*?)```", part, re.DOTALL)
    for line in block.splitlines()
]
SMALL = {
    r"--steps \d+": "--steps 1",
    r"--later-steps \d+": "--later-steps 1",
    r"--size \d+": "--size 160 --first-size 64",
    r"--tile \d+": "--tile 128",
}
"""What takes minutes, and what is run instead."""


def small(line: str) -> list[str]:
    """Return the words of a line of the page, in a size that a test can wait for."""
    for long, short in SMALL.items():
        line = re.sub(long, short, line)
    if line.startswith("vidstyle paint"):
        line += " --steps 1" * ("--steps" not in line)
        texture = re.search(r" \d+x\d+ ", line)
        line += " --size 64" * ("--size" not in line and not texture)
    if line.startswith("vidstyle train"):
        line += " --batch 2 --crop 128 --style-side 128"
    return shlex.split(line)[1:]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """All that the lines of the page name."""
    there = tmp_path_factory.mktemp("coming")
    for name in ("photo.jpg", "starry.jpg", "wave.jpg", "fauve.jpg", "dusk.jpg"):
        make_picture(there / name, 128, 128 if name == "starry.jpg" else 96)
    (there / "photos").mkdir()
    for number in range(2):
        make_picture(there / "photos" / f"{number}.jpg", 200, 160)
    halves = np.zeros((64, 96, 3), np.uint8)
    halves[:32] = 255
    for name in ("sky", "photo_sem", "photo_parts", "dusk_parts", "fauve_sem", "doodle"):
        cv2.imwrite(str(there / f"{name}.png"), halves)
    cv2.imwrite(str(there / "sea.png"), 255 - halves)
    make_clip(there / "in.mp4", times=range(3), size=(96, 64))
    return there


def test_each_program_has_a_table_and_lines():
    assert len(SECTIONS) == 8
    for name, part in SECTIONS.items():
        assert "| theirs | ours | what differs |" in part, name
        assert "```sh" in part, name
        rows = [line for line in part.splitlines() if line.startswith("|")]
        assert len({row.count("|") for row in rows}) == 1, name
    targets = [line.rsplit(" -o ", 1)[1] for line in LINES if " -o " in line]
    assert len(targets) == len(set(targets))


@pytest.mark.slow
@pytest.mark.parametrize("name", SECTIONS)
def test_every_line_of_the_page_works(folder, name, monkeypatch):
    """In their order: some take what an earlier one made. In this process: an interpreter with torch takes seconds."""
    pytest.importorskip("torch", reason="torch is not installed")
    if name == "deep-photo-styletransfer":
        pytest.importorskip("pymatting", reason="PyMatting is not installed")
    monkeypatch.chdir(folder)
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    for line in (line for line in LINES if line in SECTIONS[name]):
        assert not app(small(line), standalone_mode=False), line
        if " -o " in line and "{" not in line:
            assert Path(line.rsplit(" -o ", 1)[1]).exists(), line
    for number, handler in handlers.items():
        signal.signal(number, handler)


@pytest.mark.slow
def test_every_option_of_ours_exists():
    known = "".join(vidstyle(*n.split(), "--help").stdout for n in ("run", "paint", "train style"))
    for row in re.findall(r"^\|.*", PAGE, re.MULTILINE):
        ours = row.split("|")[2]
        for option in re.findall(r"(?<![\w-])--?[a-z][a-z-]*", ours):
            assert f"{option} " in known or f"{option}," in known or f"{option}\n" in known, row
