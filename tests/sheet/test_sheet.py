"""Contact sheets: which moments they show, and how they are painted."""

from __future__ import annotations

from fractions import Fraction

import av
import cv2
import numpy as np
import pytest

import vidstyle
from tests.clips import make_clip, make_picture, pattern
from tests.conftest import needs_judge
from tests.media.media import ffmpeg
from vidstyle import InputError, Interrupted, Reading, UsageError, moments
from vidstyle.images.grid import GAP
from vidstyle.media.video import Video
from vidstyle.moments import find_moments

COLORS = [(200, 40, 40), (40, 200, 40), (40, 40, 200), (220, 220, 60)]


def film(path, lengths, rate=10, black=0, codec="libx264", every=10):
    """Write shots of `COLORS`, so many frames long each, each of which fades in from so many black frames."""
    with av.open(str(path), "w") as output:
        stream = output.add_stream(codec, rate=rate, options={"g": str(every)})
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for length, color in zip(lengths, COLORS, strict=False):
            for n in range(length):
                pixels = pattern(n, 64, 48) // 8 + np.array(color, np.uint8)
                pixels = np.zeros_like(pixels) if n < black else pixels
                frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
                output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return path


def cells(sheet, rows, across):
    """Take a sheet apart."""
    height, width = (sheet.shape[0] + GAP) // rows, (sheet.shape[1] + GAP) // across
    return [
        [
            sheet[y * height : (y + 1) * height - GAP, x * width : (x + 1) * width - GAP]
            for x in range(across)
        ]
        for y in range(rows)
    ]


def shots_of(found):
    """Return of each moment the number of its color."""
    means = [moment.frame.pixels.reshape(-1, 3).mean(0) for moment in found]
    return [int(np.argmin([np.abs(mean - c).sum() for c in COLORS])) for mean in means]


@pytest.mark.parametrize(
    ("name", "short"), [("in.mp4", 0), ("in.mkv", 0), ("in.mp4", 20), ("in.ts", 20)]
)
def test_moments_are_from_all_shots(tmp_path, monkeypatch, name, short):
    monkeypatch.setattr(moments, "SHORT", short)
    path = film(tmp_path / name, (90, 20, 20, 30), black=3)
    with Video.open(path) as video:
        found = find_moments(video, 4)
        assert shots_of(found) == [0, 1, 2, 3]
        assert all(m.frame.pixels.std() > 1 for m in found), "a black one"
        more = find_moments(video, 6)
        assert len(more) == 6
        assert sorted(shots_of(more)) == shots_of(more)
        assert [m.time for m in more] == sorted({m.time for m in more})
        assert len(find_moments(video, 2)) == 2


def test_what_is_read_once_has_moments_too(tmp_path):
    clip = film(tmp_path / "in.mkv", (20, 20, 20, 20))
    (tmp_path / "frames").mkdir()
    numbered = tmp_path / "frames" / "%03d.png"
    vidstyle.stylize(clip, "identity", numbered)
    raw = film(tmp_path / "in.h264", (20, 20, 20, 20))
    for path in (numbered, raw):
        with Video.open(path, Reading(fps=Fraction(10))) as video:
            assert shots_of(find_moments(video, 4)) == [0, 1, 2, 3], path
        with Video.open(path, Reading(fps=Fraction(10))) as video:
            at = [Fraction(5), Fraction(3, 10), Fraction(5)]
            found = find_moments(video, 1, at)
            assert [m.time for m in found] == at
            assert shots_of(found) == [2, 0, 2]
        with (
            Video.open(path, Reading(fps=Fraction(10))) as video,
            pytest.raises(UsageError, match="from 0 to 8 s"),
        ):
            find_moments(video, 1, [Fraction(8)])


@pytest.mark.parametrize("name", ["in.mp4", "in.ts"])
def test_of_a_long_film_only_some_frames_are_decoded(tmp_path, monkeypatch, name):
    """Two hours, a keyframe each 50 seconds."""
    path = film(tmp_path / name, (180, 180, 180, 180), rate=Fraction(1, 10), every=5)
    decoded = []
    usual = Video.keyframe
    monkeypatch.setattr(
        Video, "keyframe", lambda self, time: decoded.append(time) or usual(self, time)
    )
    with Video.open(path) as video:
        assert shots_of(find_moments(video, 4)) == [0, 1, 2, 3]
        assert len(decoded) == 16
        (found,) = find_moments(video, 1, [Fraction(5000)])
        assert found.time == 5000
        next(video.frames)
        assert next(video.frames).pts > 0, "the read of everything has gone on"


def test_a_single_keyframe_is_not_the_only_moment(tmp_path, monkeypatch):
    monkeypatch.setattr(moments, "SHORT", 0)
    path = film(tmp_path / "in.mp4", (80,), every=1000)
    with Video.open(path) as video:
        assert [float(m.time) for m in find_moments(video, 4)] == pytest.approx([1, 3, 5, 7])


def test_the_frame_of_a_time_is_that_which_is_shown_then(tmp_path):
    clip = make_clip(tmp_path / "in.mkv", times=[0, 1, 7, 40, 41], rate=1, size=(64, 48))
    with Video.open(clip) as video:
        found = find_moments(video, 1, [Fraction(n) for n in (39, 0, 5, 40)])
        assert [m.time for m in found] == [7, 0, 1, 40]
    with Video.open(clip, Reading(start=Fraction(7))) as video:
        assert [m.time for m in find_moments(video, 1, [Fraction(20)])] == [7]
        with pytest.raises(UsageError, match="from 7 to 42"):
            find_moments(video, 1, [Fraction(3)])


@pytest.mark.parametrize("short", [0, 20])
def test_no_combs_are_painted(tmp_path, monkeypatch, short):
    """Each second row of the clip is of another moment: white where the others are black."""
    needs_judge()
    monkeypatch.setattr(moments, "SHORT", short)
    path = tmp_path / "in.mkv"
    rows = "color=s=64x48:r=25:d=0.4,format=yuv420p,geq=lum='16+219*mod(Y,2)':cb=128:cr=128"
    ffmpeg("-f", "lavfi", "-i", rows, "-c:v", "mpeg2video", "-flags", "+ildct+ilme", path)
    with Video.open(path) as video:
        assert video.picture.interlaced
        for moment in find_moments(video, 2) + find_moments(video, 1, [Fraction(1, 5)]):
            assert np.ptp(moment.frame.pixels.astype(int)) < 60
    with Video.open(path, Reading(deinterlace="off")) as video:
        assert np.ptp(find_moments(video, 1)[0].frame.pixels) > 200


def test_a_row_for_each_style_and_strength(base, picture, tmp_path):
    """The pictures are those that the model paints, made smaller."""
    styles = [picture, "starry_night", "identity"]
    sheet = vidstyle.sheet(base, styles, at=[0, 0.5], strengths=[0.5, 1], cell=64, device="cpu")
    assert sheet.dtype == np.uint8
    first, *rows = cells(sheet, 7, 2)
    assert first[0].shape == (48, 64, 3)
    with Video.open(base) as video:
        frame = find_moments(video, 1, [Fraction(1, 2)])[0].frame.pixels
    with vidstyle.load("starry_night", device="cpu") as model:
        painted = cv2.resize(
            model(frame, vidstyle.Look(strength=0.5)), (64, 48), interpolation=cv2.INTER_AREA
        )
    label = np.s_[24:]  # the lower half has none
    assert np.array_equal(rows[2][1], painted)
    assert np.array_equal(rows[4][1][label], first[1][label])
    assert np.array_equal(rows[5][0][label], first[0][label])
    assert not np.array_equal(rows[0][1], rows[1][1])


def test_a_photo_has_one_moment_and_transparency_is_white(tmp_path):
    photo = tmp_path / "photo.png"
    alpha = np.zeros((40, 60, 1), np.uint8)
    alpha[:, 30:] = 255
    cv2.imwrite(str(photo), np.dstack([pattern(1, 60, 40), alpha]))
    (first,), (below,) = cells(vidstyle.sheet(photo, ["identity"], cell=60), 2, 1)
    assert first.shape == (40, 60, 3)
    assert (first[:, :29] == 255).all(), "no label: there is but one time"
    assert np.array_equal(first[:, 31:], pattern(1, 60, 40)[:, 31:, ::-1])
    assert np.array_equal(first[20:], below[20:])


def test_pixels_become_square(tmp_path):
    clip = make_clip(tmp_path / "in.mp4", aspect=Fraction(2), sound=False)
    assert vidstyle.sheet(clip, "identity", at=[0], cell=80).shape == (30 * 2 + GAP, 80, 3)


def test_a_folder_is_all_its_pictures(base, tmp_path):
    for name in ("b.png", "a.jpg", "C.PNG"):
        make_picture(tmp_path / name)
    (tmp_path / "notes.txt").write_text("no picture")
    drawn = vidstyle.sheet(base, tmp_path, at=[0], cell=32, device="cpu")
    assert drawn.shape == (4 * (24 + GAP) - GAP, 32, 3)
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="expected pictures in the folder"):
        vidstyle.sheet(base, tmp_path / "empty")


def test_values_are_refused_before_the_work(base, tmp_path):
    for wrong, message in (
        ({"moments": 0}, "`moments` from 1 to 50"),
        ({"strengths": [1.5]}, "`strengths` from 0 to 1"),
        ({"strengths": []}, "one of `strengths`"),
        ({"cell": 2048, "moments": 50}, "million pixels at most"),
        ({"at": [1]}, "`at` from 0 to 1 s"),
        ({"method": "oil"}, "`method` network, swap, photoreal, got oil"),
        ({"method": "photoreal"}, "of pictures, "),
        ({"styles": tmp_path / "no.jpg"}, "cannot read the picture"),
        ({"source": tmp_path / "no.mp4"}, "does not exist"),
    ):
        with pytest.raises(vidstyle.VidstyleError, match=message):
            vidstyle.sheet(**({"source": base, "styles": None} | wrong))


def test_it_can_be_stopped(base):
    def stop():
        raise Interrupted(2)

    with pytest.raises(Interrupted):
        vidstyle.sheet(base, "identity", stop=stop)
