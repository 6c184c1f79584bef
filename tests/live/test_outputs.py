"""Where live frames go: a recording, a window, a virtual camera."""

from __future__ import annotations

import sys
import time
from fractions import Fraction

import cv2
import numpy as np
import pytest

from tests.clips import pattern
from tests.live.common import SWIRLS, WOODCUT, paced, painter, wait_for
from vidstyle import Encoding, MissingPackageError, OutputError
from vidstyle.live import outputs
from vidstyle.live.pace import Pace
from vidstyle.live.session import Session
from vidstyle.media.capture import LiveSource


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
