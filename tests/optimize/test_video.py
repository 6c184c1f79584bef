"""Video by optimization."""

from __future__ import annotations

import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pytest
import torch
from torch import nn

import vidstyle
from tests.clips import make_clip, pattern
from vidstyle import Encoding, Masks, Reading, UsageError
from vidstyle.flow.finder import flow_finder
from vidstyle.flow.raft import finder
from vidstyle.flow.warp import reliable, warp
from vidstyle.media.source import FileSource
from vidstyle.optimize.clip import paint_video
from vidstyle.optimize.config import GatysConfig
from vidstyle.optimize.painting import paint_picture
from vidstyle.optimize.shots import find_shots
from vidstyle.optimize.video import VideoConfig, long_term


def test_what_moves_apart_is_not_certain():
    """A square on a still ground: its border, and what it uncovers."""
    flow, back = np.zeros((2, 40, 60, 2), np.float32)
    flow[10:30, 20:40, 0], back[10:30, 26:46, 0] = 6, -6
    mask = reliable(flow, back)
    assert mask[20, 30]
    assert mask[5, 5]
    assert not mask[20, 20]
    assert not mask[10, 30]
    assert not mask[20, 43]


def test_long_term_weights_take_what_nearer_frames_leave():
    near, far = np.zeros((2, 4, 4), np.float32)
    near[:, :2] = 1
    far[:2] = 1
    first, second = long_term([near, far])
    assert np.array_equal(first, near)
    assert second[0, 3] == 1
    assert second.sum() == 4


def test_shots_are_found():
    frames = [pattern(n, 64, 48) for n in range(3)] + [np.full((48, 64, 3), 250, np.uint8)] * 3
    assert list(find_shots(frames)) == [True, False, False, True, False, False]


def test_raft_is_asked_from_now_to_before():
    """With a network that tells what it was given: the wrapper pads, and cuts."""

    class Told(nn.Module):
        def forward(self, now, before):
            assert now.shape[2] % 8 == now.shape[3] % 8 == 0
            assert min(now.shape[2:]) >= 128
            assert now.min() >= -1
            assert now.max() <= 1
            return [torch.zeros_like(now[:, :2]), torch.stack([now[:, 0], before[:, 0]], 1)]

    now, before = pattern(1, 70, 50), pattern(2, 70, 50)
    flow = finder(Told())(now, before)
    assert flow.shape == (50, 70, 2)
    assert np.allclose(flow[..., 0], now[..., 0] / 127.5 - 1, atol=1e-5)
    assert np.allclose(flow[..., 1], before[..., 0] / 127.5 - 1, atol=1e-5)


def test_raft_looks_at_one_pair_at_a_time():
    """torchvision's keeps what it computes of a pair: pairs from several threads must not meet in it."""

    class Stateful(nn.Module):
        def forward(self, now, before):
            self.pair = now.mean(), before.mean()
            time.sleep(0.02)
            return [torch.stack(self.pair).view(1, 2, 1, 1).expand(1, 2, *now.shape[2:])]

    find = finder(Stateful())
    pairs = [[np.full((128, 128, 3), n + k, np.uint8) for k in (0, 1)] for n in range(0, 80, 10)]
    with ThreadPoolExecutor(4) as pool:
        flows = list(pool.map(lambda pair: find(*pair), pairs))
    for flow, pair in zip(flows, pairs, strict=True):
        assert np.allclose(flow[0, 0], [p[0, 0, 0] / 127.5 - 1 for p in pair], atol=1e-5)


def pan(count):
    """A texture that moves two pixels a frame."""
    rng = np.random.default_rng(1)
    wide = cv2.GaussianBlur(rng.integers(0, 255, (64, 160, 3), np.uint8), (0, 0), 2)
    wide = cv2.normalize(wide, None, 0, 255, cv2.NORM_MINMAX)
    return [np.ascontiguousarray(wide[:, 2 * n : 2 * n + 96]) for n in range(count)]


def steadiness(painted, frames):
    """Mean change along the flow, levels."""
    find = flow_finder("dis")
    changes = []
    for n in range(1, len(frames)):
        flow = find(frames[n], frames[n - 1])
        mask = reliable(flow, find(frames[n - 1], frames[n]))
        change = np.abs(warp(painted[n - 1].astype(np.float32), flow) - painted[n])
        changes.append(change[mask].mean())
    return float(np.mean(changes))


def read(path, **reading):
    with FileSource(path, Reading(**reading)) as source:
        return [f.pixels for f in source]


def test_a_clip_is_steadier_than_its_frames_alone(perceptual, tmp_path):
    frames = pan(5)
    for number, frame in enumerate(frames):
        cv2.imwrite(str(tmp_path / f"{number:03d}.png"), frame[..., ::-1])
    style = pattern(50, 80, 80)
    # From noise, as in the paper: so each frame by itself ends elsewhere.
    knobs = {"size": 96, "steps": 15, "init": "noise"}
    alone = [
        paint_picture(f, [style], perceptual, GatysConfig(**knobs, seed=n))
        for n, f in enumerate(frames)
    ]
    found = []
    summary = paint_video(
        tmp_path / "%03d.png",
        [style],
        perceptual,
        tmp_path / "out.mkv",
        VideoConfig(**knobs, passes=2),
        on_step=found.append,
    )
    assert summary.frames == 5
    painted = read(tmp_path / "out.mkv")
    assert steadiness(painted, frames) < 0.5 * steadiness(alone, frames)
    assert [s.number for s in found if s.step.step == 1] == [0, 1, 2, 3, 4, 3, 2, 1, 0]
    assert "temporal" in found[-1].step.energies


@pytest.mark.slow
def test_what_no_mask_covers_stays_to_the_bit(perceptual, tmp_path):
    """A square that moves, in a clip that is made smaller: as the identity run of that size, outside of it."""
    for number, frame in enumerate(pan(2)):
        cv2.imwrite(str(tmp_path / f"{number:03d}.png"), frame[..., ::-1])
        mask = np.zeros_like(frame)
        mask[8:40, 16 + 8 * number : 48 + 8 * number] = 255
        cv2.imwrite(str(tmp_path / f"mask{number:03d}.png"), mask)
        cv2.imwrite(
            str(tmp_path / f"right{number:03d}.png"),
            np.where(np.arange(96)[:, None] < 80, 0, mask * 0 + 255),
        )
    source, out, lossless = (
        tmp_path / "%03d.png",
        tmp_path / "out.mkv",
        Encoding("ffv1", pixel_format="yuv444p"),
    )
    config, styles = VideoConfig(size=72, steps=2), [pattern(50, 60, 60), pattern(7, 60, 60)]
    vidstyle.stylize(source, "identity", out, encoding=lossless, reading=Reading(size=(72, 48)))
    plain, found = read(out, precise=True), []

    def painted(styles, *masks):
        masks = Masks([str(tmp_path / f"{m}%03d.png") for m in masks])
        paint_video(
            source,
            styles,
            perceptual,
            out,
            config,
            masks=masks,
            encoding=lossless,
            overwrite=True,
            on_step=found.append,
        )
        return read(out, precise=True)

    one, both = painted(styles[:1], "mask"), painted(styles, "mask", "right")
    for number, (was, shown, two) in enumerate(zip(plain, one, both, strict=True)):
        left = 12 + 6 * number
        inside = np.zeros((48, 72), bool)
        inside[5:31, left - 1 : left + 25] = True
        assert (shown[~inside] == was[~inside]).all()
        assert (shown != was)[8:28, left + 2 : left + 22].any(2).mean() > 0.5
        assert (two[:, :58] == shown[:, :58]).all()
        assert (two != was)[:, 62:].any(2).mean() > 0.5
    done = [step.done for step in found[4:]]
    assert done == sorted(done)
    assert done[-1] == 1
    assert [step.painting for step in found[4:]] == [1] * 4 + [2] * 4


def test_later_frames_may_take_fewer_steps(perceptual, tmp_path):
    for number, frame in enumerate(pan(3)):
        cv2.imwrite(str(tmp_path / f"{number:03d}.png"), frame[..., ::-1])
    found = []
    config = VideoConfig(size=64, steps=5, later_steps=2, passes=2)
    words = tmp_path / "%03d.png", [pattern(50, 60, 60)], perceptual, tmp_path / "out.mkv", config
    paint_video(*words, on_step=found.append)
    assert [s.number for s in found] == [0] * 5 + [1] * 2 + [2] * 2 + [1, 0]
    done = [s.done for s in found]
    assert done == sorted(done)
    assert done[-1] == pytest.approx(1)


@pytest.mark.parametrize(("stopped", "kept"), [(2, 2), (4, 5)])
def test_a_clip_goes_on_where_it_was_left(perceptual, tmp_path, stopped, kept, caplog):
    """In its first pass, and in the one that goes backward."""
    for number, frame in enumerate(pan(3)):
        cv2.imwrite(str(tmp_path / f"{number:03d}.png"), frame[..., ::-1])
    config = VideoConfig(size=64, steps=2, passes=2)
    style, target = pattern(50, 60, 60), tmp_path / "out.mkv"

    def paint(target, style=style, **words):
        paint_video(tmp_path / "%03d.png", [style], perceptual, target, config, **words)
        return np.stack(read(target))

    def stop(step):
        begun.append((step.pass_number, step.number))
        if len(dict.fromkeys(begun)) > stopped:
            raise KeyboardInterrupt

    begun = []
    with pytest.raises(KeyboardInterrupt):
        paint(target, resume=True, on_step=stop)
    assert f"{kept} paintings of frames are kept in {tmp_path / 'out.mkv.resume'}" in caplog.text
    assert not target.exists()
    with pytest.raises(UsageError, match="with other options: the style differs; repeat those"):
        paint(target, pattern(51, 60, 60), resume=True)
    later = []
    made = paint(target, resume=True, on_step=lambda s: later.append((s.pass_number, s.number)))
    assert list(dict.fromkeys(later)) == [(1, 0), (1, 1), (1, 2), (2, 1), (2, 0)][stopped:]
    assert np.array_equal(made, paint(tmp_path / "whole.mkv"))
    assert not (tmp_path / "out.mkv.resume").exists()


def test_a_folder_of_something_else_is_left_alone(perceptual, tmp_path):
    cv2.imwrite(str(tmp_path / "000.png"), pan(1)[0])
    (tmp_path / "out.mkv.resume").mkdir()
    (tmp_path / "out.mkv.resume" / "precious").touch()
    config = VideoConfig(size=64, steps=1)
    words = tmp_path / "%03d.png", [pattern(50, 60, 60)], perceptual, tmp_path / "out.mkv", config
    with pytest.raises(UsageError, match="holds no painted frames"):
        paint_video(*words, resume=True)
    assert (tmp_path / "out.mkv.resume" / "precious").exists()


def test_the_temporal_loss_holds_it(perceptual, tmp_path):
    """Beside what beginning with the moved frame before does: grain of the content is not painted anew."""
    frames, grain = pan(4), np.random.default_rng(2)
    for number, frame in enumerate(frames):
        noisy = np.clip(frame + grain.normal(0, 12, frame.shape), 0, 255).astype(np.uint8)
        cv2.imwrite(str(tmp_path / f"{number:03d}.png"), noisy[..., ::-1])
    style, changes = pattern(50, 80, 80), []
    close = {"content_layers": {"relu1_1": 1.0}, "ratio": 10.0}
    for temporal in (0.0, 5000.0):
        config = VideoConfig(size=96, steps=15, temporal=temporal, **close)
        target = tmp_path / f"{temporal}.mkv"
        paint_video(tmp_path / "%03d.png", [style], perceptual, target, config)
        changes.append(steadiness(read(target), frames))
    assert changes[1] < 0.6 * changes[0]


def test_the_contents_hues_can_be_kept(perceptual, tmp_path):
    frames = pan(3)
    for number, frame in enumerate(frames):
        cv2.imwrite(str(tmp_path / f"{number:03d}.png"), frame[..., ::-1])
    found, style = [], pattern(50, 80, 80)
    config = VideoConfig(size=96, steps=15, colors="luminance")
    target = tmp_path / "out.mkv"
    paint_video(tmp_path / "%03d.png", [style], perceptual, target, config, on_step=found.append)
    begins = [s.step.energies["style"] for s in found if s.step.step == 1]
    assert begins[1] < begins[0]  # it goes on from a gray painting, not from its colored copy
    for painted, frame in zip(read(target), frames, strict=True):
        hues = [cv2.cvtColor(p, cv2.COLOR_RGB2YCrCb)[..., 1:].astype(int) for p in (painted, frame)]
        assert np.abs(hues[0] - hues[1]).mean() < 5


@pytest.mark.usefixtures("judge")
def test_sound_and_times_stay(perceptual, tmp_path):
    make_clip(tmp_path / "in.mp4", times=[0, 1, 4, 5], size=(64, 48))
    config = VideoConfig(size=64, steps=2)
    paint_video(
        tmp_path / "in.mp4", [pattern(50, 60, 60)], perceptual, tmp_path / "out.mp4", config
    )

    def streams(name):
        words = [
            "ffprobe",
            "-v",
            "error",
            "-show_entries",
            "packet=stream_index,pts_time",
            "-of",
            "csv",
        ]
        said = subprocess.run([*words, tmp_path / name], capture_output=True, text=True, check=True)
        return sorted(line for line in said.stdout.split())

    assert streams("out.mp4") == streams("in.mp4")


@pytest.mark.parametrize(
    "wrong",
    [
        {"temporal": -1.0},
        {"reach": ()},
        {"reach": (0, 1)},
        {"reach": (2, 1)},
        {"passes": 0},
        {"later_steps": 0},
        {"flow": "magic"},
    ],
)
def test_knobs_that_cannot_be_are_refused(wrong):
    with pytest.raises(UsageError, match="expected"):
        VideoConfig(**wrong)
