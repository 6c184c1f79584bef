"""`run --method swap`: patches of frames swapped for a picture's nearest, in one pass."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch

from tests.clips import make_clip, make_picture, pattern
from tests.conftest import vidstyle
from tests.optimize.test_swap import swapped as swapped_by_hand
from vidstyle import (
    Cue,
    InputError,
    Timeline,
    UsageError,
    load,
    mix,
    stylize,
    stylize_frames,
)
from vidstyle.media.source import FileSource
from vidstyle.nets.inverse import LAYER, Inverse
from vidstyle.nets.weights import load_weights
from vidstyle.runtime import swap
from vidstyle.stylize.look import Look
from vidstyle.zoo import catalog
from vidstyle.zoo.features import load_features


def features_of(picture):
    pixels = torch.from_numpy(picture).permute(2, 0, 1)[None] / 255
    return load_features()(pixels, [LAYER])[0]


def inverted(features):
    """The picture (H, W, 3), levels of 255, that the inverse network makes of features."""
    inverse = Inverse.from_shipped(load_weights(catalog.INVERSE))
    with torch.no_grad():
        made = inverse(features.float())[0].clamp(0, 1) * 255
    return made.permute(1, 2, 0).numpy()


@pytest.fixture(scope="module")
def style(tmp_path_factory):
    return make_picture(tmp_path_factory.mktemp("style") / "style.png", 120, 80)


@pytest.mark.parametrize(("size", "stride"), [(3, 1), (3, 2), (4, 2), (5, 5)])
def test_a_frame_is_what_the_inverse_network_makes_of_a_swap_by_hand(size, stride):
    frame, picture = pattern(1, 64, 48), cv2.resize(pattern(50, 96, 64), (100, 71))
    engine = swap.SwapEngine("cpu", patch_size=size, patch_stride=stride)
    (made,) = engine.paint([frame], engine.encode(picture), None).frames()
    by_hand = swapped_by_hand(features_of(frame), features_of(picture), size, stride)
    assert np.abs(made - inverted(torch.from_numpy(by_hand)[None])).max() <= 1


@pytest.mark.parametrize(("size", "stride"), [(3, 1), (3, 2), (5, 3)])
def test_bands_of_a_large_frame_make_the_same_picture(monkeypatch, size, stride):
    frame, picture = pattern(1, 48, 400), pattern(50, 96, 64)
    engine = swap.SwapEngine("cpu", patch_size=size, patch_stride=stride)
    offered = engine.encode(picture)
    (whole,) = engine.paint([frame], offered, None).frames()
    monkeypatch.setattr(swap, "_BAND_PLACES", 12 * 13)
    (parted,) = engine.paint([frame], offered, None).frames()
    differ = np.abs(whole.astype(int) - parted).max(2) > 1
    assert differ.mean() < 0.01  # two patches that are equally near


def test_a_picture_in_its_own_patches_is_only_brought_back():
    picture = pattern(1, 128, 96)
    engine = swap.SwapEngine("cpu", patch_size=3, patch_stride=1)
    (made,) = engine.paint([picture], engine.encode(picture), None).frames()
    assert np.abs(made - inverted(features_of(picture))).max() <= 1
    deep = picture.astype(np.uint16) * 257
    (made16,) = engine.paint([deep], engine.encode(picture), None).frames()
    assert made16.dtype == np.uint16
    assert np.abs(made16 / 257 - made).mean() < 1


def test_looks_mixtures_and_strength(style):
    frame = pattern(3, 130, 98)
    with load("swap", device="cpu") as model:
        one = model.style(style)
        other = model.style(pattern(60, 90, 80))
        plain = model(frame, Look(one))
        assert plain.shape == frame.shape
        assert np.array_equal(model(frame, Look(one)), plain)
        assert np.array_equal(model(frame, Look(one, strength=0)), frame)
        half = model(frame, Look(one, strength=0.5)).astype(int)
        assert 0 < np.abs(half - frame).mean() < np.abs(plain.astype(int) - frame).mean()
        assert np.array_equal(model(frame, Look(mix([one, other], [1, 0]))), plain)
        both = model(frame, Look(mix([one, other])))
        assert not np.array_equal(both, plain)
        assert len(mix([one, other]).values) == len(one.values)
    with (
        load("swap", device="cpu", patch_size=5) as larger,
        pytest.raises(UsageError, match="read the picture anew"),
    ):
        larger(frame, Look(one))


def test_a_style_can_be_kept(style, tmp_path):
    with load("swap", device="cpu") as model:
        read = model.style(style)
    read.save(tmp_path / "style.npz")
    assert type(read).load(tmp_path / "style.npz") == read


def test_what_stands_still_stays_and_stability_follows_what_moves(style):
    frames = [pattern(0, 96, 64)] * 3
    still = list(stylize_frames(frames, style, method="swap", device="cpu"))
    assert np.array_equal(still[0], still[2])
    moving = [pattern(n, 96, 64) for n in range(4)]
    plain, steady = (
        list(stylize_frames(moving, style, method="swap", device="cpu", stability=s))
        for s in (0, 1)
    )
    assert np.array_equal(plain[0], steady[0])
    assert not np.array_equal(plain[3], steady[3])


def test_a_mask_leaves_the_rest_to_the_bit(style, tmp_path):
    mask = np.zeros((96, 128), np.uint8)
    mask[:, :64] = 255
    cv2.imwrite(str(tmp_path / "mask.png"), mask)
    cv2.imwrite(str(tmp_path / "in.png"), pattern(2, 128, 96))
    stylize(
        *(tmp_path / "in.png", style, tmp_path / "out.png"),
        method="swap",
        mask=tmp_path / "mask.png",
        device="cpu",
    )
    before, after = (cv2.imread(str(tmp_path / name)) for name in ("in.png", "out.png"))
    assert np.array_equal(before[:, 64:], after[:, 64:])
    assert not np.array_equal(before[:, :64], after[:, :64])


def check_clip(clip, judge, tmp_path):
    """Hold a painted clip, out.mp4, to the one that it was made of."""
    assert judge.times(tmp_path / "out.mp4") == judge.times(clip)
    assert judge.packets_md5(tmp_path / "out.mp4") == judge.packets_md5(clip)
    with FileSource(clip) as before, FileSource(tmp_path / "out.mp4") as after:
        changes = [
            np.abs(a.pixels.astype(int) - b.pixels).mean()
            for a, b in zip(before, after, strict=True)
        ]
    assert min(changes) > 5


def test_a_clip_keeps_its_sound_and_times(style, judge, tmp_path):
    clip = make_clip(tmp_path / "in.mp4", times=range(8), size=(98, 66))
    how = {"method": "swap", "patch_size": 4, "patch_stride": 3, "device": "cpu"}
    stylize(clip, style, tmp_path / "out.mp4", **how)
    check_clip(clip, judge, tmp_path)


def test_a_timeline_fades_from_one_style_to_another(style, judge, tmp_path):
    clip = make_clip(tmp_path / "in.mp4", times=range(12), size=(96, 64))
    cv2.imwrite(str(tmp_path / "other.png"), pattern(60, 90, 80))
    timeline = Timeline([Cue(0.1, str(tmp_path / "other.png"), fade=0.1)])
    stylize(*(clip, style, tmp_path / "out.mp4"), timeline=timeline, method="swap", device="cpu")
    check_clip(clip, judge, tmp_path)


@pytest.mark.slow
def test_the_command_does_too_and_says_what_it_refuses_in_a_line(style, judge, tmp_path):
    clip = make_clip(tmp_path / "in.mp4", times=range(8), size=(98, 66))
    words = ("run", clip, "-s", style, "--method", "swap", "--device", "cpu")
    words += ("-o", tmp_path / "out.mp4")
    done = vidstyle(*words, "--patch-size", "4")
    assert done.returncode == 0, done.stderr
    assert "patches of 4 every 1" in done.stderr
    check_clip(clip, judge, tmp_path)
    done = vidstyle(*words, "-y", "--patch-stride", "4")
    assert done.returncode == 2
    assert done.stderr == "vidstyle: expected a --patch-stride up to the --patch-size, 3, got 4\n"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"patch_size": 16}, "`patch_size` from 1 to 15, got 16"),
        ({"patch_stride": 4}, "`patch_stride` up to the `patch_size`, 3, got 4"),
        ({"method": "network", "patch_size": 5}, "arbitrary swaps no patches"),
        ({"precision": "int8"}, "`precision` auto or f32 for `method` swap, got int8"),
        ({"style": "starry_night"}, "swap takes the patches of pictures, of no network"),
        ({"method": "oil"}, "expected a `method` network, swap, photoreal"),
        ({"patch_size": 15}, "pictures of 60 pixels at least for a `patch_size` of 15, got 64x48"),
    ],
)
def test_what_cannot_be_is_refused(options, message, style):
    how = {"method": "swap", "device": "cpu", "style": style} | options
    with pytest.raises(UsageError, match=message):
        list(stylize_frames([pattern(0, 64, 48)], how.pop("style"), **how))


def test_a_style_of_too_many_patches_is_refused(monkeypatch, style):
    monkeypatch.setattr(swap, "_MAX_BYTES", 2**16)
    with load("swap", device="cpu") as model, pytest.raises(UsageError, match="patches at most"):
        model.style(style)


def test_other_weights_are_refused():
    with pytest.raises(InputError, match="inverse network"):
        Inverse.from_shipped(load_weights(catalog.PERCEPTUAL))
