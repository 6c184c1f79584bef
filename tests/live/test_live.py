"""Painting while it happens, with filter graphs, loopback and recordings in the place of cameras."""

from __future__ import annotations

import itertools
import json
import signal
import subprocess
import sys
import time
from fractions import Fraction

import cv2
import numpy as np
import pytest

from tests.clips import pattern
from tests.conftest import ROOT, vidstyle
from vidstyle import (
    Cue,
    Encoding,
    Look,
    MissingPackageError,
    OutputError,
    Timeline,
    VidstyleError,
)
from vidstyle.live import outputs
from vidstyle.live.controls import FADE, Command
from vidstyle.live.pace import Pace
from vidstyle.live.painter import LivePainter
from vidstyle.live.session import Session
from vidstyle.media.capture import LiveSource, address
from vidstyle.media.source import FileSource
from vidstyle.runtime.compute import Compute

SWIRLS, WOODCUT = (str(ROOT / "samples" / "styles" / f"{n}.jpg") for n in ("swirls", "woodcut"))


def paced(size="128x96", rate=30):
    """A camera: a test picture, paced in real time."""
    return address(f"testsrc2=size={size}:rate={rate},realtime", "lavfi")


def painter(*styles, **more):
    return LivePainter.of(styles or (SWIRLS,), Compute("cpu"), look=Look(**more))


class Slow:
    """A painter that takes a tenth of a second."""

    def paint(self, pixels, size, now):
        time.sleep(0.1)
        return pixels

    def expect(self, height, width): ...

    def ready(self, height, width):
        return True

    def forget(self): ...


class Counted:
    """An output that remembers how late frames were."""

    def __init__(self):
        self.late = []

    def put(self, pixels, stamp, meter):
        self.late.append(time.monotonic() - stamp)
        meter.add(self.late[-1])

    def commands(self):
        return []

    def close(self): ...


def test_the_newest_frame_wins_and_drops_are_counted():
    out = Counted()
    with LiveSource(paced()) as source:
        status = Session(source, Slow(), [out], Pace(None, 96, 128)).run(seconds=3)
    assert np.median(out.late) < 0.25
    assert status.frames == len(out.late)
    assert status.dropped > status.frames
    assert 0 <= status.came - status.dropped - status.frames <= 1
    assert 30 < status.came < 100
    assert abs(status.latency - np.median(out.late)) < 0.01


def test_a_source_that_ends_ends_the_run():
    with LiveSource(
        address("testsrc2=size=64x64:rate=30:duration=0.5,realtime", "lavfi")
    ) as source:
        status = Session(source, Slow(), [Counted()], Pace(None, 64, 64)).run(seconds=20)
    assert status.seconds < 15


@pytest.mark.slow
@pytest.mark.parametrize("styles", [(SWIRLS, WOODCUT), (WOODCUT, SWIRLS)])
def test_a_change_of_style_shows_no_jump(styles):
    """Frame by frame the picture goes from one style to the other, without a step or a flash."""
    still = pattern(4, 128, 96)
    live = painter(*styles)
    frames = [live.paint(still, (96, 128), n / 30) for n in range(40)]
    live.obey(Command("style", "next"), 40 / 30)
    frames += [live.paint(still, (96, 128), n / 30) for n in range(40, 80)]
    changes = [np.abs(a.astype(float) - b).mean() for a, b in itertools.pairwise(frames)]
    fresh = painter(styles[1])
    goal = [fresh.paint(still, (96, 128), n / 30) for n in range(60)][-1]
    far = [np.abs(frame.astype(float) - goal).mean() for frame in frames]
    assert far[39] > 15
    assert max(changes) < 0.25 * far[39]
    assert max(changes[10:39]) < 0.5
    assert max(far[40 + round(2 * 30 * FADE) :]) < 0.1 * far[39]


def test_size_strength_and_stability_change_without_a_jump():
    clip = [pattern(n, 192, 128) for n in range(30)]
    live = painter(stability=0.5)
    shown = []
    for n, frame in enumerate(clip):
        if n == 10:
            live.obey(Command("stability", "0"), n / 30)
        if n == 20:
            live.obey(Command("stability", 0.7), n / 30)
        shown.append(live.paint(frame, (128, 192) if n < 15 else (80, 120), n / 30))
    assert all(f.shape == (128, 192, 3) for f in shown)
    assert max(abs(float(a.mean()) - b.mean()) for a, b in itertools.pairwise(shown)) < 12
    live.obey(Command("strength", 0.0), 10.0)
    assert np.array_equal(live.paint(clip[0], (80, 120), 20.0), clip[0])


@pytest.mark.slow
def test_a_timeline_counts_from_the_first_frame(caplog):
    """It goes from look to look as its cues say, anew after `forget`; a command counts until the next cue."""
    cues = [
        Cue(0, SWIRLS, strength=0.5),
        Cue(1, WOODCUT, fade=1, curve="linear"),
        Cue(2, blend=0.25, fade=1, curve="linear"),
        Cue(4, strength=1, colors="luminance"),
    ]
    live = LivePainter.of((), Compute("cpu"), timeline=Timeline(cues))
    blank = np.zeros((32, 32, 3), np.uint8)
    for start in (0.0, 100.0):
        live.forget()
        looks = []
        for n in range(50):
            live.paint(blank, (32, 32), start + n / 10)
            looks.append(live.look_at(start + n / 10))
            if n == 32:
                live.obey(Command("strength", "0.2"), start + n / 10)
        one, other = (live.model.style(s).values for s in (SWIRLS, WOODCUT))
        assert np.allclose(looks[9].style.values, one)
        assert np.allclose(looks[15].style.values, (one + other) / 2, atol=1e-4)
        assert np.allclose(looks[20].style.values, other)
        assert [round(looks[n].blend, 3) for n in (19, 20, 24, 30)] == [1, 1, 0.7, 0.25]
        assert [round(looks[n].strength, 3) for n in (0, 39, 40)] == [0.5, 0.2, 1]
        assert [looks[n].colors for n in (39, 40)] == ["style", "luminance"]
    assert "1 s: style woodcut" in caplog.text
    assert live.obey(Command("style", "swirls"), 110.0) == "style swirls"


@pytest.mark.parametrize(
    ("cue", "said"),
    [
        ("shot:2=strength:0.5", "expected a time, got shot 2"),
        ("2=strength:audio", "expected strength as a number at 2 s, got audio:0..1"),
        ("2=flow:dis", "blend, stability, stroke, colors in a cue of a live source, got flow"),
        (f"2={WOODCUT}", "nothing says what it looks like before 2 s"),
        ("0=none.jpg", "none.jpg"),
    ],
)
def test_a_timeline_that_does_not_suit_is_refused(cue, said):
    styles = () if "before" in said else (SWIRLS,)
    with pytest.raises(VidstyleError, match=said.replace(".", r"\.")):
        LivePainter.of(styles, Compute("cpu"), timeline=Timeline([Cue.parse(cue)]))


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


def test_stability_goes_over_smoothly():
    live = painter(stability=0.0)
    live.obey(Command("stability", 0.8), 1.0)
    found = []
    for now in (1.0, 1.0 + FADE / 4, 1.0 + FADE / 2, 1.0 + FADE):
        found.append(live.look_at(now).stability)
    assert found[0] == 0
    assert found[2] == pytest.approx(0.4)
    assert found[3] == pytest.approx(0.8)
    assert found == sorted(found)


@pytest.mark.slow
def test_a_change_of_size_is_softened_by_stability():
    def pop(stability):
        live, still = painter(stability=stability), pattern(3, 192, 128)
        before = [live.paint(still, (80, 120), n / 30) for n in range(12)][-1]
        return np.abs(live.paint(still, (96, 144), 1.0).astype(float) - before).mean()

    assert pop(1.0) < 0.75 * pop(0.0)


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


def wait_for(what, seconds=30):
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.05)


def test_a_recorder_that_fails_is_told_and_one_that_is_slow_drops(tmp_path, monkeypatch):
    encoding = Encoding(container="matroska")
    frame = pattern(1, 64, 48)

    def recorder(name):
        return outputs.Recorder(
            str(tmp_path / name), 48, 64, Fraction(30), encoding=encoding, overwrite=True
        )

    slow = recorder("slow.mkv")
    real = slow._sink.write
    monkeypatch.setattr(slow._sink, "write", lambda c: (time.sleep(0.1), real(c)))
    for n in range(30):
        slow.put(frame, n / 30, None)
    slow.close()
    assert slow.dropped + slow.frames == 30
    assert slow.dropped > 10
    broken = recorder("broken.mkv")

    def fail(_converted):
        raise MemoryError("no more")

    monkeypatch.setattr(broken._sink, "write", fail)
    broken.put(frame, 0.0, None)
    wait_for(lambda: broken._failure)
    with pytest.raises(MemoryError):
        broken.put(frame, 0.1, None)
    with pytest.raises(MemoryError):
        broken.close()
    assert {p.name for p in tmp_path.iterdir()} == {"slow.mkv"}
    empty = recorder("empty.mkv")
    with pytest.raises(OutputError, match="nothing to write"):
        empty.close()


def test_frames_of_another_size_are_fitted():
    wide = np.full((40, 80, 3), 200, np.uint8)
    fit = outputs.fitted(wide, (64, 64))
    assert fit.shape == (64, 64, 3)
    assert (fit[:16] == 0).all()
    assert (fit[16:48] == 200).all()
    assert outputs.fitted(wide, (80, 40)) is wide


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
    }
    for words, message in lines.items():
        out = () if "-o" in words else ("-o", tmp_path / "o.mp4")
        done = vidstyle("live", *words, "-s", SWIRLS, *out, cwd=tmp_path)
        assert done.returncode == 2, done.stderr
        assert message in done.stderr
        assert len(done.stderr.strip().splitlines()) == 1
    assert not (tmp_path / "o.mp4").exists()
    assert vidstyle("live", "--camera", "0").returncode == 2


def test_no_window_and_no_virtual_camera_give_one_line(monkeypatch):
    def none(*_args):
        raise cv2.error("The function is not implemented")

    monkeypatch.setattr(cv2, "namedWindow", none)
    monkeypatch.setenv("DISPLAY", ":0")
    with pytest.raises(MissingPackageError, match="`preview=False`"):
        outputs.Window()
    monkeypatch.delenv("DISPLAY")
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    with pytest.raises(MissingPackageError, match="`preview=False`"):
        outputs.Window()
    monkeypatch.setitem(sys.modules, "pyvirtualcam", None)
    with pytest.raises(MissingPackageError, match="vidstyle\\[camera\\]"):
        outputs.VirtualCamera(None, 96, 128, 30)


def test_a_virtual_camera_gets_every_frame(monkeypatch):
    import pyvirtualcam

    sent = []

    class Null:
        def __init__(self, *, width, height, fps, fourcc, device):
            if device == "broken":
                raise RuntimeError("no device found\nat all")
            self.size = height, width

        def device(self):
            return "null"

        def native_fourcc(self):
            return None

        def send(self, frame):
            sent.append(frame.size)

        def close(self): ...

    monkeypatch.setattr(pyvirtualcam.camera, "BACKENDS", {"null": Null})
    out = outputs.VirtualCamera(None, 96, 128, 30)
    with LiveSource(paced()) as source:
        status = Session(source, painter(), [out], Pace(30, 96, 128)).run(seconds=2.5)
    out.close()
    assert len(sent) == status.frames > 3
    with pytest.raises(OutputError, match="no device found at all"):
        outputs.VirtualCamera("broken", 96, 128, 30)


def test_keys_of_the_window_are_commands(monkeypatch):
    keys = [ord("n"), -1, ord("q"), -1, -1, -1, -1, -1]
    shown = []
    for name in ("namedWindow", "resizeWindow", "destroyWindow"):
        monkeypatch.setattr(cv2, name, lambda *_a: None)
    monkeypatch.setattr(cv2, "imshow", lambda _t, frame: shown.append(frame))
    monkeypatch.setattr(cv2, "waitKey", lambda _ms: -1)
    monkeypatch.setattr(cv2, "pollKey", lambda: keys.pop(0))
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setattr(cv2, "getWindowProperty", lambda *_a: 1.0)
    window = outputs.Window()
    live = painter(SWIRLS, WOODCUT)
    with LiveSource(paced()) as source:
        Session(source, live, [window], Pace(None, 96, 128)).run(seconds=20)
    assert live.chosen == 1
    assert 2 <= len(shown) <= 4
