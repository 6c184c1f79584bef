"""Strokes follow what moves: less flicker, no blur, no ghosts, no drift."""

from __future__ import annotations

import itertools
import sys
from fractions import Fraction
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

import vidstyle
from tests.conftest import ROOT
from vidstyle.evaluation import picture
from vidstyle.evaluation.report import measure
from vidstyle.flow.finder import flow_finder
from vidstyle.images.files import read_picture
from vidstyle.media.reading import Reading
from vidstyle.stylize.look import Look
from vidstyle.stylize.stabilizer import Stabilizer
from vidstyle.stylize.stylizer import Stylizer
from vidstyle.testing import MADE_BY, STYLE, TinyEngine

WIDTH, HEIGHT = 160, 120


def texture(seed, width=WIDTH + 80, height=HEIGHT + 80):
    """Random spots of several sizes, which flow can follow."""
    rng = np.random.default_rng(seed)
    total = np.zeros((height, width, 3), np.float32)
    for cell in (4, 8, 20):
        small = rng.uniform(-1, 1, (height // cell, width // cell, 3)).astype(np.float32)
        total += cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.clip(128 + 45 * total, 0, 255)


def view(image, x, y):
    """Look at an image from (x, y), fractions of pixels too."""
    at = np.float32([[1, 0, x + 20], [0, 1, y + 20]])
    flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    return np.clip(cv2.warpAffine(image, at, (WIDTH, HEIGHT), flags=flags), 0, 255)


def sharpness(image):
    gray = image.astype(np.float32).mean(2)
    return np.abs(np.diff(gray, axis=0)).mean() + np.abs(np.diff(gray, axis=1)).mean()


def painter(paintings, find=None):
    """Paint each frame by a list."""
    remaining = iter(paintings)
    stylizer = Stylizer(TinyEngine(lambda _: next(remaining)), made_by=MADE_BY)
    if find:
        stylizer._stabilizers["dis"] = Stabilizer(find)
    return stylizer


def steady(frames, paintings, stability=1.0, batch=1, find=None):
    stylizer = painter(paintings, find)
    look = Look(STYLE, stability=stability, flow="dis")
    state, results = None, []
    for at in range(0, len(frames), batch):
        painted, state = stylizer.step(frames[at : at + batch], look, state)
        results += painted
    return results


def moving(count, step=(1.3, 0.7), noise=20.0, seed=5, size=80):
    """Frames, a steady painting of each, and the same with flickering strokes."""
    rng = np.random.default_rng(seed)
    world, paint = (texture(n, WIDTH + size, HEIGHT + size) for n in (1, 2))
    frames, still, flickering = [], [], []
    for n in range(count):
        x, y = step[0] * n, step[1] * n
        frames.append(view(world, x, y).astype(np.uint8))
        still.append(view(paint, x, y))
        strokes = rng.normal(0, noise, (HEIGHT // 3, WIDTH // 3, 3)).astype(np.float32)
        strokes = cv2.resize(strokes, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
        flickering.append(np.clip(still[-1] + strokes, 0, 255).astype(np.uint8))
    return frames, still, flickering


@pytest.mark.parametrize("step", [(1.3, 0.7), (0.5, 0.5), (0.0, 0.0), (4.0, 3.0)])
def test_flicker_goes_and_sharpness_stays(step):
    frames, still, flickering = moving(24, step, size=200)
    inner = np.s_[16:-16, 16:-16]
    results = steady(frames, flickering)

    def error(pictures):
        pairs = list(zip(pictures, still, strict=True))[12:]
        return np.mean([np.abs(p - s)[inner].mean() for p, s in pairs])

    assert error(results) < 0.5 * error(flickering)
    assert 0.9 < sharpness(results[-1][inner]) / sharpness(still[-1][inner]) < 1.15
    half = steady(frames, flickering, stability=0.5)
    assert error(results) < error(half) < error(flickering)


@pytest.mark.parametrize("step", [(0.5, 0.5), (1.3, 0.7), (0.1, 0.05)])
def test_what_is_steady_stays_as_it_is(step):
    """Over hundreds of resamplings nothing blurs and nothing is sharpened without end."""
    frames, still, _ = moving(100, step, size=200)
    results = steady(frames, [s.astype(np.uint8) for s in still])
    inner = np.s_[16:-16, 16:-16]
    assert 0.9 < sharpness(results[-1][inner]) / sharpness(still[-1][inner]) < 1.1
    assert np.abs(results[-1] - still[-1])[inner].mean() < 7


STYLES = [ROOT / "samples" / "styles" / "swirls.jpg", "starry_night"]
SHIFT, ZOOM = ((1.3, 0.7), 1.0), ((0.0, 0.0), 1.012)
"""Pixels across and down, and the ratio of sizes, from frame to frame."""


def paint(frames, style, stability):
    return list(vidstyle.stylize_frames(frames, style, stability=stability, device="cpu"))


@pytest.mark.parametrize(
    ("style", "step", "zoom"),
    [
        pytest.param(STYLES[0], *SHIFT, id="any style, shift"),
        pytest.param(STYLES[1], *ZOOM, id="one style, zoom"),
        pytest.param(STYLES[0], *ZOOM, id="any style, zoom", marks=pytest.mark.slow),
        pytest.param(STYLES[1], *SHIFT, id="one style, shift", marks=pytest.mark.slow),
    ],
)
def test_motion_leaves_the_strokes_sharp(style, step, zoom):
    """By the networks that are shipped, and as `vidstyle metrics` sees it."""
    world = read_picture(ROOT / "samples" / "seasons" / "dusk.jpg")
    frames = []
    for n in range(16):
        scale = zoom**-n
        at = np.float32([[scale, 0, 160 * (2 - scale)], [0, scale, 90 * (2 - scale)]])
        at[:, 2] += np.multiply(step, n)
        flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
        frames.append(cv2.warpAffine(world, at, (320, 180), flags=flags))
    alone, steadied = (
        [picture.sharpness(p.astype(np.float32) / 255) for p in paint(frames, style, stability)]
        for stability in (0.0, 1.0)
    )
    assert 0.9 < np.mean(steadied[8:]) / np.mean(alone[8:]) < 1.05


@pytest.mark.parametrize("style", STYLES, ids=["any style", "one style"])
def test_equal_frames_stay_equal(style):
    """From the first on: nothing is given back where nothing was taken."""
    frame = np.ascontiguousarray(read_picture(ROOT / "samples" / "seasons" / "dusk.jpg")[::2, ::2])
    alone, steadied = (paint([frame.copy() for _ in range(6)], style, s) for s in (0.0, 1.0))
    for one, other in zip(alone, steadied, strict=True):
        assert np.abs(one.astype(int) - other).max() <= 1
        assert np.abs(other.astype(int) - steadied[0]).max() <= 1


@pytest.mark.parametrize("depth", [np.uint8, np.uint16])
@pytest.mark.parametrize(
    "size", [(1, 1), (2, 3), (11, 40), (1, 200), (200, 1), (12, 12), (9, 2000)]
)
def test_the_smallest_frames(size, depth):
    frames = [np.full((*size, 3), 90 + n, depth) for n in range(3)]
    assert [r.shape for r in steady(frames, frames)] == [(*size, 3)] * 3


def test_frames_too_large_to_warp():
    huge = np.zeros((2, 40000, 3), np.uint8)
    with pytest.raises(vidstyle.UsageError, match="32766"):
        steady([huge], [huge])


def test_the_flow_may_come_from_elsewhere():
    """From RAFT, say: it is asked for small frames, forth and back, and what it says is followed."""
    frames, still, flickering = moving(12, (2, 1))
    asked = []

    def known(now, before):
        asked.append((now, before))
        forth = np.abs(now[:-1, :-2].astype(int) - before[1:, 2:]).mean() < 2
        return np.full((*now.shape[:2], 2), (2, 1) if forth else (-2, -1), np.float32)

    inner = np.s_[16:-16, 16:-16]
    results = steady(frames, flickering, find=known)
    assert all(p.dtype == np.uint8 and min(p.shape[:2]) <= 180 for pair in asked for p in pair)
    assert len(asked) == 2 * (len(frames) - 1)
    off = [np.abs(p[-1] - still[-1])[inner].mean() for p in (results, flickering)]
    assert off[0] < 0.6 * off[1]


@pytest.mark.parametrize("package", ["torch", "torchvision"])
def test_raft_that_is_not_there(package, monkeypatch):
    monkeypatch.setitem(sys.modules, package, None)
    monkeypatch.delitem(sys.modules, "vidstyle.flow.raft", raising=False)
    monkeypatch.delattr(vidstyle.flow, "raft", raising=False)  # put back with it
    frames = [np.zeros((32, 32, 3), np.uint8)]
    with pytest.raises(vidstyle.MissingPackageError, match=f"needs {package}"):
        list(vidstyle.stylize_frames(frames, frames[0], stability=0.5, flow="raft"))
    with pytest.raises(vidstyle.UsageError, match="dis or raft"):
        list(vidstyle.stylize_frames(frames, frames[0], stability=0.5, flow="magic"))
    with pytest.raises(vidstyle.UsageError, match="above 0 follows"):
        list(vidstyle.stylize_frames(frames, frames[0], flow="raft"))


@pytest.mark.parametrize("device", ["cpu", "cuda:1", "mps"])
def test_raft_is_taken_by_itself_where_it_is_quick_and_at_hand(device, tmp_path, monkeypatch):
    """With a faked torchvision: on a GPU, once its weights are there; and nothing is downloaded."""
    torch = pytest.importorskip("torch")
    from vidstyle.flow import raft

    weights = SimpleNamespace(DEFAULT=SimpleNamespace(url="https://example.org/models/raft_x.pth"))
    faked = SimpleNamespace(Raft_Small_Weights=weights)
    monkeypatch.setitem(sys.modules, "torchvision.models.optical_flow", faked)
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    monkeypatch.setattr(raft, "load_raft", lambda device: f"raft on {device}")
    assert callable(flow_finder("auto", device))
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "checkpoints" / "raft_x.pth").touch()
    found = flow_finder("auto", device)
    assert callable(found) if device == "cpu" else found == f"raft on {device}"
    assert callable(flow_finder("dis", device))
    monkeypatch.setitem(sys.modules, "torchvision.models.optical_flow", None)
    assert callable(flow_finder("auto", device))


def test_a_cut_begins_anew():
    """The first frame of a shot is the painting itself, not what was before it."""
    one, other = moving(6, seed=5), moving(6, seed=6)
    frames = [*one[0], *(255 - f[::-1] for f in other[0])]
    paintings = [*one[2], *other[2]]
    results = steady(frames, paintings)
    assert (results[6] == paintings[6]).all()
    assert (results[5] != paintings[5]).any()
    assert (results[7] != paintings[7]).any()


def test_batches_change_nothing_and_16_bits_stay():
    frames, _, flickering = moving(6)
    alone = steady(frames, flickering)
    for one, other in zip(alone, steady(frames, flickering, batch=4), strict=True):
        assert (one == other).all()
    deep = [p.astype(np.uint16) * 257 for p in flickering]
    for one, other in zip(
        alone, steady([f.astype(np.uint16) * 257 for f in frames], deep), strict=True
    ):
        assert other.dtype == np.uint16
        assert np.abs(other / 257 - one).max() < 1.5
    assert (alone[0] == flickering[0]).all()


def test_nothing_stays_behind_what_leaves():
    """A dark square, painted red, crosses a bright scene, painted blue."""
    world = texture(1)
    frames, paintings = [], []
    for n in range(16):
        frame, painted = view(world, 0, 0).astype(np.uint8), np.zeros((HEIGHT, WIDTH, 3), np.uint8)
        painted[:] = (20, 40, 200)
        left = 10 + 6 * n
        frame[40:80, left : left + 30] = texture(9)[40:80, 30:60] * 0.3
        painted[40:80, left : left + 30] = (220, 30, 20)
        frames.append(frame)
        paintings.append(painted)
    for result, painted in list(zip(steady(frames, paintings), paintings, strict=True))[2:]:
        # Soft at the border of the square; red nowhere else.
        red = result[..., 0].astype(int) - painted[..., 0]
        assert (np.abs(red) > 60).mean() < 0.01
        assert np.abs(red).mean() < 1.5


@pytest.mark.parametrize(
    "seconds", [20, pytest.param(600, marks=pytest.mark.slow)], ids="{} s".format
)
def test_a_still_clip_does_not_drift(seconds):
    """Grain makes flow where nothing moves; the strokes must stay where they are."""
    rng = np.random.default_rng(1)
    small = np.s_[20:56, 20:84]
    world, paint = texture(1)[small], texture(2)[small]
    stylizer = painter(itertools.repeat(paint.astype(np.uint8)))
    look = Look(STYLE, stability=1.0)
    state = None
    for n in range(seconds * 25):
        grain = rng.normal(0, 2, world.shape)
        frame = np.clip(world + grain, 0, 255).astype(np.uint8)
        (result,), state = stylizer.step([frame], look, state)
        if n % 250 == 0:
            assert np.abs(result - paint).mean() < 4
    assert sharpness(result) > 0.9 * sharpness(paint)
    assert np.abs(result - paint).mean() < 4


@pytest.mark.slow
def test_the_option(tmp_path):
    """A real run on a second of the sample clip: steadier by the metrics, and as sharp."""
    clip, style = tmp_path / "in.mp4", ROOT / "samples" / "styles" / "swirls.jpg"
    second = Reading(end=Fraction(1), size=(320, 180))
    vidstyle.stylize(ROOT / "samples" / "clip.mp4", "identity", clip, reading=second)
    found = {}
    for stability in (0.0, 1.0):
        out = tmp_path / f"{stability}.mp4"
        vidstyle.stylize(clip, style, out, device="cpu", stability=stability)
        found[stability] = measure(clip, out)
    assert found[1.0].excess1 < 0.3 * found[0.0].excess1
    assert found[1.0].excess5 < 0.4 * found[0.0].excess5
    assert found[1.0].sharpness > 0.9 * found[0.0].sharpness
    with pytest.raises(vidstyle.UsageError, match="stability"):
        vidstyle.stylize(clip, style, tmp_path / "c.mp4", stability=1.5)
