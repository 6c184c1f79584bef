"""The encoder of an output alone: what it is set up for, and what its packets tell."""

from __future__ import annotations

import io
from fractions import Fraction

import av
import pytest

import vidstyle
from tests.clips import make_clip, pattern
from vidstyle import Encoding, UsageError
from vidstyle.frame import ColorTags, StreamInfo
from vidstyle.media.containers import CONTAINERS
from vidstyle.media.encoder import Encoder

INFO = StreamInfo(
    width=65,
    height=48,
    time_base=Fraction(1, 90000),
    frame_rate=Fraction(10),
    frames=None,
    color=ColorTags(1, 1, 1, 1),
    sample_aspect_ratio=Fraction(1),
    pixel_format="yuv420p",
    even_rate=Fraction(12),
)


def encoder(ending, codec, **wishes):
    container = CONTAINERS[ending]
    output = av.open(io.BytesIO(), "w", format=container.format)
    return Encoder(output, container, codec, Encoding(**wishes), INFO)


def test_it_takes_the_times_size_and_colors_of_the_source():
    made = encoder(".mkv", "libx264")
    assert made.time_base == INFO.time_base
    assert made.color == INFO.color
    assert made.pixel_format == "yuv420p"
    assert (made.stream.width, made.stream.height) == (66, 48)
    assert made.stream.codec_context.gop_size == 100  # ten seconds to seek at most
    assert int(made.stream.codec_context.colorspace) == 1


def test_it_takes_the_times_that_a_container_can_tell():
    assert encoder(".avi", "mpeg4").time_base == Fraction(1, 12)
    assert encoder(".gif", "gif").time_base == Fraction(1, 100)
    assert encoder(".avi", "mpeg4").stream.codec_context.max_b_frames == 0


def test_packets_have_the_durations_of_their_pictures():
    made = encoder(".mkv", "libx264", options=(("bf", "2"),))
    packets = []
    for index in range(8):
        picture = av.VideoFrame.from_ndarray(pattern(index, 66, 48), format="rgb24")
        picture = picture.reformat(format="yuv420p")
        picture.pts, picture.time_base = 9000 * index, made.time_base
        packets += made.encode(picture, 1000 + index)
    packets += made.encode(None)
    assert {p.pts: p.duration for p in packets} == {9000 * i: 1000 + i for i in range(8)}
    assert [p.pts for p in packets] != sorted(p.pts for p in packets)  # frames did wait for others


def test_what_is_refused_is_named():
    with pytest.raises(UsageError, match=r"libx264 does not know the options \['nosuch'\]"):
        encoder(".mkv", "libx264", options=(("nosuch", "1"),))
    with pytest.raises(UsageError, match="webm cannot hold libx264 video"):
        encoder(".webm", "libx264")


@pytest.mark.parametrize("codec", ["msrle", "smc"])
def test_an_encoder_of_palettes_is_refused_before_the_work(base, tmp_path, codec):
    with pytest.raises(UsageError, match=f"{codec} takes none of the pixel formats .* pal8; try"):
        vidstyle.stylize(base, "identity", tmp_path / "out.mov", encoding=Encoding(codec))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("codec", "pixel_format"), [("png", "pal8"), ("tiff", "pal8"), ("rawvideo", "bayer_rggb8")]
)
def test_a_pixel_format_that_cannot_be_made_is_refused(codec, pixel_format):
    with pytest.raises(UsageError, match=f"no pictures of {pixel_format} for {codec}"):
        encoder(".mkv", codec, pixel_format=pixel_format)


def test_a_codec_may_have_two_names():
    """FFmpeg finds libx265 as hevc, too: it gets the options of that."""
    twice = [Encoding(codec=name, crf=30) for name in ("hevc", "libx265")]
    assert {e.encoder(CONTAINERS[".mkv"], INFO) for e in twice} == {"libx265"}
    with pytest.raises(UsageError, match="from 0 to 51 for libx265"):
        Encoding(codec="hevc", crf=60)


@pytest.mark.parametrize(
    ("name", "codec", "reason"),
    [
        ("out.mov", "libvpx-vp9", "vp9 only"),
        ("out.mkv", "rv20", "rv20"),
        ("out.mkv", "zmbv", "zmbv"),
    ],
)
def test_a_codec_that_a_container_refuses_is_wrong_use(tmp_path, name, codec, reason):
    """The way out is no container that was chosen already."""
    clip = make_clip(tmp_path / "in.mkv", size=(352, 288), times=range(2), sound=False)
    with pytest.raises(UsageError, match=f"cannot hold .*{reason}.*choose another `codec`") as told:
        vidstyle.stylize(clip, "identity", tmp_path / name, encoding=Encoding(codec))
    assert ("ends in .mkv" in str(told.value)) == (name != "out.mkv")
    assert [p.name for p in tmp_path.iterdir()] == ["in.mkv"]
