"""`vidstyle frame`: the frame that a painter gets is the one that a network sees."""

from __future__ import annotations

from fractions import Fraction

import av
import cv2
import numpy as np
import pytest

from tests.clips import make_clip
from tests.conftest import needs_judge, shared, vidstyle
from tests.media.media import ffmpeg
from vidstyle import InputError, Reading, UsageError
from vidstyle.keyframes.clip import frames_at, shots_of
from vidstyle.media.address import located
from vidstyle.media.source import FileSource


def seen(path, reading=None):
    """Return the frames that a network gets, by their times in time of the input."""
    start = reading.start or 0 if reading else 0
    with FileSource(path, reading) as source:
        return {f.pts * f.time_base + start: f.pixels for f in source}


@pytest.mark.parametrize(
    ("reading", "rotation"),
    [
        (Reading(), 0),
        (Reading(), 90),
        (Reading(keep_rotation=True), 90),
        (Reading(size=(64, -1)), 0),
        (Reading(start=Fraction(1, 3), end=Fraction(4, 5)), 0),
        (Reading(fps=Fraction(12)), 0),
    ],
)
def test_it_is_the_frame_that_a_network_sees(reading, rotation, tmp_path):
    clip = make_clip(tmp_path / "in.mp4", rotation=rotation)
    frames = seen(clip, reading)
    for time in (Fraction(2, 5), Fraction(7, 10)):
        (found,) = frames_at(located(clip), [time], reading)
        shown = max(t for t in frames if t <= time)
        assert found.time == shown
        assert np.array_equal(found.frame.pixels, frames[shown])


@pytest.mark.parametrize("deinterlace", ["auto", "field", "off"])
def test_fields_become_the_same_frames(deinterlace, tmp_path):
    needs_judge()
    clip = tmp_path / "woven.mkv"
    ffmpeg(
        *("-f", "lavfi", "-i", "testsrc2=size=128x96:rate=50:duration=1"),
        *("-vf", "interlace", "-c:v", "mpeg2video", "-flags", "+ildct+ilme", "-q:v", "2", clip),
    )
    reading = Reading(deinterlace=deinterlace)
    frames = seen(clip, reading)
    (found,) = frames_at(located(clip), [Fraction(1, 2)], reading)
    assert np.array_equal(found.frame.pixels, frames[found.time])
    assert found.time == max(t for t in frames if t <= Fraction(501, 1000))


def test_the_command_writes_it_and_tells_its_time(base, tmp_path):
    done = vidstyle("frame", base, "--at", "0:00.45", "-o", tmp_path / "f.png")
    assert done.returncode == 0, done.stderr
    assert "128x96, the frame at 0.434 s; paint it, then run --keyframe 0.434=" in done.stderr
    picture = cv2.imread(str(tmp_path / "f.png"))[..., ::-1]
    assert np.array_equal(picture, seen(base)[Fraction(13, 30)])
    # The time that is told leads to the same frame.
    assert frames_at(located(base), [Fraction("0.434")])[0].time == Fraction(13, 30)


def test_deep_frames_keep_their_bits(tmp_path):
    clip = make_clip(tmp_path / "deep.mkv", codec="ffv1", pixel_format="yuv420p10le")
    done = vidstyle("frame", clip, "--at", "0.5", "-o", tmp_path / "f.png")
    assert done.returncode == 0, done.stderr
    picture = cv2.imread(str(tmp_path / "f.png"), cv2.IMREAD_UNCHANGED)[..., ::-1]
    assert picture.dtype == np.uint16
    assert np.array_equal(picture, seen(clip)[Fraction(1, 2)])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--at", "9"), "expected --at from 0 to 1 s"),
        (("--at", "soon"), "expected a time such as 90, 90.5 or 1:30 for --at, got 'soon'"),
        (("--at", "0.5", "-o", "f.mp4"), "expected a file that ends in"),
        (("--at", "0.5", "--fps", "10", "--start", "0.7"), "expected --at from 0.7 to"),
    ],
)
def test_what_is_wrong_is_one_line(words, said, base, tmp_path):
    done = vidstyle(
        "frame", base, *words, *([] if "-o" in words else ["-o", "f.png"]), cwd=tmp_path
    )
    assert done.returncode == 2
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not [*tmp_path.iterdir()]


def test_a_clip_is_parted_at_its_cuts(tmp_path):
    from tests.sheet.test_sheet import film

    clip = film(tmp_path / "cuts.mp4", [20, 20])
    keyframes = frames_at(located(clip), [Fraction(1, 2), Fraction(3)])
    shots = shots_of(located(clip), keyframes)
    assert len(shots.parts) == 2
    assert shots.of == [0, 1]


def test_a_moving_camera_is_no_cut(tmp_path):
    """Frames a quarter of a second apart differ as much as two shots do."""
    clip = tmp_path / "bars.mp4"
    with av.open(str(clip), "w") as output:
        stream = output.add_stream("libx264", rate=24)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for n in range(96):
            bars = 128 + 100 * np.sin(2 * np.pi * (np.arange(64) / 64 - n / 40))
            pixels = np.broadcast_to(bars[None, :, None], (48, 64, 3)).astype(np.uint8)
            output.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        output.mux(stream.encode(None))
    keyframes = frames_at(located(clip), [Fraction(1, 2), Fraction(3)])
    shots = shots_of(located(clip), keyframes)
    assert len(shots.parts) == 1
    assert shots.of == [0, 0]


@pytest.mark.parametrize(
    ("name", "count"), [("cat_handheld_audio", 1), ("woman_running", 1), ("bikes_cuts", 6)]
)
def test_real_clips_are_parted_at_their_cuts(name, count):
    clip = located(shared(f"video/{name}.mp4"))
    small = Reading(size=(64, -1))
    shots = shots_of(clip, frames_at(clip, [Fraction(1)], small), small)
    assert len(shots.parts) == count


def test_one_frame_is_no_clip(tmp_path):
    clip = make_clip(tmp_path / "one.mp4", times=[0], sound=False)
    keyframes = frames_at(located(clip), [Fraction(0)])
    with pytest.raises(UsageError, match="expected a clip, got one frame"):
        shots_of(located(clip), keyframes)
    with pytest.raises(InputError):
        frames_at(located(tmp_path / "none.mp4"), [Fraction(0)])
