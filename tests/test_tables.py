"""Every table of figures in the manual is what benchmarks/tables.py makes of benchmarks/results, or a comment before it names its source."""

from __future__ import annotations

import re

import pytest

from tests.pages import PAGES, ROOT

GENERATED = ("docs/cli.md", "docs/formats.md")
"""Tests of their own compare these with what they are made of."""

FIGURE = re.compile(r"[-+*]*[\d.,]+(?: ?%| ms| s| MiB)?(?: \([\d.,]+\))?\**")
TABLE = re.compile(r"(?P<before>(?:^[^|\n]*\n){0,4})(?P<table>(?:^\|.*\n)+)", re.MULTILINE)


@pytest.fixture
def tables(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    import tables

    return tables


def test_the_tables_of_the_pages_are_those_of_the_results(tables):
    places = set()
    for page in ("README.md", *(page for page in PAGES if page.startswith("docs/"))):
        text = (ROOT / page).read_text()
        assert tables.filled(text) == text, f"{page}: run benchmarks/tables.py"
        places |= set(re.findall(r"<!-- /(\w+) -->", text))
    measured = {
        name for name in tables.TABLES if name != "fit" or (tables.RESULTS / "fit.json").exists()
    }
    assert places == measured


@pytest.mark.parametrize("page", [page for page in PAGES if page not in GENERATED])
def test_figures_in_a_table_have_a_source(page):
    if page.startswith("docs/experiments"):
        pytest.skip("entries of the lab notebook are what was found on their day")
    for found in TABLE.finditer((ROOT / page).read_text()):
        rows = found["table"].splitlines()[2:]
        cells = [cell.strip() for row in rows for cell in row.strip("|").split("|")]
        figures = [cell for cell in cells if FIGURE.fullmatch(cell)]
        if len(figures) >= max(3, len(cells) / 4):
            assert re.search(r"<!-- (figures: .+|\w+) -->", found["before"]), found["table"]
