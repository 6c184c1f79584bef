"""Side data of pictures: EXIF above all, which turns photos, and types that PyAV does not know."""

from __future__ import annotations

import av
import cv2
import numpy as np
import pytest
from av.sidedata.sidedata import Type

from tests.clips import pattern
from tests.conftest import vidstyle as command
from tests.media.photos import TURNED, photo
from vidstyle import Reading
from vidstyle.media.side_data import side_data_of
from vidstyle.media.source import FileSource


def first(path, **wishes):
    with FileSource(path, Reading(**wishes)) as source:
        return next(iter(source)).pixels


def near(pixels, orientation):
    expected = TURNED[orientation](pattern(0, 48, 32))
    return pixels.shape == expected.shape and np.abs(pixels.astype(int) - expected).mean() < 6


@pytest.mark.parametrize("orientation", TURNED)
@pytest.mark.parametrize("ending", [".jpg", ".png", ".webp"])
def test_a_photo_comes_upright(tmp_path, ending, orientation):
    path = tmp_path / f"photo{ending}"
    path.write_bytes(photo(ending, orientation))
    assert near(first(path), orientation)
    assert near(first(path, keep_rotation=True), 1)


@pytest.mark.parametrize("ending", ["mkv", "mov", "avi"])
def test_a_photo_inside_a_video_comes_upright(tmp_path, ending):
    (tmp_path / "photo.jpg").write_bytes(photo(".jpg", 6))
    path = tmp_path / f"video.{ending}"
    with av.open(str(tmp_path / "photo.jpg")) as source, av.open(str(path), "w") as output:
        stream = output.add_stream_from_template(source.streams.video[0])
        for packet in source.demux():
            if packet.size:
                packet.stream = stream
                output.mux(packet)
    assert near(first(path), 6)


def test_photos_of_a_camera_are_painted_upright(tmp_path):
    for number in range(3):
        (tmp_path / f"cam{number}.jpg").write_bytes(photo(".jpg", 6))
    done = command("run", tmp_path / "cam0.jpg", "--style", "identity", "-o", tmp_path / "o.png")
    assert done.returncode == 0, done.stderr
    made = cv2.imread(str(tmp_path / "o.png"))
    assert near(cv2.cvtColor(made, cv2.COLOR_BGR2RGB), 6)
    done = command("run", tmp_path / "cam%d.jpg", "--style", "identity", "-o", tmp_path / "o.mkv")
    assert done.returncode == 0, done.stderr
    assert near(first(tmp_path / "o.mkv"), 6)


def test_side_data_of_any_number_is_looked_over(tmp_path):
    path = tmp_path / "photo.jpg"
    path.write_bytes(photo(".jpg", 6))
    with av.open(str(path)) as source:
        picture = next(source.decode(video=0))
        assert len(side_data_of(picture, "DISPLAYMATRIX") or b"") == 36
        assert side_data_of(picture, "A53_CC") is None
        assert side_data_of(picture, "A_TYPE_OF_TOMORROW") is None
    unknown = Type(4711)
    assert unknown is Type(4711)
    assert unknown not in list(Type)
    assert Type(6) is Type.DISPLAYMATRIX
