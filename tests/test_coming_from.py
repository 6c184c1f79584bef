"""The tables of the page for users of other programs; tests/test_pages.py runs its lines."""

from __future__ import annotations

import re

import pytest

from tests.conftest import ROOT, vidstyle

PAGE = (ROOT / "docs" / "coming_from.md").read_text()
SECTIONS = {part.split("\n", 1)[0]: part for part in PAGE.split("\n## ")[1:]}
LINES = [
    line
    for part in SECTIONS.values()
    for block in re.findall(r"```sh\n(.*?)```", part, re.DOTALL)
    for line in block.splitlines()
]


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
def test_every_option_of_ours_exists():
    known = "".join(vidstyle(*n.split(), "--help").stdout for n in ("run", "paint", "train style"))
    for row in re.findall(r"^\|.*", PAGE, re.MULTILINE):
        ours = row.split("|")[2]
        for option in re.findall(r"(?<![\w-])--?[a-z][a-z-]*", ours):
            assert f"{option} " in known or f"{option}," in known or f"{option}\n" in known, row
