"""What is read of a video, and what is refused; and the encoders' own options."""

from __future__ import annotations

import itertools
import subprocess
from fractions import Fraction

import av
import cv2
import numpy as np
import pytest

import vidstyle
from tests.clips import make_clip, make_picture, pattern
from tests.conftest import vidstyle as command
from tests.media.media import ffmpeg
from vidstyle import Encoding, InputError, Reading, UsageError
from vidstyle.media.source import FileSource


def frames(path, **wishes):
    with FileSource(path, Reading(**wishes)) as source:
        return list(source)


@pytest.mark.parametrize(("hflip", "vflip"), [(False, False), (True, False), (False, True)])
@pytest.mark.parametrize("angle", [0, 90, 180, 270])
def test_all_eight_ways_to_lie_come_upright_as_ffmpeg_turns_them(
    angle, hflip, vflip, tmp_path, judge
):
    clip = tmp_path / "in.mp4"
    with av.open(str(clip), "w") as output:
        stream = output.add_stream("libx264", rate=10)
        stream.width, stream.height, stream.pix_fmt = 48, 32, "yuv420p"
        stream.set_display_rotation(angle, hflip=hflip, vflip=vflip)
        for index in range(2):
            frame = av.VideoFrame.from_ndarray(pattern(index, 48, 32), format="rgb24")
            frame.pts = index
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    expected = tmp_path / "expected.png"
    ffmpeg("-i", clip, "-frames:v", "1", expected)
    reference = cv2.cvtColor(cv2.imread(str(expected)), cv2.COLOR_BGR2RGB)
    got = frames(clip)[0].pixels
    assert got.shape == reference.shape
    assert np.abs(got.astype(int) - reference).mean() < 4


def test_rotation_may_be_left_to_the_player(tmp_path, judge):
    clip, out = make_clip(tmp_path / "in.mp4", rotation=90, sound=False), tmp_path / "out.mp4"
    vidstyle.stylize(clip, "identity", out, reading=Reading(keep_rotation=True))
    stream = judge.stream(out)
    assert (stream["width"], stream["height"]) == (128, 96)
    assert [d["rotation"] for d in stream["side_data_list"]] == [
        d["rotation"] for d in judge.stream(clip)["side_data_list"]
    ]


def test_ten_bits_come_back_as_they_were(tmp_path, judge):
    clip, out = tmp_path / "in.mkv", tmp_path / "out.mkv"
    ffmpeg(
        # A seed and the matrix that the tag names: else some colors lie outside of RGB and are cut.
        *("-f", "lavfi", "-i", "gradients=s=64x48:r=10:d=0.5:seed=1"),
        *("-vf", "scale=out_color_matrix=bt709,format=yuv420p10le"),
        *("-c:v", "ffv1", "-colorspace", "bt709", clip),
    )
    vidstyle.stylize(clip, "identity", out, encoding=Encoding("ffv1"))
    assert judge.stream(out)["pix_fmt"] == "yuv420p10le"

    def luma(path):
        raw = ["ffmpeg", "-v", "error", "-i", path, "-pix_fmt", "gray10le", "-f", "rawvideo", "-"]
        return np.frombuffer(subprocess.run(raw, check=True, capture_output=True).stdout, "<u2")

    assert np.abs(luma(clip).astype(int) - luma(out)).max() <= 1
    assert (luma(out) % 4).any()


def test_alpha_comes_back_exactly_and_may_be_dropped(tmp_path, judge):
    clip, out = tmp_path / "in.mov", tmp_path / "out.mkv"
    ramp = "format=rgba,geq=r='X*4':g='Y*4':b='128':a='255*X/W'"
    ffmpeg("-f", "lavfi", "-i", "color=s=64x48:r=5:d=1", "-vf", ramp, "-c:v", "png", clip)
    vidstyle.stylize(clip, "identity", out, encoding=Encoding("ffv1"))
    for one, other in zip(frames(clip), frames(out), strict=True):
        assert np.array_equal(one.alpha, other.alpha)
        assert np.array_equal(one.pixels, other.pixels)
    assert frames(clip, alpha=False)[0].alpha is None


def test_hdr_that_stays_hdr_keeps_its_mastering_display(tmp_path, judge):
    clip, out = tmp_path / "in.mp4", tmp_path / "out.mp4"
    display = (
        "log-level=error:hdr10=1:master-display=G(13250,34500)B(7500,3000)R(34000,16000)"
        "WP(15635,16450)L(10000000,50):max-cll=1000,400"
    )
    ffmpeg(
        *("-f", "lavfi", "-i", "testsrc2=s=64x64:r=10:d=0.5", "-pix_fmt", "yuv420p10le"),
        *("-c:v", "libx265", "-x265-params", display, "-color_primaries", "bt2020"),
        *("-color_trc", "smpte2084", "-colorspace", "bt2020nc", clip),
    )
    vidstyle.stylize(
        clip, "identity", out, reading=Reading(hdr="passthrough"), encoding=Encoding("libx265")
    )
    stream = judge.stream(out)
    assert stream["codec_tag_string"] == "hvc1"
    assert stream["pix_fmt"] == "yuv420p10le"
    assert stream["color_transfer"] == "smpte2084"
    what = ["-show_frames", "-read_intervals", "%+#1", "-of", "json", str(out)]
    probed = subprocess.run(
        ["ffprobe", "-v", "error", *what], capture_output=True, text=True
    ).stdout
    assert '"max_luminance": "10000000/10000"' in probed
    assert '"max_content": 1000' in probed


def test_fields_may_become_frames(tmp_path, judge):
    clip = tmp_path / "in.mkv"
    ffmpeg(
        *("-f", "lavfi", "-i", "testsrc2=s=64x48:r=50:d=1", "-vf", "interlace=scan=tff"),
        *("-c:v", "libx264", "-flags", "+ilme+ildct", clip),
    )
    assert len(frames(clip)) == 25
    doubled = frames(clip, deinterlace="field")
    assert len(doubled) == 50
    times = [f.pts * f.time_base for f in doubled]
    assert all(b - a == pytest.approx(0.02, abs=0.0011) for a, b in itertools.pairwise(times))


@pytest.mark.parametrize("ending", ["mkv", "ts"])
def test_fields_may_become_frames_of_one_even_rate(tmp_path, judge, ending):
    clip, out = tmp_path / f"in.{ending}", tmp_path / "out.avi"
    ffmpeg(
        *("-f", "lavfi", "-i", "testsrc2=s=64x48:r=50:d=1", "-vf", "interlace=scan=tff"),
        *("-c:v", "libx264", "-flags", "+ilme+ildct", clip),
    )
    done = vidstyle.stylize(clip, "identity", out, reading=Reading(deinterlace="field"))
    assert done.summary.frames == 50
    stream = judge.stream(out)
    assert (stream["r_frame_rate"], stream["nb_frames"]) == ("50/1", "50")


def test_numbered_pictures_in_and_out(tmp_path):
    for number in range(7, 12):
        picture = cv2.cvtColor(pattern(number, 48, 32), cv2.COLOR_RGB2BGR)
        cv2.imwrite(str(tmp_path / f"in{number:04d}.png"), picture)
    (tmp_path / "out").mkdir()
    out = tmp_path / "out" / "%03d.png"
    done = vidstyle.stylize(tmp_path / "in%04d.png", "identity", out)
    assert done.summary.frames == 5
    assert sorted(p.name for p in out.parent.iterdir()) == [f"{n:03d}.png" for n in range(1, 6)]
    for number in range(5):
        made = cv2.cvtColor(
            cv2.imread(str(out.parent / f"{number + 1:03d}.png")), cv2.COLOR_BGR2RGB
        )
        assert np.array_equal(made, pattern(number + 7, 48, 32))
    with pytest.raises(UsageError, match="exists already"):
        vidstyle.stylize(tmp_path / "in%04d.png", "identity", out)
    (tmp_path / "in0009.png").unlink()
    with pytest.raises(InputError, match="number 9 is missing"):
        vidstyle.stylize(tmp_path / "in%04d.png", "identity", out, overwrite=True)


def test_a_picture_becomes_a_picture(tmp_path):
    picture = make_picture(tmp_path / "in.png")
    for ending in ("png", "jpg", "bmp", "tif", "webp"):
        out = tmp_path / f"out.{ending}"
        vidstyle.stylize(picture, "identity", out)
        error = np.abs(cv2.imread(str(out)).astype(int) - cv2.imread(str(picture)))
        assert error.mean() < (0.01 if ending in {"png", "bmp", "tif"} else 6)


def test_the_painted_picture_of_16_bits_is_that_of_8(tmp_path, picture):
    frame = pattern(0, 64, 48)
    shallow, deep = (
        next(vidstyle.stylize_frames([pixels], picture, device="cpu", precision="f32"))
        for pixels in (frame, frame.astype(np.uint16) * 257)
    )
    assert deep.dtype == np.uint16
    assert np.abs(deep / 257 - shallow.astype(int)).max() <= 1.01
    assert len(np.unique(deep)) > 1000


def test_options_may_come_as_a_dict():
    pairs = (("g", "30"), ("tune", "grain"))
    assert Encoding(options={"g": 30, "tune": "grain"}) == Encoding(options=pairs)
    twice = (("x264-params", "bframes=0"), ("x264-params", "ref=1"))
    assert Encoding(options=twice).options == twice


@pytest.mark.parametrize("wrong", ["g", ("gop",), (("g",),), (("g", "1", "2"),), (7,), 7])
def test_options_that_are_no_pairs_are_refused(wrong):
    with pytest.raises(UsageError, match="expected `options` of names and values"):
        Encoding(options=wrong)


@pytest.mark.parametrize(
    "wrong", [(), (640,), (640, 360, 3), 640, "640x360", (640.5, 360), (-1, -1)]
)
def test_a_size_that_is_no_pair_of_numbers_is_refused(wrong):
    with pytest.raises(UsageError, match="expected a size such as"):
        Reading(size=wrong)


def test_what_the_encoder_does_not_take_is_an_error(base, tmp_path):
    out = tmp_path / "out.mp4"
    for encoding, message in (
        (Encoding(options=(("nonsense", "1"),)), "nonsense"),
        (Encoding(options=(("crf", "many"),)), "refused"),
        (Encoding("libx264", pixel_format="gbrp16le"), "takes no gbrp16le"),
    ):
        with pytest.raises(UsageError, match=message):
            vidstyle.stylize(base, "identity", out, encoding=encoding)
    with pytest.raises(UsageError, match="no pixel format"):
        Encoding(pixel_format="nosuch")
    assert not list(tmp_path.iterdir())


def test_what_the_encoder_takes_is_used(base, tmp_path, judge):
    out = tmp_path / "out.mp4"
    encoding = Encoding(pixel_format="yuv444p", options=(("g", "5"), ("bf", "0")))
    vidstyle.stylize(base, "identity", out, encoding=encoding)
    assert judge.stream(out)["pix_fmt"] == "yuv444p"
    with av.open(str(out)) as container:
        keys = [p.is_keyframe for p in container.demux(video=0) if p.size]
    assert [i for i, key in enumerate(keys) if key] == list(range(0, 30, 5))


@pytest.mark.parametrize(
    ("odd", "size"), [("pad", (322, 182)), ("crop", (320, 180)), ("444", (321, 181))]
)
def test_odd_sizes_by_choice(odd, size, tmp_path, judge):
    clip, out = tmp_path / "in.mkv", tmp_path / "out.mp4"
    make_clip(
        clip, times=range(3), size=(321, 181), codec="ffv1", pixel_format="yuv444p", sound=False
    )
    vidstyle.stylize(clip, "identity", out, odd=odd)
    stream = judge.stream(out)
    assert (stream["width"], stream["height"]) == size


def test_huge_frames_are_refused(base, tmp_path):
    with pytest.raises(InputError, match=r"128x96, more than the 9000 pixels"):
        vidstyle.stylize(base, "identity", tmp_path / "o.mp4", reading=Reading(max_pixels=9000))
    with pytest.raises(InputError, match="more than the"):
        frames(base, size=(100000, 100000))


def test_absurd_metadata_does_no_harm(tmp_path, judge):
    """A megabyte of title, five hundred chapters, names from everywhere."""
    clip, out = tmp_path / "in.mkv", tmp_path / "out.mkv"
    base = make_clip(tmp_path / "base.mp4", times=range(10), sound=False)
    with av.open(str(base)) as source, av.open(str(clip), "w") as output:
        stream = source.streams.video[0]
        copy = output.add_stream_from_template(stream, opaque=True)
        output.metadata.update({"title": "x" * 2**20, "☃=;#": "a\nb\\", "empty": ""})
        copy.metadata["language"] = "nonsense"
        chapters = [
            {"id": i, "start": i, "end": i + 1, "time_base": Fraction(1, 1000), "metadata": {}}
            for i in range(500)
        ]
        output.set_chapters(chapters)
        for packet in source.demux(stream):
            if packet.size:
                packet.stream = copy
                output.mux(packet)
    assert vidstyle.stylize(clip, "identity", out).summary.frames == 10
    with av.open(str(out)) as container:
        assert len(container.metadata["title"]) == 2**20
        assert len(container.chapters()) == 500


@pytest.fixture
def damaged(tmp_path):
    clip = make_clip(tmp_path / "damaged.mkv", times=range(60), size=(320, 240), sound=False)
    data = bytearray(clip.read_bytes())
    for place in range(4000, len(data) - 1000, 997):
        data[place] ^= 0xFF
    clip.write_bytes(data)
    return clip


def test_damaged_frames_are_kept_dropped_or_repeated(damaged):
    kept = frames(damaged)
    assert any(f.damaged for f in kept)
    dropped = frames(damaged, corrupt="drop")
    assert 0 < len(dropped) < len(kept)
    assert not any(f.damaged for f in dropped)
    repeated = frames(damaged, corrupt="repeat")
    assert [f.pts for f in repeated] == [f.pts for f in kept]
    for before, frame in itertools.pairwise(repeated):
        if frame.damaged:
            assert np.array_equal(frame.pixels, before.pixels)


def test_strict_stops_at_the_first_damage(damaged, tmp_path):
    done = command("run", damaged, "-s", "identity", "-o", tmp_path / "o.mkv", "--strict")
    assert done.returncode == 2
    assert "without --strict" in done.stderr
    assert not (tmp_path / "o.mkv").exists()


def test_hardware_that_is_not_there_is_one_warning(base, tmp_path):
    if av.codec.hwaccel.hwdevices_available() == []:
        pytest.skip("no kind of hardware is known to this build")
    done = command(
        "run", base, "-s", "identity", "-o", tmp_path / "o.mp4", "--hwaccel", "qsv", "-q"
    )
    assert done.returncode == 0, done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert "decoding on the CPU" in done.stderr


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("--start", "soon", "a time such as"),
        ("--end", "1:99:99:1", "a time such as"),
        ("--fps", "fast", "30000/1001"),
        ("--fps", "0", "at most 1000"),
        ("--size", "big", "1280x720"),
        ("--size", "-1x-1", "1280x720"),
        ("-x", "nonsense", "KEY=VALUE"),
        ("--hdr", "maybe", "refuse or tonemap"),
        ("--odd", "maybe", "pad or crop"),
        ("--alpha", "maybe", "keep or drop"),
        ("--max-pixels", "0", "--max-pixels of 1 or more"),
    ],
)
def test_wrong_options_are_one_line(option, value, message, base, tmp_path):
    done = command("run", base, "-s", "identity", "-o", tmp_path / "o.mp4", option, value)
    assert done.returncode == 2
    assert message in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert not list(tmp_path.iterdir())


def test_a_cut_begins_between_frames_and_counts_from_zero(tmp_path, judge):
    clip = make_clip(tmp_path / "in.mp4", times=range(90))
    cut = frames(clip, start=Fraction(101, 100), end=Fraction(2))
    assert len(cut) == 29
    assert cut[0].pts * cut[0].time_base == pytest.approx(31 / 30 - 1.01, abs=1e-4)
    whole = frames(clip)
    assert np.array_equal(cut[0].pixels, whole[31].pixels)
