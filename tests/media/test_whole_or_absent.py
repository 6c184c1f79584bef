"""The output appears under its name only when it is whole; what cannot work is refused first."""

from __future__ import annotations

import shutil
import subprocess

import pytest

import vidstyle
from vidstyle import Encoding, Interrupted, UsageError
from vidstyle.media.source import FileSource
from vidstyle.naming import default_output


def leftovers(folder, *expected):
    return sorted(p.name for p in folder.iterdir()) == sorted(expected)


def test_an_interrupted_run_leaves_nothing(base, tmp_path):
    def stop():
        raise Interrupted(2)

    with pytest.raises(Interrupted):
        vidstyle.stylize(base, "identity", tmp_path / "out.mp4", stop=stop)
    assert leftovers(tmp_path)


def test_a_failing_run_keeps_the_file_that_was_there(base, tmp_path):
    out = tmp_path / "out.mp4"
    out.write_text("precious")
    with pytest.raises(UsageError, match="`overwrite`"):
        vidstyle.stylize(base, "identity", out)
    with pytest.raises(Interrupted):

        def stop():
            raise Interrupted(15)

        vidstyle.stylize(base, "identity", out, overwrite=True, stop=stop)
    assert out.read_text() == "precious"
    assert leftovers(tmp_path, "out.mp4")


def test_the_input_is_never_the_output(base, tmp_path):
    before = base.read_bytes()
    with pytest.raises(UsageError, match="input itself"):
        vidstyle.stylize(base, "identity", base, overwrite=True)
    assert base.read_bytes() == before


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("none/out.mp4", "folder"),
        ("out.xyz", "ending"),
        (".", "ending"),
        ("out.jpg", "one picture"),
    ],
)
def test_impossible_outputs_are_refused(base, tmp_path, name, message):
    with pytest.raises(UsageError, match=message):
        vidstyle.stylize(base, "identity", tmp_path / name)
    assert leftovers(tmp_path)


@pytest.mark.parametrize(
    ("encoding", "message"),
    [
        ({"codec": "nosuch"}, "no encoder"),
        ({"codec": "ffv1", "crf": 20}, "`crf`"),
        ({"codec": "mjpeg", "preset": "fast"}, "`preset`"),
        ({"codec": "libx264", "preset": "nosuch"}, "no preset nosuch"),
    ],
)
def test_impossible_encodings_are_refused(encoding, message):
    with pytest.raises(UsageError, match=message):
        Encoding(**encoding)


def test_a_crf_that_the_encoder_refuses(base, tmp_path):
    with pytest.raises(UsageError, match="crf"):
        vidstyle.stylize(base, "identity", tmp_path / "out.mp4", encoding=Encoding(crf=-7))
    assert leftovers(tmp_path)


def test_a_codec_that_the_container_cannot_hold(base, tmp_path):
    with pytest.raises(UsageError, match="mov cannot hold ffv1"):
        vidstyle.stylize(base, "identity", tmp_path / "out.mov", encoding=Encoding("ffv1"))
    assert leftovers(tmp_path)


def test_two_runs_to_one_output_do_not_mix(base, vfr, tmp_path):
    """The second begins while the first is at work; each file is whole, the last one stays."""
    out = tmp_path / "out.mp4"
    began = []

    def meanwhile(_progress):
        if not began:
            began.append(vidstyle.stylize(vfr, "identity", out, overwrite=True))

    vidstyle.stylize(base, "identity", out, overwrite=True, on_progress=meanwhile)
    with FileSource(out) as source:
        assert sum(1 for _ in source) == 30
    assert leftovers(tmp_path, "out.mp4")


def test_a_colon_in_a_name_is_no_protocol(base, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shutil.copy(base, "a:b.mp4")
    assert vidstyle.stylize("a:b.mp4", "identity", "c:d.mp4").summary.frames == 30
    assert leftovers(tmp_path, "a:b.mp4", "c:d.mp4")


def test_names_that_are_too_long(base, tmp_path):
    long = "x" * 300 + ".mp4"
    with pytest.raises(UsageError, match="cannot write"):
        vidstyle.stylize(base, "identity", tmp_path / long)
    with pytest.raises(vidstyle.InputError, match="cannot read"):
        vidstyle.stylize(tmp_path / long, "identity", tmp_path / "out.mp4")


def test_inputs_of_other_containers_become_mp4(tmp_path):
    assert default_output(tmp_path / "in.wmv", "a/starry.jpg") == tmp_path / "in.starry.mp4"
    assert default_output(tmp_path / "in.MOV", "starry.jpg") == tmp_path / "in.starry.MOV"
    several = default_output(tmp_path / "in.mkv", ["a/starry.jpg", tmp_path / "wave.png"])
    assert several == tmp_path / "in.starry+wave.mkv"


def test_crf_means_quality(base, tmp_path, judge):
    for crf in (18, 35):
        vidstyle.stylize(base, "identity", tmp_path / f"{crf}.mp4", encoding=Encoding(crf=crf))
    good, bad = tmp_path / "18.mp4", tmp_path / "35.mp4"
    assert good.stat().st_size > bad.stat().st_size
    assert judge.luma_psnr(good, base) > judge.luma_psnr(bad, base)


def test_sound_that_the_container_cannot_hold_is_converted(base, tmp_path, judge, caplog):
    clip = tmp_path / "in.mkv"
    wma = ["ffmpeg", "-v", "error", "-i", str(base), "-c:v", "copy", "-c:a", "wmav2", str(clip)]
    subprocess.run(wma, check=True)
    vidstyle.stylize(clip, "identity", tmp_path / "out.mp4")
    assert "audio stream 1 (wmav2) becomes aac: mp4 cannot hold wmav2" in caplog.text
    assert judge.stream(tmp_path / "out.mp4", "a:0")["codec_name"] == "aac"
