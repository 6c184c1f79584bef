"""The any-style stylizer on the shipped weights and the CPU engine."""

from __future__ import annotations

import itertools
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

import vidstyle
from tests.clips import pattern
from vidstyle import InputError, UsageError
from vidstyle.images.files import read_picture
from vidstyle.runtime.network import NETWORK_FOLLOWING
from vidstyle.runtime.select import _may_have_accelerator, select_engine
from vidstyle.stylize.look import Look
from vidstyle.stylize.pooling import Pool
from vidstyle.stylize.state import State
from vidstyle.stylize.style import STYLE_SIDE, Style, fit_style, mix
from vidstyle.stylize.stylizer import Stylizer
from vidstyle.testing import MADE_BY, STYLE, TinyEngine

SWIRLS = Path(__file__).parents[2] / "samples" / "styles" / "swirls.jpg"


@pytest.fixture(scope="module")
def model():
    with vidstyle.load(device="cpu") as model:
        yield model


def paint(model, frames, style, state=None):
    """Paint frames; return them (N, H, W, 3)."""
    painted, _ = model.step(list(frames), Look(style), state)
    return np.stack(painted)


def frames(count=3, width=128, height=96):
    return np.stack([pattern(i, width, height) for i in range(count)])


@pytest.mark.parametrize("size", [(17, 33), (1, 1), (97, 131), (40, 64)])
def test_any_size_comes_back(model, picture, size):
    height, width = size
    painted, state = model.step(frames(2, width, height), Look(model.style(picture)))
    assert [p.shape for p in painted] == [(height, width, 3)] * 2
    assert painted[0].dtype == np.uint8
    assert isinstance(state, State)


def test_a_batch_is_its_frames(model, picture):
    prepared = model.style(picture)
    together = paint(model, frames(5), prepared)
    alone = np.concatenate([paint(model, f[None], prepared) for f in frames(5)])
    assert np.abs(together.astype(int) - alone).max() <= 3


def test_the_style_gives_the_colors(model):
    """Two opposite palettes pull the same frame apart, each towards its own."""
    rng = np.random.default_rng(1)
    noise = cv2.resize(rng.integers(0, 90, (40, 40, 1), np.uint8), (320, 320))[..., None]
    red = np.concatenate([165 + noise, 20 + noise // 2, 10 + noise // 2], -1).astype(np.uint8)
    blue = red[..., ::-1].copy()
    means = {}
    for name, style in (("red", red), ("blue", blue)):
        painted = paint(model, frames(1), model.style(style))
        means[name] = painted.reshape(-1, 3).mean(0)
    assert means["red"][0] - means["red"][2] > means["blue"][0] - means["blue"][2] + 30


def change_around_a_visitor(model, prepared, stills, visits):
    """Paint a still scene into which something dark comes at the right; return its left half's change."""
    scene = frames(1, 256, 128)[0]
    visited = scene.copy()
    visited[:, 216:] = (20, 15, 40)  # more of it would be a cut
    state, painted = None, []
    for frame in [scene] * stills + [visited] * visits:
        (one,), state = model.step([frame], Look(prepared), state)
        painted.append(cv2.blur(one[:, :96].astype(np.float32), (15, 15)))
    return np.abs(painted[-1] - painted[stills - 1]).mean()


def test_who_enters_a_shot_does_not_recolor_the_rest(model, picture):
    prepared = model.style(picture)
    alone = change_around_a_visitor(model, prepared, 1, 1)
    pooled = change_around_a_visitor(model, prepared, 30, 1)
    assert alone > 5
    assert pooled < 0.4 * alone


@pytest.mark.parametrize("depth", [0, 1, 2, 5])
def test_what_is_pooled_does_not_depend_on_the_machine(depth):
    engine = TinyEngine(depth=depth, following=replace(NETWORK_FOLLOWING, least=0))
    stylizer = Stylizer(engine, made_by=MADE_BY)
    state = None
    for n in range(30):
        _, state = stylizer.start([np.full((8, 8, 3), n, np.uint8)], Look(STYLE), state)
    assert engine.statistics[:6] == [None] * 6
    for n, statistics in enumerate(engine.statistics[6:], start=6):
        pooled = n - 5  # all but the last five
        mean, weight = statistics
        assert mean[0] == pytest.approx((pooled - 1) / 2)
        assert weight == pytest.approx(min(0.97, pooled / (pooled + 1)))


def test_a_pool_is_a_mean_of_frames_that_changes_slowly_once_it_is_settled():
    samples = np.random.default_rng(1).normal(5, 1, (30, 3)).astype(np.float32)
    one, other = Pool(NETWORK_FOLLOWING), Pool(NETWORK_FOLLOWING).add(samples)
    for sample in samples:
        one = one.add(sample[None])
    assert np.allclose(one.mean, samples.mean(0), atol=1e-4)
    assert np.allclose(one.mean, other.mean, atol=1e-5)
    assert other.described == 30
    changed = np.full((2400, 3), 7, np.float32)
    assert (other.add(changed[:90]).mean < 5.9).all()
    assert (other.add(changed).mean > 6.7).all()
    few = Pool(NETWORK_FOLLOWING).add(samples[:4])
    assert (few.settled().add(changed[:60]).mean < 6).all()
    assert (few.add(changed[:60]).mean > 6.4).all()


def test_a_pool_that_does_not_fit_is_left_soon():
    dark = Pool(NETWORK_FOLLOWING).add(np.ones((60, 3), np.float32))
    assert (dark.add(np.full((20, 3), 5, np.float32)).mean > 3).all()


@pytest.mark.parametrize("batch", [1, 4])
def test_after_a_change_of_style_nothing_of_the_old_ones_statistics_is_used(batch):
    """They fade within some frames; then frames have their own, until there is a pool of the new style's."""
    engine = TinyEngine(following=replace(NETWORK_FOLLOWING, least=0))
    stylizer = Stylizer(engine, made_by=MADE_BY)
    state = None
    for n in range(0, 160, batch):
        style = STYLE if n < 80 else Style(STYLE.values + 1, MADE_BY)
        call = [np.full((8, 8, 3), 50 if n < 80 else 60, np.uint8)] * batch
        _, state = stylizer.start(call, Look(style), state)
    before, after = engine.statistics[: 80 // batch], engine.statistics[80 // batch :]
    assert before[-1][1] == pytest.approx(0.97)
    shares = [share for _, share in after]
    own = next(n for n, share in enumerate(shares) if share < 0.01)
    assert own <= 6
    assert shares[: own + 1] == sorted(shares[: own + 1], reverse=True)
    again = next(n for n, share in enumerate(shares) if n > own and share > 0.1)
    assert again * batch >= 16
    assert all(np.allclose(mean, 60) for mean, _ in after[again:])
    assert shares[-1] > 0.95


def write_video(path, frames):
    height, width, _ = frames[0].shape
    with av.open(path, "w") as output:
        stream = output.add_stream("libx264", rate=30)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for frame in frames:
            output.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        output.mux(stream.encode(None))


def change_of_a_file(tmp_path, stills, share):
    """Paint a file in which something dark slides in after still frames; return the change of what is too far to see it."""
    scene = pattern(0, 480, 96)
    width = round(480 * share)
    clip, painted = tmp_path / "in.mkv", tmp_path / "out.mkv"
    frames = [scene.copy() for _ in range(stills + 80)]
    for n, frame in enumerate(frames[stills:], 1):
        frame[10:, 480 - min(width, n * width // 20) :] = (20, 15, 40)
    write_video(clip, frames)
    vidstyle.stylize(
        clip,
        SWIRLS,
        painted,
        encoding=vidstyle.Encoding(codec="ffv1"),
        device="cpu",
        overwrite=True,
    )
    with av.open(painted) as video:
        shown = [f.to_ndarray(format="rgb24")[:, :150] for f in video.decode(video=0)]
    before = shown[stills - 1].astype(int)
    return [np.abs(shown[stills - 1 + n] - before).mean() for n in (10, 20, 40, 80)]


@pytest.mark.parametrize("stills", [3, pytest.param(60, marks=pytest.mark.slow)])
def test_who_walks_into_a_shot_does_not_recolor_the_rest_of_a_file(tmp_path, stills):
    """With a pool that follows in two seconds it is 15 and 33 levels at the end."""
    assert max(change_of_a_file(tmp_path, stills, 0.2)) < 6
    assert max(change_of_a_file(tmp_path, stills, 0.4)) < 9.5


@pytest.mark.parametrize(
    ("dark", "in_a_file"),
    [
        (60, False),
        (0, True),
        pytest.param(0, False, marks=pytest.mark.slow),
        pytest.param(60, True, marks=pytest.mark.slow),
    ],
)
def test_what_gets_light_is_painted_as_what_is_light(tmp_path, dark, in_a_file):
    """A fade of two seconds, from the beginning or after dark frames: no white, no gray picture."""
    shares = [*np.full(dark, 0.08), *np.linspace(0.08, 1, 60), *np.ones(30)]
    faded = [(pattern(n, 160, 96) * share).astype(np.uint8) for n, share in enumerate(shares)]
    if in_a_file:
        clip, painted = tmp_path / "in.mkv", tmp_path / "out.mkv"
        write_video(clip, faded)
        vidstyle.stylize(
            clip, SWIRLS, painted, encoding=vidstyle.Encoding(codec="ffv1"), device="cpu"
        )
        with av.open(painted) as video:
            shown = [f.to_ndarray(format="rgb24") for f in video.decode(video=0)]
    else:
        shown = list(vidstyle.stylize_frames(faded, SWIRLS, device="cpu"))
    light = next(vidstyle.stylize_frames(faded[-1:], SWIRLS, device="cpu"))
    for later, limit in ((60, 80), (75, 40), (89, 40)):
        assert shown[dark + later].std() > 0.6 * light.std()
        assert abs(shown[dark + later].mean() - light.mean()) < limit


def test_calls_under_way_do_not_disturb_each_other(model, picture):
    look = Look(model.style(picture))
    batches = [frames(2)[::-1], frames(2)] * (model.engine.depth + 1)
    alone = [np.stack(model.step(list(batch), look)[0]) for batch in batches]
    finishes = [model.stylizer.start(list(batch), look)[0] for batch in batches]
    for expected, finish in zip(alone, finishes, strict=True):
        assert (np.stack(finish()) == expected).all()


def test_frames_in_frames_out(picture):
    painted = list(vidstyle.stylize_frames(iter(frames(5)), picture, device="cpu"))
    assert len(painted) == 5
    assert painted[0].shape == (96, 128, 3)
    first = frames(1)[0]
    for other in (frames(1, 64)[0], first.astype(np.uint16), first.astype(float)):
        with pytest.raises(ValueError, match="expected frames like the first"):
            list(vidstyle.stylize_frames([first, other], picture, device="cpu"))
    assert list(vidstyle.stylize_frames([], picture, device="cpu")) == []


@pytest.mark.parametrize("shape", [(10, 10), (50, 400), (2000, 300), (333, 500)])
def test_style_pictures_are_fitted(shape):
    fitted = fit_style(np.zeros((*shape, 3), np.uint8))
    assert min(fitted.shape[:2]) == STYLE_SIDE
    assert max(fitted.shape[:2]) <= 4 * STYLE_SIDE


def test_styles_mix_without_a_step(model, picture):
    other = 255 - read_picture(picture)[:, ::-1]
    one, two = model.style(picture), model.style(other)
    shares = np.linspace(0, 1, 9)
    path = [paint(model, frames(1), mix([one, two], [1 - s, s])).astype(int) for s in shares]
    assert (path[0] == paint(model, frames(1), one)).all()
    assert (path[-1] == paint(model, frames(1), two)).all()
    steps = [np.abs(b - a).mean() for a, b in itertools.pairwise(path)]
    whole = np.abs(path[-1] - path[0]).mean()
    assert whole > 5
    assert max(steps) < 0.3 * whole


def test_the_scale_of_a_style_goes_smoothly(model):
    style = pattern(3, 300, 240)
    assert fit_style(style, 0.5).shape == (160, 200, 3)
    path = [
        paint(model, frames(1), model.style(style, scale=s)).astype(int)
        for s in (1.0, 1.1, 1.2, 1.3, 1.4, 2.0)
    ]
    steps = [np.abs(b - a).mean() for a, b in itertools.pairwise(path[:5])]
    whole = np.abs(path[-1] - path[0]).mean()
    assert whole > 1
    # To 1.4 in four steps is half of the way to 2.0, which has more room.
    assert max(steps) < 0.5 * whole


def test_several_styles_by_api(picture):
    style = read_picture(picture)
    mixed = vidstyle.stylize_frames(frames(2), [picture, style], style_weights=(3, 1), device="cpu")
    alone = vidstyle.stylize_frames(frames(2), picture, device="cpu")
    for a, b in zip(mixed, alone, strict=True):
        assert np.abs(a.astype(int) - b).max() <= 3
    for wrong, message in (
        ({"style_weights": (1, 2, 3)}, "2 style weights"),
        ({"style_weights": (0, 0)}, "not all 0"),
        ({"style_weights": (-1, 2)}, "0 or more"),
        ({"style_scale": 9}, "scale` from"),
        ({"stability": 2}, "`stability` from"),
    ):
        with pytest.raises(UsageError, match=message):
            list(vidstyle.stylize_frames(frames(1), [picture, style], **wrong))
    for styles, message in (([], "none"), ([picture, "identity"], "does not mix")):
        with pytest.raises(UsageError, match=message):
            list(vidstyle.stylize_frames(frames(1), styles))


def test_any_picture_is_a_style(tmp_path):
    gray, alpha = np.full((20, 30), 77, np.uint8), np.zeros((20, 30, 4), np.uint8)
    deep = np.full((20, 30, 3), 40000, np.uint16)
    for name, pixels, expected in (("g", gray, 77), ("a", alpha, 255), ("d", deep, 156)):
        cv2.imwrite(str(tmp_path / f"{name}.png"), pixels)
        read = read_picture(tmp_path / f"{name}.png")
        assert read.shape == (20, 30, 3)
        assert abs(int(read[0, 0, 0]) - expected) <= 1


def test_what_is_no_picture(tmp_path):
    (tmp_path / "text.jpg").write_text("no picture")
    (tmp_path / "empty.png").touch()
    for name in ("text.jpg", "empty.png", "none.png", "."):
        with pytest.raises(InputError, match=re.escape(f"{tmp_path / name}")):
            read_picture(tmp_path / name)


def test_other_arrays_are_no_style(model):
    for wrong in (
        np.zeros((9, 9), np.uint8),
        np.zeros((9, 9, 4), np.uint8),
        np.zeros((9, 9, 3), int),
    ):
        with pytest.raises(InputError, match="expected a picture"):
            model.style(wrong)


def test_bad_choices_are_refused(picture):
    for share in (-0.1, 1.1, float("nan")):
        for name in ("strength", "blend"):
            with pytest.raises(UsageError, match=name):
                list(vidstyle.stylize_frames(frames(1), picture, **{name: share}))
    for device in ("gpu", "cuda:99"):
        with pytest.raises(UsageError, match="device"):
            select_engine(device)


@pytest.mark.parametrize("device", ["cpu", "auto"])
def test_the_cpu_path_needs_no_torch_and_sends_nothing(device, base, picture, tmp_path):
    """No socket is opened, not even by a thread that outlives the run: OpenVINO sends on import."""
    if device == "auto" and _may_have_accelerator():
        pytest.skip("there may be an accelerator, which only torch can tell")
    code = f"""
import sys, threading
events = []
sys.addaudithook(lambda name, _: events.append(name) if name.startswith("socket.") else None)
import vidstyle
vidstyle.stylize({str(base)!r}, {str(picture)!r}, {str(tmp_path / "o.mp4")!r}, device={device!r})
for thread in threading.enumerate():
    if thread is not threading.current_thread():
        thread.join(5)
print([m for m in sys.modules if m.split(".")[0] in ("torch", "openvino_telemetry")], events)
"""
    out = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={k: v for k, v in os.environ.items() if k != "CI"},  # CI switches telemetry off
    )
    assert out.stdout.strip() == "[] []"
