"""Commands and options that there are not: what is said names those that are meant."""

from __future__ import annotations

import pytest
import typer

from tests.conftest import vidstyle
from vidstyle import Cue, InputError, UsageError
from vidstyle.cli.app import app
from vidstyle.cli.mistakes import with_commands


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("in.mp4 --style x.jpg", "to paint it: vidstyle run in.mp4 --style x.jpg"),
        ("in.mp4", "expected a command, got in.mp4; to paint it: vidstyle run in.mp4 --style PI"),
        ("- -s x.jpg -o -", "vidstyle run - -s x.jpg -o -"),
        ("--style x.jpg in.mp4", "before --style; did you mean: vidstyle run --style x.jpg in.mp4"),
        ("stylise in.mp4", "no command is called stylise; did you mean run?"),
        ("paitn in.jpg", "did you mean paint"),
        ("nosuch", "no command is called nosuch; expected run, "),
        ("train starry.jpg", "vidstyle train style starry.jpg --content PHOTOS"),
        (
            "train in.mp4",
            "style PICTURE --content PHOTOS; to paint it: vidstyle run in.mp4 --style",
        ),
        ("train .", "to learn a style: vidstyle train style PICTURE --content ."),
        ("train stile x.jpg", "did you mean style?"),
        ("run in.mp4 -s x --stabilty 1", "run has no option --stabilty; did you mean --stability"),
        ("run in.mp4 -s x --save-every 9", "no option --save-every; it is one of vidstyle paint"),
        ("run in.mp4 -s x --iterations 9", "it is one of vidstyle paint, as --steps"),
        ("run -i in.mp4 -s x", "vidstyle run has no option -i: IN stands by itself"),
        ("run in.mp4 -s x -z", "vidstyle run --help lists them"),
        ("paint in.jpg --num_iterations 9", "no option --num_iterations; it is --steps here"),
        ("paint in.jpg --content-weight 9", "it is --ratio here"),
        ("train style x.jpg --styel-side 9", "did you mean --style-side"),
        ("paint in.jpg -s x --preview 9", "no option --preview; it is --save-every here"),
        (
            "paint in.mp4 --at 0=x.jpg --preview x.png",
            "no option --preview; it is one of vidstyle run",
        ),
        (
            "paint in.mp4 --timeline=x --preview x.png",
            "no option --preview; it is one of vidstyle run",
        ),
        (
            "paint in.mp4 --method video --preview x",
            "no option --preview; it is one of vidstyle run",
        ),
        *(
            (f"run in.mp4 -s x --method {method}", "is one of vidstyle paint")
            for method in ("gatys", "mrf", "doodle", "video")
        ),
        ("run in.mp4 -s x --method mrf --at 0=y", "for a video it has `method` video"),
        ("paint in.jpg -s x --method network", "`method` network is one of vidstyle run"),
        *(
            (f"sheet in.mp4 --method {method}", f"`method` {method} is one of vidstyle paint")
            for method in ("gatys", "mrf", "doodle", "video")
        ),
        ("sheet in.mp4 --method oil", "no method is called oil; expected network, swap"),
        ("run in.mp4 -s x --method oil", "no method is called oil; expected network, swap"),
    ],
)
def test_what_is_meant_is_named(words, said):
    with pytest.raises(UsageError) as caught:
        app(words.split(), standalone_mode=False)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("run in.mp4 -s x --jobs 0", "expected `jobs` from 1 to 64, got 0"),
        ("run in.mp4 -s x --jobs=65", "expected `jobs` from 1 to 64, got 65"),
        ("run in.mp4 -s x --jobs many", "expected a whole number for `jobs`, got 'many'"),
        ("web --port 1e3", "expected a whole number for `port`, got '1e3'"),
        ("bench --repeats -1", "expected `repeats` of 1 or more, got -1"),
        (
            "train arbitrary --content x --style y --sheet-every 0",
            "expected `sheet_every` of 1 or more, got 0",
        ),
        ("reconstruct in.jpg --steps few", "expected a whole number for `steps`, got 'few'"),
    ],
)
def test_a_number_out_of_its_range_is_answered_by_the_range(words, said):
    with pytest.raises(UsageError) as caught:
        app(words.split(), standalone_mode=False)
    assert str(caught.value) == said


@pytest.mark.parametrize(
    "words",
    [
        *(
            "in.mp4 --style x.jpg",
            "run --maks",
            "train in.mp4",
            "run",
            "sheet a.mp4 b.mp4",
            "--nope",
        ),
        *("run a.mp4 -s", "run a.mp4 -s b.jpg --jobs 0", "bench --repeats much", "train --nope"),
        *("-v", "run a.mp4 -s b.jpg --resume=3", "--version=3"),
    ],
)
def test_it_is_one_line_and_2(words):
    done = vidstyle(*words.split())
    assert done.returncode == 2
    assert done.stderr.startswith("vidstyle: ")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "cue"),
    [
        ("run in.mp4 -s x --strength audio:level", "0=strength:audio:level"),
        ("run in.mp4 -s x --blend audio", "0=blend:audio"),
        ("run in.mp4 -s x --stability audio:0.2..0.5", "0=stability:audio:0.2..0.5"),
        ("run in.mp4 -s x --stability audio:loud", "0=stability:audio:0..1"),
        ("run in.mp4 -s x --stroke audio:level", "0=stroke:audio:0.5..3"),
        ("paint in.mp4 -s x --method video --strength audio", "0=strength:audio"),
    ],
)
def test_a_number_that_follows_the_sound_is_answered_by_its_cue(words, cue):
    with pytest.raises(UsageError) as caught:
        app(words.split(), standalone_mode=False)
    assert str(caught.value).endswith(f"it follows the sound of a file by `at` {cue}")
    assert Cue.parse(cue)


def test_a_live_source_has_no_sound_to_follow():
    with pytest.raises(UsageError) as caught:
        app(["live", "-s", "x", "--strength", "audio:0.3..1"], standalone_mode=False)
    assert str(caught.value).endswith("by vidstyle run `at` 0=strength:audio:0.3..1")
    said = vidstyle("live", "--help").stdout
    assert "--at TIME=STYLE" in said
    assert "strength:audio" not in said
    assert "shot:3" not in said


@pytest.mark.parametrize(
    ("command", "said", "told"),
    [
        ("paint", "choose `hdr` tonemap", "choose vidstyle run `hdr` tonemap"),
        ("run", "choose `hdr` tonemap", "choose `hdr` tonemap"),
        ("live", "by vidstyle run `odd` crop", "by vidstyle run `odd` crop"),
        ("sheet", "expected `at` from 0 to 1 s", "expected `at` from 0 to 1 s"),
        ("sheet", "choose a lower `fps`", "choose a lower vidstyle run `fps`"),
        ("run", "no field: `Look`, `nosuch`", "no field: `Look`, `nosuch`"),
    ],
)
def test_an_option_of_another_command_stands_behind_its_name(command, said, told):
    root = typer.main.get_command(app)
    parent = typer.Context(root)
    ctx = typer.Context(root.commands[command], parent=parent, info_name=command)
    assert with_commands(said, ctx) == told


def test_so_it_is_in_a_configuration_file(tmp_path):
    (tmp_path / "a.toml").write_text('strength = "audio:level"')
    with pytest.raises(InputError, match="by `at` 0=strength:audio:level"):
        app(["run", "in.mp4", "--config", str(tmp_path / "a.toml")], standalone_mode=False)


def test_every_word_that_is_meant_is_there():
    import typer

    from vidstyle.cli import mistakes

    root = typer.main.get_command(app)
    assert set(mistakes._COMMANDS.values()) <= root.commands.keys()
    assert not mistakes._COMMANDS.keys() & root.commands.keys()
    flags = {flag for _, it in mistakes._all(root, "") for flag in mistakes._options(it)}
    assert set(mistakes._OPTIONS.values()) <= flags


@pytest.mark.parametrize("place", [".", "a/b"])
@pytest.mark.parametrize(
    "words", ["run {} --at 0=x.jpg", "sheet {}", "frame {} --at 1", "probe {}"]
)
def test_a_folder_is_answered_by_the_pictures_in_it(words, place, tmp_path, monkeypatch):
    (tmp_path / "a" / "b").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError) as caught:
        app(words.format(place).split(), standalone_mode=False)
    pictures = {".": "%05d.png", "a/b": "a/b/%05d.png"}[place]
    assert str(caught.value).endswith(f"give a name such as {pictures}")
