"""What the tables of benchmarks/tables.py are made of: results, and cells in Markdown."""

from __future__ import annotations

import json
from typing import Any

from common import RESULTS

Results = dict[str, Any]


def load(name: str) -> Results:
    """Read a result file."""
    found: Results = json.loads((RESULTS / f"{name}.json").read_text())
    return found


def number(spread: dict[str, float], digits: int = 1) -> str:
    """Return median and interquartile range."""
    return f"{spread['median']:.{digits}f} ({spread['iqr']:.{digits}f})"


def table(head: list[str], rows: list[list[str]]) -> str:
    """Return a table in Markdown."""
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *rows))


def machine_line(results: Results) -> str:
    """Say what machine the figures are of."""
    of = results["machine"]
    instructions = ", ".join(of["instructions"])
    cores = "One core" if of["cores"] == 1 else f"{of['cores']} cores"
    return f"{cores} of an {of['processor']} ({instructions}), commit {of['commit']}"


def measured_line(results: Results) -> str:
    """Say when and how figures were measured that were put into the results by hand."""
    of = results["measured"]
    return f"Measured on {of['date']}, commit {of['commit']}, by {of['by']}:"
