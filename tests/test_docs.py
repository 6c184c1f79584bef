"""What README and the pages of docs/ name is there; tests/test_pages.py runs their blocks."""

from __future__ import annotations

import re

from tests.conftest import ROOT

README = (ROOT / "README.md").read_text()


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
