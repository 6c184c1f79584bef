"""Killed at any moment: the output is whole or absent, the input is untouched, a new run succeeds."""

from __future__ import annotations

import hashlib
import os
import random
import signal
import subprocess
import sys
import time

import pytest

from tests.clips import make_clip
from tests.conftest import ROOT

FRAMES = 120


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    return make_clip(
        tmp_path_factory.mktemp("kill") / "in.mp4", times=range(FRAMES), size=(320, 180)
    )


def start(clip, out):
    command = [sys.executable, "-m", "vidstyle", "run", str(clip), "-s", "identity", "-o", str(out)]
    return subprocess.Popen(
        [*command, "-y", "-q"],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stderr=subprocess.DEVNULL,
    )


def kill_often(times, clip, folder, judge):
    before = hashlib.sha256(clip.read_bytes()).hexdigest()
    out = folder / "out.mp4"
    begun = time.monotonic()
    assert start(clip, out).wait() == 0
    whole = time.monotonic() - begun
    out.unlink()
    chance = random.Random(times)
    absent = finished = 0
    for number in range(times):
        process = start(clip, out)
        if number % 2:
            time.sleep(whole * chance.uniform(0, 1))
        else:  # while the output is being written
            parts = set(folder.glob(".out*.part"))
            while set(folder.glob(".out*.part")) <= parts and process.poll() is None:
                time.sleep(0.002)
            time.sleep(whole * chance.choice([0, 0, chance.uniform(0, 0.5)]))
        process.send_signal(signal.SIGKILL)
        process.wait()
        if out.exists():
            finished += 1
            assert len(judge.times(out)) == FRAMES
            out.unlink()
        else:
            absent += 1
        assert hashlib.sha256(clip.read_bytes()).hexdigest() == before
    assert start(clip, out).wait() == 0
    assert len(judge.times(out)) == FRAMES
    return absent, finished


def test_killed_a_few_times(clip, tmp_path, judge):
    absent, _ = kill_often(3, clip, tmp_path, judge)
    assert absent > 0


@pytest.mark.slow
def test_killed_fifty_times(clip, tmp_path, judge):
    absent, finished = kill_often(50, clip, tmp_path, judge)
    assert absent > 10
    assert absent + finished == 50
