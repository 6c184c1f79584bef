"""The command as tests run it is the real one, and each of them is by itself."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.conftest import vidstyle


def test_a_forked_command_is_like_the_real_one(base, picture, tmp_path):
    damaged = tmp_path / "damaged.png"
    damaged.write_bytes(picture.read_bytes()[:1000])
    words = ["run", str(base), "-s", str(damaged), "-o", str(tmp_path / "out.mp4")]
    real = subprocess.run(
        [sys.executable, "-m", "vidstyle", *words], capture_output=True, text=True
    )
    forked = vidstyle(*words)
    assert (forked.returncode, forked.stderr) == (real.returncode, real.stderr)


def test_a_command_that_takes_too_long_is_ended_and_the_next_one_is_run(tmp_path):
    endless = ("color=rate=1,realtime", "--from", "lavfi", "-s", "identity", "--no-preview")
    with pytest.raises(subprocess.TimeoutExpired):
        vidstyle("live", *endless, "-o", tmp_path / "out.mkv", timeout=2)
    assert vidstyle("--version").returncode == 0


def test_a_command_begins_in_its_own_folder(base, tmp_path):
    for folder, code in ((base.parent, 0), (tmp_path, 2), (base.parent, 0)):
        assert vidstyle("probe", base.name, cwd=folder).returncode == code
