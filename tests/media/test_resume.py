"""A run that was cut off goes on: every packet of the output is that of a run in one go."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from fractions import Fraction
from itertools import accumulate, pairwise

import av
import pytest

import vidstyle
from tests.clips import make_clip
from tests.conftest import ROOT
from vidstyle import Encoding, Interrupted, UsageError
from vidstyle.media.pieces import folder_of
from vidstyle.media.sink import PIECE_FRAMES

FRAMES = 2 * PIECE_FRAMES + 120


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """Uneven times, B-frames, sound."""
    steps = random.Random(7).choices((1, 2, 3, 40), k=FRAMES)
    return make_clip(
        tmp_path_factory.mktemp("resume") / "in.mkv",
        times=[0, *accumulate(steps)][:FRAMES],
        time_base=Fraction(1, 100),
        size=(64, 48),
    )


def cut(clip, out, after, style="identity", slow=0.0, **options):
    """Stop a run after so many frames, each of which took so many seconds at least."""
    seen = []

    def stop():
        time.sleep(slow)
        if seen and seen[-1].frames >= after:
            raise Interrupted(signal.SIGTERM)

    with pytest.raises(Interrupted):
        vidstyle.stylize(clip, style, out, on_progress=seen.append, stop=stop, **options)


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("out.mp4", None),
        ("out.mkv", "libx265"),
        pytest.param("out.webm", None, marks=pytest.mark.slow),
        pytest.param("out.mkv", "libsvtav1", marks=pytest.mark.slow),
        ("out.ts", None),
        pytest.param("out.mov", "prores_ks", marks=pytest.mark.slow),
        ("out.mkv", "ffv1"),
        ("%04d.png", None),
    ],
)
def test_the_output_is_that_of_a_run_in_one_go(clip, tmp_path, name, codec):
    whole, other = tmp_path / "whole" / name, tmp_path / "other" / name
    for path in (whole, other):
        path.parent.mkdir()
    encoding = Encoding(codec=codec, preset="8" if "webm" in name else None)
    vidstyle.stylize(clip, "identity", whole, encoding=encoding)
    cut(clip, other, PIECE_FRAMES + 60, encoding=encoding, resume=True)
    assert folder_of(other).is_dir()
    result = vidstyle.stylize(clip, "identity", other, encoding=encoding, resume=True)
    assert result.summary.frames == FRAMES
    assert result.summary.resumed == PIECE_FRAMES
    made = [sorted(p.parent.iterdir()) for p in (whole, other)]
    assert [p.name for p in made[0]] == [p.name for p in made[1]]
    if "%" in name:
        assert all(a.read_bytes() == b.read_bytes() for a, b in zip(*made, strict=True))
    else:
        assert packets(whole) == packets(other)


@pytest.mark.parametrize("compare", ["side", "wipe"])
def test_a_comparison_goes_on_where_it_was(clip, tmp_path, compare):
    whole, other = tmp_path / "whole.mkv", tmp_path / "other.mkv"
    vidstyle.stylize(clip, "identity", whole, compare=compare)
    cut(clip, other, PIECE_FRAMES + 60, compare=compare, resume=True)
    with pytest.raises(UsageError, match="differs in compare; "):
        vidstyle.stylize(clip, "identity", other, resume=True)
    result = vidstyle.stylize(clip, "identity", other, compare=compare, resume=True)
    assert result.summary.resumed == PIECE_FRAMES
    assert packets(whole) == packets(other)


def packets(path):
    """Return all packets, stream by stream: how they lie between each other is a matter of chance."""
    with av.open(str(path)) as file:
        found = [
            (p.stream.index, p.pts, p.dts, p.duration, p.is_keyframe, bytes(p))
            for p in file.demux()
            if p.size
        ]
    return sorted(found, key=lambda packet: packet[0])


def test_times_grow_over_the_seams(clip, tmp_path, judge):
    out = tmp_path / "out.mp4"
    vidstyle.stylize(clip, "identity", out)
    video = [p for p in packets(out) if p[0] == 0]
    assert all(a[2] < b[2] for a, b in pairwise(video))
    assert all(dts <= pts for _, pts, dts, *_ in video)
    assert judge.times(out) == judge.times(clip)


@pytest.mark.parametrize(
    "look",
    [
        {"stability": 0.6, "flow": "dis"},
        pytest.param({}, marks=pytest.mark.slow),
        pytest.param({"strength": 0.5}, marks=pytest.mark.slow),
    ],
)
def test_the_painting_goes_on_in_the_middle_of_a_shot(clip, picture, tmp_path, look):
    whole, other = tmp_path / "whole.mp4", tmp_path / "other.mp4"
    vidstyle.stylize(clip, picture, whole, device="cpu", **look)
    cut(clip, other, PIECE_FRAMES + 20, picture, device="cpu", resume=True, **look)
    again = vidstyle.stylize(clip, picture, other, device="cpu", resume=True, **look)
    assert again.summary.resumed >= PIECE_FRAMES
    assert packets(whole) == packets(other)


def test_nothing_stays_behind(clip, tmp_path):
    vidstyle.stylize(clip, "identity", tmp_path / "a.mp4", resume=True)
    cut(clip, tmp_path / "b.mp4", 20, resume=True)
    assert [p.name for p in tmp_path.iterdir()] == ["a.mp4"]


def test_other_settings_are_refused_by_their_names(clip, picture, tmp_path):
    out = tmp_path / "out.mp4"
    cut(clip, out, PIECE_FRAMES + 60, resume=True)
    with pytest.raises(UsageError, match=r"differs in crf; .*remove that folder"):
        vidstyle.stylize(clip, "identity", out, encoding=Encoding(crf=30), resume=True)
    with pytest.raises(UsageError, match="differs in device, network, style"):
        vidstyle.stylize(clip, picture, out, device="cpu", resume=True)
    os.utime(clip)
    with pytest.raises(UsageError, match="differs in input"):
        vidstyle.stylize(clip, "identity", out, resume=True)


@pytest.mark.parametrize("ending", ["packets", "npz"])
@pytest.mark.parametrize(
    "damage", [lambda d: d[:-9], lambda d: d[: len(d) // 2] + b"?" + d[len(d) // 2 + 1 :]]
)
def test_damaged_pieces_are_made_anew(clip, tmp_path, ending, damage, caplog):
    whole, out = tmp_path / "whole.mp4", tmp_path / "out.mp4"
    vidstyle.stylize(clip, "identity", whole)
    cut(clip, out, 2 * PIECE_FRAMES + 60, resume=True)
    piece = folder_of(out) / f"000001.{ending}"
    piece.write_bytes(damage(piece.read_bytes()))
    result = vidstyle.stylize(clip, "identity", out, resume=True)
    assert result.summary.resumed == PIECE_FRAMES
    assert "is damaged" in caplog.text
    assert packets(whole) == packets(out)


def test_one_run_at_a_time(clip, tmp_path):
    out = tmp_path / "out.mp4"
    refused = []

    def second(progress):
        if not refused:
            with pytest.raises(UsageError, match="another run is writing") as error:
                vidstyle.stylize(clip, "identity", out, resume=True)
            refused.append(error)

    vidstyle.stylize(clip, "identity", out, resume=True, on_progress=second)
    assert refused
    assert out.exists()


@pytest.mark.parametrize("name", ["out.gif", "out.webp", "out.png"])
def test_what_cannot_come_in_pieces_is_refused(clip, tmp_path, name):
    with pytest.raises(UsageError, match="resume"):
        vidstyle.stylize(clip, "identity", tmp_path / name, resume=True)


def test_transparency_in_vp9_is_refused(tmp_path):
    clip = make_clip(tmp_path / "in.mkv", codec="ffv1", pixel_format="bgra", sound=False)
    with pytest.raises(UsageError, match="VP9"):
        vidstyle.stylize(clip, "identity", tmp_path / "out.webm", resume=True)


@pytest.mark.parametrize("resume", [False, True])
def test_the_beginning_is_kept_when_it_is_asked_for(tmp_path, judge, resume):
    clip = make_clip(tmp_path / "in.mp4", times=range(180), size=(64, 48))
    out, partial = tmp_path / "out.mp4", tmp_path / "out.partial.mp4"
    cut(clip, out, 100, keep_partial=True, resume=resume, slow=0.01)  # the reader is far ahead
    assert {p.name for p in tmp_path.iterdir()} == {clip.name, partial.name}
    times = judge.times(partial)
    assert times == judge.times(clip)[: len(times)]
    assert len(times) >= 60  # what waits in the queues is left
    end = float(judge.stream(partial, "a:0")["duration"])
    assert abs(end - float(times[-1])) < 0.1
    with pytest.raises(UsageError, match="exists already"):
        vidstyle.stylize(clip, "identity", out, keep_partial=True)


def start(clip, out, *more):
    command = [sys.executable, "-m", "vidstyle", "run", str(clip), "-s", "identity", "-o", str(out)]
    return subprocess.Popen(
        [*command, "-q", *more],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stderr=subprocess.DEVNULL,
    )


def kill_often(times, clip, folder, moments):
    """Kill a run so often, each time going on with it; return how often something was kept."""
    whole, out = folder / "whole.mp4", folder / "out.mp4"
    assert start(clip, whole).wait() == 0
    kept = 0
    for _ in range(times):
        process = start(clip, out, "--resume", "-y")
        time.sleep(next(moments))
        process.send_signal(signal.SIGKILL)
        process.wait()
        kept += any(folder_of(out).glob("*.npz"))
    assert start(clip, out, "--resume", "-y").wait() == 0
    assert packets(whole) == packets(out)
    assert not folder_of(out).exists()
    return kept


def test_killed_a_few_times(clip, tmp_path):
    chance = random.Random(3)
    kill_often(3, clip, tmp_path, iter(lambda: chance.uniform(0.8, 2), None))


@pytest.mark.slow
def test_killed_fifty_times(tmp_path):
    clip = make_clip(tmp_path / "in.mp4", times=range(6000), size=(64, 48))
    chance = random.Random(5)
    assert kill_often(50, clip, tmp_path, iter(lambda: chance.uniform(0.5, 2.5), None)) > 10


@pytest.mark.parametrize("name", ["precious.txt", "000000.packets"])
def test_a_folder_that_holds_something_else_is_left_alone(base, tmp_path, name):
    folder = tmp_path / "out.mkv.resume"
    folder.mkdir()
    if name == "precious.txt":
        (folder / name).write_text("precious")
    else:
        (tmp_path / "precious").write_text("precious")
        (folder / name).symlink_to(tmp_path / "precious")
    with pytest.raises(UsageError, match="is no piece of an output"):
        vidstyle.stylize(base, "identity", tmp_path / "out.mkv", resume=True)
    assert (folder / name).read_text() == "precious"
    assert [p.name for p in folder.iterdir()] == [name]
