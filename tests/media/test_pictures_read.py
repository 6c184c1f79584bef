"""Still pictures, single and numbered, that are read and not written; linear light above all."""

from __future__ import annotations

from fractions import Fraction

import av
import cv2
import numpy as np
import pytest

from tests.clips import pattern
from tests.conftest import vidstyle as command
from vidstyle import InputError, Reading, UsageError
from vidstyle.media.containers import container_for
from vidstyle.media.source import FileSource
from vidstyle.naming import default_output


def frames(path, **wishes):
    with FileSource(path, Reading(**wishes)) as source:
        return list(source)


def encoded(picture, codec, pixel_format, **options):
    """A picture, an array or a frame, as the bytes of a file."""
    if isinstance(picture, np.ndarray):
        picture = av.VideoFrame.from_ndarray(picture, format="rgb24")
    context = av.CodecContext.create(codec, "w")
    context.width, context.height, context.pix_fmt = picture.width, picture.height, pixel_format
    context.time_base, context.options = Fraction(1, 25), options
    packets = [*context.encode(picture.reformat(format=pixel_format)), *context.encode(None)]
    return b"".join(map(bytes, packets))


def exr(light, **options):
    """OpenEXR of an array (H, W, 1, 3 or 4) of linear light."""
    layout = {1: "grayf32le", 3: "gbrpf32le", 4: "gbrapf32le"}[light.shape[2]]
    light = light.astype(np.float32)
    frame = av.VideoFrame.from_ndarray(light[..., 0] if layout[:2] == "gr" else light, layout)
    return encoded(frame, "exr", layout, **options)


def srgb(light):
    """The standard's formula, IEC 61966-2-1, of one number, in 16 bits."""
    value = 12.92 * light if light <= 0.0031308 else 1.055 * light ** (1 / 2.4) - 0.055
    return round(65535 * value)


@pytest.mark.parametrize(
    ("ending", "codec", "pixel_format"),
    [
        ("dpx", "dpx", "rgb24"),
        ("dpx", "dpx", "gbrp10le"),
        ("dpx", "dpx", "rgb48le"),
        ("tga", "targa", "bgr24"),
        ("tga", "targa", "bgra"),
        ("ppm", "ppm", "rgb24"),
        ("ppm", "ppm", "rgb48be"),
        ("jp2", "jpeg2000", "rgb24"),
        ("webp", "libwebp", "yuv420p"),
    ],
)
def test_numbered_pictures_are_read(tmp_path, ending, codec, pixel_format):
    for number in range(3, 6):
        data = encoded(pattern(number, 48, 32), codec, pixel_format)
        (tmp_path / f"p{number:03d}.{ending}").write_bytes(data)
    got = frames(tmp_path / f"p%03d.{ending}")
    assert len(got) == 3
    for number, frame in enumerate(got, 3):
        pixels = frame.pixels // (257 if frame.pixels.dtype == np.uint16 else 1)
        assert np.abs(pixels.astype(int) - pattern(number, 48, 32)).mean() < 7
        assert frame.color.transfer in {1, 2, 6}  # DPX says "linear" of everything


def test_palettes_of_targa(tmp_path):
    colors, picture = [(200, 40, 10), (20, 180, 240)], np.arange(48 * 32).reshape(32, 48) % 2
    head = bytes([0, 1, 1, 0, 0, 2, 0, 24]) + bytes(4) + bytes([48, 0, 32, 0, 8, 0x20])
    palette = b"".join(bytes(c[::-1]) for c in colors)
    (tmp_path / "1.tga").write_bytes(head + palette + picture.astype(np.uint8).tobytes())
    (frame,) = frames(tmp_path / "%d.tga")
    assert np.array_equal(frame.pixels, np.array(colors, np.uint8)[picture])


@pytest.mark.parametrize("kind", ["float", "half"])
def test_linear_light_is_shown_as_srgb(tmp_path, kind):
    light = [-0.5, 0, 0.001, 0.18, 0.5, 1, 4]
    pixels = np.tile(np.array(light).repeat(4)[None, :, None], (8, 1, 3))
    pixels[..., 1] /= 2
    path = tmp_path / "a.exr"
    path.write_bytes(exr(pixels, format=kind))
    (frame,) = frames(path)
    assert frame.pixels.dtype == np.uint16
    assert frame.color.transfer == 13
    slack = 3 if kind == "float" else 20
    for column, value in enumerate(light):
        red, green, blue = frame.pixels[4, 4 * column + 2]
        shown = min(max(value, 0), 1), min(max(value / 2, 0), 1)
        assert abs(int(red) - srgb(shown[0])) <= slack
        assert abs(int(green) - srgb(shown[1])) <= slack
        assert red == blue


@pytest.mark.parametrize("kind", ["float", "half"])
@pytest.mark.parametrize("depth", [1, 3, 4])
def test_linear_light_is_scaled_as_light(tmp_path, kind, depth):
    light = np.full((8, 16, depth), 0.18)
    light[:, 8:] = 0.72
    if depth == 4:
        light[..., 3] = 1
    (tmp_path / "a.exr").write_bytes(exr(light, format=kind))
    (frame,) = frames(tmp_path / "a.exr", size=(17, 4))
    assert frame.pixels.shape == (4, 17, 3)
    assert (frame.alpha is not None) == (depth == 4)
    for column, value in ((2, 0.18), (8, 0.45), (14, 0.72)):
        assert np.abs(frame.pixels[2, column].astype(int) - srgb(value)).max() < 300


def test_linear_gray_and_numbers_that_are_none(tmp_path):
    light = np.full((8, 16, 1), 0.18)
    light[:, 4:8], light[:, 8:12] = np.nan, np.inf
    (tmp_path / "a.exr").write_bytes(exr(light))
    (frame,) = frames(tmp_path / "a.exr")
    assert abs(int(frame.pixels[4, 1, 0]) - srgb(0.18)) <= 3
    assert frame.pixels[4, 5].tolist() == [0, 0, 0]
    assert frame.pixels[4, 9].tolist() == [65535] * 3


def test_linear_light_comes_out_of_its_alpha(tmp_path):
    light = np.zeros((8, 12, 4))
    light[:, :4] = [0.09, 0.25, 0.5, 0.5]  # premultiplied: 0.18, 0.5 and 1
    light[:, 4:8] = [0.18, 0.5, 1, 1]
    light[:, 8:] = [0.18, 0, 0, 0]  # light alone
    (tmp_path / "a.exr").write_bytes(exr(light))
    (frame,) = frames(tmp_path / "a.exr")
    assert frame.alpha is not None
    assert frame.alpha[4, [1, 5, 9]].tolist() == [32768, 65535, 0]
    assert np.abs(frame.pixels[4, 1].astype(int) - frame.pixels[4, 5]).max() <= 2
    assert abs(int(frame.pixels[4, 9, 0]) - srgb(0.18)) <= 3
    (opaque,) = frames(tmp_path / "a.exr", alpha=False)
    assert opaque.alpha is None
    assert np.array_equal(opaque.pixels, frame.pixels)


def test_numbered_exr_becomes_a_video(tmp_path):
    for number in range(2):
        light = (pattern(number, 64, 48) / 255) ** 2.2
        (tmp_path / f"{number}.exr").write_bytes(exr(light, format="half"))
    out = tmp_path / "o.mkv"
    done = command("run", tmp_path / "%d.exr", "--style", "identity", "-o", out)
    assert done.returncode == 0, done.stderr
    made = frames(out)
    assert len(made) == 2
    for number, frame in enumerate(made):
        error = np.abs(frame.pixels / 257 - pattern(number, 64, 48)).mean()
        assert error < 5


def test_a_picture_that_is_only_read_becomes_png(tmp_path):
    assert default_output(tmp_path / "a.exr", "s.jpg") == tmp_path / "a.s.png"
    assert default_output(tmp_path / "%d.webp", "s.jpg") == tmp_path / "%d.s.png"
    assert default_output(tmp_path / "a.webp", "s.jpg") == tmp_path / "a.s.webp"
    path = tmp_path / "a.tga"
    path.write_bytes(encoded(pattern(0, 48, 32), "targa", "bgr24"))
    done = command("run", path, "--style", "identity")
    assert done.returncode == 0, done.stderr
    made = cv2.cvtColor(cv2.imread(str(tmp_path / "a.identity.png")), cv2.COLOR_BGR2RGB)
    assert np.array_equal(made, pattern(0, 48, 32))


@pytest.mark.parametrize("name", ["a.exr", "%04d.exr", "%d.webp", "a.dpx", "%d.tga"])
def test_what_is_only_read_is_not_written(tmp_path, name):
    with pytest.raises(UsageError, match=r"are only read; choose \.png or \.tif"):
        container_for(tmp_path / name)


def test_other_numbered_files_are_told_what_is_read(tmp_path):
    with pytest.raises(InputError, match=r"numbered pictures may be .*\.exr .*\.webp; convert"):
        frames(tmp_path / "%05d.psd")
    with pytest.raises(InputError, match="no such pictures"):
        frames(tmp_path / "%05d.exr")
