"""A video is opened once: its facts, the read of all of it, and further reads beside that one."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import FrozenInstanceError
from fractions import Fraction

import av
import numpy as np
import pytest

from tests.clips import make_clip
from vidstyle import InputError, Reading
from vidstyle.media.color import ColorConverter
from vidstyle.media.video import Video


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """Four seconds with sound, and with pictures that no other refers to."""
    return make_clip(tmp_path_factory.mktemp("clip") / "in.mp4", times=range(120))


def seconds(frame):
    return frame.pts * frame.time_base


def same(one, other):
    """Tell whether two lists of frames are alike in all that a frame holds."""
    return len(one) == len(other) and all(
        (a.pts, a.time_base, a.duration, a.color) == (b.pts, b.time_base, b.duration, b.color)
        and np.array_equal(a.pixels, b.pixels)
        and (a.alpha is None if b.alpha is None else np.array_equal(a.alpha, b.alpha))
        for a, b in zip(one, other, strict=True)
    )


def test_the_facts_are_known_before_the_frames_and_do_not_change(tmp_path):
    path = make_clip(tmp_path / "in.mp4", rotation=90, aspect=Fraction(4, 3), color=(2, 0, 2, 2))
    with Video.open(path, Reading(start=Fraction(1, 2))) as video:
        facts = video.picture
        assert (facts.width, facts.height, facts.pixel_format) == (128, 96, "yuv420p")
        assert (video.info.width, video.info.height) == (96, 128)
        assert video.info.sample_aspect_ratio == Fraction(3, 4)
        assert facts.turned
        assert facts.color_is_guessed
        assert not facts.interlaced
        assert not video.accelerated
        assert video.passthrough.origin == Fraction(1, 2)
        assert [s.type for s in video.passthrough.streams] == ["audio"]
        with pytest.raises(FrozenInstanceError):
            video.info = None
        before = facts, video.info
        assert len(list(video.frames)) == 15
        assert (video.picture, video.info) == before


def test_one_video_serves_its_facts_the_whole_and_further_reads_at_once(clip):
    with Video.open(clip) as alone:
        whole = list(alone.frames)
    assert len(whole) == 120
    places = [Fraction(n, 30) for n in (0, 17, 48, 100)]
    with Video.open(clip) as video, ThreadPoolExecutor(5) as pool:
        everything = pool.submit(list, video.frames)
        reads = [pool.submit(list, video.read(place)) for place in places]
        assert video.info.frames == 120
        assert same(everything.result(), whole)
        for place, read in zip(places, reads, strict=True):
            assert same(read.result(), [f for f in whole if seconds(f) >= place])
        assert sum(map(len, video.passthrough._packets.values())) > 100
        assert video.damage == 0


@pytest.mark.parametrize(
    ("ending", "made", "wishes"),
    [
        ("mp4", {"rotation": 90}, {"size": (48, -1)}),
        ("mov", {"codec": "libx264", "pixel_format": "yuv420p10le"}, {"start": Fraction(1, 4)}),
        ("mkv", {"rate": 24, "time_base": Fraction(1001, 24000)}, {"end": Fraction(2)}),
        ("ts", {}, {}),
        ("ts", {"codec": "mpeg2video"}, {}),
        ("avi", {}, {"start": Fraction(2, 5), "end": Fraction(3, 2)}),
        ("webm", {"codec": "libvpx-vp9", "sound": False, "color": (2, 0, 2, 2)}, {}),
        ("mov", {"codec": "qtrle", "pixel_format": "argb", "sound": False}, {"precise": True}),
    ],
)
def test_a_read_from_a_time_gives_the_frames_of_the_whole_from_there(
    tmp_path, ending, made, wishes
):
    path = make_clip(tmp_path / f"in.{ending}", times=range(90), **made)
    with Video.open(path, Reading(**wishes)) as video:
        whole = list(video.frames)
        assert len(whole) > 30
        for index in (0, 1, len(whole) // 2, len(whole) - 1):
            assert same(list(video.read(seconds(whole[index]))), whole[index:])


def test_a_read_may_end_and_leave_frames_out(clip):
    with Video.open(clip) as video:
        whole = list(video.frames)
        part = list(video.read(Fraction(1), Fraction(2), step=Fraction(1, 4)))
        assert [round(seconds(f) * 30) for f in part] == [30, 38, 46, 54]
        few = list(video.read(referenced_only=True))
        assert 30 <= len(few) <= 100
        by_time = {seconds(f): f for f in whole}
        assert all(np.array_equal(f.pixels, by_time[seconds(f)].pixels) for f in few)
        assert len(list(video.read(max_pictures=7))) == 7
    with Video.open(clip, Reading(end=Fraction(3, 2))) as video:
        assert seconds(list(video.read(Fraction(1), Fraction(9)))[-1]) == Fraction(44, 30)


def test_a_read_begins_at_the_keyframe_before(tmp_path):
    path = make_clip(tmp_path / "in.mp4", codec="mpeg4", times=range(90))  # a keyframe every 12
    with Video.open(path) as video:
        frames = list(video.read(Fraction(83, 30), max_pictures=12))
        assert [round(seconds(f) * 30) for f in frames] == [83]
        assert list(video.read(Fraction(83, 30), max_pictures=11)) == []


def test_a_read_makes_no_frames_for_another_rate(clip):
    with Video.open(clip, Reading(fps=Fraction(10))) as video:
        assert len(list(video.frames)) == 40
        assert len(list(video.read(Fraction(3)))) == 30


def test_alpha_may_be_left_out_of_a_read(tmp_path):
    path = make_clip(tmp_path / "in.mov", codec="qtrle", pixel_format="argb", sound=False)
    with Video.open(path) as video:
        assert next(video.frames).alpha is not None
        assert next(video.read()).alpha is not None
        assert next(video.read(alpha=False)).alpha is None


def test_damage_is_counted_once_however_often_it_is_read(clip, tmp_path, caplog):
    broken = tmp_path / "in.ts"
    with av.open(str(clip)) as source, av.open(str(broken), "w") as output:
        video = output.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.size:
                packet.stream = video
                output.mux(packet)
    data = bytearray(broken.read_bytes())
    data[len(data) // 3 : len(data) // 3 + 2000] = bytes([0x47]) * 2000
    broken.write_bytes(data)
    with Video.open(broken) as video:
        list(video.frames)
        damage, warned = video.damage, len(caplog.records)
        assert damage > 0
        frames = list(video.read())
        assert len(frames) > 60
        assert not any(f.damaged for f in frames)
        assert (video.damage, len(caplog.records)) == (damage, warned)


def test_a_pipe_and_a_stream_without_times_are_read_only_once(clip, tmp_path, monkeypatch):
    matroska = make_clip(tmp_path / "in.mkv", times=range(20))
    with matroska.open() as file:
        monkeypatch.setattr(sys, "stdin", file)
        with Video.open(type(clip)("-")) as video:
            assert len(list(video.frames)) == 20
            with pytest.raises(InputError, match="read only once"):
                next(video.read())
            with pytest.raises(InputError, match="read only once"):
                video.packet_times(1)
    bare = make_clip(tmp_path / "in.h264", sound=False)
    with Video.open(bare) as video, pytest.raises(InputError, match="holds no times"):
        next(video.read())


def test_times_of_packets_come_in_order_without_decoding(clip):
    with Video.open(clip) as video:
        base = video.stream.time_base
        times = video.packet_times(40)
        assert len(times) == 40
        assert times == sorted(times)
        assert times[0] * base == 0
        assert len(list(video.frames)) == 120


def test_closing_ends_the_read_of_all_frames(clip):
    with Video.open(clip) as video:
        next(video.frames)
    assert list(video.frames) == []


def test_a_keyframe_is_what_the_frame_of_a_time_is_decoded_from(tmp_path):
    clip = make_clip(tmp_path / "in.mkv", times=range(100), size=(64, 48), codec="mpeg4")
    with av.open(str(clip)) as file:
        keys = [p.pts * p.time_base for p in file.demux(video=0) if p.size and p.is_keyframe]
    with Video.open(clip) as video:
        whole = {f.pts * f.time_base: f.pixels for f in video.frames}
        for time in (Fraction(2), Fraction(3)):
            found = video.keyframe(time)
            key = max(k for k in keys if k <= time)
            assert found.pts * found.time_base == key > 0
            assert np.array_equal(found.pixels, whole[key])
    with Video.open(clip, Reading(start=Fraction(1))) as video:
        assert video.keyframe(Fraction(0)) is None, "it lies before the start"


def test_reads_of_a_thread_share_their_tables(clip, monkeypatch):
    """Those for HDR take seconds to make."""
    used = set()
    usual = ColorConverter.to_rgb

    def to_rgb(self, *args, **options):
        used.add(self)
        return usual(self, *args, **options)

    monkeypatch.setattr(ColorConverter, "to_rgb", to_rgb)
    with Video.open(clip) as video, ThreadPoolExecutor(1) as other:
        parts = [(Fraction(n, 10), Fraction(n + 1, 10)) for n in range(4)]
        assert all(list(video.read(*part)) for part in parts)
        assert len(used) == 2, "one for these, one for the read of everything"
        assert other.submit(lambda: list(video.read(*parts[0]))).result()
        assert len(used) == 3
