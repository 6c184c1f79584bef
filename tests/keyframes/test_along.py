"""The clip follows while a frame of it is painted."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import time
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from tests.clips import make_clip
from tests.conftest import vidstyle
from vidstyle import Interrupted, Reading
from vidstyle.cli.paint_along import paint_anew
from vidstyle.keyframes.along import Watch
from vidstyle.live.controls import Command
from vidstyle.live.loop import show_loop
from vidstyle.media.address import located
from vidstyle.media.source import FileSource


def test_a_save_is_told_once_and_when_it_is_whole(tmp_path):
    file = tmp_path / "painted.png"
    file.write_bytes(b"first")
    watch = Watch([file])
    assert not watch.saved()
    file.write_bytes(b"hal")
    assert not watch.saved()  # it may be in the middle of it
    file.write_bytes(b"half of it")
    assert not watch.saved()
    assert watch.saved()
    assert not watch.saved()


def test_a_picture_may_be_away_while_it_is_saved(tmp_path):
    file = tmp_path / "painted.png"
    file.write_bytes(b"first")
    watch = Watch([file])
    file.unlink()
    assert [watch.saved() for _ in range(3)] == [False, False, False]
    (tmp_path / "new").write_bytes(b"second")
    (tmp_path / "new").replace(file)
    assert [watch.saved() for _ in range(3)] == [False, True, False]


class Shown:
    """A window that is closed after so many frames."""

    def __init__(self, count):
        self.count, self.frames, self.stamps = count, [], []

    def put(self, pixels, stamp, meter):
        self.frames.append(pixels)
        self.stamps.append(stamp)

    def commands(self):
        return [Command("quit")] if len(self.frames) == self.count else []

    def close(self): ...


def test_a_clip_is_shown_over_and_over_by_the_newest_model(tmp_path):
    clip = make_clip(tmp_path / "in.mp4", times=range(6), sound=False)
    with FileSource(clip) as source:
        frames = [frame.pixels for frame in source]

    class Inverted:
        def step(self, frames, look, state):
            return [255 - frame for frame in frames], (state or 0) + 1

    window, models = Shown(15), [None] * 8 + [Inverted()] * 8
    show_loop(located(clip), [window], iter(models).__next__)
    assert len(window.frames) == 15
    for number, shown in enumerate(window.frames):
        frame = frames[number % 6]
        assert np.array_equal(shown, frame if number < 8 else 255 - frame)
    assert window.stamps[5] - window.stamps[0] > 0.1  # at its own pace


def test_a_save_ends_the_painting_by_an_older_network(tmp_path, capsys):
    along, began, whole = SimpleNamespace(is_behind=False), [], []

    class Slow:
        def __init__(self, name, *, overtaken=False):
            self.name, self.overtaken = name, overtaken

        def video(self, source, output, *, reading, overwrite, stop):
            began.append(self.name)
            along.is_behind = self.overtaken  # while it paints
            stop()
            whole.append(self.name)

    models = [None, Slow("first"), Slow("old", overtaken=True), None, Slow("new")]

    def newest():
        if not models:
            raise Interrupted(signal.SIGINT)
        if len(models) == 1:  # what the save led to
            along.is_behind = False
        return models.pop(0)

    with pytest.raises(Interrupted):
        paint_anew(
            "in.mp4", tmp_path / "o.mp4", along, newest, Reading(), lambda: None, quiet=False
        )
    assert began == ["first", "old", "new"]
    assert whole == ["first", "new"]
    assert capsys.readouterr().err.count("painted anew") == 2


@pytest.fixture
def painted(tmp_path):
    cv2.imwrite(str(tmp_path / "painted.png"), np.full((96, 128, 3), 90, np.uint8))
    return tmp_path / "painted.png"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "give a --keyframe"),
        (("--keyframe", "0.5=none.png", "-o", "o.mp4"), "cannot read the picture none.png"),
        (("--keyframe", "9=painted.png", "-o", "o.mp4"), "expected --keyframe from 0 to 1 s"),
        (("--keyframe", "0.5=narrow.png", "-o", "o.mp4"), "expected a keyframe of 128x96"),
        (("--keyframe", "0.5=painted.png", "-o", "there.mp4"), "there.mp4"),
        (("--keyframe", "0.5=painted.png", "-o", "painted.png"), "painted.png"),
        (("--keyframe", "0.5=painted.png", "-o", "-"), "name a file"),
        (("--keyframe", "0.5=painted.png"), "or give an -o"),
        (
            ("--keyframe", "0.5=painted.png", "--learn-to", "there.safetensors"),
            "another --learn-to",
        ),
    ],
)
def test_what_is_wrong_is_one_line(words, said, base, painted, tmp_path, monkeypatch):
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    shutil.copy(base, tmp_path / "in.mp4")
    for name in ("there.mp4", "there.safetensors"):
        (tmp_path / name).touch()
    cv2.imwrite(str(tmp_path / "narrow.png"), np.zeros((96, 40, 3), np.uint8))
    before = {*tmp_path.iterdir()}
    done = vidstyle("paint-along", "in.mp4", *words, cwd=tmp_path)
    assert done.returncode == 2
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert {*tmp_path.iterdir()} == before


@pytest.mark.slow
def test_each_save_is_painted_and_what_was_learned_is_kept(base, painted, tmp_path):
    shutil.copy(base, tmp_path / "in.mp4")
    words = ["paint-along", "in.mp4", "--keyframe", "0.5=painted.png", "-o", "out.mp4"]
    process = subprocess.Popen(
        [sys.executable, "-m", "vidstyle", *words, "--learn", "5"],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
    )
    output = tmp_path / "out.mp4"
    try:
        first = _whole(output, 0)
        painted.write_bytes(b"no picture")
        said = next(line for line in process.stderr if "painted.png" in line)
        assert "painted.png is no picture that can be read" in said
        cv2.imwrite(str(painted), np.full((96, 128, 3), 200, np.uint8))
        _whole(output, first)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=300)
    finally:
        process.kill()
    assert process.returncode == 0, said
    assert "in.painted.safetensors: what was learned" in said
    done = vidstyle("run", "in.mp4", "-s", "in.painted.safetensors", "-o", "a.mp4", cwd=tmp_path)
    assert done.returncode == 0, done.stderr


def _whole(output, before):
    """Wait for a newer output, and return its time."""
    for _ in range(3000):
        if output.exists() and output.stat().st_mtime_ns > before:
            return output.stat().st_mtime_ns
        time.sleep(0.1)
    raise TimeoutError
