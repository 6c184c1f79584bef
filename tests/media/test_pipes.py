"""vidstyle as a link in a chain: standard input and output, ffmpeg as the judge on both ends."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from tests.media.media import ffmpeg

pytestmark = pytest.mark.usefixtures("judge")

RUN = [sys.executable, "-m", "vidstyle", "run", "-"]


def chain(data, *options):
    """Pipe bytes through `vidstyle run -`."""
    return subprocess.run([*RUN, *map(str, options)], input=data, capture_output=True, check=False)


def piped(data, *options):
    done = chain(data, "-s", "identity", "-o", "-", *options)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def frame_sums(data, kind):
    """Return time and checksum of every frame in RGB, by ffmpeg, times in milliseconds."""
    made = subprocess.run(
        [
            *("ffmpeg", "-v", "error", "-f", kind, "-i", "-", "-map", "0:v", "-pix_fmt", "rgb24"),
            *("-fps_mode", "passthrough", "-enc_time_base", "1:1000", "-f", "framemd5", "-"),
        ],
        input=data,
        capture_output=True,
        check=True,
    )
    rows = [r.split(",") for r in made.stdout.decode().splitlines() if not r.startswith("#")]
    return [(int(r[2]), r[5].strip()) for r in rows]


def packet_sums(data, kind, stream="a"):
    """Return checksums of the packets of the sound, or of another kind of stream."""
    command = ["ffmpeg", "-v", "error", "-f", kind, "-i", "-", "-map", f"0:{stream}", "-c", "copy"]
    made = subprocess.run(
        [*command, "-f", "framemd5", "-"], input=data, capture_output=True, check=True
    )
    rows = [r.split(",") for r in made.stdout.decode().splitlines() if not r.startswith("#")]
    return [r[5].strip() for r in rows]


def planes(data, kind):
    """Return the samples of frames of 64x48 in YUV 4:4:4, (N, 3, 48, 64)."""
    command = ["ffmpeg", "-v", "error", "-f", kind, "-i", "-", "-pix_fmt", "yuv444p"]
    made = subprocess.run(
        [*command, "-f", "rawvideo", "-"], input=data, capture_output=True, check=True
    )
    return np.frombuffer(made.stdout, np.uint8).reshape(-1, 3, 48, 64).astype(int)


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """RGB, so that identity is exact, with sound and uneven times, as nut."""
    path = tmp_path_factory.mktemp("pipes") / "clip.nut"
    ffmpeg(
        *("-f", "lavfi", "-i", "testsrc2=s=64x48:r=25:d=2,select='not(eq(mod(n,4),1))'"),
        *("-f", "lavfi", "-i", "sine=d=2", "-fps_mode", "passthrough", "-pix_fmt", "rgb24"),
        *("-c:v", "rawvideo", "-c:a", "aac", path),
    )
    return path.read_bytes()


@pytest.fixture(scope="module")
def even(tmp_path_factory):
    """The same at an even rate, for formats without times."""
    path = tmp_path_factory.mktemp("pipes") / "even.nut"
    source = "testsrc2=s=64x48:r=25:d=1"
    ffmpeg("-f", "lavfi", "-i", source, "-pix_fmt", "rgb24", "-c:v", "rawvideo", path)
    return path.read_bytes()


@pytest.mark.parametrize(
    ("kind", "options"),
    [("nut", []), ("matroska", ["--codec", "ffv1"])],
)
def test_frames_times_and_sound_go_through(clip, kind, options):
    out = piped(clip, "--from", "nut", "--to", kind, *options)
    assert frame_sums(out, kind) == frame_sums(clip, "nut")
    assert packet_sums(out, kind) == packet_sums(clip, "nut")


@pytest.mark.parametrize("kind", ["mpegts", "mp4"])
def test_compressed_formats_keep_times_and_sound(clip, kind, tmp_path):
    out = piped(clip, "--to", kind)
    times = [t for t, _ in frame_sums(out, kind)]
    expected = [t for t, _ in frame_sums(clip, "nut")]
    assert len(times) == len(expected)
    assert np.abs(np.diff(times) - np.diff(expected)).max() <= 1
    if kind == "mp4":  # MPEG-TS puts a header before each packet of AAC
        assert packet_sums(out, kind) == packet_sums(clip, "nut")
    assert len(packet_sums(out, kind)) == len(packet_sums(clip, "nut"))


def test_formats_without_times(even):
    raw = piped(even, "--to", "rawvideo")
    assert len(raw) == 25 * 64 * 48 * 3
    again = piped(
        raw,
        *("--from", "rawvideo", "--size", "64x48", "--pix-fmt", "rgb24", "--fps", "25"),
        *("--to", "nut"),
    )
    assert frame_sums(again, "nut") == frame_sums(even, "nut")
    y4m = piped(even, "--to", "y4m", "--pix-fmt", "yuv444p")
    assert y4m.startswith(b"YUV4MPEG2 W64 H48 F25:1")
    back = piped(y4m, "--from", "yuv4mpegpipe", "--to", "y4m")
    one, other = (planes(d, "yuv4mpegpipe") for d in (y4m, back))
    assert one.shape == other.shape == (25, 3, 48, 64)
    assert np.abs(one - other).max() <= 2


def test_ten_bits_through_y4m(tmp_path):
    deep = tmp_path / "deep.y4m"
    ffmpeg(
        *("-f", "lavfi", "-i", "testsrc2=s=64x48:r=10:d=0.5,format=yuv420p10le"),
        *("-strict", "-1", deep),
    )
    out = piped(deep.read_bytes(), "--to", "y4m")
    assert b"C420p10" in out[:100]


@pytest.mark.parametrize("kind", ["matroska", "mpegts"])
def test_these_are_read_from_a_pipe_too(kind, clip):
    first = piped(clip, "--to", kind)
    again = piped(first, "--to", "nut")
    times, expected = ([t for t, _ in frame_sums(d, "nut")] for d in (again, clip))
    assert np.abs(np.diff(times) - np.diff(expected)).max() <= 1
    assert len(packet_sums(again, "nut")) == len(packet_sums(clip, "nut"))


@pytest.mark.parametrize("flags", ["+faststart", "frag_keyframe+empty_moov", None])
def test_mp4_from_a_pipe(flags, tmp_path):
    """Where its index comes first; at its end it is of no use to who cannot go back, and the line says so."""
    path = tmp_path / "in.mp4"
    noise = "testsrc2=s=320x240:r=25:d=1,noise=alls=80:allf=t"  # more bytes than are read ahead
    moved = ["-movflags", flags] if flags else []
    ffmpeg("-f", "lavfi", "-i", noise, "-c:v", "libx264", "-qp", "4", *moved, path)
    done = chain(path.read_bytes(), "-s", "identity", "-o", "-", "--to", "nut")
    if flags:
        assert done.returncode == 0, done.stderr.decode()
        assert [t for t, _ in frame_sums(done.stdout, "nut")] == [40 * n for n in range(25)]
    else:
        assert done.returncode == 2
        assert done.stderr.decode().count("\n") == 1
        assert "-movflags frag_keyframe+empty_moov" in done.stderr.decode()


def test_subtitles_go_through(even, tmp_path):
    (tmp_path / "in.srt").write_text("1\n00:00:00,200 --> 00:00:00,700\nA line.\n")
    made = tmp_path / "in.mkv"
    (tmp_path / "in.nut").write_bytes(even)
    both = ("-i", tmp_path / "in.nut", "-i", tmp_path / "in.srt", "-c:v", "ffv1", made)
    ffmpeg(*both)
    out = piped(made.read_bytes(), "--to", "matroska", "--codec", "ffv1")
    assert packet_sums(out, "matroska", "s") == packet_sums(made.read_bytes(), "matroska", "s")
    assert frame_sums(out, "matroska") == frame_sums(even, "nut")


def test_nothing_but_media_on_standard_output(clip, picture):
    done = chain(clip, "-s", picture, "-o", "-", "--to", "nut", "--device", "cpu")
    assert done.returncode == 0
    assert done.stdout.startswith(b"nut/multimedia container")
    assert len(frame_sums(done.stdout, "nut")) == len(frame_sums(clip, "nut"))
    assert b"37 frames" in done.stderr


def test_a_file_named_by_format_and_start_and_end(clip, tmp_path):
    (tmp_path / "media").write_bytes(clip)
    out = tmp_path / "out"
    run = [*RUN[:-1], tmp_path / "media", "-s", "identity", "-o", out, "--to", "nut", "-q"]
    subprocess.run(run, check=True)
    assert frame_sums(out.read_bytes(), "nut") == frame_sums(clip, "nut")
    part = piped(clip, "--to", "nut", "--start", "1", "--end", "1.5")
    times = [t for t, _ in frame_sums(clip, "nut")]
    assert len(frame_sums(part, "nut")) == sum(1000 <= t < 1500 for t in times)


@contextlib.contextmanager
def running(*options, **streams):
    """Start `vidstyle run -` with pipes on all sides but those that are given."""
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE) | streams
    with subprocess.Popen([*RUN, *map(str, options)], **pipes) as process:
        try:
            yield process
        finally:
            process.kill()
            with contextlib.suppress(BrokenPipeError):
                process.stdin.close()


def test_a_reader_that_leaves_ends_it_quietly(clip):
    with running("-s", "identity", "-o", "-", "--to", "nut") as process:
        process.stdout.close()
        with contextlib.suppress(BrokenPipeError):
            process.stdin.write(clip)
            process.stdin.close()
        assert process.wait(20) == 141
        assert process.stderr.read() == b""


@pytest.mark.parametrize("frames", [0, 10])
def test_a_signal_ends_an_idle_pipe(frames, even):
    """Ctrl-C while nothing comes: before the first byte, and in the middle."""
    sink = {"stdout": subprocess.DEVNULL}
    with running("-s", "identity", "-o", "-", "--to", "nut", **sink) as process:
        process.stdin.write(even[: frames * 64 * 48 * 3])
        process.stdin.flush()
        time.sleep(2)
        process.send_signal(signal.SIGINT)
        started = time.monotonic()
        assert process.wait(10) == 130
        assert time.monotonic() - started < 2
        assert process.stderr.read() == b"vidstyle: interrupted\n"


def test_a_signal_ends_it_while_nobody_reads(even):
    with running("-s", "identity", "-o", "-", "--to", "nut", "-q") as process:
        os.set_blocking(process.stdin.fileno(), False)
        deadline = time.monotonic() + 3
        left = memoryview(even)
        while left and time.monotonic() < deadline:  # more than a pipe holds
            if select.select([], [process.stdin], [], 0.1)[1]:
                left = left[os.write(process.stdin.fileno(), left[:4096]) :]
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 130
        assert process.stderr.read() == b"vidstyle: interrupted\n"


def test_each_frame_comes_before_the_next_is_sent(picture):
    size = 64 * 48 * 3
    raw = ["--from", "rawvideo", "--size", "64x48", "--pix-fmt", "rgb24", "--fps", "25"]
    out = ["-o", "-", "--to", "rawvideo", "--low-latency", "-q", "--device", "cpu"]
    with running("-s", picture, *out, *raw) as process:
        for _ in range(8):
            process.stdin.write(bytes(size))
            process.stdin.flush()
            assert len(process.stdout.read(size)) == size  # waits for ever if it is held back
        process.stdin.close()
        assert process.stdout.read() == b""
        assert process.wait(10) == 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["-s", "identity"], "name the output"),
        (["-s", "identity", "-o", "-"], "--to nut"),
        (["-s", "identity", "-o", "-", "--to", "flv"], "cannot write flv"),
        (["-s", "identity", "-o", "-", "--to", "nut"], "cannot read standard input"),
        (["-s", "identity", "-o", "-", "--to", "nut", "--from", "nonsense"], "no format is called"),
        (["-s", "identity", "-o", "-", "--to", "nut", "--from", "rawvideo"], "tell --size"),
    ],
)
def test_one_line_for_what_cannot_be(options, message):
    done = chain(b"no media at all", *options)
    assert done.returncode == 2
    assert done.stdout == b""
    assert message in done.stderr.decode()
    assert done.stderr.count(b"\n") == 1
