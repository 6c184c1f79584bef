"""What the README says works."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np

from tests.conftest import ROOT, vidstyle

TRIED = tuple(f"vidstyle {name}" for name in ("run", "probe", "metrics", "doctor", "styles"))
"""Commands of the README that are run here; the others take minutes."""

README = (ROOT / "README.md").read_text()


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def test_every_run_command_of_the_readme_works(base, picture, tmp_path):
    shutil.copy(base, tmp_path / "in.mp4")
    for name in ("starry.jpg", "dusk.jpg"):
        shutil.copy(picture, tmp_path / name)
    lines = [line.split("#")[0] for block in blocks("sh") for line in block.splitlines()]
    (tmp_path / "frames").mkdir()
    commands = [line for line in lines if line.startswith(TRIED)]
    assert len(commands) >= 2
    for command in commands:
        done = vidstyle(*shlex.split(command)[1:], cwd=tmp_path)
        assert done.returncode == 0, f"{command}: {done.stderr}"
    assert {p.name for p in tmp_path.iterdir()} >= {"in.starry.mp4", "out.mkv", "short.webm"}
    assert len(list((tmp_path / "frames").iterdir())) == 30


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


def test_every_make_target_and_link_exists():
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"^make ([a-z-]+)", README, re.MULTILINE)) <= targets
    for page in (ROOT / "README.md", *ROOT.glob("docs/*.md"), *ROOT.glob("models/**/*.md")):
        for link in re.findall(r"\]\(([^)#\s]+)\)", page.read_text()):
            assert link.startswith("https://") or (page.parent / link).exists(), f"{page}: {link}"


def test_every_option_of_the_readme_exists():
    commands = ("run", "train arbitrary", "bench", "metrics", "live", "paint", "train style")
    known = "".join(vidstyle(*name.split(), "--help").stdout for name in commands)
    for option in set(re.findall(r"--[a-z][a-z-]+", README)) - {"--help"}:
        assert option in known, option
