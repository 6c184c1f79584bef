"""A muxer that would refuse at the end refuses before the first frame is painted."""

from __future__ import annotations

from fractions import Fraction

import av
import pytest

import vidstyle
from tests.media.media import ffmpeg
from vidstyle import Encoding, InputError, OutputError, UsageError, pipeline
from vidstyle.media import routes
from vidstyle.media.routes import Action


@pytest.fixture
def copied(monkeypatch):
    """Routes that copy all sound, as if every muxer took what it lists."""
    monkeypatch.setattr(routes, "_audio", lambda *_: (Action.COPY, None, None))


@pytest.fixture
def unpainted(monkeypatch):
    def begun(*_, **__):
        raise AssertionError("the work began")

    monkeypatch.setattr(pipeline, "run", begun)


def clip(path, codec, *options):
    source = ("-f", "lavfi", "-i", "testsrc2=s=64x48:r=10:d=1", "-f", "lavfi", "-i", "sine=d=1")
    ffmpeg(*source, "-c:v", "libx264", "-c:a", codec, *options, path)
    return path


@pytest.mark.parametrize(
    ("container", "late"), [("mkv", False), ("avi", False), ("nut", False), ("mkv", True)]
)
def test_a_refusal_at_the_end_comes_at_the_beginning(
    tmp_path, judge, copied, unpainted, container, late
):
    source = clip(tmp_path / f"in.{container}", "pcm_s16le", "-ac", "2")
    if late:  # so that no packet of it is there when the first frame is
        delayed = tmp_path / "late.mkv"
        ffmpeg(
            *("-i", source, "-itsoffset", "0.9", "-i", source),
            *("-map", "0:v", "-map", "1:a", "-c", "copy", delayed),
        )
        source = delayed
    words = r"mp4 cannot hold audio stream 1 \(pcm_s16le\): unsupported channel layout 2 channels"
    with pytest.raises(OutputError, match=words):
        vidstyle.stylize(source, "identity", tmp_path / "out.mp4")
    assert not [p for p in tmp_path.iterdir() if "out" in p.name]


def test_a_refusal_of_the_header_has_the_muxers_reason(tmp_path, judge, copied, unpainted):
    source = clip(tmp_path / "in.mkv", "flac")
    with pytest.raises(UsageError, match=r"mov cannot hold .*flac only supported in MP4"):
        vidstyle.stylize(source, "identity", tmp_path / "out.mov")


@pytest.mark.parametrize(
    ("codec", "ending"),
    [("ac3", "mp4"), ("eac3", "mov"), ("libopus", "webm"), ("libmp3lame", "avi"), ("mp2", "ts")],
)
def test_what_a_muxer_takes_is_not_refused(tmp_path, judge, copied, codec, ending):
    source = clip(tmp_path / "in.mkv", codec)
    assert vidstyle.stylize(source, "identity", tmp_path / f"out.{ending}").summary.frames == 10


def unconfigured(path):
    """Return a copy of an MP4 whose AAC says nothing of itself."""
    made = path.with_name("unconfigured.mp4")
    made.write_bytes(path.read_bytes().replace(b"esds", b"free"))
    return made


@pytest.mark.parametrize("ending", ["mkv", "ts"])
def test_sound_without_its_configuration_is_dropped_as_damaged(tmp_path, judge, caplog, ending):
    source = unconfigured(clip(tmp_path / "in.mp4", "aac"))
    made = vidstyle.stylize(source, "identity", tmp_path / f"out.{ending}").summary
    assert (made.frames, made.damaged) == (10, 1)
    assert "audio stream 1 (aac) is dropped: it is damaged" in caplog.text


def test_mp4_keeps_sound_readable_without_its_configuration(tmp_path, judge):
    source = unconfigured(clip(tmp_path / "in.mp4", "aac"))
    made = vidstyle.stylize(source, "identity", tmp_path / "out.mp4")
    assert made.summary.damaged == 0
    with av.open(str(tmp_path / "out.mp4")) as output:
        assert sum(1 for _ in output.decode(audio=0)) > 35


def test_strict_refuses_sound_without_its_configuration(tmp_path, judge):
    source = unconfigured(clip(tmp_path / "in.mp4", "aac"))
    with pytest.raises(InputError, match="beside the video"):
        vidstyle.stylize(
            source, "identity", tmp_path / "out.mkv", reading=vidstyle.Reading(strict=True)
        )


@pytest.mark.parametrize("ending", ["mkv", "mp4", "ts"])
def test_sound_that_can_be_copied_only_later_is_copied_from_there(tmp_path, judge, ending):
    source = clip(tmp_path / "in.ts", "aac")
    data = bytearray(source.read_bytes())
    first = data.index(b"\xff\xf1")  # where its header begins
    data[first] = 0
    source.write_bytes(data)
    made = vidstyle.stylize(source, "identity", tmp_path / f"out.{ending}")
    assert (made.summary.frames, made.summary.damaged) == (10, 1)
    with av.open(str(tmp_path / f"out.{ending}")) as output:
        assert sum(1 for _ in output.decode(audio=0)) > 35


def test_an_encoder_that_refuses_its_first_picture_does_so_before_the_work(
    tmp_path, judge, unpainted
):
    source = clip(tmp_path / "in.mkv", "flac")
    words = "amv refused a picture of yuvj420p 64x50: Heights .*; choose another `codec`"
    with pytest.raises(UsageError, match=words):
        vidstyle.stylize(
            source,
            "identity",
            tmp_path / "out.avi",
            reading=vidstyle.Reading(size=(64, 50)),
            encoding=Encoding("amv", pixel_format="yuvj420p"),
        )


def test_vc2_gets_the_bit_rate_without_which_it_refuses_all(tmp_path, judge):
    source = clip(tmp_path / "in.mkv", "flac")
    made = vidstyle.stylize(source, "identity", tmp_path / "out.mkv", encoding=Encoding("vc2"))
    assert made.summary.frames == 10


@pytest.mark.parametrize(
    ("codec", "words"),
    [
        ("libx264", "it takes 16298x16298 at most"),
        ("mpeg4", "it takes 8191x8191 at most"),
        ("mpeg2video", "MPEG-2 video does not support resolutions above 16383x16383"),
    ],
)
def test_a_size_beyond_the_encoder_is_named_with_its_limit(
    tmp_path, judge, unpainted, codec, words
):
    source = clip(tmp_path / "in.mkv", "flac")
    with pytest.raises(UsageError, match=f"{codec} refused a size of 16x20000: {words}"):
        vidstyle.stylize(
            source,
            "identity",
            tmp_path / "out.mkv",
            reading=vidstyle.Reading(size=(16, 20000), fps=Fraction(25)),
            encoding=Encoding(codec),
        )
