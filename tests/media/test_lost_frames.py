"""What is lost of a file is counted: packets of video in, pictures out; and healthy files lose nothing."""

from __future__ import annotations

import itertools
import struct
import subprocess
from fractions import Fraction

import av
import numpy as np
import pytest

import vidstyle
from tests.clips import make_clip
from tests.conftest import vidstyle as command
from tests.media.fieldcoded import field_coded
from tests.media.media import ffmpeg
from vidstyle import InputError, Reading
from vidstyle.media.source import FileSource

LAVFI = ("-f", "lavfi", "-i")
PICTURE = (*LAVFI, "testsrc2=s=64x64:r=25:d=1")


def read(path, **wishes):
    with FileSource(path, Reading(**wishes)) as source:
        times = [float(f.pts * f.time_base) for f in source]
        return times, source.damage


def encode(path, *codec, picture=PICTURE):
    try:
        ffmpeg(*picture, *codec, path)
    except subprocess.CalledProcessError:
        pytest.skip(f"this ffmpeg makes no {codec}")
    return path


def remux(source, path, times=None, *, base=Fraction(1, 25)):
    """Write a stream's packets anew, in their order, at times in units of `base`."""
    with av.open(str(source)) as opened, av.open(str(path), "w") as output:
        video = opened.streams.video[0]
        copy = output.add_stream_from_template(video)
        for number, packet in enumerate(p for p in opened.demux(video) if p.size):
            made = av.Packet(bytes(packet))
            made.pts = made.dts = times[number] if times else number
            made.time_base, made.is_keyframe = base, packet.is_keyframe
            made.stream = copy
            output.mux(made)
    return path


def patched(path, box, offset, *numbers):
    """Write numbers over those of an MP4 box, behind its name."""
    data = bytearray(path.read_bytes())
    struct.pack_into(f">{len(numbers)}I", data, data.index(box) + 4 + offset, *numbers)
    path.write_bytes(data)
    return path


# --- what is lost is told


def hevc_with_sound(path):
    return encode(
        path,
        *("-c:v", "libx265", "-x265-params", "log-level=error", "-c:a", "aac", "-r", "15"),
        picture=(*PICTURE, *LAVFI, "sine=d=1"),
    )


def test_packets_that_give_no_picture_are_counted(tmp_path, judge):
    """A wrong size in the table spoils all packets behind it; no packet is refused for that."""
    clip, out = hevc_with_sound(tmp_path / "in.mp4"), tmp_path / "out.mkv"
    count = len(read(clip)[0])
    patched(clip, b"stsz", 16, 3)
    done = command("run", clip, "-s", "identity", "-o", out, "-q")
    assert done.returncode == 3
    frames = len(judge.times(out))
    assert f"frames of {clip} are lost, {count - frames} in all" in done.stderr
    with pytest.raises(InputError, match="`strict`"):
        vidstyle.stylize(clip, "identity", out, overwrite=True, reading=Reading(strict=True))


@pytest.mark.parametrize("kept", [20, 36, 39])
def test_frames_that_a_table_lacks_are_counted(tmp_path, judge, caplog, kept):
    """The sound goes on to the end that is promised."""
    clip = encode(
        tmp_path / "in.mp4",
        *("-c:v", "libx264", "-c:a", "aac"),
        picture=(*LAVFI, "testsrc2=s=64x64:r=10:d=4", *LAVFI, "sine=d=4"),
    )
    patched(clip, b"stsz", 8, kept)
    times, damage = read(clip)
    assert (len(times), damage) == (kept, 40 - kept)
    assert f"{40 - kept} of 40 frames are missing" in caplog.text


def test_frames_whose_times_do_not_grow_are_counted(tmp_path, caplog):
    clip = make_clip(tmp_path / "in.nut", times=range(20), codec="mjpeg", sound=False,
                     pixel_format="yuvj420p")  # fmt: skip
    times = [min(i, 10) for i in range(20)]
    clip = remux(clip, tmp_path / "in.mkv", times, base=Fraction(1, 1000))
    done = command("run", clip, "-s", "identity", "-o", tmp_path / "out.mkv", "-q")
    assert done.returncode == 0  # they are spread: see below
    clip = remux(clip, tmp_path / "fast.mkv", [i // 2 for i in range(20)], base=Fraction(1, 1000))
    frames, damage = read(clip)
    assert damage == 20 - len(frames) == 9
    assert caplog.text.count("are dropped, 9 in all: their times do not grow") == 1


# --- what looks lost and is not

HEALTHY = {
    "bf.avi": ("-c:v", "mpeg4", "-bf", "2"),
    "bf.mp4": ("-c:v", "mpeg4", "-bf", "2"),
    "bf.mpg": ("-c:v", "mpeg2video", "-bf", "2", "-flags", "+ilme+ildct"),
    "mbaff.ts": ("-c:v", "libx264", "-flags", "+ilme+ildct", "-x264-params", "tff=1"),
    "open.ts": ("-c:v", "libx264", "-x264-params", "open-gop=1:keyint=10:bframes=3"),
    "refresh.mkv": ("-c:v", "libx264", "-x264-params", "intra-refresh=1"),
    "open.mp4": ("-c:v", "libx265", "-x265-params", "open-gop=1:keyint=10:log-level=error"),
    "a.flv": ("-c:v", "flv"),
    "a.wmv": ("-c:v", "wmv2"),
    "b.wmv": ("-c:v", "libx264", "-bf", "3"),
    "a.ogv": ("-c:v", "libtheora"),
    "ms.avi": ("-c:v", "msmpeg4"),
    "h264.avi": ("-c:v", "libx264", "-bf", "3"),
    "raw.h264": ("-c:v", "libx264", "-bf", "3"),
    "av1.mkv": ("-c:v", "libaom-av1", "-cpu-used", "8"),
    "a.mov": ("-c:v", "prores_ks"),
    "a.gif": ("-c:v", "gif"),
    "jpeg.avi": ("-c:v", "mjpeg"),
}


@pytest.mark.parametrize("name", HEALTHY)
def test_healthy_files_lose_nothing(tmp_path, judge, name):
    times, damage = read(encode(tmp_path / name, *HEALTHY[name]))
    assert damage == 0
    if name != "a.ogv":  # whose encoder drops frames that hardly differ
        assert len(times) == 25
        assert np.allclose(np.diff(times), 0.04, atol=0.0011)


@pytest.mark.parametrize(("codec", "ending"), [("libvpx", "ivf"), ("libvpx-vp9", "nut")])
def test_pictures_that_only_others_see_are_not_missed(tmp_path, judge, codec, ending):
    """Alternate references come in packets of their own: always in VP8, in VP9 once they are split."""
    clip, packets = tmp_path / "in.webm", tmp_path / f"packets.{ending}"
    rate = ("-c:v", codec, "-auto-alt-ref", "1", "-lag-in-frames", "25", "-b:v", "80k")
    picture = (*LAVFI, "testsrc2=s=160x96:r=25:d=2")
    log = ("-passlogfile", tmp_path / "log")
    encode(tmp_path / "none.webm", *rate, "-pass", "1", *log, picture=picture)
    encode(clip, *rate, "-pass", "2", *log, picture=picture)
    split = ("-bsf:v", "vp9_superframe_split") if codec == "libvpx-vp9" else ()
    ffmpeg("-i", clip, "-c", "copy", *split, packets)
    with av.open(str(packets)) as container:
        assert sum(1 for p in container.demux(video=0) if p.size) > 50
    times, damage = read(packets)
    assert (len(times), damage) == (50, 0)


@pytest.mark.parametrize("ending", ["h264", "ts", "mkv", "mp4", "avi"])
def test_two_fields_in_two_packets_are_one_frame(tmp_path, judge, ending):
    stream = tmp_path / "in.h264"
    stream.write_bytes(field_coded(10))
    clip = tmp_path / f"fields.{ending}"
    if ending == "h264":
        clip = stream
    else:
        ffmpeg("-r", "50", "-i", stream, "-c", "copy", clip)
    times, damage = read(clip, deinterlace="off")
    assert (len(times), damage) == (10, 0)


@pytest.mark.parametrize("codec", ["h264", "hevc"])
def test_a_recording_may_begin_between_keyframes(tmp_path, judge, codec):
    options = {
        "h264": ("-c:v", "libx264", "-x264-params", "open-gop=1:keyint=10:bframes=3"),
        "hevc": ("-c:v", "libx265", "-x265-params", "open-gop=1:keyint=10:log-level=error"),
    }
    whole = encode(tmp_path / "whole.ts", *options[codec], picture=(*LAVFI, "testsrc2=s=64x64:d=2"))
    data = whole.read_bytes()
    part = tmp_path / "part.ts"
    part.write_bytes(data[len(data) // 188 * 4 // 10 * 188 :])
    times, damage = read(part)
    assert 15 < len(times) < 35
    assert damage == 0
    for ending in ("ts", "mkv", "mp4"):
        cut = tmp_path / f"cut.{ending}"
        ffmpeg("-ss", "0.9", "-i", whole, "-c", "copy", cut)
        assert read(cut)[1] == 0


@pytest.mark.parametrize("wishes", [{"start": Fraction(7, 10)}, {"end": Fraction(3, 10)},
                                    {"start": Fraction(1, 5), "end": Fraction(3, 5)}])  # fmt: skip
@pytest.mark.parametrize("name", ["open.ts", "open.mp4", "bf.avi", "bf.mpg"])
def test_a_cut_loses_nothing(tmp_path, judge, name, wishes):
    clip = encode(tmp_path / name, *HEALTHY[name])
    times, damage = read(clip, **wishes)
    span = wishes.get("end", Fraction(1)) - wishes.get("start", Fraction(0))
    assert len(times) == pytest.approx(25 * span, abs=2)
    assert damage == 0


def test_what_an_edit_list_cuts_off_is_not_missed(tmp_path):
    clip = make_clip(tmp_path / "in.mp4", times=range(60), sound=False)
    patched(clip, b"elst", 8, 1000)  # milliseconds of two seconds
    times, damage = read(clip)
    assert len(times) == pytest.approx(30, abs=1)
    assert damage == 0


# --- streams that hold an order, and no times of display


def packed(source, path):
    """Write MPEG-4 as DivX did: a B-frame lies in one packet with the picture that it waits for."""
    with av.open(str(source)) as opened, av.open(str(path), "w") as output:
        video = opened.streams.video[0]
        copy = output.add_stream_from_template(video)
        pictures = [(bytes(p), p.is_keyframe) for p in opened.demux(video) if p.size]
        kinds = ["IPB"[data[data.index(b"\0\0\1\xb6") + 4] >> 6] for data, _ in pictures]
        packets: list[tuple[bytes, bool]] = []
        while pictures:
            (data, key), _ = pictures.pop(0), kinds.pop(0)
            waiting = []
            while kinds and kinds[0] == "B":
                kinds.pop(0)
                waiting.append(pictures.pop(0)[0])
            if waiting:
                packets += [(data + waiting[0], key), *((d, False) for d in waiting[1:])]
                packets.append((b"\0\0\1\xb6\x50\0\0", False))  # nothing is coded
            else:
                packets.append((data, key))
        first = packets[0][0]
        place = first.index(b"\0\0\1\xb6")
        packets[0] = first[:place] + b"\0\0\1\xb2DivX503b1393p" + first[place:], True
        for number, (data, key) in enumerate(packets):
            packet = av.Packet(data)
            packet.pts = packet.dts = number
            packet.time_base, packet.is_keyframe, packet.stream = Fraction(1, 25), key, copy
            output.mux(packet)
    return path


def as_in_avi(source, path, name, fourcc):
    """Write a stream to Matroska as Video for Windows would: decoding times, and a header of AVI."""
    header = struct.pack("<IiiHH4sIiiII", 40, 64, 64, 1, 24, fourcc, 0, 0, 0, 0, 0)
    with av.open(str(source)) as opened, av.open(str(path), "w") as output:
        video = opened.streams.video[0]
        copy = output.add_stream_from_template(video)
        copy.codec_context.extradata = header
        for number, packet in enumerate(p for p in opened.demux(video) if p.size):
            made = av.Packet(bytes(packet))
            made.pts = made.dts = number
            made.time_base, made.is_keyframe = Fraction(1, 25), packet.is_keyframe
            made.stream = copy
            output.mux(made)
    path.write_bytes(path.read_bytes().replace(name, b"V_MS/VFW/FOURCC"))
    return path


def in_order(path):
    """Tell whether frames come in order: the test picture counts up."""
    with FileSource(path) as source:
        pictures = [f.pixels.astype(int) for f in source]
    steps = [np.abs(b - a).mean() for a, b in itertools.pairwise(pictures)]
    apart = [np.abs(b - a).mean() for a, b in zip(pictures, pictures[2:], strict=False)]
    return np.mean(steps) < np.mean(apart)


@pytest.mark.parametrize(
    ("ending", "kind"),
    [
        *[("avi", kind) for kind in ("mpeg4", "h264", "packed")],
        *[("mkv", kind) for kind in ("mpeg4", "h264", "packed")],
        *[("asf", kind) for kind in ("mpeg4", "h264")],
    ],
)
def test_b_frames_without_times_keep_their_places(tmp_path, judge, kind, ending):
    codec = ("libx264", "-bf", "3") if kind == "h264" else ("mpeg4", "-bf", "2")
    clip = encode(tmp_path / "in.avi", "-c:v", *codec)
    if kind == "packed":
        clip = packed(clip, tmp_path / "packed.avi")
    if ending == "mkv":
        name = b"V_MPEG4/ISO/AVC" if kind == "h264" else b"V_MPEG4/ISO/ASP"
        fourcc = b"H264" if kind == "h264" else b"XVID"
        clip = as_in_avi(clip, tmp_path / "out.mkv", name, fourcc)
    elif ending == "asf":
        clip = remux(clip, tmp_path / "out.asf")
    times, damage = read(clip)
    assert (len(times), damage) == (25, 0)
    assert np.allclose(times, np.arange(25) / 25, atol=0.001)
    assert in_order(clip)


def test_frames_of_one_time_are_spread(tmp_path, judge):
    """Recorders of screens and phones write such; players show the last of them alone."""
    clip = make_clip(
        tmp_path / "in.nut", times=range(10), codec="mjpeg", pixel_format="yuvj420p", sound=False
    )
    times = [0, 40, 80, 80, 160, 200, 200, 200, 320, 360]
    clip = remux(clip, tmp_path / "in.mkv", times, base=Fraction(1, 1000))
    found, damage = read(clip)
    assert damage == 0
    assert np.allclose(
        found, [0, 0.04, 0.08, 0.12, 0.16, 0.2, 0.233, 0.267, 0.32, 0.36], atol=0.001
    )
    for ending in ("mp4", "mkv", "gif"):
        out = tmp_path / f"out.{ending}"
        vidstyle.stylize(clip, "identity", out)
        assert np.allclose([float(t) for t in judge.times(out)], found, atol=0.006)
