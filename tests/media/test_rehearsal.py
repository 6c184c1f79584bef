"""A muxer that would refuse at the end refuses before the first frame is painted."""

from __future__ import annotations

import pytest

import vidstyle
from tests.media.media import ffmpeg
from vidstyle import OutputError, pipeline
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
    with pytest.raises(OutputError, match=r"mov cannot hold .*flac only supported in MP4"):
        vidstyle.stylize(source, "identity", tmp_path / "out.mov")


@pytest.mark.parametrize(
    ("codec", "ending"),
    [("ac3", "mp4"), ("eac3", "mov"), ("libopus", "webm"), ("libmp3lame", "avi"), ("mp2", "ts")],
)
def test_what_a_muxer_takes_is_not_refused(tmp_path, judge, copied, codec, ending):
    source = clip(tmp_path / "in.mkv", codec)
    assert vidstyle.stylize(source, "identity", tmp_path / f"out.{ending}").summary.frames == 10
