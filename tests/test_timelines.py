"""Timelines of videos: in a file, by shots, by sound, gone on with, and shown as a strip."""

from __future__ import annotations

import re
import shutil
import signal
from fractions import Fraction

import av
import cv2
import numpy as np
import pytest

import vidstyle
from tests.clips import make_clip
from tests.conftest import ROOT
from tests.conftest import vidstyle as command
from tests.stylize.test_shots import CLIPS
from vidstyle import Cue, Encoding, Interrupted, Reading, Timeline, UsageError
from vidstyle.media.loudness import RATE, levels
from vidstyle.media.sink import PIECE_FRAMES
from vidstyle.media.source import FileSource
from vidstyle.media.video import Video
from vidstyle.stylize.timeline import TimelineOptions
from vidstyle.timelines import _shots

LOSSLESS = Encoding(codec="ffv1")
STYLES = ROOT / "samples" / "styles"


def wide(seed):
    """A soft picture (120, 400, 3), to pan over."""
    rng = np.random.default_rng(seed)
    large = cv2.resize(rng.integers(0, 255, (5, 12, 3), np.uint8), (400, 120))
    small = cv2.resize(rng.integers(0, 60, (18, 60, 3), np.uint8), (400, 120))
    return cv2.addWeighted(large, 0.8, small, 1.0, 0)


def write(path, pictures, rate=20, sound=None):
    """Write pictures without loss, and a sound (N,) of 8000 samples a second."""
    height, width, _ = pictures[0].shape
    with av.open(str(path), "w") as output:
        video = output.add_stream("ffv1", rate=rate)
        video.width, video.height, video.pix_fmt = width, height, "bgr0"
        audio = None if sound is None else output.add_stream("pcm_s16le", rate=8000, layout="mono")
        for picture in pictures:
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
            output.mux(video.encode(frame.reformat(format="bgr0")))
        output.mux(video.encode(None))
        if audio is not None:
            samples = (sound * 32767).astype(np.int16)[None]
            block = av.AudioFrame.from_ndarray(samples, "s16", "mono")
            block.rate, block.pts, block.time_base = 8000, 0, Fraction(1, 8000)
            output.mux(audio.encode(block))
            output.mux(audio.encode(None))
    return path


@pytest.fixture(scope="module")
def cuts(tmp_path_factory):
    """A pan of four seconds at 20 frames a second, with cuts at 1 s and 2.5 s."""
    begins = (0, 20, 50)
    pictures = [wide(sum(n >= b for b in begins))[10:106, 2 * n : 2 * n + 128] for n in range(80)]
    return write(tmp_path_factory.mktemp("cuts") / "in.mkv", pictures)


def frames(path):
    with FileSource(path) as source:
        return np.stack([frame.pixels for frame in source]).astype(np.float32)


def test_a_timeline_jumps_only_where_it_is_asked_to(cuts, tmp_path):
    """Three styles, two of one network and one of its own, fade over cuts: no seam differs more than what is around it."""
    out = tmp_path / "out.mkv"
    timeline = Timeline(
        [
            Cue(0, STYLES / "swirls.jpg"),
            Cue(0.6, STYLES / "mosaic.jpg", fade=0.8),
            Cue(2, "starry_night", fade=1),
        ]
    )
    vidstyle.stylize(cuts, None, out, timeline=timeline, encoding=LOSSLESS, device="cpu")
    steps = np.abs(np.diff(frames(out), axis=0)).mean((1, 2, 3))  # step n leads to frame n + 1
    moved = np.abs(np.diff(frames(cuts), axis=0)).mean((1, 2, 3))
    assert [n + 1 for n, step in enumerate(moved) if step > 20] == [20, 50]
    assert [n + 1 for n, step in enumerate(steps) if step > 40] == [20, 50]
    steps[[19, 49]] = 0  # a cut is no measure of what is around
    for seam in (12, 28, 40, 60):
        around = [*steps[seam - 7 : seam - 1], *steps[seam + 3 : seam + 9]]
        assert steps[seam - 1 : seam + 2].max() <= 1.01 * max(around), seam


@pytest.mark.slow
def test_before_and_behind_it_looks_as_in_a_video_of_that_style(cuts, tmp_path):
    """What comes before the first change is that to the bit; a hard change at a cut begins as the shot would."""
    timed, plain, other = (tmp_path / f"{n}.mkv" for n in range(3))
    options = {"encoding": LOSSLESS, "device": "cpu"}
    timeline = Timeline([Cue("shot:2", STYLES / "mosaic.jpg")])
    vidstyle.stylize(cuts, STYLES / "swirls.jpg", timed, timeline=timeline, **options)
    vidstyle.stylize(cuts, STYLES / "swirls.jpg", plain, **options)
    vidstyle.stylize(cuts, STYLES / "mosaic.jpg", other, **options)
    found = frames(timed)
    assert np.array_equal(found[:20], frames(plain)[:20])
    assert np.array_equal(found[20:], frames(other)[20:])


def test_times_are_those_of_the_input(cuts, tmp_path):
    """A part of it is painted as it is in all of it."""
    whole, part = tmp_path / "whole.mkv", tmp_path / "part.mkv"
    timeline = Timeline([Cue(1.5, "starry_night", fade=0.5), Cue("shot:3", strength=0.3)])
    for out, reading in ((whole, None), (part, Reading(start=Fraction(1)))):
        vidstyle.stylize(
            *(cuts, "identity", out), timeline=timeline, reading=reading, encoding=LOSSLESS
        )
    assert np.array_equal(frames(whole)[20:], frames(part))


@pytest.mark.skipif(not CLIPS.is_dir(), reason="needs the shared clips")
@pytest.mark.parametrize("rate", [None, Fraction(12)])
def test_shots_are_those_that_the_stylizer_finds(rate):
    with Video.open(CLIPS / "bikes_cuts.mp4", Reading(size=(160, -1), fps=rate)) as video:
        found = list(_shots(video, True, None))
    early = 1 / (2 * rate) if rate else 0
    assert found == [0, *(Fraction(n, 25) - early for n in (30, 76, 137, 187, 242))]


def tone(*loudness):
    """Half a second of a tone for each."""
    t = np.arange(4000 * len(loudness)) / 8000
    return np.repeat(loudness, 4000) * np.sin(2 * np.pi * 440 * t)


def test_a_number_follows_the_sound(tmp_path):
    black = np.zeros((48, 64, 3), np.uint8)
    clip = write(tmp_path / "in.mkv", [black] * 60, sound=tone(0, 0.8, 0.4, 0, 0.8, 0))
    with Video.open(clip) as video:
        level = levels(video)
    assert len(level) == 3 * RATE
    assert level[10:50].max() == 0
    assert level[60:100].min() > 0.85
    assert level[149] == pytest.approx(0.5 + 0.5 * np.exp(-0.5 / 0.3), abs=0.05)
    assert level[190] < level[160] < level[140]
    out = tmp_path / "out.mkv"
    painted = Timeline([Cue(0, "starry_night", strength="audio")])
    vidstyle.stylize(clip, None, out, timeline=painted, encoding=LOSSLESS)
    change = frames(out).mean((1, 2, 3))
    assert change[:10].max() == 0  # silent: the frame itself
    assert change[14:20].min() > 1.1 * change[29] > 0


def test_what_cannot_be_heard_or_seen_beforehand_is_refused(cuts, tmp_path, monkeypatch):
    out = tmp_path / "out.mkv"
    with pytest.raises(vidstyle.InputError, match="has no sound"):
        vidstyle.stylize(cuts, "identity", out, timeline=Timeline([Cue(0, strength="audio")]))
    with pytest.raises(UsageError, match="a shot of the input, which has 3"):
        vidstyle.stylize(cuts, "identity", out, timeline=Timeline([Cue("shot:4", strength=0)]))
    with pytest.raises(UsageError, match=r"at 4 s is beyond the end .* 4\.00 s"):
        vidstyle.stylize(cuts, "identity", out, timeline=Timeline([Cue(4, strength=0)]))
    part = {"timeline": Timeline([Cue(5, strength=0)]), "reading": Reading(end=Fraction(1))}
    with pytest.raises(UsageError, match=r"at 5 s is beyond the end .* 4\.00 s"):
        vidstyle.stylize(cuts, "identity", out, **part)
    with pytest.raises(UsageError, match="standard input"):
        vidstyle.stylize("-", "identity", out, timeline=Timeline([Cue("shot:2", strength=0)]))
    with pytest.raises(vidstyle.InputError, match=r"none\.jpg"):
        vidstyle.stylize(cuts, "identity", out, timeline=Timeline([Cue(1, "none.jpg")]))
    monkeypatch.setattr("vidstyle.selection.load", lambda *_, **__: pytest.fail("it loads"))
    style = STYLES / "mosaic.jpg"  # to read it takes seconds: what is missing is said before
    with pytest.raises(UsageError, match="a shot of the input, which has 3"):
        vidstyle.stylize(cuts, style, out, timeline=Timeline([Cue("shot:4", strength=0)]))
    with pytest.raises(vidstyle.InputError, match="has no sound"):
        vidstyle.stylize(cuts, style, out, timeline=Timeline([Cue(0, strength="audio")]))
    with pytest.raises(vidstyle.InputError, match=r"none\.jpg"):
        vidstyle.stylize(cuts, style, out, timeline=Timeline([Cue(1, "none.jpg")]))
    with pytest.raises(vidstyle.InputError, match=r"none\.jpg"):
        vidstyle.stylize(cuts, [style, "none.jpg"], out)
    assert not list(tmp_path.iterdir())


def test_a_part_is_tried_with_the_timeline_of_all_of_it(cuts, tmp_path):
    out = tmp_path / "out.mkv"
    later = {"timeline": Timeline([Cue(3, strength=0)]), "reading": Reading(end=Fraction(1, 2))}
    assert vidstyle.stylize(cuts, "identity", out, **later).summary.frames == 10


@pytest.mark.slow
def test_a_model_paints_by_a_timeline(cuts, tmp_path):
    one, other = tmp_path / "one.mkv", tmp_path / "other.mkv"
    swirls, mosaic = STYLES / "swirls.jpg", STYLES / "mosaic.jpg"
    with vidstyle.load(device="cpu") as model:
        read = [Cue(0, model.style(swirls)), Cue(1, model.style(mosaic), fade=1)]
        assert model.video(cuts, one, Timeline(read), encoding=LOSSLESS).summary.frames == 80
        named = Timeline([Cue(0, swirls), Cue(1, mosaic, fade=1)])
        model.video(cuts, other, named, encoding=LOSSLESS)
        with pytest.raises(UsageError, match="nothing says"):
            model.video(cuts, tmp_path / "none.mkv", Timeline([Cue(1, mosaic)]))
    assert np.array_equal(frames(one), frames(other))


@pytest.mark.slow
def test_a_run_that_was_cut_off_goes_on(tmp_path):
    """From within a fade of two networks."""
    clip = make_clip(tmp_path / "in.mp4", times=range(PIECE_FRAMES + 60), size=(64, 48))
    seconds = PIECE_FRAMES / 30
    whole, out = tmp_path / "whole.mkv", tmp_path / "out.mkv"

    def run(output, fade=1.0, **options):
        timeline = Timeline([Cue(0, "identity"), Cue(seconds - 0.5, "starry_night", fade=fade)])
        vidstyle.stylize(
            *(clip, None, output), timeline=timeline, encoding=LOSSLESS, device="cpu", **options
        )

    def stop():
        if seen and seen[-1].frames >= PIECE_FRAMES + 30:
            raise Interrupted(signal.SIGTERM)

    seen = []
    run(whole)
    with pytest.raises(Interrupted):
        run(out, resume=True, stop=stop, on_progress=seen.append)
    with pytest.raises(UsageError, match="differs in timeline"):
        run(out, resume=True, fade=0.9)
    run(out, resume=True, on_progress=seen.append)
    assert seen[-1].resumed == PIECE_FRAMES
    assert np.array_equal(frames(whole), frames(out))


def test_the_command(cuts, tmp_path):
    shutil.copy(cuts, tmp_path / "in.mkv")
    (tmp_path / "plan.toml").write_text(
        '[[cue]]\nat = 0\nstyle = "identity"\n[[cue]]\nat = "shot:2"\nstrength = 0.5\nfade = 0.5\n'
        '[[cue]]\nat = "0:03"\nstyle = "starry_night"\n'
    )
    done = command("run", "in.mkv", "--timeline", "plan.toml", "--preview", "p.png", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "vidstyle: p.png\n")
    again = command("run", "in.mkv", "--timeline", "plan.toml", "--preview", "p.png", cwd=tmp_path)
    assert again.stderr.endswith("pass -y to replace it, or choose another --preview\n")
    strip = cv2.imread(str(tmp_path / "p.png"))
    assert strip.shape[1] == 6 * 240 + 5 * 4
    assert {p.name for p in tmp_path.iterdir()} == {"in.mkv", "plan.toml", "p.png"}
    done = command("run", "in.mkv", "--timeline", "plan.toml", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "in.timeline.mkv: 80 frames" in done.stderr


def test_a_mistaken_command_is_one_line(cuts, tmp_path):
    done = command(
        *("run", cuts, "-s", "identity", "--at", "1=strength:2", "-o", "out.mkv"), cwd=tmp_path
    )
    assert done.returncode == 2
    assert done.stderr == "vidstyle: expected --strength from 0 to 1, got 2\n"
    assert not list(tmp_path.iterdir())


def test_options_of_one_timeline(tmp_path):
    assert TimelineOptions().read() is None
    with pytest.raises(UsageError, match="`timeline` and `at` do not go together"):
        TimelineOptions(tmp_path / "x.toml", ("0=identity",)).read()
    with pytest.raises(vidstyle.InputError, match="cannot read the timeline"):
        TimelineOptions(tmp_path / "none.toml").read()
    assert len(TimelineOptions(at=("0=identity", "1=strength:0.5")).read().cues) == 2


def test_the_page_shows_cues_that_are_read(tmp_path):
    page = (ROOT / "docs" / "timeline.md").read_text()
    for block in re.findall(r"```toml\n(.*?)```", page, re.DOTALL):
        (tmp_path / "plan.toml").write_text(block)
        assert Timeline.load(tmp_path / "plan.toml").cues
    texts = re.findall(r"--at (\S+)", "".join(re.findall(r"```sh\n(.*?)```", page, re.DOTALL)))
    assert len([Cue.parse(text) for text in texts]) > 4
