"""The package as a user installs it: into an empty environment, weights included."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.conftest import ROOT


@pytest.mark.slow
def test_pip_install_into_an_empty_environment(base, picture, tmp_path):
    subprocess.run([sys.executable, "-m", "venv", str(tmp_path / "env")], check=True)
    programs = tmp_path / "env" / "bin"
    install = [str(programs / "pip"), "install", "-q", "-c", str(ROOT / "constraints.txt")]
    subprocess.run([*install, str(ROOT)], check=True)
    out = tmp_path / "out.mp4"
    done = subprocess.run(
        [str(programs / "vidstyle"), "run", str(base), "-s", str(picture), "-o", str(out)],
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    assert "OpenVINO" in done.stderr
    probe = "import importlib.util as u; print(u.find_spec('torch'))"
    seen = subprocess.run([str(programs / "python"), "-c", probe], capture_output=True, text=True)
    assert seen.stdout.strip() == "None"
