"""Pictures in files: every format's size is known before it is decoded, and a small file cannot take much memory or time."""

from __future__ import annotations

import struct
import zlib

import cv2
import numpy as np
import pytest

from tests.conftest import vidstyle
from vidstyle import InputError
from vidstyle.images.files import MAX_PIXELS, read_picture
from vidstyle.images.header import read_size


def png(width, height, color=0, depth=8):
    def chunk(name, data):
        checksum = struct.pack(">I", zlib.crc32(name + data))
        return struct.pack(">I", len(data)) + name + data + checksum

    head = struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, 0)
    channels = {0: 1, 2: 3, 6: 4}[color]
    row = b"\0" + b"\x7f" * (min(width, 1000) * channels * depth // 8)
    rows = zlib.compress(row * min(height, 100))  # cut: nobody shall come to decode it
    chunks = (chunk(b"IHDR", head), chunk(b"IDAT", rows), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


ENDINGS = (
    *("png", "jpg", "webp", "gif", "bmp", "tiff", "jp2", "avif", "ppm", "pgm", "pbm", "pam"),
    *("pfm", "hdr", "ras"),
)


@pytest.mark.parametrize("ending", ENDINGS)
def test_the_size_is_read_of_the_header(tmp_path, ending):
    path = tmp_path / f"a.{ending}"
    pixels = np.random.default_rng(0).integers(0, 256, (37, 70, 3), np.uint8)
    if ending in {"hdr", "pfm"}:
        pixels = pixels.astype(np.float32)
    if ending in {"pgm", "pbm"}:
        pixels = pixels[..., 0]
    if not cv2.imwrite(str(path), pixels):
        pytest.skip(f"no {ending} is written here")
    data = path.read_bytes()
    assert read_size(data) == (70, 37)
    assert read_picture(path).shape == (37, 70, 3)
    for end in range(0, min(len(data), 400), 7):
        read_size(data[:end])  # no exception


def lying_jpeg(width, height):
    _, data = cv2.imencode(".jpg", np.zeros((8, 8, 3), np.uint8))
    data = bytearray(data.tobytes())
    place = data.index(b"\xff\xc0") + 5
    data[place : place + 4] = struct.pack(">HH", height, width)
    return bytes(data)


def lying(ending, place, form, *sizes):
    _, data = cv2.imencode(ending, np.zeros((8, 8, 3), np.uint8))
    data = bytearray(data.tobytes())
    struct.pack_into(form, data, place, *sizes)
    return bytes(data)


@pytest.mark.parametrize(
    "data",
    [
        png(20_000, 20_000),
        png(32_700, 32_700),
        png(11_000, 11_000, color=6, depth=16),
        b"P6 11000 11000 65535\n",
        b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y 11000 +X 11000\n",
        png(2**31 - 1, 2**31 - 1),
        lying_jpeg(65_000, 65_000),
        lying(".bmp", 18, "<ii", 30_000, -30_000),
        lying(".gif", 6, "<HH", 65_000, 65_000),
        b"P6 60000 60000 255\n",
        b"P7\nWIDTH 60000\nHEIGHT 60000\nDEPTH 4\nMAXVAL 255\nENDHDR\n",
        b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y 60000 +X 60000\n",
        b"RIFF\0\1\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0\xff\xff\0\xff\xff\0" + bytes(64),
        b"II*\0\x08\0\0\0\x02\0" + struct.pack("<HHIIHHII", 256, 4, 1, 10**5, 257, 4, 1, 10**5),
    ],
    ids=lambda data: f"{data[:8]!r}-{len(data)}",
)
def test_too_large_a_picture_is_refused_by_its_header(tmp_path, data):
    path = tmp_path / "bomb"
    path.write_bytes(data)
    with pytest.raises(InputError, match="million pixels at most"):
        read_picture(path)


def test_the_command_refuses_it_in_a_line(base, tmp_path):
    (tmp_path / "bomb.png").write_bytes(png(20_000, 20_000))
    done = vidstyle("run", base, "-s", tmp_path / "bomb.png", "-o", tmp_path / "out.mp4")
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "20000x20000" in done.stderr


def test_a_picture_of_a_camera_is_not_too_large():
    assert MAX_PIXELS > 11_648 * 8_736


@pytest.mark.parametrize("ending", ["png", "tiff", "webp", "bmp"])
@pytest.mark.parametrize("depth", [np.uint8, np.uint16])
def test_colors_and_opacity_are_those_of_two_decodings(tmp_path, ending, depth):
    path = tmp_path / f"a.{ending}"
    random = np.random.default_rng(1)
    pixels = random.integers(0, np.iinfo(depth).max, (300, 40, 4)).astype(depth)
    cv2.imwrite(str(path), pixels)
    color = cv2.imread(str(path), cv2.IMREAD_COLOR_RGB)
    alpha = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    opacity = alpha[..., 3:].astype(np.float32) / np.iinfo(alpha.dtype).max
    expected = (color * opacity + 255 * (1 - opacity)).round().astype(np.uint8)
    assert np.array_equal(read_picture(path), expected)
