"""Cameras and addresses: lost, found again, and sent to."""

from __future__ import annotations

import itertools
import socket
import subprocess
import threading
import time
from fractions import Fraction

import av
import pytest

from tests.clips import make_clip, pattern
from tests.conftest import ROOT, needs_judge, vidstyle
from vidstyle import InputError
from vidstyle.media import capture
from vidstyle.media.arrival import Playback
from vidstyle.media.capture import LiveSource, address, camera

SWIRLS = str(ROOT / "samples" / "styles" / "swirls.jpg")
TEST_PICTURE = "testsrc2=size=128x96:rate=30"


def free_port():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def sender(url, form):
    return subprocess.Popen(
        ["ffmpeg", "-v", "quiet", "-re", "-f", "lavfi", "-i", TEST_PICTURE]
        + ["-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-g", "15"]
        + ["-f", form, url],
        stdin=subprocess.DEVNULL,
    )


def taken(source, seconds):
    """Take frames for a time; return how many came."""
    end, count = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        count += source.take(0.1) is not None
    return count


@pytest.mark.parametrize("scheme", ["udp", pytest.param("rtsp", marks=pytest.mark.slow)])
def test_an_address_that_is_lost_is_picked_up_again(scheme, monkeypatch, caplog):
    needs_judge()
    monkeypatch.setattr(capture, "_SILENCE", 1.0)
    url = f"{scheme}://127.0.0.1:{free_port()}" + ("/live" if scheme == "rtsp" else "")
    form = "mpegts" if scheme == "udp" else "rtsp"
    options = {} if scheme == "udp" else {"listen_timeout": "10"}
    senders = []

    def call():
        senders.append(sender(url, form))

    def leave():
        senders[-1].kill()
        senders[-1].wait()

    try:
        threading.Timer(0.5, call).start()  # a listener opens only when somebody calls
        with LiveSource(address(url, None, options)) as source:
            assert taken(source, 2) > 3
            leave()
            taken(source, 3)
            call()
            end = time.monotonic() + 20
            while source.lost == 0 or taken(source, 0.5) == 0:
                assert time.monotonic() < end, "it was not picked up again"
            assert source.lost == 1
    finally:
        leave()
    assert "was lost" in caplog.text
    assert "is back" in caplog.text


@pytest.mark.slow
def test_a_stream_is_sent(tmp_path):
    needs_judge()
    port = free_port()
    got = tmp_path / "got.ts"
    reader = subprocess.Popen(
        ["ffmpeg", "-v", "error", "-y", "-i", f"udp://127.0.0.1:{port}?timeout=30000000"]
        + ["-t", "1", "-c", "copy", str(got)],
        stdin=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    done = vidstyle(
        *("live", f"{TEST_PICTURE},realtime", "--from", "lavfi", "-s", SWIRLS),
        *("--send", f"udp://127.0.0.1:{port}", "--seconds", 6),
    )
    assert done.returncode == 0, done.stderr
    reader.wait(timeout=60)
    with av.open(str(got)) as stream:
        frames = list(stream.decode(video=0))
    assert len(frames) > 3
    assert {(frame.width, frame.height) for frame in frames} == {(128, 96)}
    assert all(one.pts < other.pts for one, other in itertools.pairwise(frames))


def test_a_camera_that_vanishes_is_told(monkeypatch):
    real = LiveSource._open

    class Vanishing:
        def __init__(self, container):
            self.container, self.streams = container, container.streams
            self.close, self.duration = container.close, None

        def demux(self, video):
            for number, packet in enumerate(self.container.demux(video=video)):
                if number == 5:
                    raise av.FFmpegError(19, "No such device")
                yield packet

    monkeypatch.setattr(LiveSource, "_open", lambda source: Vanishing(real(source)))
    with (
        LiveSource(address(f"{TEST_PICTURE},realtime", "lavfi")) as source,
        pytest.raises(InputError, match="is gone: No such device"),
    ):
        taken(source, 5)
    assert source.came == 5


@pytest.mark.parametrize("ending", ["ts", "mp4", "avi", "mkv"])
def test_a_file_is_played_at_its_own_pace(tmp_path, ending):
    """From its first frame on, which waits while the painter gets ready."""
    codec = "mpeg4" if ending == "avi" else "libx264"
    clip = make_clip(tmp_path / f"in.{ending}", times=range(12), codec=codec, sound=False)
    with LiveSource(address(str(clip))) as source:
        time.sleep(0.5)
        assert source.came == 1
        source.forget()
        stamps = list(iter_stamps(source))
        assert source.came == 12
    assert len(stamps) == 12 - source.dropped
    assert stamps[-1] - stamps[0] >= 11 / 30 - 0.01


@pytest.mark.parametrize(
    ("name", "codec"), [("in.ts", "mpeg2video"), ("in.avi", "mpeg4"), ("in.ts", "libx264")]
)
def test_b_frames_come_in_their_order(tmp_path, monkeypatch, name, codec):
    with av.open(str(tmp_path / name), "w") as output:
        video = output.add_stream(codec, rate=30, options={"bf": "2"})
        video.width, video.height, video.pix_fmt = 128, 96, "yuv420p"
        for n in range(30):
            output.mux(video.encode(av.VideoFrame.from_ndarray(pattern(n, 128, 96), "rgb24")))
        output.mux(video.encode(None))
    times: list[float] = []
    monkeypatch.setattr(Playback, "position", lambda _, time: times.append(time) or 0.0)
    with LiveSource(address(str(tmp_path / name))) as source:
        list(iter_stamps(source))
    assert len(times) == 30
    assert times == sorted(times)


def iter_stamps(source):
    """Take frames to the end, and yield when they came."""
    while True:
        try:
            if captured := source.take(1):
                yield captured.stamp
        except EOFError:
            return


def test_a_file_begins_again_if_that_is_asked_for(tmp_path):
    clip = make_clip(tmp_path / "in.mp4", times=range(5), sound=False)
    with LiveSource(address(str(clip), loops=True)) as source:
        stamps = [stamp for stamp, _ in zip(iter_stamps(source), range(12), strict=False)]
        assert source.lost == 0
    assert stamps[-1] - stamps[0] >= 11 / 30 - 0.05


def test_times_of_a_file_may_be_missing_or_jump():
    playback = Playback(Fraction(10))
    times = [5.0, 5.5, None, 7.0, 2.0, 2.1, 500.0, 500.0]
    positions = [playback.position(time) for time in times]
    assert positions == pytest.approx([0, 0.5, 0.6, 2.0, 2.1, 2.2, 2.3, 2.4])


def test_a_named_camera_is_looked_up():
    with pytest.raises(InputError, match="there is"):
        camera("no such name")
