"""What changes on the way: size, shape, turn, format and colors of the pictures, and their fields."""

from __future__ import annotations

import itertools
import logging
from fractions import Fraction

import numpy as np
import pytest

from tests.clips import make_clip
from tests.conftest import vidstyle as command
from tests.media.calls import PIECE, SIZES, call, ramp
from tests.media.media import ffmpeg
from vidstyle import InputError, Reading
from vidstyle.media.source import FileSource
from vidstyle.media.video import Video

LAVFI = ("-f", "lavfi", "-i")


def frames(path, **wishes):
    with FileSource(path, Reading(**wishes)) as source:
        return list(source)


def far(pixels, expected):
    return np.abs(pixels.astype(float) - expected).mean()


@pytest.fixture(scope="module")
def joined(tmp_path_factory, judge):
    """Make an MPEG-TS of two parts, each said by (source, filters and encoder); returns its path."""
    folder = tmp_path_factory.mktemp("joined")

    def joined(name, *parts, late=0):
        whole = folder / name
        with whole.open("wb") as file:
            for index, (source, *options) in enumerate(parts):
                part = folder / f"part{index}.ts"
                offset = ("-output_ts_offset", f"{index * (1 + late)}")
                ffmpeg(*LAVFI, source, *options, "-bf", "0", *offset, part)
                file.write(part.read_bytes())
        return whole

    return joined


@pytest.mark.parametrize(
    ("codec", "ending"), [("libvpx", "webm"), ("libvpx-vp9", "webm"), ("libx264", "ts")]
)
def test_a_call_that_changes_its_size_comes_whole(tmp_path, codec, ending, caplog):
    path = call(tmp_path / f"call.{ending}", SIZES, codec)
    for size in (None, (128, 96)):
        caplog.clear()
        got = frames(path, size=size)
        width, height = size or SIZES[0]
        assert len(got) == PIECE * len(SIZES)
        assert all(far(f.pixels, ramp(width, height)) < 6 for f in got)
        times = [round(float(f.pts * f.time_base), 3) for f in got]
        assert times == [round(i / 25, 3) for i in range(len(got))]
        said = [r.getMessage() for r in caplog.records if r.levelno >= logging.WARNING]
        assert said == [
            f"{path} changes its size from 64x48 to 32x24 at 0.16 s: "
            f"from there it is fitted into {width}x{height}"
        ]


def test_a_call_is_painted_whole_and_strict_refuses_it(tmp_path, judge):
    path, out = call(tmp_path / "call.webm", SIZES, "libvpx"), tmp_path / "out.mp4"
    done = command("run", path, "--style", "identity", "-o", out)
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("changes its size") == 1
    assert int(judge.stream(out)["nb_frames"]) == PIECE * len(SIZES)
    done = command("run", path, "--style", "identity", "-o", tmp_path / "o.mp4", "--strict")
    assert done.returncode == 2
    assert "from 64x48 to 32x24 at 0.16 s" in done.stderr
    assert not (tmp_path / "o.mp4").exists()


def test_every_read_gives_frames_of_one_size(tmp_path, caplog):
    path = call(tmp_path / "call.webm", SIZES, "libvpx")
    with Video.open(path) as video:
        for since in (0, 0.2, 0.35, 0.5):
            part = list(video.read(Fraction(since).limit_denominator(100)))
            assert part
            assert {f.pixels.shape for f in part} == {(48, 64, 3)}
        assert not caplog.records  # `frames` tells it, not every read


def test_later_sizes_are_bounded_too(tmp_path):
    path = call(tmp_path / "call.webm", SIZES, "libvpx")
    with pytest.raises(InputError, match=r"128x96, more than the 10000 pixels"):
        frames(path, max_pixels=10000)


def test_an_even_rate_runs_over_changes_of_size(tmp_path):
    path = call(tmp_path / "call.webm", SIZES, "libvpx")
    got = frames(path, fps=Fraction(50))
    assert len(got) == pytest.approx(2 * PIECE * len(SIZES), abs=1)
    assert {b.pts - a.pts for a, b in itertools.pairwise(got)} == {1}
    assert all(far(f.pixels, ramp(64, 48)) < 6 for f in got)


def test_a_picture_of_another_shape_keeps_it(tmp_path):
    path = call(tmp_path / "turned.webm", [(64, 48), (48, 64)], "libvpx")
    last = frames(path)[-1].pixels
    assert last.shape == (48, 64, 3)
    assert far(last[:, 14:50], ramp(36, 48)) < 6
    assert last[:, :13].max() == last[:, 51:].max() == 0


def test_pixels_that_change_their_aspect_keep_their_shape(joined, caplog):
    white = "color=white:s=64x48:r=10:d=1"
    parts = [(white, "-vf", f"setsar={sar}", "-c:v", "mpeg2video") for sar in ("12/11", "16/11")]
    got = frames(joined("aspect.ts", *parts, late=0.25))
    rows = [int((f.pixels.mean((1, 2)) > 128).sum()) for f in got]
    # The codec tells it one picture before it is due.
    assert rows[:9] + rows[10:] == [48] * 9 + [36] * 10
    assert "changes its pixel aspect from 1 to 4:3" in caplog.text


def test_a_turn_holds_until_another_is_said(joined, caplog):
    white = "color=white:s=64x48:r=10:d=1"
    turn = "h264_metadata=display_orientation=insert:rotate={}"
    parts = [(white, "-c:v", "libx264", "-bsf:v", turn.format(turn_)) for turn_ in (0, 90)]
    got = frames(joined("turn.ts", *parts, late=0.25))
    columns = [int((f.pixels.mean((0, 2)) > 128).sum()) for f in got]
    assert columns == [64] * 10 + [36] * 10
    assert "changes how it is turned at 1.25 s" in caplog.text


def test_colors_that_change_on_the_way_stay_right(joined):
    parts = [
        (
            *("color=0x30c060:s=64x48:r=10:d=1,format=rgb24", "-vf"),
            f"scale=out_color_matrix={matrix}:out_range={levels},format={layout}",
            *("-colorspace", matrix, "-color_range", levels, "-c:v", "libx264"),
        )
        for matrix, levels, layout in (
            ("smpte170m", "tv", "yuv420p"),
            ("bt709", "pc", "yuv444p"),
        )
    ]
    path = joined("colors.ts", *parts)
    for wishes in ({}, {"size": (96, 72)}, {"fps": Fraction(20), "size": (32, 24)}):
        for frame in frames(path, **wishes):
            assert np.abs(frame.pixels - np.array([0x30, 0xC0, 0x60], int)).max() < 5


@pytest.mark.parametrize("height", [48, 720])
@pytest.mark.parametrize(("matrix", "levels"), [(1, 1), (1, 2), (6, 1), (6, 2), (2, 0)])
def test_scaling_keeps_colors_and_their_tags(tmp_path, matrix, levels, height):
    clip = make_clip(
        *(tmp_path / "in.mkv",),
        times=range(1),
        size=(height * 4 // 3, height),
        sound=False,
        color=(matrix, levels, 2, 2),
        codec="ffv1",
    )
    (whole,), (small,) = frames(clip), frames(clip, size=(64, 48))
    assert small.color == whole.color
    assert np.abs(whole.pixels.mean((0, 1)) - small.pixels.mean((0, 1))).max() < 1


def gray(transfer, matrix, primaries):
    tags = ("-color_trc", transfer, "-colorspace", matrix, "-color_primaries", primaries)
    source = ("color=gray:s=64x48:r=1:d=1", "-pix_fmt", "yuv420p10le")
    return (*source, "-c:v", "libx264", "-preset", "ultrafast", *tags)


SDR = gray("bt709", "bt709", "bt709")
PQ = gray("smpte2084", "bt2020nc", "bt2020")


def test_video_that_becomes_hdr_is_refused_or_told(joined, caplog):
    path = joined("later.ts", SDR, PQ)
    with pytest.raises(InputError, match=r"becomes HDR video at 1\.00 s"):
        frames(path)
    frames(path, hdr="passthrough")
    assert "changes from SDR to HDR at 1.00 s" in caplog.text


@pytest.mark.slow  # the scaler takes half a second for each picture of HDR
@pytest.mark.parametrize("order", [(SDR, PQ), (PQ, SDR)])
def test_only_what_is_hdr_is_converted_from_it(joined, order, caplog):
    got = frames(joined("both.ts", *order), hdr="tonemap")
    sdr, pq = (int(got[order.index(part)].pixels.mean()) for part in (SDR, PQ))
    assert sdr == pytest.approx(128 * 257, abs=200)
    assert pq > sdr + 5000
    assert "SDR" not in caplog.text


BARS = "nullsrc=s=96x64:r={}:d=0.4,geq=lum='235*lt(mod(X+8*N,32),16)':cb=128:cr=128"
PROGRESSIVE = BARS.format(25)
FIELDS = BARS.format(50) + ",tinterlace=interleave_top,fieldorder=tff"


def combs(frame):
    """How much neighboring rows differ more than rows of one field."""
    gray = frame.pixels.astype(float).mean(2)
    return np.abs(2 * gray[1:-1] - gray[:-2] - gray[2:]).mean()


@pytest.mark.parametrize("ending", ["ts", "mkv", "mp4"])
@pytest.mark.parametrize("codec", ["mpeg2video", "libx264"])
@pytest.mark.parametrize("order", ["progressive first", "fields first"])
def test_fields_are_made_frames_wherever_they_come(joined, tmp_path, order, codec, ending):
    coded = ("-c:v", codec, "-b:v", "4M", "-pix_fmt", "yuv420p")
    parts = [(PROGRESSIVE, *coded), (FIELDS, *coded, "-flags", "+ildct+ilme")]
    progressive, fields = range(10), range(10, 20)
    if order == "fields first":
        parts, progressive, fields = parts[::-1], fields, progressive
    path = joined("mixed.ts", *parts)
    if ending != "ts":
        ffmpeg("-i", path, "-c", "copy", tmp_path / f"mixed.{ending}")
        path = tmp_path / f"mixed.{ending}"
    raw, got = frames(path, deinterlace="off"), frames(path)
    assert [f.pts * f.time_base for f in got] == [f.pts * f.time_base for f in raw]
    assert all(np.array_equal(raw[i].pixels, got[i].pixels) for i in progressive)
    assert all(combs(got[i]) < combs(raw[i]) / 2 for i in fields)
    each = frames(path, deinterlace="field")
    assert len(each) == 30
    steps = [float(b.pts * b.time_base - a.pts * a.time_base) for a, b in itertools.pairwise(each)]
    assert steps.count(pytest.approx(0.02, abs=0.0011)) >= 18


def test_progressive_video_passes_no_deinterlacer(base, monkeypatch):
    def never(*_):
        raise AssertionError("a filter was set up")

    monkeypatch.setattr("vidstyle.media.filters.FilterChain.__init__", never)
    assert frames(base)


@pytest.mark.parametrize("codec", ["png", "qtrle", "prores_ks"])
def test_fields_that_the_container_alone_tells_of_are_made_frames(tmp_path, judge, codec):
    path = tmp_path / "fields.mov"
    ffmpeg(*LAVFI, FIELDS, "-c:v", codec, "-field_order", "tt", path)
    assert judge.stream(path)["field_order"] == "tt"
    raw, got = frames(path, deinterlace="off"), frames(path)
    assert len(raw) == len(got) == 10
    assert all(combs(b) < combs(a) / 2 for a, b in zip(raw, got, strict=True))
    assert "interlaced: deinterlaced to progressive" in command("probe", path).stdout


@pytest.mark.parametrize(
    ("codec", "ending"),
    [
        ("mpeg2video", "ts"),
        ("mpeg1video", "ts"),
        ("mpeg4", "ts"),
        ("mpeg2video", "mpg"),
        ("mpeg2video", "m2v"),
    ],
)
def test_mpeg_gives_the_last_picture_before_a_change_of_size(tmp_path, judge, codec, ending):
    whole = tmp_path / f"whole.{ending}"
    with whole.open("wb") as file:
        for size in ("64x48", "96x64", "80x64"):
            part = tmp_path / f"{size}.{ending}"
            ffmpeg(*LAVFI, f"testsrc2=s={size}:r=25:d=1", "-c:v", codec, "-bf", "2", part)
            file.write(part.read_bytes())
    with Video.open(whole) as video:
        times = [float(f.pts * f.time_base) for f in video.frames]
        assert video.damage == 0
    assert len(times) == 75
    assert all(0.03 < b - a < 0.05 for a, b in itertools.pairwise(times))
