"""Every table of figures in the manual is what benchmarks/tables.py makes of benchmarks/results, or a comment before it says why it is none:

<!-- not measured: REASON -->
"""

from __future__ import annotations

import csv
import json
import re
from collections import Counter

import pytest

from tests.pages import PAGES, ROOT

GENERATED = ("docs/cli.md", "docs/formats.md")
"""Tests of their own compare these with what they are made of."""

FIGURE = re.compile(r"[-+*<]*\d[\d.,]*(?: ?\w+| ?%){0,4}(?: \([\d.,]+\))?\**")
"""A number, what follows it being at most a unit, such as "13 frames a second"."""

TABLE = re.compile(r"(?P<before>(?:^[^|\n]*\n){0,4})(?P<table>(?:^\|.*\n)+)", re.MULTILINE)
MADE = re.compile(r"<!-- (\w+) -->\n.*?<!-- /\1 -->", re.DOTALL)
NOT_MEASURED = re.compile(r"<!-- not measured: .+ -->")


def unmade(text: str) -> list[str]:
    """Return the tables of figures of a page that no script makes, and for which there is no reason."""
    found = []
    for table in TABLE.finditer(MADE.sub("", text)):
        rows = table["table"].splitlines()[2:]
        cells = [cell.strip() for row in rows for cell in row.strip("|").split("|")]
        figures = [cell for cell in cells if FIGURE.fullmatch(cell)]
        if len(figures) >= max(2, len(cells) / 5) and not NOT_MEASURED.search(table["before"]):
            found.append(table["table"])
    return found


@pytest.fixture
def tables(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    import tables

    return tables


def test_the_tables_of_the_pages_are_those_of_the_results(tables):
    places = set()
    for page in tables.PAGES:
        text = page.read_text()
        assert tables.filled(text) == text, f"{page}: run benchmarks/tables.py"
        places |= set(re.findall(r"<!-- /(\w+) -->", text))
    assert places == tables.TABLES.keys()


NOTEBOOK = "docs/experiments/"
"""Its entries are what was found on their day."""


@pytest.mark.parametrize(
    "page", [p for p in PAGES if p not in GENERATED and not p.startswith(NOTEBOOK)]
)
def test_figures_in_a_table_are_made_of_the_results(page):
    assert unmade((ROOT / page).read_text()) == []


def test_a_table_of_figures_without_results_is_found():
    table = "| | speed |\n|---|---|\n| one | 13 frames a second |\n| two | 14.5 ms |\n"
    assert unmade(table) == [table]
    assert unmade(f"<!-- any words -->\n{table}") == [table]
    assert unmade(f"<!-- not measured: limits -->\n{table}") == []
    assert unmade(f"<!-- speed -->\n{table}<!-- /speed -->\n") == []
    assert unmade(f"<!-- speed -->\n{table}<!-- /speed -->\n\n{table}") == [table]


def test_figures_put_in_by_hand_say_when_and_how_they_were_measured(tables):
    for file in sorted((ROOT / "benchmarks" / "results").glob("*.json")):
        results = json.loads(file.read_text())
        assert ("machine" in results) != ("measured" in results), file.name
        if "measured" in results:
            assert {"date", "commit", "by", "how", "note"} <= results["measured"].keys(), file.name


def test_the_photos_of_the_card_are_counted_in_the_manifest():
    with (ROOT / "models" / "manifest.csv").open() as file:
        rows = [r for r in csv.DictReader(file) if (r["kind"], r["split"]) == ("content", "train")]
    counts = Counter(row["name"].split("_")[0] + "_" for row in rows)
    card = (ROOT / "models" / "arbitrary.md").read_text()
    assert f"Photos, {len(rows):,} of them" in card
    stated = re.findall(r"^\| `(\w+_)` \| (\d+) \|", card, re.MULTILINE)
    assert {group: int(count) for group, count in stated} == counts
