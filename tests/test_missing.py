"""The end of a test run says what the machine lacks."""

from __future__ import annotations

import os
import re
import subprocess
import sys

from tests import missing
from tests.conftest import ROOT


def test_every_reason_of_want_has_a_command():
    """Of all files of tests: what is not installed, or not there."""
    wanting = r'"((?:[^"{}]* is not installed|there is no [A-Z][a-z]+|there is no ffmpeg)[^"{}]*)"'
    found = {
        reason
        for file in (ROOT / "tests").rglob("test_*.py")
        if file.name != "test_missing.py"
        for reason in re.findall(rf"(?:skip\(|reason=)\s*{wanting}", file.read_text())
    }
    assert len(found) > 8
    assert {reason for reason in found if missing.command(reason) is None} == set()


def test_a_command_in_the_reason_counts():
    assert missing.command("mpv is not installed: apt install mpv") == "apt install mpv"
    ray = "Ray is not installed: pip install 'vidstyle[ray]'"
    assert missing.command(ray) == "pip install -e '.[ray]'"
    assert missing.command("this ffmpeg makes no vc1") is None


def test_a_run_without_ffmpeg_ends_with_the_command(tmp_path):
    """And with the number of tests that it would bring: here of one that needs it, and one whose want is of another kind."""
    (tmp_path / "test_some.py").write_text(
        "import pytest\n"
        "from tests.conftest import needs_judge\n"
        "def test_one(): needs_judge()\n"
        "def test_two(judge): pass\n"
        "def test_three(): pytest.skip('there is no Chromium: apt install chromium')\n"
        "def test_four(): pytest.skip('another system')\n"
    )
    (tmp_path / "test_other.py").write_text(
        "import pytest\npytest.skip('torch is not installed', allow_module_level=True)\n"
    )
    environment = {name: value for name, value in os.environ.items() if name != "CI"}
    environment = {n: v for n, v in environment.items() if not n.startswith("PYTEST")}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "tests.conftest", "-p", "no:cacheprovider"]
        + [str(tmp_path)],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=environment | {"PATH": str(tmp_path), "PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    told = done.stdout.split("skipped, and what brings them")[1]
    assert re.search(r"^2 tests +apt install ffmpeg$", told, re.MULTILINE)
    assert re.search(r"^1 test +apt install chromium$", told, re.MULTILINE)
    assert re.search(r"^1 whole file +pip install -e '.\[dev\]'$", told, re.MULTILINE)
    assert re.search(r"^1 test +for other reasons: pytest -rs", told, re.MULTILINE)
