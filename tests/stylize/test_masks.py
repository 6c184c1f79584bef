"""Where a video is painted: masks in pictures and clips, and what they leave alone."""

from __future__ import annotations

import importlib.util
import signal
from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

import vidstyle
from tests.clips import make_clip, pattern
from tests.conftest import vidstyle as command
from vidstyle import (
    Encoding,
    Frame,
    InputError,
    Interrupted,
    Look,
    Masks,
    MissingPackageError,
    Reading,
    UsageError,
)
from vidstyle.images.masks import along_edges, fitted, lay, mask_of
from vidstyle.images.naming import NAMES
from vidstyle.live.painter import LivePainter
from vidstyle.media.sink import PIECE_FRAMES
from vidstyle.media.source import FileSource
from vidstyle.runtime.compute import Compute
from vidstyle.testing import BT709

SIZE = WIDTH, HEIGHT = 128, 96
LOSSLESS = Encoding(codec="ffv1", pixel_format="yuv444p")
"""Whole chroma: at half of it, hues reach some five pixels farther."""


def disc(index: int, width: int = WIDTH, height: int = HEIGHT) -> np.ndarray:
    """A mask whose shape moves with the index."""
    mask = np.zeros((height, width, 3), np.uint8)
    center = round((0.2 + 0.02 * index) * width), height // 2
    cv2.circle(mask, center, height // 4, (255, 255, 255), -1)
    return mask


def write_masks(path, count=30, rate=30, size=SIZE, codec="ffv1", pixel_format="gray", at=None):
    with av.open(str(path), "w") as output:
        stream = output.add_stream(codec, rate=rate)
        stream.width, stream.height, stream.pix_fmt = *size, pixel_format
        for index in range(count):
            shown = disc(at(index) if at else index, *size)
            frame = av.VideoFrame.from_ndarray(shown, format="rgb24").reformat(format=pixel_format)
            frame.pts, frame.time_base = index, Fraction(1, rate)
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return path


def pixels_of(path, **reading):
    with FileSource(path, Reading(precise=True, **reading)) as frames:
        return [frame.pixels for frame in frames]


def run(source, out, style, **options):
    vidstyle.stylize(source, style, out, encoding=LOSSLESS, device="cpu", **options)
    return pixels_of(out)


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    return make_clip(tmp_path_factory.mktemp("masks") / "in.mkv", codec="ffv1")


@pytest.fixture(scope="module")
def plain(clip, tmp_path_factory):
    """The frames of the identity run."""
    return run(clip, tmp_path_factory.mktemp("plain") / "out.mkv", "identity")


@pytest.mark.parametrize(
    ("name", "codec", "pixel_format", "margin"),
    [("m.mkv", "ffv1", "gray", 1), ("m.mp4", "libx264", "yuv420p", 5)],
)
def test_a_moving_shape_leaves_everything_outside_as_it_is(
    clip, plain, picture, tmp_path, name, codec, pixel_format, margin
):
    masks = write_masks(tmp_path / name, codec=codec, pixel_format=pixel_format)
    shown = run(clip, tmp_path / "out.mkv", picture, method="photoreal", mask=masks)
    painted = run(
        *(clip, tmp_path / "all.mkv", picture), method="photoreal", reading=Reading(precise=True)
    )
    assert len(shown) == len(plain) == 30
    for index, (got, was, all_painted) in enumerate(zip(shown, plain, painted, strict=True)):
        inside = disc(index)[..., 0] > 0
        near = cv2.dilate(inside.astype(np.uint8), np.ones((2 * margin + 1,) * 2)) > 0
        deep = cv2.erode(inside.astype(np.uint8), np.ones((2 * margin + 1,) * 2)) > 0
        assert (got[~near] == was[~near]).all(), index
        assert (got[deep] == all_painted[deep]).all(), index
        assert np.abs(got[deep].astype(int) - was[deep]).mean() > 5


def test_two_styles_in_two_masks(clip, plain, tmp_path):
    """Layers of two networks; the later one lies on top, and what none covers is the original."""
    left, middle = tmp_path / "left.png", tmp_path / "middle.png"
    for path, columns in ((left, slice(0, 64)), (middle, slice(48, 80))):
        mask = np.zeros((HEIGHT, WIDTH), np.uint8)
        mask[:, columns] = 255
        cv2.imwrite(str(path), mask)
    names = "starry_night", "great_wave"
    both = run(
        clip, tmp_path / "both.mkv", names, mask=[left, middle], reading=Reading(end=Fraction(1, 5))
    )
    alone = [
        run(clip, tmp_path / f"{n}.mkv", n, mask=m, reading=Reading(end=Fraction(1, 5)))
        for n, m in zip(names, (left, middle), strict=True)
    ]
    assert len(both) == 6
    for got, was, one, other in zip(both, plain, *alone, strict=False):
        assert (got[:, 82:] == was[:, 82:]).all()
        assert (got[:, 50:78] == other[:, 50:78]).all()
        assert (got[:, :46] == one[:, :46]).all()
        assert np.abs(one[:, :46].astype(int) - other[:, :46]).mean() > 5


def test_one_mask_limits_the_mix_and_a_look_each_a_mask(clip, plain, picture, tmp_path):
    mask = tmp_path / "m.png"
    cv2.imwrite(str(mask), disc(10))
    shown = run(clip, tmp_path / "a.mkv", [picture, picture], mask=str(mask), method="photoreal")
    outside = cv2.dilate(disc(10)[..., 0], np.ones((3, 3))) == 0
    assert all((got[outside] == was[outside]).all() for got, was in zip(shown, plain, strict=True))
    with vidstyle.load("photoreal") as model:
        looks = [Look(model.style(picture)), Look(model.style(picture), strength=0)]
        model.video(
            *(clip, tmp_path / "b.mkv", looks), masks=Masks((str(mask),) * 2), encoding=LOSSLESS
        )
        assert all(map(np.array_equal, pixels_of(tmp_path / "b.mkv"), plain))
        with pytest.raises(UsageError, match="a mask for each, got 2 looks"):
            model.video(clip, tmp_path / "c.mkv", looks)


def test_a_clip_of_masks_goes_by_time(tmp_path, picture, caplog):
    """Another rate, shorter, and from a `start` of the input on: the mask that is shown at the frame's time."""
    source = make_clip(tmp_path / "in.mkv", codec="ffv1", sound=False)
    masks = write_masks(tmp_path / "m.mkv", count=4, rate=8, at=lambda n: 8 * n)
    plain = run(source, tmp_path / "plain.mkv", "identity")
    shown = run(
        *(source, tmp_path / "out.mkv", picture),
        method="photoreal",
        mask=masks,
        reading=Reading(start=Fraction(3, 10)),
    )
    assert len(shown) == 21
    assert caplog.text.count("m.mkv ends at 0.50 s, before the video") == 1
    for index, (got, was) in enumerate(zip(shown, plain[9:], strict=True), 9):
        number = min(3, int(index / 30 * 8 + 1e-6))
        changed = np.abs(got.astype(int) - was).max(2) > 0
        inside = disc(8 * number)[..., 0] > 0
        near = cv2.dilate(inside.astype(np.uint8), np.ones((3, 3))) > 0
        assert not changed[~near].any(), index
        assert changed[inside].mean() > 0.9, index


def test_numbered_masks_go_by_the_input_s_rate(clip, plain, picture, tmp_path, caplog):
    for index in range(30):
        cv2.imwrite(str(tmp_path / f"{index:03d}.png"), disc(index))
    shown = run(clip, tmp_path / "o.mkv", picture, mask=tmp_path / "%03d.png", method="photoreal")
    assert "before the video" not in caplog.text
    for index, (got, was) in enumerate(zip(shown, plain, strict=True)):
        outside = cv2.dilate(disc(index)[..., 0], np.ones((3, 3))) == 0
        assert (got[outside] == was[outside]).all(), index
        assert (got[~outside] != was[~outside]).any(1).mean() > 0.5


def test_another_size_is_told_once_and_invert_turns_it_round(clip, plain, picture, tmp_path):
    mask, out = tmp_path / "m.png", tmp_path / "out.mkv"
    cv2.imwrite(str(mask), disc(10, 64, 48))
    done = command(
        *("run", clip, "-s", picture, "--method", "photoreal", "--mask", mask, "--invert"),
        *("-o", out, "--codec", "ffv1", "--pix-fmt", "yuv444p"),
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("resized from 64x48 to 128x96") == 1
    inside = cv2.erode(disc(10)[..., 0], np.ones((7, 7))) > 0
    for got, was in zip(pixels_of(out), plain, strict=True):
        assert (got[inside] == was[inside]).all()
        assert (got[~inside] != was[~inside]).any(1).mean() > 0.8


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--mask", "none.png"], 2, "none.png"),
        (["--mask", "no.txt"], 2, "no.txt"),
        (["--mask", "cut.png"], 2, "vidstyle: cut.png is no picture"),
        (["--mask", "m.png", "--mask", "m.png"], 2, "expected one --mask, got 2"),
        (["--invert"], 2, "--invert changes masks; give a --mask"),
        (["--mask", "m.png", "--feather", "-1"], 2, "--feather"),
        (["--mask", "-"], 2, "standard input"),
        (["--mask", ""], 2, "expected a file for --mask, or auto:person"),
        (["--keep", "dog"], 2, "expected --keep person or background or face or sky or"),
        (["--keep", "face", "--mask", "m.png"], 2, "--keep face is --mask auto:face with --invert"),
        (["--keep", "face", "--invert"], 2, "--keep face is --mask auto:face with --invert"),
        (["--keep", "sky", "--invert"], 2, "--keep sky is --mask auto:sky with --invert"),
        (["--mask", "out.mkv", "-y"], 2, "is an input itself"),
    ],
)
def test_bad_values_are_told_before_the_work(clip, tmp_path, words, code, said):
    cv2.imwrite(str(tmp_path / "m.png"), disc(0))
    (tmp_path / "no.txt").write_text("no mask")
    (tmp_path / "cut.png").write_bytes((tmp_path / "m.png").read_bytes()[:100])
    if "out.mkv" in words:
        cv2.imwrite(str(tmp_path / "m2.png"), disc(0))
        (tmp_path / "m2.png").rename(tmp_path / "out.mkv")
    done = command("run", clip, "-s", "identity", "-o", "out.mkv", *words, cwd=tmp_path)
    assert done.returncode == code, done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_laying_is_exact_where_a_mask_is_0_or_1(dtype):
    top = np.iinfo(dtype).max
    below, above = np.random.default_rng(1).integers(0, top + 1, (2, 40, 60, 3)).astype(dtype)
    kept = below.copy()
    mask = np.zeros((40, 60), np.float32)
    mask[10:30, 10:40], mask[10:30, 40:50] = 1, 0.5
    laid = lay(below, above, mask)
    assert laid.dtype == dtype
    assert (laid[mask == 0] == below[mask == 0]).all()
    assert (laid[mask == 1] == above[mask == 1]).all()
    half = (below[mask == 0.5].astype(float) + above[mask == 0.5]) / 2
    assert np.abs(laid[mask == 0.5] - half).max() <= 0.5
    assert (below == kept).all()


def test_transparency_and_faint_levels_count_as_black():
    white = np.full((4, 4, 3), 65535, np.uint16)
    alpha = np.zeros((4, 4), np.uint16)
    alpha[0] = 65535
    assert mask_of(white, alpha).sum() == 4
    noisy = np.array([[0, 3 / 255, 0.5, 252 / 255, 1]], np.float32)
    assert np.allclose(fitted(noisy, 1, 5), [[0, 0, 0.5, 1, 1]])


def test_a_feathered_edge_reaches_no_farther_and_follows_the_picture():
    """The mask ends 6 pixels beside the picture's edge; the feathered one ends at the edge."""
    frame = np.full((120, 160, 3), 40, np.uint8)
    frame[:, 80:] = 200
    rough = np.zeros((120, 160), np.float32)
    rough[:, 74:] = 1
    soft = fitted(rough, 120, 160, feather=12)
    assert not soft[:, :62].any()
    assert (soft[:, 86:] == 1).all()
    followed = along_edges(soft, frame)
    assert (followed[soft == 0] == 0).all()
    assert (followed[soft == 1] == 1).all()
    step = (followed[60, 81] - followed[60, 78]) / (soft[60, 81] - soft[60, 78])
    assert step > 3


def test_a_run_goes_on_in_the_middle_of_a_mask_clip(tmp_path, picture):
    frames = PIECE_FRAMES + 70
    source = make_clip(tmp_path / "in.mkv", times=range(frames), size=(32, 24))
    masks = write_masks(
        tmp_path / "m.mkv", count=frames // 3, rate=10, size=(32, 24), at=lambda n: n % 20
    )
    whole, other = tmp_path / "whole.mkv", tmp_path / "other.mkv"
    options = {
        "method": "photoreal",
        "mask": masks,
        "feather": 3,
        "encoding": LOSSLESS,
    }
    vidstyle.stylize(source, picture, whole, **options)
    seen = []

    def stop():
        if seen and seen[-1].frames >= PIECE_FRAMES + 50:
            raise Interrupted(signal.SIGTERM)

    with pytest.raises(Interrupted):
        vidstyle.stylize(
            source, picture, other, resume=True, stop=stop, on_progress=seen.append, **options
        )
    with pytest.raises(UsageError, match="differs in feather"):
        vidstyle.stylize(source, picture, other, resume=True, **{**options, "feather": 2})
    done = vidstyle.stylize(source, picture, other, resume=True, **options)
    assert done.summary.resumed == PIECE_FRAMES
    assert all(map(np.array_equal, pixels_of(whole), pixels_of(other)))


def test_masks_are_given_as_names_or_paths_one_or_several():
    one, same = Masks("sky.png"), Masks((Path("sky.png"),))
    assert one == same
    assert one.mask == ("sky.png",)
    with pytest.raises(UsageError, match="one `mask` or one for each of 3 styles, got 2"):
        Masks(["a.png", "b.png"]).check_count(3)


def test_a_mask_that_is_no_picture(clip, tmp_path):
    (tmp_path / "m.png").write_bytes(b"nothing")
    with pytest.raises(InputError, match="no picture"):
        vidstyle.stylize(clip, "identity", tmp_path / "out.mkv", mask=tmp_path / "m.png")


def test_the_sky_is_found_and_does_not_flicker(clip, monkeypatch):
    def doubting(frame):
        likely = np.full((8, 16, len(NAMES)), 0.01, np.float32)
        likely[4:, :, NAMES.index("ground")] = 0.94
        likely[:4, :, NAMES.index("sky")] = 0.94 - 0.5 * (frame[0, 0, 0] % 2)
        likely[:4, :, NAMES.index("water")] = 0.01 + 0.5 * (frame[0, 0, 0] % 2)
        looked.append(len(looked))
        return likely

    looked: list[int] = []
    monkeypatch.setattr("vidstyle.runtime.namer.RegionNamer", lambda: doubting)
    masks = Masks(("auto:sky", "auto:ground", "auto:water"))
    with FileSource(clip) as source:
        sources = masks.open(source.info, Reading(), ExitStack())
    memories, shown = [{}, {}, {}], []
    for n in range(12):
        frame = Frame(np.full((90, 160, 3), 60 + n % 2, np.uint8), n, Fraction(1, 25), BT709)
        each = [s.at(frame, m) for s, m in zip(sources, memories, strict=True)]
        memories = [memory for _, memory in each]
        shown.append([mask[20, 80] for mask, _ in each])
        sky, ground, _ = (mask for mask, _ in each)
        assert sky[80].max() == 0
        assert ground[80].min() == 1
    assert len(looked) == 12  # once a frame, for all of them
    assert np.abs(np.diff(np.array(shown)[4:, 0])).max() < 0.4


def test_a_mask_that_leaves_nothing_to_paint_is_reported(clip, tmp_path, caplog):
    masks = {"m.png": False, "black.png": False, "white.png": True}
    for (name, invert), level in zip(masks.items(), (disc(0), 0, 255), strict=True):
        cv2.imwrite(
            str(tmp_path / name),
            np.broadcast_to(level, (48, 64, 3)) if np.isscalar(level) else level,
        )
        with FileSource(clip) as source:
            Masks(str(tmp_path / name), invert=invert).open(source.info, Reading(), ExitStack())
    said = [r.getMessage() for r in caplog.records]
    assert said == [
        f"the mask {tmp_path / n} leaves nothing to paint" for n in ("black.png", "white.png")
    ]


def test_without_the_networks_a_line_brings_them(clip, tmp_path):
    if importlib.util.find_spec("mediapipe"):
        pytest.skip("the package with the networks is here")
    with pytest.raises(MissingPackageError, match=r"pip install --no-deps 'mediapipe==0\.10\.21'"):
        vidstyle.stylize(clip, "identity", tmp_path / "out.mkv", mask="auto:person")
    with pytest.raises(UsageError, match="auto:ground, got auto:dog"):
        vidstyle.stylize(clip, "identity", tmp_path / "out.mkv", mask="auto:dog")


def test_live_paints_where_a_picture_says_so(picture, tmp_path):
    mask = tmp_path / "m.png"
    cv2.imwrite(str(mask), disc(10))
    frame = pattern(1, WIDTH, HEIGHT)
    painter = LivePainter.of(
        ["starry_night"],
        Compute(device="cpu"),
        look=Look(colors="luminance"),
        mask=Masks((str(mask),)).live(),
    )
    painted = painter.paint(frame, (HEIGHT, WIDTH), 0.0)
    inside = disc(10)[..., 0] > 0
    assert (painted[~inside] == frame[~inside]).all()
    assert (painted[inside] != frame[inside]).any(1).mean() > 0.9
    with pytest.raises(UsageError, match="for a live `mask`"):
        Masks((str(write_masks(tmp_path / "m.mkv", count=2)),)).live()
