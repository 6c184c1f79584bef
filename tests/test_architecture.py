"""The import arrows of docs/design.md, kept true."""

from __future__ import annotations

import ast
import subprocess
import sys
from graphlib import TopologicalSorter
from itertools import pairwise
from pathlib import Path

import pytest

from tests.rooms import ALLOWED, OUTSIDE

PACKAGE = Path(__file__).parent.parent / "vidstyle"


def room(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {a.name for a in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            if node.module == "vidstyle":
                inside = {p.stem for p in PACKAGE.iterdir()}
                names |= {
                    f"vidstyle.{a.name}" if a.name in inside else "vidstyle.__init__"
                    for a in node.names
                }
            else:
                names.add(node.module)
    return names


FILES = sorted(PACKAGE.rglob("*.py"))


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_follow_the_arrows(path):
    here = room(path)
    for name in imports(path):
        top, *rest = name.split(".")
        if top == "vidstyle":
            there = rest[0]
            assert there == here or there in ALLOWED[here], f"{here} must not import {there}"
        elif top in OUTSIDE:
            assert here in OUTSIDE[top], f"{here} must not import {top}"


def test_the_rooms_have_no_circle():
    assert list(TopologicalSorter(ALLOWED).static_order())


def drawn() -> dict[str, set[str]]:
    """Read the figure: room -> rooms that an arrow says it imports."""
    page = (PACKAGE.parent / "docs" / "design.md").read_text()
    figure = page.split("## Import rules")[1].split("```")[1]
    arrows: dict[str, set[str]] = {}
    for line in figure.strip().splitlines():
        groups = [set(part.replace(",", " ").split()) for part in line.split("<-")]
        for there, here in pairwise(groups):
            for room in here:
                arrows.setdefault(room, set()).update(there)
    return arrows


def test_the_figure_draws_what_is_allowed():
    """Who may import a room has a way of arrows to it; and no arrow leads where nobody goes."""
    arrows = drawn()

    def reached(room: str) -> set[str]:
        return arrows.get(room, set()).union(*(reached(r) for r in arrows.get(room, ())))

    for room, rooms in ALLOWED.items():
        if room in ("__init__", "__main__"):
            continue
        assert rooms - {"__init__", "cores", "memory"} <= reached(room), room
        assert not arrows.get(room) or rooms & arrows[room], room


def test_what_is_allowed_is_needed():
    needed: dict[str, set[str]] = {}
    for path in FILES:
        found = {name.split(".")[1] for name in imports(path) if name.startswith("vidstyle.")}
        needed.setdefault(room(path), set()).update(found)
    for here, rooms in ALLOWED.items():
        assert rooms <= needed[here], f"{here} does not import {rooms - needed[here]}"


def test_every_room_is_in_the_figure():
    figure = (PACKAGE.parent / "docs" / "design.md").read_text()
    for name in {room(p) for p in FILES} - {"__init__", "__main__"}:
        assert name in figure, f"docs/design.md does not name {name}"


def test_files_stay_small():
    for path in FILES:
        assert len(path.read_text().splitlines()) <= 400, f"split {path.name} by its nouns"


TRACE = """
import sys, traceback
from vidstyle.cli.app import main
from vidstyle.runtime.openvino import OpenVinoEngine

def encode(self, picture):
    print(*(f.filename for f in traceback.extract_stack()), sep="\\n")
    sys.stdout.flush()
    raise SystemExit

OpenVinoEngine.encode = encode
main()
"""


def test_a_style_climbs_back_up_once_at_most(base, picture, tmp_path):
    """From the command line to the engine that reads it, calls lead down the arrows, but for one."""
    words = ["run", str(base), "--style", str(picture), "-o", "out.mp4", "--device", "cpu"]
    command = [sys.executable, "-c", TRACE, *words]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    files = [Path(line) for line in done.stdout.splitlines() if Path(line).is_relative_to(PACKAGE)]
    rooms = [room(path) for path in files]
    assert rooms[0] == "cli", done.stderr
    assert rooms[-1] == "model"
    height = {name: n for n, name in enumerate(TopologicalSorter(ALLOWED).static_order())}
    assert sum(height[after] > height[before] for before, after in pairwise(rooms)) <= 1


@pytest.mark.parametrize(
    "path", [*PACKAGE.glob("stylize/*.py"), PACKAGE / "pipeline.py"], ids=lambda p: p.name
)
def test_the_middle_is_typed(path):
    """The value that the house is built on is known to the type checker."""
    names = {n.id for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.Name)}
    assert not names & {"Any", "cast"}
