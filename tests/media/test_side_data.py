"""Side data of pictures: EXIF above all, which turns photos, and types that PyAV does not know."""

from __future__ import annotations

import struct
import zlib

import av
import cv2
import numpy as np
import pytest
from av.sidedata.sidedata import Type

from tests.clips import pattern
from tests.conftest import vidstyle as command
from vidstyle import Reading
from vidstyle.media.side_data import side_data_of
from vidstyle.media.source import FileSource

TURNED = {
    1: lambda p: p,
    2: lambda p: p[:, ::-1],
    3: lambda p: p[::-1, ::-1],
    4: lambda p: p[::-1],
    5: lambda p: p.swapaxes(0, 1),
    6: lambda p: p.swapaxes(0, 1)[:, ::-1],
    7: lambda p: p.swapaxes(0, 1)[::-1, ::-1],
    8: lambda p: p.swapaxes(0, 1)[::-1],
}
"""EXIF's orientation (CIPA DC-008, 4.6.5) -> the stored picture (H, W, 3) as it is shown."""


def exif(orientation: int) -> bytes:
    """An EXIF block that holds the orientation alone."""
    entry = struct.pack(">HHHIHH", 1, 0x112, 3, 1, orientation, 0)
    return b"MM\0*\0\0\0\x08" + entry + bytes(4)


def photo(ending: str, orientation: int) -> bytes:
    """A picture of 48x32 with EXIF, as a file's bytes."""
    made, data = cv2.imencode(ending, cv2.cvtColor(pattern(0, 48, 32), cv2.COLOR_RGB2BGR))
    assert made
    block, data = exif(orientation), data.tobytes()
    if ending == ".jpg":
        segment = b"Exif\0\0" + block
        return data[:2] + struct.pack(">HH", 0xFFE1, len(segment) + 2) + segment + data[2:]
    if ending == ".png":
        chunk = b"eXIf" + block
        chunk = struct.pack(">I", len(block)) + chunk + struct.pack(">I", zlib.crc32(chunk))
        return data[:33] + chunk + data[33:]
    image = data[12:]  # .webp: its chunks go into the extended form, whose header tells of the EXIF
    header = struct.pack("<4sIB3x", b"VP8X", 10, 8)
    header += struct.pack("<I", 47)[:3] + struct.pack("<I", 31)[:3]
    body = b"WEBP" + header + image + struct.pack("<4sI", b"EXIF", len(block)) + block
    return struct.pack("<4sI", b"RIFF", len(body)) + body


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
