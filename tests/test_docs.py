"""What README and the pages of docs/ name is there; tests/test_pages.py runs their blocks."""

from __future__ import annotations

import re
import subprocess

import pytest

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


def test_every_picture_of_the_pages_is_named_by_the_script_that_makes_it():
    scripts = (*ROOT.glob("docs/make_*.py"), *ROOT.glob("benchmarks/*.py"))
    text = "".join(script.read_text() for script in scripts)
    names = {
        p.name for kind in ("jpg", "png", "svg", "webp") for p in ROOT.glob(f"docs/**/*.{kind}")
    }
    assert len(names) > 20
    assert {name for name in names if not re.search(rf"(?<![\w.]){name}", text)} == set()


ENTRIES = [
    (f"{page.stem}: {heading}", rest.split("\n\n")[1])
    for page in sorted(ROOT.glob("docs/experiments/*.md"))
    if page.stem != "index"
    for heading, rest in re.findall(
        r"^## (.+)(\n(?:.*\n)*?)(?=## |\Z)", page.read_text(), re.MULTILINE
    )
]


@pytest.mark.parametrize("dated", [d for _, d in ENTRIES], ids=[name for name, _ in ENTRIES])
def test_an_experiment_has_its_date_and_a_commit_of_the_repository(dated):
    assert re.match(r"\*\*\d{4}-\d\d-\d\d\*\*, ", dated), dated
    commits = re.findall(r"\b[0-9a-f]{7}\b", dated)
    assert commits or "not recorded" in dated, dated
    if not (ROOT / ".git").exists():
        pytest.skip("this is no clone")
    for commit in commits:
        known = subprocess.run(["git", "cat-file", "-e", commit], cwd=ROOT, capture_output=True)
        assert known.returncode == 0, f"there is no commit {commit}"
