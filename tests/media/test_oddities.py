"""Legal but odd files, one for each way in which something was once lost."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
from fractions import Fraction

import numpy as np
import pytest

import vidstyle
from tests.clips import make_clip
from tests.conftest import ROOT
from tests.conftest import vidstyle as command
from tests.media.media import ffmpeg
from vidstyle import InputError, Reading, UsageError
from vidstyle.media.source import FileSource

LAVFI = ("-f", "lavfi", "-i")


def read(path, **wishes):
    with FileSource(path, Reading(**wishes)) as source:
        frames = list(source)
        return [float(f.pts * f.time_base) for f in frames], source.damage


def run(source, out, **wishes):
    return vidstyle.stylize(source, "identity", out, reading=Reading(**wishes)).summary


def test_avi_with_b_frames_keeps_every_frame_in_its_place(tmp_path, judge):
    clip = tmp_path / "in.avi"
    ffmpeg(*LAVFI, "testsrc2=s=64x48:r=10:d=2", "-c:v", "libx264", "-bf", "2", clip)
    times, damage = read(clip)
    assert len(times) == 20
    assert times == pytest.approx([i / 10 for i in range(20)])
    assert damage == 0
    run(clip, tmp_path / "out.avi")
    assert read(tmp_path / "out.avi")[0] == pytest.approx(times)


@pytest.mark.parametrize("ending", ["ts", "mpg"])
def test_joined_files_are_read_to_the_end(tmp_path, judge, ending):
    part, both = tmp_path / f"part.{ending}", tmp_path / f"both.{ending}"
    codecs = ("-c:v", "mpeg2video", "-c:a", "mp2")
    ffmpeg(*LAVFI, "testsrc2=s=64x48:r=25:d=2", *LAVFI, "sine=d=2", *codecs, part)
    both.write_bytes(part.read_bytes() * 2)
    times, _ = read(both)
    assert len(times) == 100
    gaps = np.diff(times)
    assert gaps.min() > 0.03
    assert gaps.max() < 0.12
    run(both, tmp_path / "out.mkv")
    assert float(judge.stream(tmp_path / "out.mkv", "a:0")["tags"]["DURATION"][6:]) > 3.8


@pytest.mark.parametrize("start", [Fraction(1, 2), Fraction(51, 10)])
@pytest.mark.parametrize("ending", ["ts", "mpg", "h264", "mkv"])
def test_a_cut_begins_where_it_should_in_every_container(tmp_path, judge, start, ending):
    clip = tmp_path / f"in.{ending}"
    codec = ("-c:v", "mpeg2video" if ending == "mpg" else "libx264", "-g", "100", "-bf", "0")
    ffmpeg(*LAVFI, "testsrc2=s=64x48:r=25:d=8", *codec, clip)
    times, damage = read(clip, start=start)
    assert len(times) == pytest.approx(25 * (8 - start), abs=1)
    assert 0 <= times[0] < 0.04
    assert damage == 0


def test_pauses_of_mov_text_are_no_empty_cues(tmp_path, judge):
    (tmp_path / "s.srt").write_text(
        "1\n00:00:00,500 --> 00:00:00,900\nOne\n\n2\n00:00:01,200 --> 00:00:01,500\nTwo\n"
    )
    clip, out = tmp_path / "in.mp4", tmp_path / "out.webm"
    ffmpeg(
        *(*LAVFI, "testsrc2=s=64x48:r=10:d=2", "-i", tmp_path / "s.srt"),
        *("-c:v", "libx264", "-c:s", "mov_text", clip),
    )
    run(clip, out)
    extract = ["ffmpeg", "-v", "error", "-i", out, "-map", "0:s", "-f", "srt", "-"]
    text = subprocess.run(extract, capture_output=True, text=True, check=True).stdout
    assert "One" in text
    assert "Two" in text
    assert "00:00:00,500" in text


def test_the_same_again_of_theora_is_no_damage(tmp_path, judge):
    clip = tmp_path / "in.ogv"
    try:
        # Ten equal frames: the encoder says "the same again".
        ffmpeg(*LAVFI, "color=s=64x48:r=10:d=1", "-c:v", "libtheora", clip)
    except subprocess.CalledProcessError:
        pytest.skip("this ffmpeg has no encoder of Theora")
    assert read(clip)[1] == 0


def test_a_longer_stream_that_is_not_read_is_no_truncation(tmp_path, judge):
    clip = tmp_path / "in.mkv"
    ffmpeg(
        *(*LAVFI, "testsrc2=s=64x48:r=10:d=1", *LAVFI, "testsrc2=s=64x48:r=10:d=4"),
        *("-map", "0", "-map", "1", "-c:v", "libx264", clip),
    )
    assert run(clip, tmp_path / "out.mkv").damaged == 0


def test_scaling_does_not_change_what_is_guessed_of_colors(tmp_path):
    clip = make_clip(
        tmp_path / "in.mkv", times=range(2), size=(1280, 720), color=(2, 0, 2, 2), sound=False
    )
    with FileSource(clip) as whole, FileSource(clip, Reading(size=(640, 360))) as scaled:
        assert scaled.info.color == whole.info.color
        one, other = next(iter(whole)).pixels, next(iter(scaled)).pixels
    assert np.abs(one.mean((0, 1)) - other.mean((0, 1))).max() < 1


def test_bits_that_change_on_the_way(tmp_path, judge):
    for name, layout in (("a", "yuv420p"), ("b", "yuv420p10le")):
        ffmpeg(
            *(*LAVFI, "color=gray:s=64x48:r=10:d=1", "-pix_fmt", layout, "-c:v", "libx264"),
            tmp_path / f"{name}.ts",
        )
    for order in ("ab", "ba"):
        both = tmp_path / f"{order}.ts"
        both.write_bytes(b"".join((tmp_path / f"{n}.ts").read_bytes() for n in order))
        with FileSource(both) as source:
            frames = list(source)
        assert len({f.pixels.dtype for f in frames}) == 1
        levels = [f.pixels.mean() / np.iinfo(f.pixels.dtype).max for f in frames]
        assert np.ptp(levels) < 0.02


def test_damage_of_converted_sound_is_told(tmp_path, judge):
    clip = tmp_path / "in.mkv"
    ffmpeg(
        *(*LAVFI, "testsrc2=s=64x48:r=10:d=3", *LAVFI, "sine=d=3"),
        *("-c:v", "libx264", "-c:a", "aac", clip),
    )
    sound = ["ffprobe", "-v", "error", "-select_streams", "a", "-show_entries", "packet=pos,size"]
    levels = subprocess.run([*sound, "-of", "csv=p=0", clip], capture_output=True, text=True).stdout
    data = bytearray(clip.read_bytes())
    for line in levels.split()[20:60]:
        size, place = map(int, line.strip(",").split(",")[:2])
        data[place + 8 : place + size] = bytes([0x5A]) * (size - 8)
    clip.write_bytes(data)
    assert run(clip, tmp_path / "out.webm").damaged > 0
    with pytest.raises(InputError, match="`strict`"):
        run(clip, tmp_path / "strict.webm", strict=True)
    assert not (tmp_path / "strict.webm").exists()


def test_sound_that_changes_its_channels_on_the_way(tmp_path, judge):
    for name, layout in (("a", "stereo"), ("b", "5.1")):
        ffmpeg(
            *(*LAVFI, "testsrc2=s=64x48:r=25:d=1", *LAVFI, f"sine=d=1,aformat=cl={layout}"),
            *("-c:v", "mpeg2video", "-c:a", "ac3", tmp_path / f"{name}.ts"),
        )
    both, out = tmp_path / "both.ts", tmp_path / "out.webm"
    both.write_bytes((tmp_path / "a.ts").read_bytes() + (tmp_path / "b.ts").read_bytes())
    run(both, out)
    assert float(judge.stream(out, "a:0")["tags"]["DURATION"][6:]) > 1.8


@pytest.mark.parametrize("codec", ["libopus", "flac"])
def test_sound_that_mov_promises_and_refuses_is_converted(tmp_path, judge, codec):
    clip, out = tmp_path / "in.mkv", tmp_path / "out.mov"
    ffmpeg(
        *(*LAVFI, "testsrc2=s=64x48:r=10:d=1", *LAVFI, "sine=d=1"),
        *("-c:v", "libx264", "-c:a", codec, clip),
    )
    run(clip, out)
    assert judge.stream(out, "a:0")["codec_name"] == "aac"


def test_a_sequence_is_never_its_own_output(tmp_path):
    clip = make_clip(tmp_path / "in.mkv", times=range(3), sound=False)
    frames = tmp_path / "%03d.png"
    run(clip, frames)
    before = (tmp_path / "001.png").read_bytes()
    with pytest.raises(UsageError, match="input itself"):
        vidstyle.stylize(frames, "identity", frames, overwrite=True)
    assert (tmp_path / "001.png").read_bytes() == before
    (tmp_path / "out.mkv").touch()
    done = vidstyle.stylize(frames, "identity", tmp_path / "out.mkv", overwrite=True)
    assert done.summary.frames == 3


def test_percent_signs_in_names(tmp_path):
    clip = make_clip(tmp_path / "in.mkv", times=range(1), sound=False)
    for name in ("my%20dog.png", "100%_%03d.png"):
        run(clip, tmp_path / name)
        assert (tmp_path / name).exists()
        run(tmp_path / name, tmp_path / f"{name}.mkv")
        with FileSource(tmp_path / f"{name}.mkv") as source:
            assert len(list(source)) == 1


@pytest.mark.parametrize(
    "options",
    [("--start", "9" * 30), ("--fps", "1" + "0" * 400), ("--fps", "1e99"), ("--end", "1e5")],
)
def test_absurd_numbers_are_one_line(base, tmp_path, options):
    done = command("run", base, "-s", "identity", "-o", tmp_path / "o.mp4", *options)
    assert done.returncode == 2
    assert len(done.stderr.strip().splitlines()) == 1


def test_a_line_that_stands_at_the_cut_begins_with_the_output(tmp_path, judge):
    (tmp_path / "s.srt").write_text("1\n00:00:01,000 --> 00:00:04,000\nLong\n")
    clip = tmp_path / "in.mkv"
    ffmpeg(
        *(*LAVFI, "testsrc2=s=64x48:r=10:d=5", "-i", tmp_path / "s.srt"),
        *("-c:v", "libx264", "-g", "100", "-c:s", "srt", clip),
    )
    for ending in ("mkv", "mp4"):
        out = tmp_path / f"out.{ending}"
        run(clip, out, start=Fraction(3))
        assert float(judge.times(out)[0]) == pytest.approx(0, abs=0.001)
        extract = ["ffmpeg", "-v", "error", "-i", out, "-map", "0:s", "-f", "srt", "-"]
        text = subprocess.run(extract, capture_output=True, text=True, check=True).stdout
        assert text.splitlines()[1] == "00:00:00,000 --> 00:00:01,000"


def test_picture_and_sound_stay_together_where_the_origin_lies_between_ticks(tmp_path, judge):
    clip = tmp_path / "in.avi"
    ffmpeg(*LAVFI, "testsrc2=s=64x48:r=25:d=2", "-c:v", "mpeg4", clip)
    times, _ = read(clip, start=Fraction(1, 2))
    assert times[0] == pytest.approx(13 / 25 - 0.5, abs=1e-6)


def test_rotation_cannot_be_kept_everywhere(tmp_path):
    clip = make_clip(tmp_path / "in.mp4", rotation=90, sound=False)
    with pytest.raises(UsageError, match="`keep_rotation`"):
        run(clip, tmp_path / "out.avi", keep_rotation=True)


def test_a_dropped_frame_does_not_spoil_the_grid_of_avi(tmp_path):
    times = [i for i in range(60) if i != 30]
    clip = make_clip(tmp_path / "in.mp4", times=times, sound=False)
    run(clip, tmp_path / "out.avi")
    gaps = np.diff(read(tmp_path / "out.avi")[0])
    assert sorted(np.round(gaps * 30).astype(int)) == [*itertools.repeat(1, 57), 2]


def test_alpha_of_vp8(tmp_path, judge):
    clip = tmp_path / "in.webm"
    ramp = "format=rgba,geq=r='X*4':g='Y*4':b='128':a='255*X/W'"
    ffmpeg(
        *LAVFI,
        "color=s=64x48:r=5:d=1",
        "-vf",
        ramp,
        "-c:v",
        "libvpx",
        "-auto-alt-ref",
        "0",
        "-pix_fmt",
        "yuva420p",
        clip,
    )
    with FileSource(clip) as source:
        frame = next(iter(source))
    assert np.abs(frame.alpha.mean(0) - np.arange(64) * 255 / 64).max() < 8
    run(clip, tmp_path / "plain.webm", alpha=False)
    with FileSource(tmp_path / "plain.webm") as source:
        assert next(iter(source)).alpha is None
    assert "alpha_mode" not in {k.lower() for k in judge.stream(tmp_path / "plain.webm")["tags"]}


def test_tags_and_languages_that_are_lost_are_named(tmp_path, judge, caplog):
    clip = tmp_path / "in.mkv"
    ffmpeg(
        *(*LAVFI, "testsrc2=s=64x48:r=10:d=1", *LAVFI, "sine=d=1", "-c:v", "libx264"),
        *("-c:a", "mp3", "-metadata", "title=T", "-metadata", "shelf=3"),
        *("-metadata:s:a:0", "language=fra", clip),
    )
    run(clip, tmp_path / "out.mp4")
    assert "tags are dropped: mp4 does not know SHELF" in caplog.text
    run(clip, tmp_path / "out.avi")
    assert "language of audio stream 1 is dropped: avi does not hold fra" in caplog.text
    run(clip, tmp_path / "out.gif")
    assert "metadata is dropped: gif holds none (SHELF, title)" in caplog.text


def test_streams_keep_their_order(tmp_path, judge):
    clip, out = tmp_path / "in.mkv", tmp_path / "out.mkv"
    ffmpeg(
        *(*LAVFI, "sine=d=1", *LAVFI, "testsrc2=s=64x48:r=10:d=1", "-map", "0", "-map", "1"),
        *("-c:v", "libx264", "-c:a", "aac", clip),
    )
    run(clip, out)
    assert judge.stream(out, "0")["codec_type"] == "audio"
    assert judge.stream(out, "1")["codec_type"] == "video"


def test_timecode_goes_on_behind_a_cut(tmp_path, judge):
    clip, out = tmp_path / "in.mov", tmp_path / "out.mov"
    ffmpeg(
        *(*LAVFI, "testsrc2=s=64x48:r=25:d=3", "-c:v", "libx264"),
        *("-timecode", "01:00:59:20", clip),
    )
    run(clip, out, start=Fraction(1))
    assert judge.stream(out, "v:0")["tags"]["timecode"] == "01:01:00:20"
    again = tmp_path / "again.mkv"
    run(clip, again)
    run(again, tmp_path / "cut.mkv", start=Fraction(1))
    assert judge.stream(tmp_path / "cut.mkv", "v:0")["tags"]["TIMECODE"] == "01:01:00:20"


def test_a_drop_frame_timecode_is_dropped_by_a_cut(tmp_path, judge, caplog):
    clip, out = tmp_path / "in.mov", tmp_path / "out.mov"
    ffmpeg(
        *(*LAVFI, "testsrc2=s=64x48:r=30000/1001:d=2", "-c:v", "libx264"),
        *("-timecode", "01:00:59;20", clip),
    )
    run(clip, out, start=Fraction(1))
    assert "timecode 01:00:59;20 is dropped" in caplog.text
    assert "timecode" not in judge.stream(out, "v:0")["tags"]


@pytest.mark.skipif(
    not hasattr(os, "sched_getscheduler") or os.geteuid() != 0,
    reason="needs Linux, and root: nobody else may take real-time priority",
)
def test_no_encoder_takes_the_machine(tmp_path):
    """SVT-AV1 makes the process real-time where it may; what the run's other threads do must go on."""
    clip = make_clip(tmp_path / "in.mp4", times=range(5), sound=False)
    code = f"""
import os, vidstyle
vidstyle.stylize({str(clip)!r}, "identity", {str(tmp_path / "out.mkv")!r},
                 encoding=vidstyle.Encoding(codec="libsvtav1"))
print({{os.sched_getscheduler(int(task)) for task in os.listdir("/proc/self/task")}})
"""
    out = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert out.stdout.strip() == f"{{{os.SCHED_OTHER}}}"


def test_a_very_short_output_is_finished(tmp_path, judge):
    """FFmpeg does not recognize so few packets of MPEG-TS by their content."""
    ffmpeg(*LAVFI, "color=gray:s=64x48:r=10:d=0.3", tmp_path / "in%d.png")
    assert run(tmp_path / "in%d.png", tmp_path / "out.ts").frames == 3
    assert (tmp_path / "out.ts").stat().st_size % 188 == 0
