"""Small files that would take much: a configuration and control lines."""

from __future__ import annotations

import io
import time

import pytest
import typer

from vidstyle import InputError
from vidstyle.cli import files
from vidstyle.live.controls import Lines


@pytest.mark.parametrize(
    "text",
    ["crf = " + "[" * 50_000, "crf = " + "9" * 5000, "#" * 2_000_000, "crf = {a = [1]}", "\0"],
    ids=["deep", "long number", "large", "kind", "zero"],
)
def test_a_configuration_that_is_none_is_told(tmp_path, text):
    (tmp_path / "a.toml").write_text(text)
    context = typer.Context(typer.main.get_command(_app()))
    with pytest.raises(InputError, match=r"a\.toml"):
        files.reader({})(context, tmp_path / "a.toml")


def _app():
    app = typer.Typer()

    @app.command()
    def run(crf: str = "") -> None:
        """Do nothing."""

    return app


def test_control_lines_without_an_end_are_cut_and_wait():
    lines = Lines(io.BytesIO(b"x" * 10**7 + b"\nquit\n" + b"style 1\n" * 10_000))
    time.sleep(0.2)
    first = lines.poll()
    assert len(first) <= 100
    assert len(first[0]) == 1000
    assert first[1] == "quit\n"
