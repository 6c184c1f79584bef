"""A model is loaded once, called many times, and told with each call how to look."""

from __future__ import annotations

import pickle
import threading
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

import vidstyle
from tests.clips import pattern
from tests.conftest import ROOT
from vidstyle import InputError, Look, Style, UsageError

STYLES = ROOT / "samples" / "styles"
SWIRLS, INK = STYLES / "swirls.jpg", STYLES / "ink.jpg"


@pytest.fixture(scope="module")
def model():
    with vidstyle.load(device="cpu", precision="f32") as model:
        yield model


@pytest.fixture(scope="module")
def look(model):
    return Look(model.style(SWIRLS))


def clip(count, width=64, height=48):
    return [pattern(n, width, height) for n in range(count)]


@pytest.mark.parametrize(
    ("name", "takes_pictures"),
    [("arbitrary", True), ("starry_night", False), ("photoreal", True), ("identity", False)],
)
def test_a_loaded_model_is_facts(name, takes_pictures):
    with vidstyle.load(name) as model:
        assert (model.name, model.takes_pictures) == (name, takes_pictures)
        assert model.bit_depths == (8, 16)
        assert model.multiple == (8 if name in ("arbitrary", "starry_night") else 1)
        assert name in repr(model)
        assert isinstance(model.device, str)
        assert isinstance(model.precision, str)


def test_a_file_is_a_model(tmp_path):
    from vidstyle.zoo import catalog

    files = catalog.shipped_style("great_wave")
    for path in (files.weights, files.frame_net, files.float_net_16bit, files.int8_net):
        for file in {path, path.with_suffix(".bin")} if path.suffix == ".xml" else {path}:
            (tmp_path / file.name).write_bytes(file.read_bytes())
    with vidstyle.load(tmp_path / "great_wave.safetensors", precision="f32") as own:
        assert not own.takes_pictures
        with vidstyle.load("great_wave", precision="f32") as shipped:
            frame = clip(1)[0]
            assert (own(frame) == shipped(frame)).all()


def test_what_is_no_model(tmp_path):
    with pytest.raises(UsageError, match="no model is called magic; expected one of arbitrary"):
        vidstyle.load("magic")
    (tmp_path / "text.safetensors").write_text("no weights at all")
    with pytest.raises(InputError, match="no safetensors"):
        vidstyle.load(tmp_path / "text.safetensors")
    with pytest.raises(InputError, match="no such file"):
        vidstyle.load(tmp_path / "none.safetensors")
    with pytest.raises(UsageError, match="leave `precision` out"):
        vidstyle.load("photoreal", precision="int8")


def test_pictures_streams_and_steps_agree(model, look):
    frames = clip(4)
    first = model(frames[0], look)
    streamed = list(model.stream(iter(frames), look))
    stepped, state = model.step(frames[:2], look)
    stepped += model.step(frames[2:], look, state)[0]
    assert (first == streamed[0]).all()
    assert np.abs(np.stack(streamed).astype(int) - np.stack(stepped)).max() <= 1


def test_one_model_paints_in_many_looks(model, look):
    frame = clip(1)[0]
    ink = Look(model.style(INK))
    swirls = model(frame, look)
    assert np.abs(model(frame, ink).astype(int) - swirls).mean() > 5
    half = model(frame, Look(look.style, blend=0.5))
    assert np.abs(half.astype(int) - (frame.astype(int) + swirls) / 2).max() <= 1
    assert (model(frame, look) == swirls).all(), "nothing of a call stays behind"


def test_a_look_may_change_with_each_step(model, look):
    """From one style to another, in size, strength and stability: the state goes along."""
    still, ink = clip(1, 96, 64)[0], model.style(INK)
    state, shown = None, []
    for n in range(50):
        share = min(1.0, max(0.0, (n - 20) / 10))
        style = vidstyle.mix([look.style, ink], [1 - share, share])
        (painted,), state = model.step([still], Look(style), state)
        shown.append(painted.astype(float))
    goal = model(still, Look(ink)).astype(float)
    away = np.abs(shown[19] - goal).mean()
    assert away > 5
    assert np.abs(shown[-1] - goal).mean() < 0.15 * away
    steps = [np.abs(b - a).mean() for a, b in pairwise(shown[15:])]
    assert max(steps) < 0.3 * away
    (_, small) = model.step([still], Look(ink, stability=0.5), state)
    painted, _ = model.step([still[:32, :48].copy()], Look(ink, stability=1.0), small)
    assert painted[0].shape == (32, 48, 3)


def test_styles_are_values(model, look, tmp_path):
    style = look.style
    assert model.style(SWIRLS) == style
    assert hash(model.style(SWIRLS)) == hash(style)
    assert model.style(INK) != style
    assert style != "starry"
    assert pickle.loads(pickle.dumps(style)) == style
    style.save(tmp_path / "swirls.style")
    assert Style.load(tmp_path / "swirls.style") == style
    assert "of" in repr(style)
    (tmp_path / "text").write_text("no style")
    for name in ("text", "none"):
        with pytest.raises(InputError):
            Style.load(tmp_path / name)


def test_a_style_belongs_to_its_model(model, look):
    other = Style(look.style.values, "another")
    for wrong in (Look(other), Look()):
        with pytest.raises(UsageError, match="style"):
            model(clip(1)[0], wrong)
        with pytest.raises(UsageError, match="style"):
            model.stream(clip(1), wrong)  # at the call, not at the first next()
    with pytest.raises(UsageError, match="of one model"):
        vidstyle.mix([look.style, other])
    with vidstyle.load("starry_night", precision="f32") as own:
        with pytest.raises(UsageError, match="takes no other"):
            own(clip(1)[0], look)
        with pytest.raises(UsageError, match="takes no picture"):
            own.style(SWIRLS)


def test_mixing(model, look):
    ink = model.style(INK)
    assert vidstyle.mix([look.style, ink], [1, 0]) == look.style
    assert vidstyle.mix([look.style, ink], [2, 2]) == vidstyle.mix([look.style, ink])
    for styles, weights, message in (
        ([], None, "got none"),
        ([ink], [1, 2], "1 style weights"),
        ([ink, ink], [0, 0], "not all 0"),
        ([ink, ink], [-1, 2], "0 or more"),
        ([ink, ink], [float("nan"), 2], "0 or more"),
    ):
        with pytest.raises(UsageError, match=message):
            vidstyle.mix(styles, weights)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_floats_come_back_as_floats(model, look, dtype):
    frame = clip(1)[0]
    painted = model((frame / 255).astype(dtype), look)
    assert painted.dtype == dtype
    assert np.abs(painted.astype(float) * 255 - model(frame, look)).max() <= 3


def test_tensors_come_back_as_tensors(model, look):
    torch = pytest.importorskip("torch")
    frame = clip(1)[0]
    expected = model(frame, look).astype(float)
    rows = torch.from_numpy(frame)
    for tensor, back in (
        (rows, lambda t: t),
        (rows.permute(2, 0, 1), lambda t: t.permute(1, 2, 0)),
        (rows.permute(2, 0, 1).float() / 255, lambda t: t.permute(1, 2, 0) * 255),
        (rows.to(torch.float64) / 255, lambda t: t * 255),
    ):
        painted = model(tensor, look)
        assert (painted.dtype, painted.shape) == (tensor.dtype, tensor.shape)
        assert np.abs(back(painted).double().numpy() - expected).max() <= 2
    assert model.style(rows) == model.style(frame)
    with pytest.raises(InputError, match="may be"):
        model(torch.zeros(3, 8, 3), look)
    with pytest.raises(InputError, match="got a tensor"):
        model(torch.zeros(1, 3, 8, 8), look)


def test_what_is_no_picture_is_told(model, look):
    frame = clip(1)[0]
    for wrong, message in (
        (frame[..., 0], r"got uint8 \(48, 64\)"),
        (frame.astype(int), "got int64"),
        (frame.astype(float), "from 0 to 1, got 0 to 2"),
        ("frame.png", "got str"),
    ):
        with pytest.raises(InputError, match=message):
            model(wrong, look)
    with pytest.raises(UsageError, match="one frame at least"):
        model.step([], look)


def test_a_video(model, look, base, tmp_path, judge):
    result = model.video(base, tmp_path / "out.mp4", Look(look.style, stability=0.5))
    assert judge.times(result.output) == judge.times(base)
    with pytest.raises(UsageError, match="is an input itself"):
        model.video(base, base, look, overwrite=True)
    again = model.video(base, tmp_path / "again.mp4", look)
    assert again.summary.frames == result.summary.frames


def test_closing_ends_the_threads(base, tmp_path):
    before = {t.name for t in threading.enumerate()}
    with vidstyle.load("photoreal") as model:
        list(model.stream(clip(3), Look(model.style(SWIRLS), stability=1.0)))
    left = {t.name for t in threading.enumerate()} - before
    assert not {n for n in left if n.startswith(("motion", "colors"))}


def test_arguments_are_checked_at_the_call(picture):
    for name, wrong in {
        "strength": 2,
        "flow": "magic",
        "style_scale": 9,
        "style_weights": [0],
    }.items():
        with pytest.raises(UsageError, match=name.replace("_", ".")):
            vidstyle.stylize_frames(clip(1), picture, **{name: wrong})


def test_paths_may_be_strings(model):
    assert model.style(str(SWIRLS)) == model.style(Path(SWIRLS))
