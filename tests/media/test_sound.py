"""Sound is heard when it was, whatever codec and container it goes to."""

from __future__ import annotations

import subprocess
from itertools import pairwise

import av
import numpy as np
import pytest

import vidstyle
from tests.media.media import ffmpeg

LAVFI = ("-f", "lavfi", "-i")
VIDEO = (*LAVFI, "testsrc2=s=64x48:r=10:d=2")


def run(source, out):
    return vidstyle.stylize(source, "identity", out).summary


def heard(path) -> np.ndarray:
    """Return the samples of the first sound, 8000 a second in -1 to 1, from time 0 on."""
    raw = ["ffmpeg", "-v", "error", "-i", path, "-vn", "-af", "aresample=async=1:first_pts=0"]
    out = subprocess.run(
        [*raw, "-ac", "1", "-ar", "8000", "-f", "s16le", "-"], capture_output=True, check=True
    ).stdout
    return np.frombuffer(out, np.int16) / 32768


def loud(path) -> np.ndarray:
    """Return where there is sound, every 10 ms of the first two seconds."""
    samples = np.zeros(16000)
    sound = heard(path)[:16000]
    samples[: len(sound)] = sound
    return np.abs(samples.reshape(200, 80)).max(1) > 0.02


@pytest.fixture(scope="module")
def pauses(tmp_path_factory, judge):
    """Sound from 0.3 to 0.8 s and from 1.3 s on, in ticks of a millisecond."""
    folder = tmp_path_factory.mktemp("pauses")

    def made(codec, *options):
        path = folder / f"{codec}.mkv"
        if not path.exists():
            sound = "sine=d=1.7,aselect='lt(t,0.5)+gt(t,1)'"
            ffmpeg(
                *(*VIDEO, "-itsoffset", "0.3", *LAVFI, sound, "-c:v", "libx264", "-bf", "0"),
                *("-c:a", codec, *options, path),
            )
        return path

    return made


@pytest.mark.parametrize(
    ("codec", "ending"),
    [
        ("pcm_s16le", "mp4"),
        ("pcm_s16le", "mov"),
        ("pcm_s16le", "webm"),
        ("pcm_s16le", "avi"),
        ("pcm_u8", "mov"),
        ("pcm_u8", "avi"),
        ("flac", "mkv"),
        ("flac", "mov"),
        ("flac", "avi"),
    ],
)
def test_pauses_and_a_late_beginning_keep_their_times(pauses, tmp_path, caplog, codec, ending):
    source, out = pauses(codec), tmp_path / f"out.{ending}"
    run(source, out)
    before, after = loud(source), loud(out)
    assert before.sum() == pytest.approx(120, abs=8)
    assert (before != after).sum() <= 16  # of 200: codecs blur four edges
    assert "too early" not in caplog.text


def test_a_pause_that_avi_cannot_hold_is_told(pauses, tmp_path, caplog):
    run(pauses("mp3"), tmp_path / "out.avi")
    assert caplog.text.count("comes too early from 0.00 s on") == 1


@pytest.mark.parametrize(
    ("rate", "ending"),
    [
        *((rate, "mp4") for rate in (44100, 48000, 16000, 22050, 32000)),
        *((44100, ending) for ending in ("webm", "mkv", "avi")),
    ],
)
def test_converted_sound_of_wmv_is_as_long_as_it_was(tmp_path, judge, rate, ending):
    clip, out = tmp_path / "in.wmv", tmp_path / f"out.{ending}"
    ffmpeg(
        *(*VIDEO, *LAVFI, "sine=d=2", "-c:v", "wmv2", "-c:a", "wmav2", "-ar", str(rate), clip),
    )
    assert run(clip, out).damaged == 0
    times = subprocess.run(
        ["ffprobe", "-v", "error", "-select_streams", "a:0", "-show_entries"]
        + ["packet=pts_time,duration_time", "-of", "csv=p=0", out],
        capture_output=True,
        check=True,
        text=True,
    ).stdout.split()
    packets = [[float(v or 0) for v in line.strip(",").split(",")] for line in times]
    starts = np.array([p[0] for p in packets])
    assert starts[-1] + packets[-1][-1] == pytest.approx(2.0, abs=0.12)
    assert max(p[-1] for p in packets[:-1]) < 0.15
    assert np.diff(starts).min() > 0
    assert len(heard(out)) / 8000 == pytest.approx(2.0, abs=0.12)


@pytest.mark.parametrize("ending", ["mkv", "flv"])
def test_sound_in_milliseconds_becomes_even(tmp_path, judge, ending):
    """Rounded times would be small gaps and overlaps, which players hear."""
    clip, out = tmp_path / f"in.{ending}", tmp_path / "out.webm"
    codecs = ("-c:v", "flv" if ending == "flv" else "libx264", "-c:a", "libmp3lame")
    ffmpeg(*VIDEO, *LAVFI, "sine=d=2", *codecs, "-ar", "44100", clip)
    run(clip, out)
    samples = heard(out)[2000:14000]
    assert np.abs(np.diff(samples)).max() < 0.06  # 0.125 x 2 pi 440 / 8000 = 0.043, and no clicks


@pytest.mark.parametrize(
    ("codec", "channels", "container"),
    [
        ("pcm_s16le", 2, "mkv"),
        ("pcm_s16le", 2, "avi"),
        ("pcm_s16le", 6, "nut"),
        ("pcm_s24le", 1, "mxf"),
        ("pcm_s32le", 2, "mov"),
        ("pcm_f32le", 2, "mov"),
        ("pcm_s16be", 1, "mov"),
    ],
)
def test_pcm_becomes_aac_in_mp4(tmp_path, judge, caplog, codec, channels, container):
    clip, out = tmp_path / f"in.{container}", tmp_path / "out.mp4"
    rate = 25 if container == "mxf" else 10
    ffmpeg(
        *(*LAVFI, f"testsrc2=s=64x48:r={rate}:d=1", *LAVFI, "sine=d=1", "-c:v", "mpeg2video"),
        *("-r", "25", "-c:a", codec, "-ac", str(channels), "-ar", "48000", clip),
    )
    run(clip, out)
    assert f"({codec}) becomes aac: few players know {codec} in mp4" in caplog.text
    stream = judge.stream(out, "a:0")
    assert (stream["codec_name"], stream["channels"]) == ("aac", channels)
    assert np.abs(heard(out)[2000:7000]).max() < 0.2  # noise is 4 times as loud


@pytest.mark.parametrize(
    ("codec", "container"),
    [
        ("pcm_s16le", "mkv"),
        ("pcm_s24le", "mkv"),
        ("pcm_f32le", "nut"),
        ("pcm_u8", "nut"),
        ("pcm_mulaw", "nut"),
    ],
)
def test_pcm_is_copied_to_mov(tmp_path, judge, caplog, codec, container):
    clip, out = tmp_path / f"in.{container}", tmp_path / "out.mov"
    ffmpeg(*VIDEO, *LAVFI, "sine=d=2", "-c:v", "libx264", "-c:a", codec, "-ac", "2", clip)
    run(clip, out)
    assert not caplog.text
    np.testing.assert_array_equal(heard(out), heard(clip))


@pytest.mark.parametrize(
    ("layout", "ending", "channels"),
    [
        ("5.1(side)", "webm", 6),
        ("5.1(side)", "avi", 2),
        ("4.0", "webm", 4),
        ("7.1", "mp4", 8),
        ("7.1", "avi", 2),
    ],
)
def test_surround_gets_the_nearest_layout(tmp_path, judge, caplog, layout, ending, channels):
    clip, out = tmp_path / "in.mkv", tmp_path / f"out.{ending}"
    ffmpeg(
        *(*VIDEO, *LAVFI, f"sine=d=2,aformat=cl={layout}", "-c:v", "libx264"),
        *("-c:a", "pcm_s16le" if ending == "mp4" else "flac", clip),
    )
    run(clip, out)
    assert judge.stream(out, "a:0")["channels"] == channels
    assert ("takes no more of them" in caplog.text) == (ending == "avi")
    assert np.abs(heard(out)).max() > 0.01


def test_sound_that_outlasts_the_video_stays_interleaved(tmp_path):
    clip = tmp_path / "in.mkv"
    two = (*LAVFI, "sine=d=40", *LAVFI, "sine=440:d=40", "-map", "0", "-map", "1", "-map", "2")
    ffmpeg(*VIDEO, *two, "-c:v", "libx264", "-c:a", "aac", clip)
    out = tmp_path / "out.mkv"
    run(clip, out)
    with av.open(out) as made:
        times = [float(p.pts * p.time_base) for p in made.demux() if p.size]
    assert times[-1] > 39
    assert max(a - b for a, b in pairwise(times)) < 3
