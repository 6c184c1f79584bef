"""Colors: right values, right tags, and nothing lost where nothing is changed."""

from __future__ import annotations

import subprocess
from fractions import Fraction

import av
import numpy as np
import pytest

import vidstyle
from tests.clips import make_clip
from vidstyle import ColorTags, InputError
from vidstyle.media.color import ColorConverter
from vidstyle.media.source import FileSource


@pytest.mark.parametrize(
    ("matrix", "levels", "expected"),
    [(1, 1, (63, 102, 240)), (1, 2, (54, 99, 255)), (6, 1, (81, 90, 240))],
)
def test_red_has_the_standards_values(matrix, levels, expected):
    red = np.zeros((16, 16, 3), np.uint8)
    red[..., 0] = 255
    frame = ColorConverter().from_rgb(red, ColorTags(matrix, levels, 1, 1), "yuv444p")
    measured = [np.frombuffer(p, np.uint8)[0] for p in frame.planes]
    assert np.abs(np.subtract(measured, expected, dtype=int)).max() <= 1


@pytest.mark.parametrize("color", [(1, 1, 1, 1), (1, 2, 1, 1), (6, 1, 6, 6)])
def test_tags_and_pixels_come_back(color, tmp_path, judge):
    clip = make_clip(tmp_path / "in.mkv", color=color, sound=False)
    out = tmp_path / "out.mkv"
    vidstyle.stylize(clip, "identity", out, encoding=vidstyle.Encoding("ffv1"))
    for key in ("color_space", "color_range", "color_primaries", "color_transfer"):
        assert judge.stream(out)[key] == judge.stream(clip)[key]
    assert judge.luma_psnr(out, clip) >= 55


def test_untagged_video_gets_the_tags_that_were_used(tmp_path, judge):
    clip = make_clip(tmp_path / "in.mkv", color=(2, 0, 2, 2), sound=False)
    out = tmp_path / "out.mkv"
    vidstyle.stylize(clip, "identity", out)
    assert judge.stream(out)["color_space"] == "smpte170m"
    assert judge.stream(out)["color_range"] == "tv"


@pytest.mark.parametrize("codec", ["libx264", "ffv1"])
def test_rgb_video_keeps_its_colors(tmp_path, codec):
    clip, out = tmp_path / "in.mkv", tmp_path / "out.mkv"
    color = np.array([200, 30, 60], np.uint8)
    with av.open(str(clip), "w") as output:
        stream = output.add_stream("libx264rgb", rate=25, options={"crf": "0"})
        stream.width, stream.height, stream.pix_fmt = 32, 32, "rgb24"
        for index in range(3):
            frame = av.VideoFrame.from_ndarray(np.full((32, 32, 3), color), format="rgb24")
            frame.pts = index
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    vidstyle.stylize(clip, "identity", out, encoding=vidstyle.Encoding(codec))
    with FileSource(out) as source:
        for frame in source:
            assert np.abs(frame.pixels[8, 8].astype(int) - color).max() <= 3


def test_hdr_is_refused(tmp_path):
    clip = make_clip(tmp_path / "in.mkv", color=(9, 1, 9, 16), sound=False)
    with pytest.raises(InputError, match="HDR"):
        vidstyle.stylize(clip, "identity", tmp_path / "out.mkv")
    assert not (tmp_path / "out.mkv").exists()


def test_aspect_and_rotation(tmp_path, judge):
    clip = make_clip(tmp_path / "in.mp4", aspect=Fraction(64, 45), sound=False)
    out = tmp_path / "out.mp4"
    vidstyle.stylize(clip, "identity", out)
    assert judge.stream(out)["sample_aspect_ratio"] == "64:45"

    turned = make_clip(tmp_path / "turned.mp4", rotation=90, sound=False)
    upright = tmp_path / "upright.mp4"
    vidstyle.stylize(turned, "identity", upright)
    stream = judge.stream(upright)
    assert (stream["width"], stream["height"]) == (96, 128)
    assert not any("rotation" in d for d in stream.get("side_data_list", []))


def test_a_turned_clip_is_upright_as_ffmpeg_turns_it(tmp_path, judge):
    clip = make_clip(tmp_path / "turned.mp4", rotation=90, sound=False)
    out, reference = tmp_path / "out.mkv", tmp_path / "ref.mkv"
    vidstyle.stylize(clip, "identity", out, encoding=vidstyle.Encoding("ffv1"))
    subprocess.run(
        ["ffmpeg", "-v", "error", "-i", str(clip), "-c:v", "ffv1", str(reference)], check=True
    )
    assert judge.luma_psnr(out, reference) >= 50


@pytest.mark.parametrize("size", [(33, 18), (32, 17), (35, 19)])
def test_odd_sizes_are_padded_for_h264_and_kept_for_ffv1(size, tmp_path):
    clip = make_clip(
        tmp_path / "in.mkv", size=size, codec="ffv1", pixel_format="yuv444p", sound=False
    )
    for codec, expected in (("libx264", [s + s % 2 for s in size]), ("ffv1", list(size))):
        out = tmp_path / f"{codec}.mkv"
        vidstyle.stylize(clip, "identity", out, encoding=vidstyle.Encoding(codec))
        with av.open(str(out)) as container:
            stream = container.streams.video[0]
            assert [stream.width, stream.height] == expected


def _tagged(path, matrix, primaries="bt709"):
    tags = ("-colorspace", matrix, "-color_primaries", primaries)
    source = ("-f", "lavfi", "-i", "testsrc2=s=64x48:r=10:d=0.3", "-pix_fmt", "yuv444p")
    subprocess.run(["ffmpeg", "-v", "error", *source, "-c:v", "ffv1", *tags, path], check=True)
    return path


@pytest.mark.parametrize(("matrix", "name"), [("ycgco", "YCgCo"), ("ictcp", "ICtCp")])
def test_a_matrix_that_cannot_be_converted_is_refused(tmp_path, judge, matrix, name):
    clip = _tagged(tmp_path / "in.mkv", matrix)
    with pytest.raises(InputError, match=f"is video in {name}.* zscale=matrix=709"):
        vidstyle.stylize(clip, "identity", tmp_path / "out.mp4")
    assert vidstyle.probe(clip).notes[0].startswith(f"refused: it is video in {name}")


@pytest.mark.parametrize(
    ("derived", "primaries", "same"),
    [
        ("chroma-derived-nc", "bt709", "bt709"),
        ("chroma-derived-nc", "bt2020", "bt2020nc"),
        ("chroma-derived-nc", "smpte170m", "smpte170m"),
        ("bt2020c", "bt2020", "bt2020nc"),
    ],
)
def test_matrices_by_other_names_are_read_as_what_they_are(
    tmp_path, judge, caplog, derived, primaries, same
):
    def pixels(matrix):
        with FileSource(_tagged(tmp_path / f"{matrix}.mkv", matrix, primaries)) as source:
            return next(iter(source)).pixels

    np.testing.assert_array_equal(pixels(derived), pixels(same))
    assert ("constant luminance" in caplog.text) == (derived == "bt2020c")


def test_a_matrix_of_unknown_primaries_is_refused(tmp_path, judge):
    with pytest.raises(InputError, match="primaries that are not known"):
        FileSource(_tagged(tmp_path / "in.mkv", "chroma-derived-nc", "film"))
