"""Commands and options that there are not: what is said names those that are meant."""

from __future__ import annotations

import pytest

from tests.conftest import vidstyle
from vidstyle import UsageError
from vidstyle.cli.app import app


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
    ],
)
def test_what_is_meant_is_named(words, said):
    with pytest.raises(UsageError) as caught:
        app(words.split(), standalone_mode=False)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_it_is_one_line_and_2():
    for words in (["in.mp4", "--style", "x.jpg"], ["run", "--maks"], ["train", "in.mp4"]):
        done = vidstyle(*words)
        assert done.returncode == 2
        assert done.stderr.startswith("vidstyle: ")
        assert done.stderr.count("\n") == 1


def test_every_word_that_is_meant_is_there():
    import typer

    from vidstyle.cli import mistakes

    root = typer.main.get_command(app)
    assert set(mistakes._COMMANDS.values()) <= root.commands.keys()
    assert not mistakes._COMMANDS.keys() & root.commands.keys()
    flags = {flag for _, it in mistakes._all(root, "") for flag in mistakes._options(it)}
    assert set(mistakes._OPTIONS.values()) <= flags
