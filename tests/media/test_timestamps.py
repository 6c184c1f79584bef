"""Every frame keeps its own time; ffprobe is the judge."""

from __future__ import annotations

import itertools
import subprocess
from fractions import Fraction

import av
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import vidstyle
from tests.clips import make_clip, pattern
from vidstyle.media.source import FileSource


def test_even_times_and_sound_are_kept(base, tmp_path, judge):
    out = tmp_path / "out.mp4"
    summary = vidstyle.stylize(base, "identity", out).summary
    assert summary.frames == 30
    assert judge.times(out) == judge.times(base)
    assert judge.packets_md5(out) == judge.packets_md5(base)
    sound, original = judge.stream(out, "a:0"), judge.stream(base, "a:0")
    for key in ("start_pts", "nb_frames", "sample_rate", "codec_name"):
        assert sound[key] == original[key]
    # The input tells its length to the millisecond.
    assert float(sound["duration"]) == pytest.approx(float(original["duration"]), abs=0.001)


def test_uneven_times_are_kept(vfr, tmp_path, judge):
    out = tmp_path / "out.mp4"
    vidstyle.stylize(vfr, "identity", out)
    times = judge.times(vfr)
    assert len({round(float(b) - float(a), 3) for a, b in itertools.pairwise(times)}) > 1
    assert judge.times(out) == times


def test_matroska_keeps_them_to_the_millisecond(tmp_path, judge):
    # Without sound: AAC's priming begins before 0, and Matroska shifts all by it, as in ffmpeg.
    vfr = make_clip(tmp_path / "vfr.mp4", times=[*range(10), *range(11, 40, 3)], sound=False)
    out = tmp_path / "out.mkv"
    vidstyle.stylize(vfr, "identity", out)
    pairs = zip(judge.times(vfr), judge.times(out), strict=True)
    assert all(abs(float(a) - float(b)) <= 0.001 for a, b in pairs)


@pytest.mark.parametrize("name", ["out.mp4", "out.mkv"])
def test_the_last_frame_is_held_as_long(tmp_path, name):
    """A slide show: the hold of the last picture is in no timestamp, only in its duration."""
    clip, out, base = tmp_path / "in.mkv", tmp_path / name, Fraction(1, 1000)
    with av.open(str(clip), "w") as output:
        stream = output.add_stream("ffv1", rate=1)
        stream.width, stream.height, stream.pix_fmt = 32, 32, "yuv420p"
        stream.codec_context.time_base = stream.time_base = base
        for pts, duration in ((0, 2000), (2000, 8000)):
            frame = av.VideoFrame.from_ndarray(pattern(pts, 32, 32), format="rgb24")
            frame.pts, frame.time_base = pts, base
            for packet in stream.encode(frame):
                packet.duration = duration
                output.mux(packet)
    vidstyle.stylize(clip, "identity", out)
    with FileSource(out) as source:
        held = [(f.pts * f.time_base, (f.duration or 0) * f.time_base) for f in source]
    assert held == [(0, 2), (2, 8)]


def test_a_late_start_is_subtracted_from_all_streams(base, tmp_path, judge):
    """MPEG-TS starts at 1.4 s; ffmpeg starts its output at 0 and keeps the offset of the sound."""
    ts, out = tmp_path / "late.ts", tmp_path / "out.mp4"
    copy = ["ffmpeg", "-v", "error", "-i", str(base), "-c", "copy", str(ts)]
    subprocess.run(copy, check=True)
    assert float(judge.times(ts)[0]) > 1.0
    vidstyle.stylize(ts, "identity", out)

    def start(path, kind):
        return float(judge.stream(path, kind)["start_time"])

    offset = start(ts, "v:0") - start(ts, "a:0")
    assert start(out, "v:0") - start(out, "a:0") == pytest.approx(offset, abs=0.002)
    assert min(start(out, "v:0"), start(out, "a:0")) == pytest.approx(0, abs=0.002)


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    gaps=st.lists(st.integers(1, 9000), min_size=1, max_size=12),
    time_base=st.sampled_from([Fraction(1, 90000), Fraction(1001, 30000), Fraction(1, 12345)]),
)
def test_any_increasing_times_survive(tmp_path, gaps, time_base):
    times = [0]
    for gap in gaps:
        times.append(times[-1] + gap)
    clip, out = tmp_path / "clip.mp4", tmp_path / "out.mp4"
    make_clip(clip, times=times, time_base=time_base, size=(32, 32), sound=False)
    vidstyle.stylize(clip, "identity", out, overwrite=True)

    def seconds(path):
        with FileSource(path) as source:
            return [f.pts * f.time_base for f in source]

    assert seconds(out) == seconds(clip)


@pytest.mark.parametrize("ending", ["mp4", "mov"])
def test_a_last_frame_of_a_tick_is_not_cut_off(tmp_path, judge, ending):
    """The length of a track is rounded to ticks of the movie, a millisecond by default."""
    times = [0, 1, 2, 2970]
    clip, out = tmp_path / "clip.mp4", tmp_path / f"out.{ending}"
    make_clip(clip, times=times, time_base=Fraction(1, 90000), size=(32, 32), sound=False)
    vidstyle.stylize(clip, "identity", out)
    assert [round(90000 * float(t)) for t in judge.times(out)] == pytest.approx(times, abs=0.5)
    with FileSource(out) as source:
        assert [f.pts * f.time_base * 90000 for f in source] == times
