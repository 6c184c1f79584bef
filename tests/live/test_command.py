"""`vidstyle live` in a process of its own, with filter graphs in the place of cameras."""

from __future__ import annotations

import itertools
import json
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from tests.conftest import ROOT, vidstyle
from tests.live.common import SWIRLS, WOODCUT, wait_for
from vidstyle.media.source import FileSource


def test_the_command_records_and_obeys(tmp_path, judge):
    out = tmp_path / "live.mp4"
    graph = "testsrc2=size=128x96:rate=30,realtime"
    process = subprocess.Popen(
        [sys.executable, "-m", "vidstyle", "live", graph, "--from", "lavfi", "-s", SWIRLS]
        + ["-s", WOODCUT, "-o", str(out), "--json"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    for line in ("style woodcut", "strength 0.5", "style gogh", "dance", ""):
        process.stdin.write(line + "\n")
    process.stdin.flush()
    wait_for(lambda: any(tmp_path.iterdir()))
    time.sleep(5)
    process.stdin.write("quit\n")
    stdout, stderr = process.communicate(timeout=60)
    assert process.returncode == 0, stderr
    for said in ("style woodcut", "strength 0.5", "no style is called gogh", "'dance'", "latency"):
        assert said in stderr
    found = json.loads(stdout)
    times = [float(t) for t in judge.times(out)]
    assert len(times) == found["frames"] > 3
    assert all(b > a for a, b in itertools.pairwise(times))
    assert abs(times[-1] - found["seconds"]) < 1


def test_ctrl_c_ends_it_and_keeps_the_recording(tmp_path, judge):
    out = tmp_path / "live.mkv"
    process = subprocess.Popen(
        [sys.executable, "-m", "vidstyle", "live", "testsrc2=size=128x96:rate=30,realtime"]
        + ["--from", "lavfi", "-s", SWIRLS, "-o", str(out)],
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    wait_for(lambda: any(tmp_path.iterdir()))
    time.sleep(5)
    assert not out.exists()
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=30)
    assert process.returncode == 0, stderr
    assert len(judge.times(out)) > 3


@pytest.mark.slow
def test_the_command_paints_by_a_timeline(tmp_path):
    """The command, with a filter graph in the place of a camera: a blend of 0 is the file itself, before the cue and after it."""
    graph = "color=gray:size=64x64:rate=20,realtime"
    out = tmp_path / "live.mkv"
    words = ["live", graph, "--from", "lavfi", "-s", SWIRLS, "-o", out, "--device", "cpu"]
    cues = ["--blend", 0, "--at", "2=blend:1", "--at", "4=blend:0,fade:0.5"]
    done = vidstyle(*words, *cues, "--seconds", 7)
    assert done.returncode == 0, done.stderr
    assert "2 s: blend 1" in done.stderr
    with FileSource(out) as frames:
        found = [(float(f.pts * f.time_base), f.pixels.astype(int)) for f in frames]
    gray = found[0][1].mean()
    far = {time: np.abs(pixels - gray).mean() for time, pixels in found}
    assert max(v for t, v in far.items() if t < 1.4) < 3
    assert min(v for t, v in far.items() if 2.7 < t < 3.4) > 10
    assert max(v for t, v in far.items() if t > 5.5) < 3


@pytest.mark.slow
def test_what_is_not_there_gives_one_line(tmp_path):
    lines = {
        ("--camera", "97"): "no camera is called /dev/video97",
        ("--camera", "Nobody's"): "no camera is called Nobody's",
        ("rtsp://127.0.0.1:9/x",): "cannot open rtsp://127.0.0.1:9/x",
        (str(ROOT / "README.md"),): "cannot open",
        ("a.mp4", "--camera", "0"): "expected one of",
        ("--camera", "0", "--loop"): "--loop are of a URL",
        ("a.mp4", "--send", "out.ts"): "expected --send udp",
        ("a.mp4", "-o", "x.gif"): "expected a recording of",
        ("a.mp4", "--mask", "a.png", "--mask", "auto:sky"): "expected one --mask, got 2",
        (
            "a.mp4",
            "--mask",
            str(ROOT / "samples" / "clip.mp4"),
        ): "expected a picture or auto:person",
    }
    for words, message in lines.items():
        out = () if "-o" in words else ("-o", tmp_path / "o.mp4")
        done = vidstyle("live", *words, "-s", SWIRLS, *out, cwd=tmp_path)
        assert done.returncode == 2, done.stderr
        assert message in done.stderr
        assert len(done.stderr.strip().splitlines()) == 1
    assert not (tmp_path / "o.mp4").exists()
    assert vidstyle("live", "--camera", "0").returncode == 2


def test_the_help_promises_one_mask_that_is_no_clip():
    def told(name):
        shown = vidstyle(name, "--help").stdout.split("--mask FILE")[1].split("--invert")[0]
        return " ".join(shown.split())

    assert told("live").startswith("Paint where the mask is white: a picture of any size; or auto")
    assert told("live").endswith("One for all styles.")
    assert "clip" in told("run")
    assert told("run").endswith("Repeatable.")
