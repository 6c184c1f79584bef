"""Colors alone: the map, and its steadiness."""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np
import pytest

from tests.clips import make_clip, make_picture, pattern
from vidstyle import UsageError, stylize, stylize_frames
from vidstyle.media.source import FileSource
from vidstyle.model import load
from vidstyle.runtime.color_transfer import apply, sample, transport
from vidstyle.stylize.look import Look
from vidstyle.stylize.style import Style, mix


def picture(seed, low, high):
    rng = np.random.default_rng(seed)
    small = rng.integers(low, high, (6, 8, 3), np.uint8)
    return cv2.resize(small, (160, 120), interpolation=cv2.INTER_CUBIC)


def distance(one, other):
    """Mean distance of the channels' quantiles, levels."""
    ranks = np.linspace(0.02, 0.98, 40)
    of = [np.quantile(p.reshape(-1, 3), ranks, axis=0) for p in (one, other)]
    return np.abs(of[0] - of[1]).mean()


def test_colors_become_the_pictures():
    frame, style = picture(1, 20, 120), picture(2, 90, 250)
    style[..., 2] //= 3
    mapped = apply(transport(sample(frame), sample(style)), frame)
    assert distance(mapped, style) < 6 < 40 < distance(frame, style)
    deep = apply(transport(sample(frame), sample(style)), frame.astype(np.uint16) * 257)
    assert deep.dtype == np.uint16
    assert np.abs(deep / 257 - mapped).max() <= 0.6


def test_a_frame_with_the_pictures_colors_stays():
    frame = picture(1, 20, 220)
    mapped = apply(transport(sample(frame), sample(frame)), frame)
    assert np.abs(mapped.astype(int) - frame).max() <= 2


def test_the_map_is_linear_between_its_nodes():
    """Against a trilinear interpolation, written out."""
    rng = np.random.default_rng(4)
    cube = rng.normal(0, 0.05, (17, 17, 17, 3)).astype(np.float32)
    frame = rng.integers(60, 190, (20, 20, 3), np.uint8)
    frame[0, 0], frame[0, 1] = 255, 0
    places = frame.reshape(-1, 3) / 255 * 16
    low = np.minimum(places.astype(int), 15)
    rest = places - low
    change = np.zeros((400, 3))
    for corner in np.ndindex(2, 2, 2):
        r, g, b = (low + corner).T
        weight = np.prod(np.where(corner, rest, 1 - rest), axis=1)
        change += weight[:, None] * cube[b, g, r]
    expected = (frame + 255 * change.reshape(20, 20, 3)).clip(0, 255)
    assert np.abs(apply(cube, frame) - expected).max() < 1.5


def test_dull_colors_do_not_explode():
    """A gray frame with a little noise: its grain must not become speckles."""
    noise = np.random.default_rng(1).normal(128, 2, (120, 160, 3)).round().astype(np.uint8)
    mapped = apply(transport(sample(noise), sample(picture(2, 0, 255))), noise)
    assert mapped.std((0, 1)).max() < 5 * noise.std((0, 1)).max()


def test_black_stays_black_and_bars_stay_neutral():
    black = np.zeros((120, 160, 3), np.uint8)
    style = sample(picture(2, 0, 255))
    assert np.array_equal(apply(transport(sample(black), style), black), black)
    boxed = picture(1, 20, 200)
    boxed[:25], boxed[-25:] = 0, 0
    gray = np.repeat(picture(3, 40, 220)[..., :1], 3, axis=2)
    bars = apply(transport(sample(boxed), sample(gray)), boxed)[:20].reshape(-1, 3).astype(int)
    assert np.ptp(bars, axis=1).max() < 12
    assert np.ptp(bars, axis=0).max() < 3


def test_a_fade_from_black_has_no_flash():
    whole = picture(1, 20, 220)
    model = load("photoreal")
    look = Look(model.style(picture(2, 40, 250)))
    state, shown = None, []
    for level in np.linspace(0, 1, 25):
        (painted,), state = model.step([(whole * level).astype(np.uint8)], look, state)
        shown.append(painted.mean())
    assert shown[0] == 0
    assert max(b - a for a, b in pairwise(shown)) < 25


def test_who_enters_does_not_change_the_rest():
    frame = picture(1, 60, 200)
    entered = frame.copy()
    entered[:, :24] = 10  # more of it would be a cut
    model, colors = load("photoreal"), sample(picture(2, 40, 250))
    look = Look(model.style(picture(2, 40, 250)))
    state, shown = None, []
    for now in [frame] * 12 + [entered] * 36:
        (painted,), state = model.step([now], look, state)
        shown.append(painted.astype(int)[:, 70:])
    steps = [np.abs(b - a).mean() for a, b in pairwise(shown)]
    assert max(steps) < 2
    assert np.abs(shown[11] - shown[0]).mean() < 0.5
    alone = apply(transport(sample(entered), colors), entered).astype(int)[:, 70:]
    assert np.abs(shown[-1] - shown[11]).mean() < 0.8 * np.abs(alone - shown[11]).mean()


def test_the_command_line_of_it(tmp_path):
    make_clip(tmp_path / "in.mp4", times=range(8))
    make_picture(tmp_path / "dusk.png")
    result = stylize(tmp_path / "in.mp4", tmp_path / "dusk.png", method="photoreal")
    assert "colors" in result.engine
    with FileSource(result.output) as source:
        assert len(list(source)) == 8
    with pytest.raises(UsageError, match="expected a `method` network, swap, photoreal"):
        stylize(tmp_path / "in.mp4", tmp_path / "dusk.png", method="magic", overwrite=True)
    asked = {"method": "photoreal", "overwrite": True}
    with pytest.raises(UsageError, match="of no scale"):
        stylize(tmp_path / "in.mp4", tmp_path / "dusk.png", style_scale=2.0, **asked)
    with pytest.raises(UsageError, match="leave `precision` out"):
        stylize(tmp_path / "in.mp4", tmp_path / "dusk.png", precision="int8", **asked)


def test_several_pictures_are_mixed():
    frames = [pattern(n, 96, 64) for n in range(2)]
    dark, light = np.full((8, 8, 3), 40, np.uint8), np.full((8, 8, 3), 200, np.uint8)
    styles = [Style(sample(p), "photoreal") for p in (dark, light)]
    colors = mix(styles, [1, 3])
    assert np.isclose(colors.values.mean(), (0.25 * 40 + 0.75 * 200) / 255, atol=0.01)
    painted = list(stylize_frames(frames, [dark, light], style_weights=[1, 0], method="photoreal"))
    assert len(painted) == 2
    assert abs(painted[0].mean() - 40) < 12
