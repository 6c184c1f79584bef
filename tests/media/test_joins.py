"""Times in formats whose clocks may jump: pauses are kept, joined recordings run on, in sync."""

from __future__ import annotations

import itertools
from fractions import Fraction
from types import SimpleNamespace

import numpy as np
import pytest

from tests.conftest import vidstyle as command
from tests.media.media import ffmpeg
from vidstyle.media.joins import Joins
from vidstyle.media.source import FileSource
from vidstyle.media.video import Video

GONE = "lt(t,3)+gt(t,19)"
CODECS = {
    "ts": ("-c:v", "libx264", "-preset", "ultrafast", "-bf", "2", "-c:a", "aac"),
    "mpg": ("-c:v", "mpeg2video", "-bf", "0", "-c:a", "mp2"),
    "vob": ("-c:v", "mpeg2video", "-bf", "2", "-c:a", "mp2"),
    "m2ts": ("-c:v", "libx264", "-preset", "ultrafast", "-c:a", "ac3"),
}


LENGTHS = {"a": 1, "b": 2, "c": 1, "d": 2}
"""Seconds of the recordings that are joined."""
AHEAD = {"c": 1000, "d": 2000}


def make(path, seconds, *options, sound=True, kind=None):
    """A clip at 10 frames a second with a tone, in the codecs of its kind."""
    tone = ("-f", "lavfi", "-i", f"sine=440:d={seconds}") if sound else ()
    codecs = CODECS[kind or path.suffix[1:]]
    rate = () if "libx264" in codecs else ("-r", "25")
    ffmpeg(
        *("-f", "lavfi", "-i", f"testsrc2=s=64x48:r={25 if rate else 10}:d={seconds}", *tone),
        *(*codecs, *options, path),
    )
    return path


@pytest.fixture(scope="module")
def parts(tmp_path_factory, judge):
    """Recordings by name and ending; c and d begin with their clocks far ahead. What each holds alone."""
    folder, made = tmp_path_factory.mktemp("parts"), {}

    def part(name, ending):
        if (name, ending) not in made:
            place = folder / f"{name}.{ending}"
            make(place, LENGTHS[name], "-output_ts_offset", str(AHEAD.get(name, 0)))
            made[name, ending] = place, read(place)
        return made[name, ending]

    return part


def joined(path, *parts):
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    return path


def read(path):
    """Times of the frames and of the sound's packets, the damage, and the source's facts."""
    with FileSource(path) as source:
        frames = [float(f.pts * f.time_base) for f in source]
        beside = source.passthrough
        sound = [
            float(p.pts * p.time_base - beside.origin)
            for packets in beside._packets.values()
            for p in packets
            if p.stream.type == "audio"
        ]
        return frames, sound, source.damage


def gaps(times, longest):
    return [(round(a), round(b)) for a, b in itertools.pairwise(times) if b - a > longest]


@pytest.mark.parametrize("ending", ["ts", "mpg", "vob", "m2ts"])
def test_a_pause_of_the_picture_is_kept_where_the_sound_runs_on(tmp_path, judge, caplog, ending):
    cut = ("-vf", f"select='{GONE}'", "-fps_mode", "vfr")
    frames, sound, damage = read(make(tmp_path / f"in.{ending}", 22, *cut))
    assert gaps(frames, 0.5) == [(3, 19)]
    assert gaps(sound, 0.5) == []
    assert frames[-1] == pytest.approx(22, abs=0.15)
    assert sound[-1] == pytest.approx(22, abs=0.1)
    assert (damage, caplog.records) == (0, [])


@pytest.mark.parametrize("ending", ["ts", "mpg"])
def test_a_pause_of_the_sound_is_kept_where_the_picture_runs_on(tmp_path, judge, caplog, ending):
    frames, sound, damage = read(make(tmp_path / f"in.{ending}", 22, "-af", f"aselect='{GONE}'"))
    assert gaps(sound, 0.5) == [(3, 19)]
    assert gaps(frames, 0.5) == []
    assert (damage, caplog.records) == (0, [])


@pytest.mark.parametrize("ending", ["ts", "mpg"])
def test_a_pause_of_both_is_left_out_of_both(tmp_path, judge, caplog, ending):
    cut = ("-vf", f"select='{GONE}'", "-fps_mode", "vfr", "-af", f"aselect='{GONE}'")
    frames, sound, damage = read(make(tmp_path / f"in.{ending}", 22, *cut))
    assert gaps(frames, 0.5) == gaps(sound, 0.5) == []
    assert frames[-1] == pytest.approx(6, abs=0.2)
    assert abs(frames[-1] - sound[-1]) < 0.15
    assert damage == 0
    (record,) = caplog.records
    assert "jump at 3." in record.getMessage() or "jump at 2.9" in record.getMessage()


@pytest.mark.parametrize("order", ["ab", "ba", "abab", "cd", "dc", "ac", "ca", "aca"])
@pytest.mark.parametrize("ending", ["ts", "mpg"])
def test_joined_recordings_run_on_in_sync(tmp_path, parts, caplog, ending, order):
    """Whether the clock of the next one begins before or behind, and however often."""
    files, alone = zip(*(parts(name, ending) for name in order), strict=True)
    frames, sound, damage = read(joined(tmp_path / f"all.{ending}", *files))
    assert damage == 0
    assert len(frames) == sum(len(f) for f, _, _ in alone)
    assert np.diff(frames).min() > 0.03
    assert np.diff(frames).max() < 0.25
    assert np.diff(sound).min() > 0
    warnings = [r.getMessage() for r in caplog.records]
    assert len(warnings) == len(order) - 1
    total = np.cumsum([LENGTHS[name] for name in order])
    for warning, time in zip(warnings, total, strict=False):
        told = float(warning.split("jump at ")[1].split(" s")[0])
        assert told == pytest.approx(time, abs=0.25)
    # Sync: each part's first frame lies as far from its first packet of sound as it does alone.
    first_frames = np.cumsum([0, *(len(f) for f, _, _ in alone)])
    first_sounds = np.cumsum([0, *(len(s) for _, s, _ in alone)])
    for index, (f, s, _) in enumerate(alone):
        late = frames[first_frames[index]] - sound[first_sounds[index]]
        assert late == pytest.approx(f[0] - s[0], abs=0.05)


@pytest.mark.parametrize("ending", ["ts", "mpg"])
def test_joined_recordings_without_sound_run_on(tmp_path, judge, caplog, ending):
    far = make(tmp_path / f"far.{ending}", 1, "-output_ts_offset", "1000", sound=False)
    near = make(tmp_path / f"near.{ending}", 1, sound=False)
    frames, _, damage = read(joined(tmp_path / f"all.{ending}", near, far, near))
    assert damage == 0
    assert np.ptp(np.diff(frames)) < 0.01
    assert len(caplog.records) == 2


def test_a_join_of_a_recording_that_begins_between_keyframes(tmp_path, judge, caplog):
    """As stations cut: what cannot be decoded there is not damage."""
    part = make(tmp_path / "part.ts", 4, "-g", "10", "-bf", "0")
    data = part.read_bytes()
    tail = tmp_path / "tail.ts"
    tail.write_bytes(data[len(data) // 188 * 2 // 5 * 188 :])
    frames, _, damage = read(joined(tmp_path / "all.ts", part, tail))
    assert damage == 0
    assert 55 < len(frames) < 70
    assert len(caplog.records) == 1


def test_joins_of_short_clips_lose_nothing(tmp_path, judge):
    part = make(tmp_path / "part.mpg", 0.4)
    frames, _, damage = read(joined(tmp_path / "all.mpg", *[part] * 4))
    assert (len(frames), damage) == (4 * len(read(part)[0]), 0)


def test_a_clock_that_starts_over_after_26_hours_is_no_join(tmp_path, judge, caplog):
    frames, sound, _ = read(make(tmp_path / "in.ts", 12, "-output_ts_offset", "95436"))
    assert gaps(frames, 0.15) == gaps(sound, 0.15) == []
    assert caplog.records == []


class FakePacket:
    """As much of a packet as joins look at."""

    def __init__(self, kind, time, duration=Fraction(1)):
        self.stream = SimpleNamespace(index=kind, type=kind)
        self.time_base = Fraction(1, 1000)
        self.pts = self.dts = round(time * 1000)
        self.duration = round(duration * 1000)
        self.size = 1


def test_subtitles_may_pause_for_long_and_move_with_the_rest():
    joins: list[float] = []
    packets = [FakePacket("video", n) for n in range(25)]
    packets[3:3] = [FakePacket("subtitle", 1)]
    packets[22:22] = [FakePacket("subtitle", 20)]
    again = [FakePacket("video", n) for n in range(5)]
    again[2:2] = [FakePacket("subtitle", 1)]
    moved = list(Joins(joins.append).run_on([*packets, *again]))
    assert joins == [25]
    times = [(p.stream.type, p.pts // 1000) for p in moved]
    assert [t for kind, t in times if kind == "video"] == list(range(30))
    assert [t for kind, t in times if kind == "subtitle"] == [1, 20, 26]


def test_one_wrong_time_is_no_join():
    joins: list[float] = []
    packets = [FakePacket(kind, n) for n in range(30) for kind in ("video", "audio")]
    packets[20].pts = packets[20].dts = 3000
    moved = list(Joins(joins.append).run_on(packets))
    assert joins == []
    expected = [3 if n == 10 else n for n in range(30)]
    assert [p.pts // 1000 for p in moved if p.stream.type == "video"] == expected
    assert [p.pts // 1000 for p in moved if p.stream.type == "audio"] == list(range(30))


def test_a_second_read_knows_a_pause_as_the_first(tmp_path, judge):
    clip = make(tmp_path / "in.ts", 22, "-vf", f"select='{GONE}'", "-fps_mode", "vfr")
    with Video.open(clip) as video:
        whole = [f.pts * f.time_base for f in video.frames]
        assert [f.pts * f.time_base for f in video.read()] == whole
        behind = [time for time in whole if time >= Fraction(20)]
        assert [f.pts * f.time_base for f in video.read(Fraction(20))] == behind


def test_the_command_says_once_where_a_join_is(tmp_path, judge):
    part = make(tmp_path / "part.ts", 1)
    clip = joined(tmp_path / "in.ts", part, part)
    done = command("run", clip, "-s", "identity", "-o", tmp_path / "out.mkv", "-q")
    assert done.returncode == 0, done.stderr
    (line,) = done.stderr.strip().splitlines()
    assert "jump at 1." in line


def test_one_wrong_decoding_time_moves_nothing():
    joins: list[float] = []
    packets = [FakePacket(kind, n) for n in range(30) for kind in ("video", "audio")]
    packets[20].dts = -250
    moved = list(Joins(joins.append).run_on(packets))
    assert joins == []
    for kind in ("video", "audio"):
        assert [p.pts // 1000 for p in moved if p.stream.type == kind] == list(range(30))
