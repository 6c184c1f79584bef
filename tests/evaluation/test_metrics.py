"""The metrics fail what should fail, and give known answers for known motion."""

from __future__ import annotations

import json
from fractions import Fraction

import cv2
import numpy as np
import pytest

from tests.conftest import ROOT
from tests.conftest import vidstyle as command
from vidstyle import (
    ColorTags,
    Encoding,
    Frame,
    InputError,
    StreamInfo,
    UsageError,
    stylize_frames,
)
from vidstyle.evaluation.report import find_likeness, measure
from vidstyle.evaluation.steadiness import error_map, find_still, flicker, warping_error
from vidstyle.flow.dis import find_flow
from vidstyle.flow.warp import consistent, warp
from vidstyle.images.files import read_picture
from vidstyle.media.sink import FileSink
from vidstyle.media.source import FileSource

WIDTH, HEIGHT, COUNT = 192, 128, 12
SHIFT = (3, -2)
"""Pixels a frame by which the moving scene moves, right and up."""


def texture(height, width, seed=1):
    """A picture with detail of several sizes, in colors."""
    rng = np.random.default_rng(seed)
    total = np.zeros((height, width, 3))
    for cell in (4, 8, 16, 32):
        small = rng.normal(size=(-(-height // cell) + 1, -(-width // cell) + 1, 3))
        large = cv2.resize(small, None, fx=cell, fy=cell, interpolation=cv2.INTER_CUBIC)
        total += large[:height, :width] * cell**0.5
    return ((total - total.min()) / np.ptp(total) * 255).astype(np.uint8)


def moving(count=COUNT, still=WIDTH // 3):
    """A scene seen through a window that moves; `still` columns on the left never move."""
    scene = texture(HEIGHT + 96, WIDTH + 96)
    frames = []
    for number in range(count):
        x, y = 48 - SHIFT[0] * number, 48 - SHIFT[1] * number
        frame = scene[y : y + HEIGHT, x : x + WIDTH].copy()
        frame[:, :still] = scene[:HEIGHT, :still]
        frames.append(frame)
    return frames


def write(path, frames, rate=25):
    color = ColorTags(1, 1, 1, 1)
    height, width, _ = frames[0].shape
    beat = Fraction(1, rate)
    info = StreamInfo(width, height, beat, 1 / beat, len(frames), color, Fraction(1), "bgr0")
    with FileSink(path, info, encoding=Encoding(codec="ffv1", pixel_format="bgr0")) as sink:
        for number, pixels in enumerate(frames):
            sink.write(sink.convert(Frame(pixels, number, beat, color)))
        sink.commit()
    return path


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    return write(tmp_path_factory.mktemp("metrics") / "in.mkv", moving())


def painted(clip, change):
    """Measure a clip that was changed frame by frame."""
    out = clip.with_name(f"{change.__name__}.mkv")
    if not out.exists():
        rng = np.random.default_rng(7)
        write(out, [change(frame, rng) for frame in moving()])
    return measure(clip, out)


def untouched(frame, rng):
    return frame


def blurred(frame, rng):
    return cv2.GaussianBlur(frame, (0, 0), 3)


def pale(frame, rng):
    return (frame // 4 + 96).astype(np.uint8)


def noisy(frame, rng):
    return (frame + rng.normal(0, 20, frame.shape)).clip(0, 255).astype(np.uint8)


def faint(frame, rng):
    return noisy(frame, rng) // 16 + 96


def recolored(frame, rng):
    return np.ascontiguousarray(frame[..., ::-1])


def test_the_flow_of_a_known_motion_is_found():
    first, second = (cv2.cvtColor(f, cv2.COLOR_RGB2GRAY) for f in moving(2))
    flow = find_flow(second, first)
    inner = flow[16:-16, WIDTH // 3 + 24 : -16]
    assert np.abs(np.median(inner, (0, 1)) - (-SHIFT[0], -SHIFT[1])).max() < 0.1
    assert np.abs(flow[16:-16, 8 : WIDTH // 3 - 16]).mean() < 0.1
    visible = consistent(flow, find_flow(first, second))
    assert visible[16:-16, WIDTH // 3 + 24 : -16].mean() > 0.95
    assert visible[-1].mean() < 0.5  # what came in from below, as the scene moves up


def test_warping_by_the_exact_flow_leaves_nothing():
    first, second = (f.astype(np.float32) / 255 for f in moving(2))
    exact = np.zeros((HEIGHT, WIDTH, 2), np.float32)
    exact[:, WIDTH // 3 :] = (-SHIFT[0], -SHIFT[1])
    visible = np.zeros((HEIGHT, WIDTH), bool)
    visible[4:-4, WIDTH // 3 + 4 : -4] = True
    assert warping_error(error_map(second, first, exact), visible) < 1e-3
    assert (warp(first, exact)[4:-4, -20:-4] == second[4:-4, -20:-4]).all()


@pytest.mark.parametrize("deviation", [0.02, 0.1])
def test_noise_has_the_error_that_it_must_have(deviation):
    """Two independent noises of deviation s differ by sqrt(2) s, and by s 2/sqrt(pi) in the mean."""
    rng = np.random.default_rng(3)
    noises = [rng.normal(0.5, deviation, (96, 96, 3)).astype(np.float32) for _ in range(2)]
    everywhere = np.ones((96, 96), bool)
    errors = error_map(*noises, np.zeros((96, 96, 2), np.float32))
    assert warping_error(errors, everywhere) == pytest.approx(141.42 * deviation, rel=0.02)
    assert flicker(*noises, everywhere) == pytest.approx(
        255 * deviation * 2 / np.sqrt(np.pi), rel=0.02
    )


@pytest.mark.parametrize(
    ("lighter", "one", "five"),
    [
        (lambda n: 10 * (-1) ** n, 20, 20),
        (lambda n: 2 * n, 2, 10),
        (lambda n: np.array([10, 0, 0]) * (-1) ** n, 20 / 3**0.5, 20 / 3**0.5),
    ],
    ids=["flashing", "rising", "flashing in red"],
)
def test_the_error_of_a_moving_clip_is_what_was_put_in(tmp_path, lighter, one, five):
    """A scene moves by whole pixels, and only its light changes besides, by so many levels."""
    plain = [frame * 0.75 + 32 for frame in moving(still=0)]
    clip, out = (
        write(tmp_path / name, [frame.astype(np.uint8) for frame in frames])
        for name, frames in (
            ("in.mkv", plain),
            ("out.mkv", [frame + lighter(n) for n, frame in enumerate(plain)]),
        )
    )
    found = measure(clip, out)
    assert found.warp1 == pytest.approx(100 * one / 255, rel=0.01)
    assert found.warp5 == pytest.approx(100 * five / 255, rel=0.01)
    assert max(found.warp1_input, found.warp5_input) < 0.2
    assert found.contrast == pytest.approx(1, abs=0.01)


def test_what_is_still_is_told_from_what_moves():
    first, second = (f.astype(np.float32) / 255 for f in moving(2))
    still = find_still(second, first)
    assert still[:, : WIDTH // 3 - 8].all()
    assert still[:, WIDTH // 3 + 8 :].mean() < 0.05
    assert warping_error(np.ones((9, 9), np.float32), np.zeros((9, 9), bool)) is None


def test_the_untouched_clip_has_the_figures_of_the_input(clip):
    found = painted(clip, untouched)
    assert found.frames == COUNT
    assert (found.warp1, found.warp5) == (found.warp1_input, found.warp5_input)
    assert found.excess1 == found.excess5 == 0
    assert found.contrast == found.sharpness == 1
    assert found.flicker == found.flicker_input == 0


def test_blur_is_told_by_sharpness(clip):
    found = painted(clip, blurred)
    assert found.warp1 < found.warp1_input * 1.1  # it looks steadier: so sharpness must tell
    assert found.sharpness < 0.6


def test_a_pale_picture_is_told_by_contrast(clip):
    found = painted(clip, pale)
    assert found.warp1 < found.warp1_input
    assert found.contrast == pytest.approx(0.25, abs=0.01)


def test_a_faint_picture_has_too_low_an_excess_and_is_told_by_contrast(clip):
    """The noise is as strong beside the picture, but what the input has is taken off in full."""
    strong, weak = painted(clip, noisy), painted(clip, faint)
    assert weak.excess1 < 0 < strong.excess1
    assert weak.excess5 < 0 < strong.excess5
    assert strong.contrast > 1
    assert weak.contrast == pytest.approx(strong.contrast / 16, rel=0.05)


@pytest.mark.parametrize("grain", [0, 1])
def test_nothing_is_relative_to_a_blank_input(clip, tmp_path, grain):
    rng = np.random.default_rng(5)
    shape = (COUNT, HEIGHT, WIDTH, 1)
    blank = rng.integers(40, 40 + grain, shape, np.uint8, endpoint=True).repeat(3, axis=3)
    plain = write(tmp_path / "blank.mkv", list(blank))
    found = measure(plain, clip)
    assert found.warp1 > 1
    relative = {"contrast", "sharpness", "excess1", "excess5"}
    assert {getattr(found, name) for name in relative} == {None}
    figures = json.loads(command("metrics", str(plain), str(clip), "--json").stdout)
    assert {name for name, value in figures.items() if value is None} >= relative
    table = command("metrics", str(plain), str(clip)).stdout
    assert "warping error" in table
    assert not any(word in table for word in ("contrast", "sharpness", "excess", "None"))


def test_a_blank_output_has_no_contrast_and_no_excess(clip):
    flat = write(
        clip.with_name("flat.mkv"), [np.full((HEIGHT, WIDTH, 3), (30, 90, 77), np.uint8)] * COUNT
    )
    found = measure(clip, flat)
    assert found.contrast == pytest.approx(0, abs=1e-3)
    assert found.sharpness == pytest.approx(0, abs=1e-3)
    assert found.excess1 is None
    assert found.excess5 is None


def test_noise_is_told_by_warping_error_and_flicker(clip):
    found, clean = painted(clip, noisy), painted(clip, untouched)
    assert found.excess1 > 5
    assert found.excess5 > 5
    assert found.flicker > 15
    assert clean.flicker == 0


def test_a_mere_recoloring_is_as_steady_as_its_input(clip):
    found = painted(clip, recolored)
    assert abs(found.warp1 - found.warp1_input) < 0.01
    assert found.sharpness == pytest.approx(1, abs=0.15)


def test_likeness_knows_the_frame_the_style_and_what_is_neither():
    import torch

    from vidstyle.evaluation.likeness import Likeness
    from vidstyle.nets.perceptual import Perceptual

    torch.manual_seed(0)
    perceptual = Perceptual((8, 8, 8, 8, 8)).eval()
    style = texture(256, 256, seed=5).astype(np.float32) / 255
    style[::4] = 0  # hatched: another texture than the frame's
    frame = texture(256, 256).astype(np.float32) / 255
    likeness = Likeness(perceptual, style)
    assert likeness.compare(frame, frame) == pytest.approx((1, 0), abs=1e-5)
    distance, lost = likeness.compare(style, frame)
    assert distance == pytest.approx(0, abs=1e-5)
    assert lost > 0.005
    middle, some = likeness.compare((frame + style) / 2, frame)
    assert 0.1 < middle < 0.9
    assert 0 < some < lost
    recolored = frame[..., ::-1].copy()
    assert likeness.compare(recolored, frame)[0] > 0.7


@pytest.mark.parametrize(("name", "most"), [("swirls", 0.95), ("woodcut", 0.75)])
def test_a_painting_is_nearer_to_the_style_than_its_colors_alone(name, most):
    """By the network that is shipped, on a frame of the sample clip."""
    from vidstyle.evaluation.likeness import Likeness
    from vidstyle.zoo.features import load_features

    with FileSource(ROOT / "samples" / "clip.mp4") as source:
        frame = next(iter(source)).pixels
    style = read_picture(ROOT / "samples" / "styles" / f"{name}.jpg")
    (painting,) = stylize_frames([frame], style, device="cpu")
    (colors,) = stylize_frames([frame], style, method="photoreal")
    style, frame, painting, colors = (
        p.astype(np.float32) / 255 for p in (style, frame, painting, colors)
    )
    likeness = Likeness(load_features(), style)
    near, far = (likeness.compare(made, frame)[0] for made in (painting, colors))
    assert near < most * far
    assert 0.4 < far < 0.9


def test_paths_alone_tell_the_likeness_too(clip, picture, tmp_path):
    out = clip.with_name("noisy.mkv")
    painted(clip, noisy)
    found = measure(str(clip), str(out), style=str(picture))
    assert found.warp1 == measure(clip, out).warp1
    assert 0 < found.style < 2
    assert found.content > 0
    assert measure(clip, out, style=find_likeness(read_picture(picture))) == found
    for wrong, message in ((tmp_path / "none.jpg", "cannot read"), (7, "got int")):
        with pytest.raises(InputError, match=message):
            measure(clip, out, style=wrong)


def test_a_heatmap_over_a_clip_is_refused(clip):
    before = clip.read_bytes()
    with pytest.raises(UsageError, match="is an input itself"):
        measure(clip, clip, heatmap=clip, overwrite=True)
    with pytest.raises(UsageError, match="or choose another `heatmap`"):
        measure(clip, clip, heatmap=clip)
    assert clip.read_bytes() == before


def test_clips_of_another_shape_are_refused(clip):
    tall = write(clip.with_name("tall.mkv"), [np.zeros((HEIGHT, HEIGHT, 3), np.uint8)] * COUNT)
    tiny = write(clip.with_name("tiny.mkv"), [np.zeros((8, 12, 3), np.uint8)] * 2)
    with pytest.raises(InputError, match="same shape"):
        measure(clip, tall)
    with pytest.raises(InputError, match="at least"):
        measure(tiny, tiny)


def test_other_counts_of_frames_are_refused(clip):
    short = write(clip.with_name("short.mkv"), moving(5))
    with pytest.raises(InputError, match="as many frames"):
        measure(clip, short)


def test_the_command(clip, tmp_path, picture):
    import torch
    from safetensors.torch import save_file

    from vidstyle.nets.perceptual import Perceptual

    torch.manual_seed(0)
    perceptual = tmp_path / "features.safetensors"
    save_file(Perceptual((8, 8, 8, 8, 8)).state_dict(), perceptual)
    out = clip.with_name("noisy.mkv")
    painted(clip, noisy)
    heat = tmp_path / "heat.mp4"
    done = command("metrics", str(clip), str(out), "--heatmap", str(heat))
    assert done.returncode == 0, done.stderr
    assert "warping error, 1 frame" in done.stdout
    assert "style distance" not in done.stdout
    assert measure(clip, clip, heatmap=tmp_path / "h.mkv").frames == COUNT
    assert heat.exists()
    likeness = ("--style", str(picture), "--features", str(perceptual))
    found = json.loads(command("metrics", str(clip), str(out), *likeness, "--json").stdout)
    assert found["excess1"] > 5
    assert 0 < found["style"] < 2
    assert found["content"] > 0
    wrong = command("metrics", str(clip), str(out), "--style", str(picture), "--features", "vgg")
    assert wrong.returncode == 2
    assert len(wrong.stderr.strip().splitlines()) == 1
