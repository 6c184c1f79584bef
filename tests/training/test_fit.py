"""Fitting a network to a style and a clip: what is made, kept and refused."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

import vidstyle
from tests.clips import make_clip, make_picture, pattern
from tests.conftest import vidstyle as command
from vidstyle import Interrupted, OutputError, UsageError
from vidstyle.media.video import Video
from vidstyle.nets.arbitrary import Arbitrary, Shape
from vidstyle.nets.onestyle import OneStyle
from vidstyle.nets.perceptual import Perceptual
from vidstyle.training.clip import clip_frames
from vidstyle.training.config import FitConfig
from vidstyle.training.fit import begin, fit
from vidstyle.training.fitted import fit_clip
from vidstyle.training.fitting import Fitting
from vidstyle.training.leaves import leaves
from vidstyle.training.pace import Seconds
from vidstyle.training.sharpening import sharpened
from vidstyle.zoo import catalog, fits

QUICK = FitConfig(crop=64, style_side=64)


class Ticks:
    """A clock on which every look takes a second."""

    def __init__(self) -> None:
        self.now = -1.0

    def __call__(self) -> float:
        self.now += 1
        return self.now


@pytest.fixture
def features():
    torch.manual_seed(0)
    return Perceptual((4, 4, 8, 8, 8)).requires_grad_(False)


@pytest.fixture
def base(tmp_path):
    """Weights of a tiny any-style network, as a user's own."""
    torch.manual_seed(0)
    save_file(Arbitrary(Shape(8, 8, 16, 1)).state_dict(), tmp_path / "base.safetensors")
    return catalog.open_file(tmp_path / "base.safetensors")


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv(fits.PLACE, str(tmp_path / "cache"))
    return tmp_path / "cache" / "fits"


@pytest.fixture
def words(tmp_path, base, features, cache):
    """Good arguments of `fit_clip`, for a second of little networks."""
    return {
        "clip": make_clip(tmp_path / "in.mp4", times=range(8)),
        "style": str(make_picture(tmp_path / "blots.jpg", 160, 120)),
        "fitting": Fitting(0.3),
        "base": base,
        "features": features,
        "config": QUICK,
        "device": "cpu",
    }


def test_it_learns_strokes_and_leaves_what_sees(features):
    torch.manual_seed(0)
    style = pattern(5, 96, 64)
    net = begin(Arbitrary(Shape(8, 8, 16, 1)).state_dict(), style)
    before = {name: value.clone() for name, value in net.state_dict().items()}
    reports = []
    frames = [pattern(n, 160, 128) for n in range(3)]
    config = replace(QUICK, learning_rate=2e-2, average=0.5)
    run = fit(
        net,
        style,
        frames,
        features,
        pace=Seconds(100, Ticks()),
        config=config,
        on_report=reports.append,
    )
    assert reports[-1].losses["style"] < reports[0].losses["style"]
    after = run.averaged().state_dict()
    for name, value in after.items():
        sees = (
            name.startswith(("frame_net.stem", "frame_net.down", "colors")) and "norm" not in name
        )
        assert torch.equal(value, before[name]) == sees or "norm" in name, name


def test_what_is_learned_is_sharpened_at_the_end(features):
    frames, style = [pattern(n, 160, 128) for n in range(2)], pattern(5, 96, 64)
    torch.manual_seed(0)
    begun = Arbitrary(Shape(8, 8, 16, 1)).state_dict()
    found = {}
    for amount in (0.0, 0.4):
        config, pace = replace(QUICK, sharpness=amount), Seconds(20, Ticks())
        run = fit(begin(begun, style), style, frames, features, pace=pace, config=config)
        found[amount] = run.averaged().state_dict()
    for name, wanted in sharpened(found[0.0], 0.4).items():
        assert torch.allclose(found[0.4][name], wanted, atol=1e-5), name
    assert not torch.allclose(*(of["frame_net.out.weight"] for of in found.values()), atol=1e-3)


def test_the_clock_ends_it_and_the_rate_falls():
    pace, rates, step = Seconds(60, Ticks()), [], 0
    while step < pace.steps(step):
        rates.append(pace.rate(step))
        step += 1
    assert 20 <= step <= 40  # two or three looks at the clock a step
    assert rates[-1] < 0.05 < max(rates)


def test_auto_ends_when_the_losses_stop_falling():
    def steps(losses) -> int:
        pace, step = Seconds(None, Ticks()), 0
        while step < pace.steps(step):
            pace.rate(step)
            pace.note(losses(step))
            step += 1
        return step

    assert steps(lambda n: 1.0) < steps(lambda n: max(0.5, 1 - 0.01 * n)) < steps(lambda n: 0.9**n)
    assert steps(lambda n: 0.9**n) < 300


def test_a_fit_is_a_style_and_is_made_once(words, cache, tmp_path, caplog):
    reports = []
    made = fit_clip(**words, on_report=reports.append)
    assert reports
    assert made.is_new
    assert made.folder.parent == cache
    assert made.strip.is_file()
    logging.getLogger("vidstyle").warning("still heard")  # the converter turns warnings off
    assert "still heard" in caplog.text
    OneStyle.from_shipped(load_file(made.weights))
    (painted,) = vidstyle.stylize_frames([pattern(3, 96, 64)], made.weights, device="cpu")
    assert painted.shape == (64, 96, 3)
    again = fit_clip(**words, on_report=lambda _: pytest.fail("it learns again"))
    assert again.weights == made.weights
    assert not again.is_new
    kept = fit_clip(**words | {"fitting": Fitting(0.3, tmp_path / "mine.safetensors")})
    assert kept.weights == made.weights
    frame = pattern(4, 96, 64)
    mine = tmp_path / "mine.safetensors"
    (own,), (other,) = (
        vidstyle.stylize_frames([frame], w, device="cpu") for w in (made.weights, mine)
    )
    assert np.array_equal(own, other)
    assert (tmp_path / "mine_before_after.jpg").is_file()


def test_what_lies_beside_a_style_stays(words, tmp_path):
    """The strip is a picture, and does not get the style's own name."""
    style, weights = tmp_path / "blots.jpg", tmp_path / "blots.safetensors"
    before = style.read_bytes()
    words["fitting"] = Fitting(0.3, weights)
    for there in (weights, tmp_path / "blots_before_after.jpg"):
        there.touch()
        with pytest.raises(UsageError, match=f"{there} exists already.*another `fit_to`"):
            fit_clip(**words)
        there.unlink()
    fit_clip(**words)
    assert style.read_bytes() == before
    assert (tmp_path / "blots_before_after.jpg").is_file()
    made = weights.read_bytes()
    weights.write_bytes(b"")
    fit_clip(**words, overwrite=True)
    assert weights.read_bytes() == made


@pytest.mark.slow
@pytest.mark.parametrize("other", ["style", "clip", "seconds", "scale", "damaged", "start"])
def test_another_style_clip_or_option_is_another_fit(words, tmp_path, other):
    first = fit_clip(**words)
    if other == "style":
        make_picture(tmp_path / "other.jpg", 120, 160)
        words["style"] = str(tmp_path / "other.jpg")
    elif other == "clip":
        words["clip"] = make_clip(tmp_path / "other.mp4", times=range(9))
    elif other == "seconds":
        words["fitting"] = Fitting(0.4)
    elif other == "scale":
        words["scale"] = 1.5
    elif other == "start":
        stem = torch.randn(8)  # no fit changes it
        notes = {catalog.ModelFiles.FIT_BASE_OF: words["base"].digest}
        save_file({"frame_net.stem.bias": stem}, words["base"].fit_base, notes)
    else:
        first.weights.write_bytes(first.weights.read_bytes()[:-1])
    second = fit_clip(**words)
    assert second.is_new
    assert (second.folder == first.folder) == (other == "damaged")
    if other == "start":
        learned = load_file(second.weights)["frame_net.stem.bias"].float()
        assert torch.allclose(learned, stem, atol=1e-2)


def test_one_that_is_stopped_leaves_nothing(words, cache, caplog):
    def stop() -> None:
        raise Interrupted(signal.SIGINT)

    with pytest.raises(Interrupted):
        fit_clip(**words, on_report=lambda _: stop())
    assert list(cache.iterdir()) == []
    assert "nothing of it is kept" in caplog.text


def test_a_full_disk_is_told(words, cache, monkeypatch):
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("vidstyle.training.run.write_whole", full)
    with pytest.raises(OutputError, match=r"not kept: .*No space left on device.*VIDSTYLE_CACHE"):
        fit_clip(**words)
    assert list(cache.iterdir()) == []


def test_a_disk_that_becomes_full_gets_no_part_of_a_fit(cache, tmp_path, monkeypatch):
    with fits.making("key", {}) as folder:
        for name in (fits.WEIGHTS, fits.STRIP, "network_frame.xml"):
            (folder / name).write_bytes(b"made")
    write = fits.write_whole

    def full(path, data, **how):
        if path.suffix == ".safetensors":
            raise OutputError(f"cannot write {path}: No space left on device")
        write(path, data, **how)

    monkeypatch.setattr(fits, "write_whole", full)
    mine = tmp_path / "mine"
    mine.mkdir()
    with pytest.raises(OutputError, match="No space left"):
        fits.find("key").copy_to(mine / "starry.safetensors", overwrite=False)
    assert list(mine.iterdir()) == []


def test_a_cache_that_cannot_be_written_is_told(words, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv(fits.PLACE, str(tmp_path / "file"))
    with pytest.raises(OutputError, match="another folder"):
        fit_clip(**words)


@pytest.mark.slow
def test_a_clip_of_one_frame_is_fitted_and_said(words, tmp_path, caplog):
    made = fit_clip(**words | {"clip": make_clip(tmp_path / "one.mp4", times=range(1))})
    assert made.is_new
    assert "has one frame" in caplog.text


def test_frames_come_from_all_over_the_clip(tmp_path):
    clip = make_clip(tmp_path / "long.mp4", times=range(100))
    frames = clip_frames(clip)
    assert 24 <= len(frames) <= 32
    assert all(frame.dtype == np.uint8 for frame in frames)
    with Video.open(clip) as video:
        every = [frame.pixels for frame in video.frames]
    shown = [min(range(100), key=lambda n: np.abs(every[n].astype(int) - f).mean()) for f in frames]
    assert shown == sorted(shown)
    assert shown[0] < 5
    assert shown[-1] > 94


def test_a_model_is_fitted(words, base, monkeypatch):
    monkeypatch.setattr("vidstyle.training.config.FitConfig", lambda: QUICK)
    monkeypatch.setattr("vidstyle.zoo.features.load_features", lambda: words["features"])
    with (
        vidstyle.load(base.weights, device="torch-cpu") as model,
        model.fit(words["clip"], words["style"], seconds=0.3) as own,
    ):
        assert not own.takes_pictures
        with pytest.raises(UsageError, match="takes no pictures"):
            own.fit(words["clip"], words["style"])
        frame = pattern(3, 96, 64)
        assert own(frame).shape == frame.shape


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--fit", "soon"], "expected seconds or auto such as 60 for --fit, got 'soon'"),
        (["--fit", "-1"], "expected seconds or auto"),
        (["--fit", "9999"], "from 0 to 3600"),
        (["--fit-to", "a.safetensors"], "give --fit, too"),
        (["--fit", "1", "--fit-to", "a.mp4"], "such as starry.safetensors for --fit-to"),
        (["--fit", "1", "-s", "in.mp4"], "one network to one picture"),
        (["--fit", "1", "--method", "photoreal"], "one network to one picture"),
        (["--fit", "1", "--at", "1=starry_night"], "leave a timeline"),
        (["--fit", "1", "--preview", "a.png"], "no --fit"),
        (["--fit", "1", "--each"], "a --fit"),
    ],
)
def test_what_cannot_be_fitted_is_refused(tmp_path, more, message):
    make_picture(tmp_path / "blots.jpg", 160, 120)
    clip = make_clip(tmp_path / "in.mp4", times=range(4))
    done = command("run", clip, "-s", tmp_path / "blots.jpg", *more, cwd=tmp_path)
    assert done.returncode == 2, done.stderr
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_a_network_and_a_pipe_are_refused(tmp_path):
    clip = make_clip(tmp_path / "in.mp4", times=range(4))
    done = command("run", clip, "-s", "starry_night", "--fit", "1")
    assert done.returncode == 2
    assert "starry_night is a network" in done.stderr
    make_picture(tmp_path / "blots.jpg", 160, 120)
    done = command("run", "-", "-s", tmp_path / "blots.jpg", "--fit", "1", "-o", tmp_path / "o.mp4")
    assert done.returncode == 2
    assert "standard input can be read once" in done.stderr


def test_without_torch_it_says_what_to_install(tmp_path):
    make_picture(tmp_path / "blots.jpg", 160, 120)
    clip = make_clip(tmp_path / "in.mp4", times=range(4))
    code = (
        "import sys; sys.modules['torch'] = None; sys.argv[0] = 'vidstyle'; "
        "from vidstyle.cli.app import main; main()"
    )
    words = ["run", clip, "-s", tmp_path / "blots.jpg", "--fit", "1", "-o", tmp_path / "o.mp4"]
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, words)],
        capture_output=True,
        text=True,
        env=os.environ | {"VIDSTYLE_CACHE": str(tmp_path / "cache")},
    )
    assert done.returncode == 2, done.stderr
    assert "pip install 'vidstyle[torch]'" in done.stderr.splitlines()[-1]
    assert not (tmp_path / "o.mp4").exists()


def test_the_cache_is_listed_and_cleared(cache):
    with fits.making("key", {"style": "blots.jpg", "clip": "in.mp4"}) as folder:
        (folder / fits.WEIGHTS).write_bytes(b"weights")
    made = fits.find("key")
    assert str(made.weights) in command("cache", "list").stdout
    (row,) = json.loads(command("cache", "list", "--json").stdout)
    assert row["network"] == str(made.weights)
    stranger = cache / "holiday"
    stranger.mkdir()
    (stranger / "photo.jpg").write_text("")
    assert command("cache", "clear").returncode == 0
    assert [f.name for f in cache.iterdir()] == ["holiday"]
    assert command("cache", "list").stdout == ""


def test_leaves_are_the_same_again_and_full(tmp_path):
    first, other = leaves(2), leaves(2)
    assert np.array_equal(first[0], other[0])
    assert not np.array_equal(first[0], first[1])
    assert first[0].std() > 15


@pytest.mark.slow
def test_the_command_fits_paints_and_goes_by_it_again(tmp_path):
    make_picture(tmp_path / "blots.jpg", 160, 120)
    clip = make_clip(tmp_path / "in.mp4", times=range(8))
    environment = os.environ | {"VIDSTYLE_CACHE": str(tmp_path / "cache")}

    def paint(output: str) -> tuple[str, float]:
        line = [
            sys.executable,
            "-m",
            "vidstyle",
            "run",
            clip,
            "-s",
            tmp_path / "blots.jpg",
            "--fit",
            2,
            "-o",
            tmp_path / output,
        ]
        began = time.monotonic()
        done = subprocess.run([*map(str, line)], capture_output=True, text=True, env=environment)
        assert done.returncode == 0, done.stderr
        return done.stderr, time.monotonic() - began

    first, _ = paint("a.mp4")
    assert "fitted in" in first
    assert "before and after" in first
    second, _ = paint("b.mp4")
    assert "kept already" in second
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()


@pytest.mark.slow
def test_ctrl_c_keeps_nothing_and_says_so(tmp_path):
    make_picture(tmp_path / "blots.jpg", 160, 120)
    clip = make_clip(tmp_path / "in.mp4", times=range(8))
    line = [sys.executable, "-m", "vidstyle", "run", clip, "-s", tmp_path / "blots.jpg"]
    line += ["--fit", 600, "-o", tmp_path / "o.mp4"]
    environment = os.environ | {"VIDSTYLE_CACHE": str(tmp_path / "cache")}
    with subprocess.Popen(
        [*map(str, line)], stderr=subprocess.PIPE, text=True, env=environment
    ) as run:
        assert run.stderr
        next(told for told in run.stderr if "fitting, step" in told)
        run.send_signal(signal.SIGINT)
        rest = run.stderr.read()
    assert run.returncode == 130
    assert "nothing of it is kept" in rest
    assert "Traceback" not in rest
    assert list((tmp_path / "cache" / "fits").iterdir()) == []
    assert not (tmp_path / "o.mp4").exists()
