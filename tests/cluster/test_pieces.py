"""A video that is painted piece by piece, by workers that know nothing of each other, is the video that one run makes."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from vidstyle import Encoding, Reading, cores
from vidstyle.batch.plan import Plan
from vidstyle.batch.work import Batch
from vidstyle.cluster.crew import WorkerLostError
from vidstyle.cluster.pieces import Spread
from vidstyle.cluster.worker import Worker
from vidstyle.media import sink
from vidstyle.runtime.compute import Compute
from vidstyle.stylize.look import Look
from vidstyle.stylize.style import StyleOptions

from .here import Here

SHOTS = (25, 12, 36, 15)


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch):
    monkeypatch.setattr(sink, "PIECE_FRAMES", 20)
    monkeypatch.setattr(cores, "_given", {})
    threads = cv2.getNumThreads()
    yield
    cv2.setNumThreads(threads)


def make_shots(path: Path, shots=SHOTS, size=(96, 64)) -> Path:
    """Write a clip with sound and B-frames, whose shots look each otherwise."""
    width, height = size
    random = np.random.default_rng(1)
    with av.open(str(path), "w") as output:
        video = output.add_stream("libx264", rate=25, options={"threads": "1"})
        video.width, video.height, video.pix_fmt = width, height, "yuv420p"
        sound = output.add_stream("aac", rate=44100, layout="stereo")
        count = 0
        for number, frames in enumerate(shots, 1):
            noise = random.integers(0, 255, (6, 9, 3), np.uint8)
            scene = cv2.resize(noise, (width * 2, height * 2), interpolation=cv2.INTER_CUBIC)
            for index in range(frames):
                left, top = index * number % width, index // 2 % height
                picture = scene[top : top + height, left : left + width].copy()
                cv2.circle(picture, (20 + index % 150, 50), 15, (240, 40, 40), -1)
                frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
                frame.pts, count = count, count + 1
                output.mux(video.encode(frame))
        output.mux(video.encode())
        samples = (np.sin(np.arange(44100 * count // 25) / 20) * 8000).astype(np.int16)
        for begin in range(0, len(samples), 1024):
            block = np.repeat(samples[begin : begin + 1024], 2)[None]
            frame = av.AudioFrame.from_ndarray(block, format="s16", layout="stereo")
            frame.sample_rate, frame.pts = 44100, begin
            output.mux(sound.encode(frame))
        output.mux(sound.encode())
    return path


def batch_of(source, output, look, style="starry_night", **options) -> Batch:
    plan = Plan.of([source], [(style,)], str(output))
    return Batch(plan, look, **options)


def painted(path: Path, output: str, look=None, *, deaths=0, style="starry_night", **options):
    """Paint a clip in one run, and in pieces; return both files, and what the workers were given.

    With `deaths` as many calls end with the worker's death, when their pieces are written.
    """
    look = look or Look()
    (path.parent / "one").mkdir()
    (path.parent / "many").mkdir()
    one, many = path.parent / "one" / output, path.parent / "many" / output
    batch_of(path, one, look, style, **options).paint_only()
    cluster = Here(deaths=deaths)
    batch = batch_of(path, many, look, style, resume=True, **options)
    batch.paint_only(fill=Spread(cluster, style, StyleOptions()))
    return one, many, cluster.tasks


def packets(path: Path) -> list[tuple[object, ...]]:
    """Return all packets of a file: what is decoded of them is the same where they are."""
    with av.open(str(path)) as file:
        found = [p for p in file.demux() if p.size]
        return [(p.stream.index, p.pts, p.dts, p.duration, bytes(p)) for p in found]


def assert_same(one: Path, many: Path):
    for left, right in zip(
        sorted(one.parent.iterdir()), sorted(many.parent.iterdir()), strict=True
    ):
        assert left.name == right.name
        assert packets(left) == packets(right)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("output", "look", "options"),
    [
        ("a.mp4", {}, {}),
        ("a.mkv", {"stability": 0.7, "colors": "linear"}, {"compute": Compute(batch=3)}),
        ("a.mkv", {"stroke": 0.5, "strength": 0.6}, {"encoding": Encoding(codec="ffv1")}),
        ("a.webm", {}, {"reading": Reading(start=Fraction(1, 2), end=Fraction(3))}),
        ("a.mov", {}, {"reading": Reading(fps=20)}),
        ("a_%04d.png", {}, {}),
        ("a.avi", {}, {}),
        ("a.mkv", {}, {"encoding": Encoding(codec="libx265")}),
        ("a.mkv", {}, {"encoding": Encoding(codec="libsvtav1")}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_pieces_make_the_same(tmp_path, output, look, options):
    # Of 96x64, x265 makes other packets each time, also of the same frames in one run.
    small = options.get("encoding") != Encoding(codec="libx265")
    clip = make_shots(tmp_path / "in.mp4", size=(96, 64) if small else (176, 144))
    one, many, tasks = painted(clip, output, Look(**look), **options)
    assert len(tasks) > 1
    assert_same(one, many)


def test_workers_that_die_before_they_answer_change_nothing(tmp_path):
    clip = make_shots(tmp_path / "in.mp4", (25, 20, 20))
    one, many, tasks = painted(clip, "a.mp4", deaths=2, style="identity")
    assert_same(one, many)
    made = [piece for task in tasks for piece in range(*task)]
    assert len(made) == len(set(made))  # they are found


def test_a_piece_over_which_workers_die_ends_the_run(tmp_path, monkeypatch):
    monkeypatch.setattr(Worker, "paint_pieces", lambda *_: None)
    with pytest.raises(WorkerLostError, match="4 workers were lost over the same work"):
        painted(make_shots(tmp_path / "in.mp4", (25,)), "a.mp4", deaths=9, style="identity")
