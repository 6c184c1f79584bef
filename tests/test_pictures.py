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
from vidstyle.images.header import read_header


def chunk(name, data):
    checksum = struct.pack(">I", zlib.crc32(name + data))
    return struct.pack(">I", len(data)) + name + data + checksum


def png(width, height, color=0, depth=8, more=b""):
    head = struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, 0)
    channels = {0: 1, 2: 3, 6: 4}[color]
    row = b"\0" + b"\x7f" * (min(width, 1000) * channels * depth // 8)
    rows = zlib.compress(row * min(height, 100))  # cut: nobody shall come to decode it
    chunks = (chunk(b"IHDR", head), chunk(b"IDAT", rows), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + chunks[0] + more + b"".join(chunks[1:])


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
    assert read_header(data)[:2] == (70, 37)
    assert read_picture(path).shape == (37, 70, 3)
    for end in range(0, min(len(data), 400), 7):
        read_header(data[:end])  # no exception


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


def tiff(width, height, bits, samples, *more):
    tags = [(256, 4, 1, width), (257, 4, 1, height), (258, 3, 1, bits), (277, 3, 1, samples), *more]
    entries = b"".join(struct.pack("<HHII", *tag) for tag in tags)
    return b"II*\0\x08\0\0\0" + struct.pack("<H", len(tags)) + entries


def jpeg_2000(width, height, samples):
    return b"\xff\x4f\xff\x51" + struct.pack(
        ">HHIIIIIIIIH", 47, 0, width, height, 0, 0, width, height, 0, 0, samples
    )


HDR = b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n"


@pytest.mark.parametrize(
    "data",
    [
        png(20_000, 20_000),
        png(9000, 9000, color=6, more=chunk(b"acTL", struct.pack(">II", 4, 0))),
        lying(".gif", 6, "<HH", 9000, 9000),
        lying(".bmp", 18, "<ii", 11_000, 11_000),
        b"RIFF\0\1\0\0WEBPVP8X\x0a\0\0\0\x02\0\0\0\x28\x23\0\x28\x23\0" + bytes(64),
        tiff(6000, 6000, 32, 4),
        tiff(60_000, 60_000, 8, 3, (256, 4, 1, 8), (257, 4, 1, 8)),
        jpeg_2000(7000, 7000, 4),
        b"\0\0\0\x0cjP  \r\n" + jpeg_2000(8, 8, 3) + jpeg_2000(20_000, 20_000, 3),
        HDR + b"\n-Y 7000 +X 7000\n",
        HDR + b"\n-Y 8 +X 8\n\n-Y  60000 +X  60000\n",
        b"PF 6000 6000 -1.0\n",
        b"P7\nWIDTH 8\nHEIGHT 8\nWIDTH 60000\nHEIGHT 60000\nDEPTH 4\nMAXVAL 255\nENDHDR\n",
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


def progressive(width=64, height=48, scans=10):
    """Return a progressive JPEG that repeats its last scan."""
    options = [cv2.IMWRITE_JPEG_PROGRESSIVE, 1]
    _, encoded = cv2.imencode(".jpg", np.full((height, width, 3), 90, np.uint8), options)
    data = encoded.tobytes()
    start, end = data.rindex(b"\xff\xda"), data.rindex(b"\xff\xd9")
    return data[:end] + data[start:end] * (scans - 10) + data[end:]


def test_the_scans_of_a_jpeg_are_counted():
    assert read_header(progressive()) == (64, 48, 9, 10)
    assert read_header(progressive(scans=200)).scans == 200
    assert read_header(progressive() + b"\xff\xda" * 50).scans == 10  # behind its end
    assert read_header(lying_jpeg(65_000, 8)).scans == 1
    assert read_header(b"\xff\xd8" + b"\xff\xfe\0\2" * 10**6) is None
    assert read_header(b"\xff\xd8" + b"\xff" * 10**6) is None


@pytest.mark.parametrize(("side", "scans"), [(1000, 3000), (4000, 200), (10_000, 22)])
def test_a_jpeg_of_too_many_scans_is_refused(tmp_path, side, scans):
    path = tmp_path / "bomb.jpg"
    data = bytearray(progressive(scans=scans))
    place = data.index(b"\xff\xc2") + 5
    data[place : place + 4] = struct.pack(">HH", side, side)
    path.write_bytes(data)
    with pytest.raises(InputError, match=f"scans at most .* got {scans} in"):
        read_picture(path)
    path.write_bytes(progressive(scans=200))  # a small one may
    assert read_picture(path).shape == (48, 64, 3)


def texts(kind, count=10, size=7_000_000):
    between = {b"zTXt": b"\0", b"iTXt": b"\1\0de\0\0", b"iCCP": b"\0"}[kind]
    return chunk(kind, b"name\0" + between + zlib.compress(bytes(size))) * count


BOMBS = [
    texts(b"zTXt"),
    texts(b"iTXt"),
    texts(b"iCCP", 1, 10**8),
    chunk(b"zTXt", b"a\0\0") * 40_000,
]


@pytest.mark.parametrize("more", BOMBS, ids=["zTXt", "iTXt", "iCCP", "many"])
def test_a_png_whose_texts_grow_is_refused(tmp_path, more):
    path = tmp_path / "bomb.png"
    path.write_bytes(png(64, 64, more=more))
    with pytest.raises(InputError, match="32 MiB at most of texts"):
        read_picture(path)
    done = vidstyle("run", path, "-s", "identity", "-o", tmp_path / "out.png")
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("kind", [b"zTXt", b"iTXt", b"iCCP"])
def test_texts_of_a_usual_size_are_not_in_the_way(tmp_path, kind):
    path = tmp_path / "a.png"
    path.write_bytes(png(64, 64, more=texts(kind, 1, 3_000_000)))
    assert read_picture(path).shape == (64, 64, 3)


def test_numbered_pictures_are_looked_at_one_by_one(tmp_path):
    for number in range(3):
        more = texts(b"zTXt") if number == 2 else b""
        (tmp_path / f"{number}.png").write_bytes(png(64, 64, more=more))
    done = vidstyle("run", tmp_path / "%d.png", "-s", "identity", "-o", tmp_path / "out.mp4")
    assert done.returncode == 2
    assert "32 MiB at most of texts" in done.stderr
    assert not (tmp_path / "out.mp4").exists()


def test_a_picture_of_a_training_is_looked_at(tmp_path):
    data = pytest.importorskip("vidstyle.training.data", reason="training needs torch")
    (tmp_path / "a.png").write_bytes(png(20_000, 20_000))
    with pytest.raises(InputError, match="20000x20000"):
        data.Crops([tmp_path / "a.png"], size=64, batch=1, seed=1)


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


@pytest.mark.parametrize("size", [(64, 48), (127, 95), (256, 192), (128, 48)])
def test_an_avif_of_another_size_than_it_states_is_scaled_to_that(size, tmp_path):
    """As its `ispe` box states it; nothing is cut off, and nothing is read from beyond it."""
    picture = np.zeros((96, 128, 3), np.uint8)
    picture[:, :64], picture[48:, 64:] = (255, 0, 0), (0, 255, 0)
    made, data = cv2.imencode(".avif", picture)
    if not made:
        pytest.skip("this build of OpenCV writes no AVIF")
    data = bytearray(data.tobytes())
    struct.pack_into(">II", data, data.index(b"ispe") + 8, *size)
    (tmp_path / "a.avif").write_bytes(data)
    read = read_picture(tmp_path / "a.avif")
    expected = cv2.resize(picture[..., ::-1], size, interpolation=cv2.INTER_AREA)
    assert read.shape == expected.shape
    assert np.abs(read.astype(float) - expected).mean() < 8
