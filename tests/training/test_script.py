"""Modules that are run as scripts."""

from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    "name",
    [
        "drawn",
        *(pytest.param(n, marks=pytest.mark.slow) for n in ("export", "photo", "pruning")),
    ],
)
@pytest.mark.parametrize("arguments", [(), ("nowhere",) * 3])
def test_wrong_arguments_end_in_one_line(tmp_path, name, arguments):
    command = [sys.executable, "-m", f"vidstyle.training.{name}", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert f"vidstyle.training.{name}" in done.stderr or "nowhere" in done.stderr
    assert not list(tmp_path.iterdir())
