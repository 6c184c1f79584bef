"""Keyframes: what is learned of painted frames, and what is refused before anything is."""

from __future__ import annotations

import shutil
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from safetensors.torch import save_file

import vidstyle as package
from tests.clips import make_clip, pattern
from tests.conftest import vidstyle
from vidstyle import InputError, Interrupted, Painted, UsageError, load
from vidstyle.keyframes.learning import learn_keyframes
from vidstyle.keyframes.painted import KeyframeOptions
from vidstyle.nets.arbitrary import Arbitrary, Shape
from vidstyle.nets.perceptual import Perceptual
from vidstyle.training import config
from vidstyle.training import keyframes as recipe
from vidstyle.training.config import KeyframeConfig
from vidstyle.training.keyframes import Learning, begun, learn
from vidstyle.training.patches import Keyframe, Shot
from vidstyle.training.statistics import HeldStatistics

TINY = KeyframeConfig(steps=6, batch=4, patch=32, crop=64, others=1)


def tensor(pixels):
    return torch.from_numpy(np.ascontiguousarray(pixels.transpose(2, 0, 1)))


def inverted(pixels):
    """Paint: light and dark change places, and blue goes."""
    return np.stack([255 - pixels[..., 0], 255 - pixels[..., 1], pixels[..., 2] // 4], -1)


@pytest.fixture(scope="module")
def base_net(tmp_path_factory):
    """A tiny any-style network with random weights."""
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("net") / "base.safetensors"
    save_file(Arbitrary(Shape(8, 8, 16, 1)).state_dict(), path)
    return path


@pytest.fixture
def painted(base, tmp_path):
    """`painted.png`, what a painter made of the frame of half a second."""
    assert vidstyle("frame", base, "--at", "0.5", "-o", tmp_path / "f.png").returncode == 0
    frame = cv2.imread(str(tmp_path / "f.png"))[..., ::-1]
    cv2.imwrite(str(tmp_path / "painted.png"), inverted(frame)[..., ::-1])
    return tmp_path / "painted.png"


def loss_of(net, pixels, wanted):
    x = tensor(pixels)[None] / 255
    with torch.no_grad():
        made = net.frame_net(x, net.style)[0]
    return (made - tensor(wanted)[None] / 255).abs().mean().item()


@pytest.mark.parametrize("count", [1, 2])
def test_other_frames_follow_the_painted_ones(count):
    torch.manual_seed(0)
    frames = [pattern(n, 96, 96) for n in range(6)]
    given = [Keyframe.of(f, inverted(f), np.ones((96, 96), np.float32), 0) for f in frames[:count]]
    weights = Arbitrary(Shape(8, 8, 16, 1)).state_dict()
    perceptual = Perceptual((4, 4, 8, 8, 8)).eval().requires_grad_(False)
    config = KeyframeConfig(steps=60, batch=4, patch=32, crop=64, others=1)
    before, steps = begun(weights, given), []
    learned = learn(before, given, [Shot.of(frames)], perceptual, config, on_report=steps.append)
    assert steps[-1].step == {1: 60, 2: 85}[count]  # there is more to learn
    other = pattern(5, 96, 96)
    first = loss_of(begun(weights, given), other, inverted(other))
    assert loss_of(learned, other, inverted(other)) < 0.9 * first


def test_patches_of_all_keyframes_are_learned_in_one_batch(monkeypatch):
    """Each is normalized as the frames of its shot are; a keyframe a step was learned worse."""
    torch.manual_seed(0)
    whole = np.ones((96, 96), np.float32)
    frames = [np.full((96, 96, 3), level, np.uint8) for level in (20, 120, 220)]
    given = [Keyframe.of(f, f, whole, int(n == 2)) for n, f in enumerate(frames)]
    net = begun(Arbitrary(Shape(8, 8, 16, 1)).state_dict(), given)
    perceptual = Perceptual((4, 4, 8, 8, 8)).eval().requires_grad_(False)
    config = KeyframeConfig(batch=16, patch=32, crop=64, feature_weight=0)
    shots = [Shot.of(frames[:2]), Shot.of(frames[2:])]
    losses = recipe._Losses(net, given, shots, perceptual, config)
    seen = set()

    def paint(windows, shots):
        seen.update(zip((windows.amax((1, 2, 3)) * 255).round().int().tolist(), shots, strict=True))
        return windows

    monkeypatch.setattr(losses, "_paint", paint)
    losses._of_patches()
    assert seen == {(20, 0), (120, 0), (220, 1)}


def test_a_painting_that_was_painted_on_is_learned_at_once():
    """Of what was learned before, the average that is shown keeps nothing."""
    torch.manual_seed(0)
    frame, whole = pattern(0, 96, 96), np.ones((96, 96), np.float32)
    before, after = (Keyframe.of(frame, p, whole, 0) for p in (frame, inverted(frame)))
    net = begun(Arbitrary(Shape(8, 8, 16, 1)).state_dict(), [before])
    perceptual = Perceptual((4, 4, 8, 8, 8)).eval().requires_grad_(False)
    config = KeyframeConfig(batch=4, patch=32, crop=64, others=1, average=0.999)
    learning = Learning(net, [before], [Shot.of([frame])], perceptual, config)
    for keyframe in (before, after):
        learning.repaint([keyframe])
        for _ in range(40):
            learning.step(1.0)
    network = learning.network()
    assert loss_of(network, frame, inverted(frame)) < 0.7 * loss_of(network, frame, frame)


def test_what_is_masked_is_not_learned():
    """Nothing but the mask tells that the left half is not meant: with another painting there it learns the same."""
    mask = torch.zeros(1, 96, 96)
    mask[..., 48:] = 1
    torch.manual_seed(0)
    frame = pattern(0, 96, 96)
    weights = Arbitrary(Shape(8, 8, 16, 1)).state_dict()
    perceptual = Perceptual((4, 4, 8, 8, 8)).eval().requires_grad_(False)
    config = KeyframeConfig(
        steps=4, batch=4, patch=32, crop=64, others=1, texture_weight=0, feature_weight=0
    )
    results = []
    for left in (0, 255):
        painting = inverted(frame)
        painting[:, :48] = left
        given = [Keyframe(tensor(frame), tensor(painting), mask, 0)]
        start = begun(weights, [Keyframe(tensor(frame), tensor(frame), mask, 0)])
        net = learn(start, given, [Shot([tensor(frame)])], perceptual, config)
        results.append(net.state_dict())
    assert all(torch.equal(results[0][name], results[1][name]) for name in results[0])


def test_what_was_learned_with_held_statistics_is_painted_with_the_frames_own():
    torch.manual_seed(0)
    frames = [pattern(n, 96, 96) // (n + 1) for n in range(2)]
    shots = [Shot.of([frame]) for frame in frames]
    painting = Keyframe.of(frames[0], inverted(frames[0]), np.ones((96, 96), np.float32), 0)
    net = begun(Arbitrary(Shape(8, 8, 16, 1)).state_dict(), [painting])
    statistics = HeldStatistics(net, shots, home=0)
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.add_(0.05 * torch.randn_like(parameter))
    statistics.follow(net)
    settled = statistics.settled(net)
    for frame, held in zip(frames, statistics.of, strict=True):
        x = tensor(frame)[None] / 255
        with torch.no_grad():
            learned, _ = net.frame_net(x, net.style, held)
            painted, own = settled.frame_net(x, settled.style)
        assert torch.allclose(learned, painted, atol=1e-3)
        assert not torch.allclose(own, held, rtol=0.05)


def test_a_clip_is_painted_by_what_was_learned(base, base_net, painted, tmp_path):
    out = tmp_path / "net.safetensors"
    keyframe = Painted(Fraction(1, 2), painted)
    steps = []
    made = learn_keyframes(
        base, [keyframe], out, base=base_net, config=TINY, device="cpu", on_report=steps.append
    )
    assert made == out
    assert steps[-1].step == TINY.steps
    assert {*steps[-1].losses} >= {"pixels", "features"}
    package.stylize(base, out, tmp_path / "out.mp4")
    # The same is not learned again; something else is not written over it.
    changed = out.stat().st_mtime_ns
    steps.clear()
    learn_keyframes(base, [keyframe], out, base=base_net, config=TINY, on_report=steps.append)
    assert (out.stat().st_mtime_ns, steps) == (changed, [])
    other = Painted(Fraction(1, 3), painted)
    with pytest.raises(UsageError, match=r"net\.safetensors"):
        learn_keyframes(base, [other], out, base=base_net, config=TINY)


@pytest.mark.slow
def test_a_model_learns_and_is_another(base, painted, tmp_path, monkeypatch):
    monkeypatch.setattr(config, "KeyframeConfig", lambda seconds: replace(TINY, seconds=seconds))
    frame = cv2.imread(str(tmp_path / "f.png"))[..., ::-1]
    keyframes = [Painted(Fraction(1, 2), painted)]
    with (
        load("arbitrary", device="cpu") as model,
        model.learn(base, keyframes, tmp_path / "net.safetensors") as learned,
    ):
        assert model.takes_pictures
        assert not learned.takes_pictures
        assert learned(frame).shape == frame.shape
    with load("identity") as nothing, pytest.raises(UsageError, match="has no network"):
        nothing.learn(base, keyframes, tmp_path / "other.safetensors")


def test_what_stops_it_leaves_nothing(base, base_net, painted, tmp_path):
    def stop(report):
        raise Interrupted(2)

    out = tmp_path / "net.safetensors"
    with pytest.raises(Interrupted):
        learn_keyframes(
            *(base, [Painted(Fraction(1, 2), painted)], out),
            base=base_net,
            config=TINY,
            on_report=stop,
        )
    assert not [*tmp_path.glob("net*")]


def test_a_painting_of_another_size_is_scaled_or_refused(painted, tmp_path, caplog):
    large = cv2.resize(cv2.imread(str(painted)), (256, 192))
    cv2.imwrite(str(tmp_path / "large.png"), large)
    picture, mask = Painted(Fraction(0), tmp_path / "large.png").read(96, 128)
    assert picture.shape == (96, 128, 3)
    assert mask.min() == 1
    assert "large.png is 256x192; it is scaled to 128x96, the size of the clip" in caplog.text
    with pytest.raises(InputError, match=r"expected a keyframe of 90x96.*got 128x96"):
        Painted(Fraction(0), painted).read(96, 90)


def test_transparent_parts_and_masks_limit_what_is_learned(painted, tmp_path):
    picture = np.dstack([cv2.imread(str(painted)), np.full((96, 128), 255, np.uint8)])
    picture[:, :64, 3] = 0
    cv2.imwrite(str(tmp_path / "half.png"), picture)
    _, mask = Painted(Fraction(0), tmp_path / "half.png").read(96, 128)
    assert (mask[:, :64].max(), mask[:, 64:].min()) == (0, 1)
    white = np.zeros((96, 128), np.uint8)
    white[:, :80] = 255
    cv2.imwrite(str(tmp_path / "mask.png"), white)
    _, mask = Painted(Fraction(0), tmp_path / "half.png", tmp_path / "mask.png").read(96, 128)
    assert np.array_equal(mask[0] > 0.5, (np.arange(128) >= 64) & (np.arange(128) < 80))
    white[:, 60:] = 0
    cv2.imwrite(str(tmp_path / "mask.png"), white)
    with pytest.raises(InputError, match="nothing is painted in"):
        Painted(Fraction(0), tmp_path / "half.png", tmp_path / "mask.png").read(96, 128)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"keyframe": ("painted.png",)}, "such as 2.4=painted.png"),
        ({"keyframe": ("2.4=",)}, "such as 2.4=painted.png"),
        ({"keyframe": ("1=a.png", "0:01=b.png")}, "one `keyframe` for a time"),
        ({"keyframe": ("1=a.png",), "paint_keyframes": 1}, "leave each `keyframe` out"),
        ({"keyframe_mask": ("m.png",)}, "goes with a `keyframe`"),
        ({"keyframe": ("1=a.png",), "keyframe_mask": ("m.png", "n.png")}, "one for each of 1"),
        ({"keyframe": ("1=a.png",), "learn_to": Path("net.bin")}, "to end in .safetensors"),
        ({"keyframe": ("1=a.png",), "learn": 0.0}, "expected `learn` from 1"),
    ],
)
def test_options_that_do_not_go_together(options, said):
    with pytest.raises(UsageError, match=said):
        KeyframeOptions(**options)


PAINTED = ("--keyframe", "0.5=painted.png")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--keyframe", "9=painted.png"), "expected --keyframe from 0 to 1 s"),
        (("--keyframe", "0.5=narrow.png"), "expected a keyframe of 128x96"),
        (("--keyframe", "0.5=none.png"), "cannot read the picture none.png"),
        (("--keyframe", "0.5=in.mp4"), "is no picture that can be read"),
        (("--keyframe", "0.5=painted.png", "-s", "painted.png"), "leave --style out"),
        (("--keyframe", "0.5=painted.png", "-o", "there.mp4"), "there.mp4"),
        (("--keyframe", "0.5=painted.png", "-o", "painted.png"), "painted.png"),
        (("--keyframe", "0.5=painted.png", "--resume"), "keep it by --learn-to"),
        (("--keyframe", "0.5=painted.png", "--learn-to", "no/net.safetensors"), "does not exist"),
        (("--keyframe", "0.5=painted.png", "--learn-to", "net.safetensors"), "another --learn-to"),
        (("--keyframe", "0.5=painted.png", "other.mp4"), "are those of one input"),
        (("--paint-keyframes", "2"), "give a --style"),
        (("--paint-keyframes", "2", "-s", "starry_night"), "starry_night is a network"),
        ((*PAINTED, "--style-scale", "2"), "leave --style-scale out"),
        ((*PAINTED, "--mask", "painted.png", "--mask", "painted.png"), "one --mask, got 2"),
        ((*PAINTED, "--mask", "none.png"), "cannot read none.png"),
        ((*PAINTED, "--fit", "1"), "--fit and a --keyframe"),
        ((*PAINTED, "--at", "shot:2=strength:0.5"), "a shot of the input, which has 1"),
        ((*PAINTED, "--at", "0.2=none.jpg"), "cannot read the picture none.jpg"),
        ((*PAINTED, "--keyframe-mask", "m.png", "-o", "m.png", "-y"), "m.png is an input itself"),
    ],
)
def test_what_is_wrong_is_one_line(words, said, base, painted, tmp_path):
    shutil.copy(base, tmp_path / "in.mp4")
    (tmp_path / "there.mp4").touch()
    (tmp_path / "net.safetensors").touch()
    (tmp_path / "m.png").touch()
    cv2.imwrite(str(tmp_path / "narrow.png"), np.zeros((96, 40, 3), np.uint8))
    before = {*tmp_path.iterdir()}
    done = vidstyle("run", "in.mp4", *words, cwd=tmp_path)
    assert done.returncode == 2
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert {*tmp_path.iterdir()} == before


def test_a_clip_of_one_frame_is_refused(painted, tmp_path):
    make_clip(tmp_path / "one.mp4", times=[0], sound=False)
    done = vidstyle("run", "one.mp4", "--keyframe", "0=painted.png", cwd=tmp_path)
    assert done.returncode == 2
    assert "expected a clip, got one frame in one.mp4" in done.stderr


def test_standard_input_is_refused(painted, tmp_path):
    done = vidstyle("run", "-", "--keyframe", "0=painted.png", "-o", "o.mp4", cwd=tmp_path)
    assert done.returncode == 2
    assert "name a file, not standard input" in done.stderr


@pytest.mark.slow
def test_the_command_learns_and_paints(base, painted, tmp_path):
    shutil.copy(base, tmp_path / "in.mp4")
    done = vidstyle("run", "in.mp4", "--keyframe", "0.5=painted.png", "--learn", "1", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "learning, step" in done.stderr
    assert (tmp_path / "in.painted.mp4").exists()
    assert not [*tmp_path.glob("*.safetensors")]
