"""Small files that would take much: a configuration and control lines."""

from __future__ import annotations

import io
import sys
import time

import numpy as np
import pytest
import typer

from vidstyle import InputError, Style
from vidstyle.cli import files
from vidstyle.errors import UsageError
from vidstyle.live.controls import Command, Lines, parse_line


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


def test_a_configuration_may_begin_with_a_byte_order_mark(tmp_path):
    (tmp_path / "a.toml").write_bytes(b"\xef\xbb\xbfcrf = '20'\r\n")
    context = typer.Context(typer.main.get_command(_app()))
    files.reader({})(context, tmp_path / "a.toml")
    assert context.default_map == {"crf": "20"}


def test_a_style_that_unpacks_to_much_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(
        sys.modules["vidstyle.stylize.style"], "_MAX_BYTES", 2**24
    )  # not a GiB, for a test
    values = np.zeros(2**23, np.float32)
    np.savez_compressed(tmp_path / "a.npz", values=values, made_by=np.array("x"))
    with pytest.raises(InputError, match="holds no style"):
        Style.load(tmp_path / "a.npz")


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


@pytest.mark.parametrize("data", [b"\xef\xbb\xbfquit\r\n", b"quit"], ids=["BOM and CRLF", "no end"])
def test_control_lines_of_another_editor_are_read(data):
    lines = Lines(io.BytesIO(data))
    time.sleep(0.2)
    assert parse_line(lines.poll()[0]) == Command("quit")


@pytest.mark.parametrize("data", [b"quit\0\n", b"\xff\xfeq\0\n", b"\0" * 5000])
def test_control_lines_that_are_none_are_told(data):
    lines = Lines(io.BytesIO(data))
    time.sleep(0.2)
    with pytest.raises(UsageError) as caught:
        parse_line(lines.poll()[0])
    assert len(str(caught.value)) < 5000
