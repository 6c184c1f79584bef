"""A first part of `python -m tests.fuzz`, which see."""

from __future__ import annotations

import pytest

from tests.fuzz import run_cases


def test_damaged_files_end_as_they_should(judge):
    counts, findings = run_cases(0, 150)
    assert not findings, "\n".join(findings)
    assert sum(counts.values()) == 150
    assert counts["done"] > 30
    assert counts["decoders differ"] <= 2


@pytest.mark.slow
def test_many_damaged_files_end_as_they_should(judge):
    counts, findings = run_cases(150, 2000)
    assert not findings, "\n".join(findings)
    assert counts["decoders differ"] <= 20
