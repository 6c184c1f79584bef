"""The promises that hold for inputs as people have them; see `promises`."""

from __future__ import annotations

import subprocess
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.clips import pattern
from tests.media.calls import PIECE, SIZES, ramp
from tests.media.promises import VIDEO, Made, comb, packets


def shown(path: Path) -> np.ndarray:
    """Return every picture (N, H, W, 3) uint8 as Debian's ffmpeg shows it."""
    if path.suffix == ".webp":  # which it does not read
        done, animation = cv2.imreadanimation(str(path))
        assert done
        return np.stack(animation.frames)[..., 2::-1]
    made = Made(path)
    size = made.video()
    width, height = int(size["width"]), int(size["height"])
    raw = ["ffmpeg", "-v", "error", "-i", path, "-map", "0:v:0", "-fps_mode", "passthrough"]
    out = subprocess.run(
        [*raw, "-f", "rawvideo", "-pix_fmt", "rgb24", "-"], capture_output=True, check=True
    ).stdout
    return np.frombuffer(out, np.uint8).reshape(-1, height, width, 3)


def heard(path: Path, *options: str) -> np.ndarray:
    """Return the samples of the first sound, 8000 a second in -1 to 1, from time 0 on."""
    raw = [
        "ffmpeg",
        "-v",
        "error",
        *options,
        "-i",
        path,
        "-vn",
        "-af",
        "aresample=async=1:first_pts=0",
    ]
    out = subprocess.run(
        [*raw, "-ac", "1", "-ar", "8000", "-f", "s16le", "-"], capture_output=True, check=True
    ).stdout
    return np.frombuffer(out, np.int16) / 32768


def far(pictures: np.ndarray, expected: np.ndarray) -> float:
    return float(np.abs(pictures.astype(float) - expected).mean())


def photo_upright(make, media, column):
    expected = pattern(0, 48, 32).swapaxes(0, 1)[:, ::-1]
    pictures = shown(make("exif", column).path)
    assert pictures.shape == (1 if column == "webp" else 3, 48, 32, 3)  # equal ones are one there
    assert far(pictures, expected) < 12


def linear_light(make, media, column):
    """0.18 of the light is 118 of 255 in sRGB."""
    pictures = shown(make("light", column).path)
    assert len(pictures) == (1 if column == "webp" else 10)
    assert pictures.mean() == pytest.approx(118, abs=2)


def sound_as_long(name):
    def check(make, media, column):
        path = make(name, column).path
        samples = heard(path)
        assert len(samples) == pytest.approx(8000, abs=1200)
        last = Made(path).ask("-select_streams", "a:0", "-show_packets")["packets"][-1]
        assert float(last["pts_time"]) + float(last.get("duration_time", 0)) < 2.6
        before = heard(media[name])
        assert samples[1000:7000].std() == pytest.approx(before[1000:7000].std(), rel=0.1)

    return check


def late_sound(make, media, column):
    """Silence, or nothing, for 0.3 s; then the tone."""
    made = make("latesound", column)
    onset = np.argmax(np.abs(heard(made.path, "-copyts")) > 0.05) / 8000
    assert onset - float(made.video()["start_time"]) == pytest.approx(0.3, abs=0.05)


def fields_become_frames(make, media, column):
    pictures = shown(make("mixed", column).path)
    assert len(pictures) == 20
    before = shown(media["mixed"])
    combs = [np.mean([comb(p) for p in part[11:-1]]) for part in (before, pictures)]
    assert combs[1] < 0.6 * combs[0]


def pause(make, media, column):
    times = make("pause", column).times()
    assert len(times) == 9
    steps = np.diff(times)
    assert steps.argmax() == 4
    assert steps.max() == pytest.approx(11.2, abs=0.02)
    if column in VIDEO:
        assert len(heard(make("pause", column).path)) / 8000 == pytest.approx(12, abs=0.2)


def runs_on(make, media, column):
    times = make("joined", column).times()
    assert len(times) == 20
    assert np.allclose(np.diff(times), 0.1, atol=0.06)  # sound is whole packets


def one_size(make, media, column):
    pictures = shown(make("call", column).path)
    width, height = SIZES[0]
    if column != "webp":  # equal pictures are one there
        assert len(pictures) == PIECE * len(SIZES)
    assert all(far(p, ramp(width, height)) < 12 for p in pictures)


def sphere_kept(make, media, column):
    kinds = {d["side_data_type"]: d for d in make("sphere", column).video()["side_data_list"]}
    assert kinds["Spherical Mapping"]["projection"] == "equirectangular"
    assert kinds["Stereo 3D"]["type"] == "top and bottom"


def in_order(make, media, column):
    made = make("bframes", column)
    pictures = shown(made.path).astype(float)
    assert len(pictures) == 25
    near, apart = (np.abs(pictures[n:] - pictures[:-n]).mean() for n in (1, 2))
    assert near < apart
    if column != "png":
        assert np.allclose(np.diff(made.times()), 0.04, atol=0.011)


def true_colors(make, media, column):
    pictures = shown(make("colors", column).path)
    assert np.abs(pictures.mean((1, 2)) - np.array([0x30, 0xC0, 0x60])).max() < 6


def telemetry(make, media, column):
    made = make("telemetry", column)
    (track,) = made.streams("d")
    assert track["codec_tag_string"] == "gpmd"
    assert packets(made.path, "d:0") == packets(media["telemetry"], "d:0") != ""
    times = [
        [
            float(p["pts_time"])
            for p in Made(path).ask("-select_streams", "d:0", "-show_packets")["packets"]
        ]
        for path in (made.path, media["telemetry"])
    ]
    assert times[0] == times[1]


def loss_is_counted(make, media, column):
    made = make("short", column)
    assert made.frames == 6
    assert made.damaged == 4


def refused(name, word):
    def check(make, media, column):
        assert word in str(make(name, column).error)

    return check
