"""Which input is painted in which style, to which output; and what is refused before the work."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from vidstyle import InputError, UsageError
from vidstyle.batch.plan import Plan, styles_in
from vidstyle.batch.step import Pace
from vidstyle.media.folder import STILLS, VIDEOS, files_in
from vidstyle.pipeline import Progress


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """in/a.mp4, in/b.MOV, in/c.jpg, in/sub/a.mp4, what is no input; st/one.jpg, st/two.png; the current folder."""
    monkeypatch.chdir(tmp_path)
    for name in ("in/sub", "in/.hidden", "st"):
        Path(name).mkdir(parents=True)
    for name in (
        *("in/a.mp4", "in/b.MOV", "in/c.jpg", "in/sub/a.mp4", "st/one.jpg", "st/two.png"),
        *("in/notes.txt", "in/.e.mp4", "in/.hidden/f.mp4", "in/g.mp3", "in/h.srt"),
    ):
        Path(name).write_text(name)
    return tmp_path


def outputs(places, styles, output=None, **options):
    return [str(item.output) for item in Plan.of(places, styles, output, **options).items]


ONE, TWO = ("st/one.jpg",), ("st/two.png",)


def test_a_folder_holds_what_is_called_like_videos_and_pictures(folder):
    found = files_in(Path("in"), VIDEOS | STILLS)
    assert [str(p) for p in found] == ["in/a.mp4", "in/b.MOV", "in/c.jpg"]
    found = files_in(Path("in"), VIDEOS | STILLS, recursive=True)
    assert [str(p) for p in found] == ["in/a.mp4", "in/b.MOV", "in/c.jpg", "in/sub/a.mp4"]


def test_each_input_is_painted_in_each_style_beside_it(folder):
    assert outputs(["in"], [ONE, TWO]) == [
        *("in/a.one.mp4", "in/a.two.mp4", "in/b.one.MOV", "in/b.two.MOV"),
        *("in/c.one.jpg", "in/c.two.jpg"),
    ]


def test_several_in_one_are_a_mixture(folder):
    assert outputs(["in/a.mp4", "in/b.MOV"], [ONE + TWO]) == [
        "in/a.one+two.mp4",
        "in/b.one+two.MOV",
    ]


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("out/{name}.{style}.mp4", ["out/a.one.mp4", "out/b.one.mp4"]),
        ("out/{style}/{name}_{style}.{ext}", ["out/one/a_one.mp4", "out/one/b_one.MOV"]),
        ("{name}/%05d.png", ["a/%05d.png", "b/%05d.png"]),
        ("out/{720p}{name}{.mkv", ["out/{720p}a{.mkv", "out/{720p}b{.mkv"]),
    ],
)
def test_parts_of_a_pattern(folder, pattern, names):
    assert outputs(["in/a.mp4", "in/b.MOV"], [ONE], pattern) == names


def test_a_name_with_braces_is_a_name(folder):
    Path("in/{style}.mp4").write_text("")
    assert outputs(["in/{style}.mp4"], [ONE], "{name}.mkv") == ["{style}.mkv"]


def test_folders_below_keep_their_place(folder):
    names = outputs(["in"], [ONE], "out/{folder}/{name}.{ext}", recursive=True)
    assert names == ["out/a.mp4", "out/b.MOV", "out/c.jpg", "out/sub/a.mp4"]


def test_an_input_comes_once_however_it_is_written(folder):
    os.link("in/a.mp4", "in/link.mp4")
    Path("in/soft.mp4").symlink_to("a.mp4")
    names = outputs(["in/a.mp4", "./in/../in/a.mp4", "in/soft.mp4", "in"], [ONE])
    assert names == ["in/a.one.mp4", "in/b.one.MOV", "in/c.one.jpg", "in/link.one.mp4"]


def test_what_a_folder_holds_of_an_earlier_run_is_no_input(folder):
    """Neither the results beside the inputs, nor the styles."""
    Path("in/a.one.mp4").write_text("")
    shutil.copy("st/one.jpg", "in/one.jpg")
    names = outputs(["in"], [("in/one.jpg",)])
    assert names == ["in/a.one.mp4", "in/b.one.MOV", "in/c.one.jpg"]


@pytest.mark.parametrize(
    ("places", "styles", "output", "message"),
    [
        (["in/a.mp4", "in/b.MOV"], [ONE], "o.mp4", "o.mp4 would be the result of both in/a.mp4 in"),
        (
            ["in/a.mp4"],
            [ONE, TWO],
            "{name}.mp4",
            "of both in/a.mp4 in st/one.jpg and in/a.mp4 in st/two",
        ),
        (["in/a.mp4", "in/sub/a.mp4"], [ONE], "{name}.mp4", "with {folder} where names repeat"),
        (["in/a.mp4"], [ONE, ONE], None, "in/a.one.mp4 would be the result of both"),
        (["in/a.mp4"], [ONE], "in/a.mp4", "in/a.mp4 is an input itself"),
        (["in/a.mp4", "in/b.MOV"], [ONE], "in/../in/{name}.MOV", "b.MOV is an input itself"),
        (["in/a.mp4", "in/c.jpg"], [ONE, TWO], "st/{style}.{ext}", "st/one.jpg"),
        (
            ["in/a.mp4"],
            [ONE],
            "{name}.{styl}.mp4",
            "no part is called {styl}; expected some of {name}",
        ),
        (["-", "in/a.mp4"], [ONE], "{name}.mkv", "standard input can be read once"),
        (["-"], [ONE, TWO], "{style}.mkv", "standard input can be read once"),
        (["-"], [ONE], None, "name the output"),
        (["in/a.mp4"], [ONE, TWO], "-", "standard output holds one result, and 2"),
        (["in/a.mp4"], [], None, "give at least one `style`"),
        ([], [ONE], None, "expected an input"),
        (["in/a.mp4"], [("st",)], None, "st is a folder; `style_dir`"),
        (["in/a.mp4"], [("st/one.jpg", "identity")], None, "identity does not mix"),
    ],
)
def test_what_cannot_be_is_refused_before_the_work(folder, places, styles, output, message):
    with pytest.raises(UsageError, match=r"^[^\n]*$") as caught:
        Plan.of(places, styles, output)
    assert message in str(caught.value)


def test_a_link_to_an_input_is_no_output(folder):
    os.link("in/a.mp4", "hard.mp4")
    Path("soft.mp4").symlink_to("in/a.mp4")
    for name in ("hard.mp4", "soft.mp4"):
        with pytest.raises(UsageError, match="is an input itself"):
            Plan.of(["in/a.mp4"], [ONE], name)


def test_numbered_outputs_replace_no_input(folder):
    Path("00001.png").write_text("")
    with pytest.raises(UsageError, match="is an input itself"):
        Plan.of(["00001.png"], [ONE], "%05d.png")


@pytest.mark.parametrize("report", ["in/a.mp4", "st/one.jpg", "in/a.one.mp4"])
def test_a_report_replaces_nothing(folder, report):
    with pytest.raises(UsageError, match="choose another `report`"):
        Plan.of(["in/a.mp4"], [ONE], None, report=Path(report))


def test_an_empty_folder_says_so(folder):
    Path("empty/sub").mkdir(parents=True)
    shutil.copy("in/a.mp4", "empty/sub/a.mp4")
    with pytest.raises(InputError, match="without videos or pictures; `recursive` looks"):
        Plan.of(["empty"], [ONE], None)
    with pytest.raises(InputError, match="without style pictures"):
        styles_in(Path("empty"))
    with pytest.raises(InputError, match="cannot read the folder none"):
        styles_in(Path("none"))


def test_a_style_folder_holds_pictures_and_networks(folder):
    Path("st/own.safetensors").write_text("")
    Path("st/readme.md").write_text("")
    assert [str(s) for s in styles_in(Path("st"))] == [
        "st/one.jpg",
        "st/own.safetensors",
        "st/two.png",
    ]


def test_the_time_left_does_not_count_what_comes_before_the_first_frames(folder):
    item, other = Plan.of(["in/a.mp4"], [ONE, TWO], None).items
    pace = Pace([item, other])

    def at(seconds, frames):
        return pace.of(item, Progress(frames, 100, seconds, resumed=20), seconds)

    assert at(0.5, 20) == (0.1, None)  # an earlier run's
    assert at(5.0, 40) == (0.2, None)
    assert at(5.1, 42) == (0.21, None)  # frames come in bursts
    assert at(7.0, 60) == (0.3, pytest.approx(14))  # a tenth in two seconds
