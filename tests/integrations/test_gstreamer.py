"""The element of GStreamer, run by gst-launch-1.0; it finds vidstyle and its packages by PYTHONPATH."""

from __future__ import annotations

import os
import subprocess
import sysconfig
from fractions import Fraction

import numpy as np
import pytest

import vidstyle
from tests.clips import make_clip
from tests.conftest import ROOT

pytestmark = pytest.mark.slow

COUNT, WIDTH, HEIGHT = 8, 101, 50
PITCH = WIDTH * 3 + 1
"""Bytes of a row: a multiple of 4."""
SOURCE = f"videotestsrc num-buffers={COUNT} pattern=ball ! video/x-raw,format=RGB,width={WIDTH},height={HEIGHT}"


@pytest.fixture(scope="module")
def launch(gstreamer, tmp_path_factory):
    """Run a pipeline."""
    folder = tmp_path_factory.mktemp("gst")
    env = os.environ | {
        "GST_PLUGIN_PATH": str(ROOT / "integrations" / "gstreamer"),
        "GST_REGISTRY": str(folder / "registry"),
        # Not an environment's: the bindings are those of the system's Python.
        "PATH": f"/usr/bin:{os.environ['PATH']}",
        "PYTHONPATH": f"{ROOT}:{sysconfig.get_path('platlib')}",
    }

    def launch(pipeline):
        return subprocess.run(
            ["gst-launch-1.0", "-q", *pipeline.split()],
            capture_output=True,
            text=True,
            cwd=folder,
            env=env,
            timeout=300,
        )

    launch.folder = folder
    return launch


def painted(launch, name, source, element, width=WIDTH, height=HEIGHT):
    """Return what comes out of a pipeline into a file, (N, H, W, 3)."""
    done = launch(f"{source} ! {element} ! filesink location={name}")
    assert done.returncode == 0, done.stderr
    pitch = -(-width * 3 // 4) * 4
    rows = np.fromfile(launch.folder / name, np.uint8).reshape(-1, height, pitch)
    return rows[..., : width * 3].reshape(-1, height, width, 3)


def test_frames_are_painted_as_by_vidstyle(launch):
    plain = painted(launch, "plain", SOURCE, "identity")
    assert plain.shape == (COUNT, HEIGHT, WIDTH, 3)
    assert np.array_equal(painted(launch, "same", SOURCE, "vidstyle style=identity"), plain)
    look = vidstyle.Look(strength=0.8, stability=0.5)
    made = painted(
        launch,
        "made",
        SOURCE,
        "vidstyle style=starry_night device=cpu strength=0.8 stability=0.5",
    )
    with vidstyle.load("starry_night", device="cpu", low_latency=True) as model:
        state = None
        for frame, ours in zip(plain, made, strict=True):
            (expected,), state = model.step([np.ascontiguousarray(frame)], look, state)
            assert np.array_equal(ours, expected)


def test_a_clip_keeps_its_times(launch, tmp_path, judge):
    times = [0, 40, 80, 200, 240, 400]
    clip = make_clip(
        tmp_path / "in.mkv",
        times=times,
        time_base=Fraction(1, 1000),
        codec="mjpeg",
        pixel_format="yuvj420p",
        sound=False,
    )
    out = tmp_path / "out.mkv"
    done = launch(
        f"filesrc location={clip} ! matroskademux ! jpegdec ! videoconvert ! vidstyle style=great_wave device=cpu "
        f"! videoconvert ! jpegenc ! matroskamux ! filesink location={out}"
    )
    assert done.returncode == 0, done.stderr
    assert [round(1000 * float(t)) for t in judge.times(out)] == times


def test_the_size_may_change_on_the_way(launch):
    second = SOURCE.replace(f"width={WIDTH}", "width=64").replace(f"height={HEIGHT}", "height=48")
    done = launch(
        f"concat name=both ! vidstyle style=starry_night device=cpu ! filesink location=both "
        f"{SOURCE} ! both. {second} ! both."
    )
    assert done.returncode == 0, done.stderr
    size = (launch.folder / "both").stat().st_size
    assert size == COUNT * (PITCH * HEIGHT + 64 * 3 * 48)
    second_alone = painted(
        launch, "second", second, "vidstyle style=starry_night device=cpu", 64, 48
    )
    tail = np.fromfile(launch.folder / "both", np.uint8)[-second_alone.size :]
    assert np.array_equal(tail, second_alone.ravel())


@pytest.mark.parametrize(
    ("element", "said"),
    [
        ("vidstyle", "expected a style: vidstyle style=starry.jpg"),
        ("vidstyle style=no.jpg", "cannot read the picture no.jpg: No such file or directory"),
        ("vidstyle style=starry_night colors=pink", "expected `colors` style or luminance"),
    ],
)
def test_an_error_is_one_of_the_pipeline(launch, element, said):
    done = launch(f"{SOURCE} ! {element} ! fakesink")
    assert done.returncode != 0
    assert f": {said}" in done.stderr
    assert "Traceback" not in done.stderr
