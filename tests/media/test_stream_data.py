"""What a container says of its video beside the codec: kept, or named when it is lost."""

from __future__ import annotations

import json
import struct
import subprocess
import sys

import pytest

import vidstyle
from tests.clips import make_clip
from tests.media.boxes import (
    CUBEMAP,
    EQUIRECTANGULAR,
    IN_PART,
    box,
    dolby_vision,
    put_boxes,
    sphere,
    stereo,
)
from tests.media.media import ffmpeg
from vidstyle import InputError, Reading, probe
from vidstyle.media.video import Video

FORMS = {"whole": EQUIRECTANGULAR, "part": IN_PART, "cube": CUBEMAP}
POSE = (90 << 16, -(45 << 16), 10 << 16)


@pytest.fixture(scope="module")
def flat(tmp_path_factory):
    return make_clip(tmp_path_factory.mktemp("flat") / "flat.mp4", times=range(5), size=(64, 48))


@pytest.fixture(scope="module")
def hevc(tmp_path_factory, judge):
    path = tmp_path_factory.mktemp("hevc") / "hevc.mp4"
    ffmpeg(
        *("-f", "lavfi", "-i", "testsrc2=s=64x48:r=10:d=0.5", "-pix_fmt", "yuv420p10le"),
        *("-c:v", "libx265", "-x265-params", "log-level=none", "-tag:v", "hvc1", path),
    )
    return path


def run(source, out, **wishes):
    return vidstyle.stylize(source, "identity", out, reading=Reading(**wishes))


def told(path) -> list[dict]:
    """Return the side data of the video as Debian's ffprobe tells it."""
    said = subprocess.run(
        ["ffprobe", "-v", "error", "-select_streams", "v:0", "-of", "json"]
        + ["-show_entries", "stream_side_data:stream_tags", path],
        capture_output=True,
        check=True,
    ).stdout
    (stream,) = json.loads(said)["streams"]
    assert "~" not in str(stream["tags"])  # nothing of the room is left in a name
    return stream.get("side_data_list", [])


def whole(path):
    """Assert that Debian's ffmpeg reads every packet without a word."""
    said = subprocess.run(
        ["ffmpeg", "-v", "warning", "-i", path, "-f", "null", "-"], capture_output=True
    )
    assert not said.stderr


@pytest.mark.parametrize("ending", ["mp4", "mov", "mkv", "webm"])
@pytest.mark.parametrize("form", FORMS)
def test_a_sphere_and_two_views_are_kept(flat, tmp_path, judge, caplog, form, ending):
    source = put_boxes(flat, stereo(1) + sphere(FORMS[form], POSE), tmp_path / "in.mp4")
    out = tmp_path / f"out.{ending}"
    run(source, out)
    assert told(source) == told(out)
    assert len(told(out)) == 2
    assert "dropped" not in caplog.text
    whole(out)


@pytest.mark.parametrize("ending", ["mp4", "mov", "mkv"])
def test_views_alone_and_a_sphere_alone_are_kept(flat, tmp_path, judge, ending):
    for added in (stereo(2), sphere(EQUIRECTANGULAR)):
        source = put_boxes(flat, added, tmp_path / "in.mp4")
        out = tmp_path / f"out.{ending}"
        vidstyle.stylize(source, "identity", out, overwrite=True)
        assert told(source) == told(out)
        assert len(told(out)) == 1
        whole(out)


def test_from_matroska_they_come_back(flat, tmp_path, judge):
    source = put_boxes(flat, stereo(2) + sphere(IN_PART, POSE), tmp_path / "in.mp4")
    run(source, tmp_path / "a.mkv")
    run(tmp_path / "a.mkv", tmp_path / "b.mkv")
    run(tmp_path / "b.mkv", tmp_path / "c.mp4")
    assert told(tmp_path / "c.mp4") == told(source)


def test_views_that_the_codec_tells_are_kept(tmp_path, judge):
    clip, out = tmp_path / "in.ts", tmp_path / "out.mp4"
    ffmpeg(
        *("-f", "lavfi", "-i", "testsrc2=s=64x48:r=10:d=0.5"),
        *("-c:v", "libx264", "-x264-params", "frame-packing=3", clip),
    )
    run(clip, out)
    (views,) = told(out)
    assert views["type"] == "side by side"


@pytest.mark.parametrize("ending", ["ts", "avi", "gif"])
def test_a_sphere_that_cannot_be_kept_is_told(flat, tmp_path, caplog, ending):
    source = put_boxes(flat, stereo(1) + sphere(EQUIRECTANGULAR), tmp_path / "in.mp4")
    run(source, tmp_path / f"out.{ending}")
    words = "360 degree projection (equirectangular) and 3D tag (top and bottom)"
    assert caplog.text.count(f"{words} is dropped") == 1
    found = probe(source, f"out.{ending}")
    assert found.video.projection == words
    assert any(note.startswith(f"{words}: dropped") for note in found.notes)
    assert not any(words in note for note in probe(source, "out.mp4").notes)


def test_a_pipe_cannot_be_written_to_again(flat, tmp_path):
    source = put_boxes(flat, sphere(EQUIRECTANGULAR), tmp_path / "in.mp4")
    command = [sys.executable, "-m", "vidstyle", "run", source, "-s", "identity", "-o", "-", "-q"]
    done = subprocess.run([*command, "--to", "matroska"], capture_output=True, check=True)
    assert b"projection (equirectangular) is dropped: a pipe cannot hold it" in done.stderr


@pytest.mark.parametrize("ending", ["mp4", "mkv"])
@pytest.mark.parametrize(("profile", "compatibility"), [(5, 0), (10, 0)])
def test_dolby_vision_without_a_base_is_refused(hevc, tmp_path, ending, profile, compatibility):
    source = put_boxes(hevc, dolby_vision(profile, compatibility), tmp_path / "in.mp4")
    if ending == "mkv":
        ffmpeg("-i", source, "-c", "copy", "-strict", "unofficial", tmp_path / "in.mkv")
        source = tmp_path / "in.mkv"
    for hdr in ("refuse", "tonemap", "passthrough"):
        with pytest.raises(InputError, match=rf"profile {profile}.* convert it to HDR10 or SDR"):
            run(source, tmp_path / "out.mp4", hdr=hdr)
    assert not (tmp_path / "out.mp4").exists()
    assert probe(source).notes[0].startswith("refused: it is Dolby Vision")


@pytest.mark.parametrize(("profile", "compatibility"), [(8, 2), (8, 1), (7, 6), (4, 2), (9, 2)])
def test_dolby_vision_with_a_base_is_painted(hevc, tmp_path, caplog, profile, compatibility):
    source = put_boxes(hevc, dolby_vision(profile, compatibility), tmp_path / "in.mp4")
    run(source, tmp_path / "out.mp4")
    assert caplog.text.count("Dolby Vision metadata is dropped") == 1


def test_hdr_keeps_what_only_its_container_says(tmp_path, judge, caplog):
    plain = tmp_path / "plain.mp4"
    ffmpeg(
        *("-f", "lavfi", "-i", "testsrc2=s=64x48:r=10:d=0.5", "-pix_fmt", "yuv420p10le"),
        *("-c:v", "libx265", "-x265-params", "log-level=none", "-color_primaries", "bt2020"),
        *("-color_trc", "smpte2084", "-colorspace", "bt2020nc", "-tag:v", "hvc1", plain),
    )
    points = (13250, 34500, 7500, 3000, 34000, 16000, 15635, 16450)
    added = box(b"mdcv", struct.pack(">8H2I", *points, 10000000, 50))
    added += box(b"clli", struct.pack(">2H", 1000, 400))
    added += box(b"amve", struct.pack(">I2H", 100000, 15635, 16450))
    source, out = put_boxes(plain, added, tmp_path / "in.mp4"), tmp_path / "out.mp4"
    encoding = vidstyle.Encoding(codec="libx265")
    reading = Reading(hdr="passthrough")
    vidstyle.stylize(source, "identity", out, reading=reading, encoding=encoding)
    with Video.open(out, reading) as video:
        assert video.passthrough.mastering.light == (1000, 400)
        assert float(video.passthrough.mastering.luminance[1]) == 1000
    assert "ambient viewing environment is dropped" in caplog.text
    assert "light level" not in caplog.text


def test_cropping_by_the_container_is_told(flat, tmp_path, caplog):
    clap = box(b"clap", struct.pack(">8I", 60, 1, 40, 1, 0, 1, 0, 1))
    source = put_boxes(flat, clap, tmp_path / "in.mp4")
    run(source, tmp_path / "out.mp4")
    assert "cropping by the container is dropped" in caplog.text
    assert any("cropping" in note for note in probe(source).notes)
