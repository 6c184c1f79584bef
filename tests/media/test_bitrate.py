"""A bit rate means what it says: the size of ten seconds; and a quality that no encoder has is refused with the range."""

from __future__ import annotations

import re
from fractions import Fraction

import av
import cv2
import numpy as np
import pytest

import vidstyle
from tests.conftest import vidstyle as command
from vidstyle import Encoding, UsageError
from vidstyle.cli.parsing import BITRATE

SECONDS = 10


@pytest.fixture(scope="module")
def textured(tmp_path_factory):
    """Ten seconds that are worth more bits than are asked for: a texture that moves, and grain."""
    path = tmp_path_factory.mktemp("bitrate") / "in.mkv"
    random = np.random.default_rng(0)
    texture = cv2.resize(random.integers(0, 256, (60, 80), np.uint8), (480, 360))
    with av.open(str(path), "w") as output:
        video = output.add_stream("ffv1", rate=25)
        video.width, video.height, video.pix_fmt = 160, 120, "yuv420p"
        for index in range(25 * SECONDS):
            gray = texture[index % 100 :, index:][:120, :160]
            gray = gray // 2 + random.integers(0, 100, gray.shape, np.uint8)
            frame = av.VideoFrame.from_ndarray(np.stack([gray] * 3, 2), "rgb24")
            frame.pts, frame.time_base = index, Fraction(1, 25)
            output.mux(video.encode(frame.reformat(format="yuv420p")))
        output.mux(video.encode(None))
    return path


def slow(*values):
    return pytest.param(*values, marks=pytest.mark.slow)


@pytest.mark.parametrize("wish", [{"bitrate": 600_000}, {"options": (("b", "600k"),)}], ids=str)
@pytest.mark.parametrize(
    ("codec", "ending"),
    [
        ("libx264", "mp4"),
        ("mpeg4", "mp4"),
        slow("mpeg4", "avi"),
        slow("msmpeg4", "mkv"),
        slow("libx265", "mkv"),
        slow("libvpx-vp9", "webm"),
        slow("libsvtav1", "mkv"),
    ],
)
def test_a_bit_rate_means_what_it_says(textured, tmp_path, codec, ending, wish):
    out = tmp_path / f"out.{ending}"
    vidstyle.stylize(textured, "identity", out, encoding=Encoding(codec, **wish))
    assert 8 * out.stat().st_size / SECONDS == pytest.approx(600_000, rel=0.15)


@pytest.mark.parametrize(
    ("wishes", "message"),
    [
        ({"bitrate": 10**6, "crf": 20}, "got both"),
        ({"options": (("b", "1M"),), "crf": 20}, "got both"),
        ({"options": (("b", "1M"), ("crf", "20"))}, "got both"),
        ({"bitrate": 0}, "1000 or more"),
        *(({"bitrate": 10**6, "codec": c}, f"{c} keeps to no") for c in ("ffv1", "png", "gif")),
        ({"bitrate": 10**6, "codec": "prores_ks"}, "prores_ks keeps to no"),
        ({"crf": 52, "codec": "libx264"}, "from 0 to 51 for libx264, got 52"),
        ({"crf": 52, "codec": "libx265"}, "from 0 to 51 for libx265"),
        ({"crf": 64, "codec": "libsvtav1"}, "from 0 to 63"),
        ({"options": (("crf", "99"),), "codec": "libvpx-vp9"}, "from 0 to 63 for libvpx-vp9"),
    ],
    ids=str,
)
def test_what_no_encoder_can_keep_is_refused(wishes, message):
    with pytest.raises(UsageError, match=message):
        Encoding(**wishes)


def test_the_range_is_of_the_encoder_that_the_output_takes(base, tmp_path):
    with pytest.raises(UsageError, match="from 0 to 51 for libx264"):
        vidstyle.stylize(base, "identity", tmp_path / "out.mp4", encoding=Encoding(crf=60))
    vidstyle.stylize(base, "identity", tmp_path / "out.webm", encoding=Encoding(crf=60))


def test_the_command_reads_a_rate_and_says_the_size(base, tmp_path):
    (tmp_path / "my.toml").write_text('bitrate = "0.2M"\n')
    out = tmp_path / "out.mp4"
    done = command("run", base, "-s", "identity", "-o", out, "--config", tmp_path / "my.toml")
    assert done.returncode == 0, done.stderr
    said = re.search(r", (\d+) kB, ([\d.]+) times the input's$", done.stderr.strip())
    assert int(said[1]) == round(out.stat().st_size / 1000)
    assert float(said[2]) == pytest.approx(out.stat().st_size / base.stat().st_size, rel=0.05)


def test_how_a_rate_is_written():
    assert [BITRATE.parse(t) for t in ("4M", "2.5M", "800k", "1000", "1G")] == [
        *(4_000_000, 2_500_000, 800_000, 1000, 10**9)
    ]
    assert [BITRATE.show(v) for v in (4_000_000, 2_500_000, 1001)] == ["4M", "2500k", "1001"]
    for wrong in ("4X", "fast", "-1M", "1e6", "", "9" * 20):
        with pytest.raises(UsageError, match="bits a second such as 4M"):
            BITRATE.read("bitrate", wrong)
