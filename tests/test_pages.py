"""Every command and every block of Python of the manual works, or a comment before it gives the reason why it was not run."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import typer

from tests.clips import make_clip, make_picture, pattern
from tests.conftest import needs_judge
from tests.pages import PAGES, ROOT, RUN, SHOWN, Block, blocks
from vidstyle.cli.app import app

BLOCKS = [block for page in PAGES for block in blocks(page)]
SOON = ("README.md", "docs/python.md")
"""Pages whose blocks the quick suite runs, on a clip of a second; `make test-all` runs all of them."""

SMALL = {
    r"(paint .*?)--size \d+": r"\1--size 64 --first-size 64",
    r"--(steps|later-steps) \d+": r"--\1 1",
    r"--tile \d+": "--tile 128",
    r"--fit (60|auto)": "--fit 2",
    r"GatysConfig\(size=512, steps=200\)": "GatysConfig(size=64, steps=2)",
    r"MrfConfig\(size=512, ": "MrfConfig(size=64, steps=1, ",
    r"style_weights=\[2, 1\]\)": "style_weights=[2, 1], method=GatysConfig(size=64, steps=1))",
    r"StyleConfig\(steps=1000\)": "StyleConfig(steps=2, batch=2, crop=64, style_side=64)",
    r"seconds=60": "seconds=2",
    r'"painted.safetensors"\)': '"painted.safetensors", seconds=2)',
    r"\bPHOTOS\b": "photos",
}
"""What takes minutes, and what is run instead."""

REPLACING = tuple(f"vidstyle {name} " for name in ("run", "paint", "sheet", "frame", "export onnx"))
"""Commands that may replace here what an earlier one of the page wrote: a page shows several ways to the same file."""

WANTS = {
    "README.md": (),
    "docs/coming_from.md": ("torch", "pymatting"),
    "docs/photoreal.md": ("torch", "pymatting"),
    "docs/onnx.md": ("onnx", "onnxruntime"),
    "docs/page.md": ("onnx", "onnxruntime"),
    "docs/integrations.md": ("onnx", "onnxruntime"),
    "docs/tasks.md": ("onnx", "onnxruntime"),
}
"""A page -> packages that its blocks need; others need torch."""


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.name)
def test_every_block_is_run_or_says_why_not(block: Block):
    assert block.language in (*RUN, *SHOWN, ""), "a block has a language that tests/pages.py knows"
    if not block.language and block.page != "docs/cli.md":
        assert not re.search(r"^(vidstyle|pip|python\d?|ffmpeg|\$) ", block.text, re.MULTILINE)
    if block.language not in RUN:
        return
    for word in block.unrun:
        assert word in block.text, f"no line of the block has {word}"
    if block.elsewhere:
        assert Path(block.page).name in (ROOT / block.elsewhere).read_text()


def test_a_comment_that_is_not_understood_is_no_reason():
    for page in PAGES:
        text = (ROOT / page).read_text()
        marks = sum(len(b.unrun) + bool(b.elsewhere) for b in BLOCKS if b.page == page)
        assert len(re.findall(r"<!-- *(?:not )?run\b", text)) == marks, page


PARSED = [
    (block, line)
    for block in BLOCKS
    if block.language == "sh"
    for line in block.lines()
    if "$" not in line and " ... " not in line
]


@pytest.mark.parametrize("page", sorted({block.page for block, _ in PARSED}))
def test_every_command_has_options_that_exist(page: str, tmp_path, monkeypatch):
    """Of all lines, those that are not run, too: each is read as far as the program reads it before it begins to work."""
    monkeypatch.chdir(tmp_path)
    program = typer.main.get_command(app)
    for line in (line for block, line in PARSED if block.page == page):
        for command in re.findall(r"(?:^|\| )vidstyle ([^|#>]+)", line):
            words = shlex.split(re.sub(r"--config \S+|--version", "", command))
            if words:
                with program.make_context("vidstyle", words) as context:
                    _inner(context)


def _inner(context: Any) -> None:
    """Read the rest of the words as the command that they name."""
    words = [*context._protected_args, *context.args]
    if hasattr(context.command, "resolve_command") and words:
        name, command, rest = context.command.resolve_command(context, words)
        with command.make_context(name, rest, parent=context) as inner:
            _inner(inner)


PICTURES = (
    *("starry", "wave", "mosaic", "fauve", "dusk", "night", "woodcut", "swirls"),
    *("photo", "face", "portrait"),
)
MASKS = ("sky", "doodle", "fauve_sem", "photo_sem", "photo_map", "photo_parts", "dusk_parts")


def make_files(folder: Path, seconds: int) -> None:
    """Make what the pages take as given: a clip of five frames a second, with cuts after 6 and 14 seconds, pictures, masks, folders of them."""
    cuts = (30, 70)
    make_clip(
        folder / "in.mp4",
        times=range(0, 30 * seconds, 6),
        draw=lambda n, w, h: np.roll(pattern(n, w, h), sum(n >= c for c in cuts), axis=2),
    )
    for name in PICTURES:
        make_picture(folder / f"{name}.jpg", 128, 128 if name == "starry" else 96)
    halves = np.zeros((96, 128, 3), np.uint8)
    halves[:48] = 255
    for name in MASKS:
        cv2.imwrite(str(folder / f"{name}.png"), halves)
    cv2.imwrite(str(folder / "sea.png"), 255 - halves)
    for name in ("clips", "photos", "styles", "paintings", "masks"):
        (folder / name).mkdir()
    shutil.copy(folder / "in.mp4", folder / "clips")
    for number in range(2):
        make_picture(folder / "photos" / f"{number}.jpg", 200, 160)
    for name in ("styles", "paintings"):
        shutil.copy(folder / "starry.jpg", folder / name)
    cv2.imwrite(str(folder / "masks" / "00000.png"), halves)
    for name in ("other", "sea", "in.starry"):
        shutil.copy(folder / "in.mp4", folder / f"{name}.mp4")
    for name in ("painted", "earlier"):
        shutil.copy(folder / "photo.jpg", folder / f"{name}.png")
    (folder / "samples").symlink_to(ROOT / "samples")


def small(line: str) -> str:
    """Return a line of a page, or a block of Python, in a size that a test can wait for."""
    for long, short in SMALL.items():
        line = re.sub(long, short, line)
    if line.startswith("vidstyle paint "):
        line += " --steps 1" * ("--steps" not in line)
        line += " --size 64" * ("--size" not in line and not re.search(r" \d+x\d+ ", line))
        line += " --end 0.5" * ("--method video" in line and "--end" not in line)
    if line.startswith("vidstyle reconstruct "):
        line += " --size 64 --steps 1"
    if line.startswith("vidstyle train style"):
        line += " --batch 2 --crop 128 --style-side 128" + " --steps 2" * ("--steps" not in line)
    if "--keyframe " in line:
        line += " --learn 2"
    if line.startswith(REPLACING) and not re.search(" (--resume|-y|-)( |$)", line):
        line += " -y"
    return line


def run(line: str) -> None:
    """Run a line of a page here: by this process where it is our command alone, else by bash."""
    quoted = re.sub(r"'[^']*'|\"[^\"]*\"", "", line)
    words = shlex.split(small(line))
    if words[0] == "cd":
        os.chdir(words[1])
    elif words[0] != "vidstyle" or re.search(r"[|*$>&]", quoted):
        if "ffmpeg" in words:
            needs_judge()
        programs = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        shell = ["bash", "-c", f"set -o pipefail; {line}"]
        environment = os.environ | {"PATH": programs, "PYTHONPATH": str(ROOT)}
        done = subprocess.run(shell, capture_output=True, text=True, env=environment)
        assert done.returncode == 0, f"{line}: {done.stderr}"
    else:
        handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            assert not app(words[1:], standalone_mode=False), line
        finally:
            for number, handler in handlers.items():
                signal.signal(number, handler)
        out = words[words.index("-o") + 1] if "-o" in words and words[1] != "probe" else "-"
        assert re.search(r"[{%]|^-$", out) or Path(out).exists(), line


@pytest.mark.parametrize(
    "page",
    [
        page if page in SOON else pytest.param(page, marks=pytest.mark.slow)
        for page in sorted(
            {b.page for b in BLOCKS if b.language in RUN and not b.elsewhere and "" not in b.unrun}
        )
    ],
)
def test_the_blocks_of_a_page_work(page: str, tmp_path, monkeypatch):
    """In their order, in one folder and one namespace, since some take what an earlier one made."""
    for package in WANTS.get(page, ("torch",)):
        pytest.importorskip(package, reason=f"{package} is not installed")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    make_files(tmp_path, 1 if page in SOON else 26)
    names: dict[str, Any] = {}
    of_page = [block for block in BLOCKS if block.page == page]
    for block in (block for block in of_page if block.language == "toml"):
        Path("plan.toml").write_text(block.text)
    for block in of_page:
        if block.language == "python" and block.runs(""):
            exec(compile(small(block.text), block.name, "exec"), names)
        elif block.language == "sh":
            for line in filter(block.runs, block.lines()):
                run(line)
