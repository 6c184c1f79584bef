"""Dataclasses as options: declared once, and known to the command line, its help, its files and its page."""

from __future__ import annotations

import ast
import inspect
import json
import re
import subprocess
import sys
from dataclasses import dataclass, fields
from fractions import Fraction
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, get_args

import pytest
import typer
from hypothesis import given, settings
from hypothesis import strategies as st

import vidstyle
from tests.conftest import ROOT
from tests.conftest import vidstyle as run_command
from vidstyle import Encoding, InputError, Reading, UsageError
from vidstyle.cli.fieldoption import FieldOption
from vidstyle.cli.options import Command, command, only, without
from vidstyle.cli.parsing import KEEP, TIME
from vidstyle.cli.spelling import flags, spelled
from vidstyle.fields import Between, OneOf, declared, docstrings, documented
from vidstyle.optimize.config import (
    Config,
    DoodleConfig,
    GatysConfig,
    MrfConfig,
    PhotorealConfig,
    SwapConfig,
    VideoConfig,
)
from vidstyle.optimize.regionfiles import RegionFiles
from vidstyle.runtime.compute import Compute
from vidstyle.training.config import ArbitraryConfig, PerceptualConfig, StyleConfig


@documented
@dataclass(frozen=True)
class Tea:
    """How tea is made."""

    minutes: Annotated[float, Between(0, 10)] = 3.0
    """So long it draws."""
    milk: bool = False
    """With milk; see `sugar_lumps`."""
    leaves: Annotated[str, OneOf("green", "black")] = "black"
    """What it is made of."""


@documented
@dataclass(frozen=True)
class SweetTea(Tea):
    """The same with one more field."""

    minutes: float = 5.0
    sugar_lumps: Annotated[int, Between(1)] = 2
    """Lumps of sugar."""


def run(owner, *words, hint=None):
    """Return what a command that takes a dataclass makes of words, and the command."""
    made = []

    def make(*, value) -> None:
        made.append(value)

    make.__annotations__["value"] = hint or owner
    app = typer.Typer(rich_markup_mode=None, add_completion=False)
    app.command(cls=Command)(command(make))
    it = typer.main.get_command(app)
    if words != ("--help",):
        it.main(list(map(str, words)), prog_name="tea", standalone_mode=False)
    return (made or [None])[0], it


def test_one_more_field_is_one_more_option_with_help_default_and_key(tmp_path):
    assert run(SweetTea)[0] == SweetTea()
    assert run(SweetTea, "--sugar-lumps", 3, "--milk")[0] == SweetTea(sugar_lumps=3, milk=True)
    (tmp_path / "tea.toml").write_text('sugar_lumps = 4\nleaves = "green"\nmilk = true\n')
    made, it = run(SweetTea, "--config", tmp_path / "tea.toml", "--leaves", "black")
    assert made == SweetTea(sugar_lumps=4, milk=True)
    text = " ".join(it.get_help(typer.Context(it)).split())
    assert "--sugar-lumps N Lumps of sugar. [default: 2; 1 or more]" in text
    assert "--minutes 0..10 So long it draws. [default: 5]" in text
    assert "--leaves green|black What it is made of. [default: black]" in text
    assert "--milk With milk; see --sugar-lumps." in text
    _, less = run(Tea, "--help")
    assert "sugar-lumps N" not in less.get_help(typer.Context(less))


def test_some_fields_are_options():
    hint = Annotated[SweetTea, without("milk")]
    assert "milk" not in {p.name for p in run(SweetTea, "--help", hint=hint)[1].params}
    hint = Annotated[SweetTea, only("milk")]
    names = {p.name for p in run(SweetTea, "--help", hint=hint)[1].params}
    assert names == {"milk", "config_file"}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--sugar-lumps", "many"), "expected a whole number for --sugar-lumps, got 'many'"),
        (("--sugar-lumps", "0"), "expected --sugar-lumps of 1 or more, got 0"),
        (("--minutes", "11"), "expected --minutes from 0 to 10, got 11"),
        (("--minutes", "nan"), "expected --minutes from 0 to 10, got nan"),
        (("--leaves", "red"), "expected --leaves green or black, got red"),
    ],
)
def test_wrong_values_are_one_line(words, message):
    with pytest.raises(UsageError) as caught:
        run(SweetTea, *words)
    assert spelled(str(caught.value)) == message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("sugar = 1", "unknown key sugar; expected some of leaves, milk, minutes, sugar_lumps"),
        ("sugar_lumps = 1.5", "expected a whole number for --sugar-lumps, got '1.5'"),
        ("sugar_lumps = [1]", "expected one value for sugar_lumps, got [1]"),
        ("milk = 1", "expected true or false for --milk, got 1"),
        ("milk = ", "no TOML"),
    ],
)
def test_wrong_files_are_one_line(tmp_path, text, message):
    (tmp_path / "tea.toml").write_text(text)
    with pytest.raises(InputError) as caught:
        run(SweetTea, "--config", tmp_path / "tea.toml")
    assert message in spelled(str(caught.value))
    assert str(tmp_path / "tea.toml") in str(caught.value)
    assert "\n" not in str(caught.value)


def test_help_shows_the_fields():
    assert SweetTea.__doc__.splitlines() == [
        "The same with one more field.",
        "",
        "Attributes:",
        "    minutes (float, from 0 to 10): So long it draws.",
        "    milk (bool): With milk; see `sugar_lumps`.",
        "    leaves (str, green or black): What it is made of.",
        "    sugar_lumps (int, of 1 or more): Lumps of sugar.",
    ]
    assert "max_pixels (int, of 1 or more): Refuse larger frames." in inspect.getdoc(Reading)


def test_every_field_is_documented():
    for owner in OPTIONED:
        for name, text in docstrings(owner).items():
            assert text.endswith("."), f"{owner.__name__}.{name}"
        assert docstrings(owner).keys() == {f.name for f in fields(owner)}
        assert "Attributes:" in owner.__doc__


OPTIONED = (
    *(
        Reading,
        Encoding,
        Compute,
        RegionFiles,
        GatysConfig,
        MrfConfig,
        SwapConfig,
        DoodleConfig,
        PhotorealConfig,
        VideoConfig,
    ),
    *(ArbitraryConfig, StyleConfig, PerceptualConfig),
)
NOT_OPTIONS = ("shape", "precise", "device", "codec", "format", "pixel_format")
"""Made of others; or few of their values exist."""

TEXT = st.text(st.characters(codec="ascii", exclude_categories=["C"]), min_size=1, max_size=8)


def values(owner, name):
    """Draw values of a field that its declaration allows."""
    hint, notes = declared(owner)[name]
    if isinstance(hint, UnionType):
        hint = next(kind for kind in get_args(hint) if kind is not NoneType)
    for note in notes:
        if isinstance(note, OneOf):
            return st.sampled_from(note.choices)
    low = next((n.low for n in notes if isinstance(n, Between)), None)
    high = next((n.high for n in notes if isinstance(n, Between)), None)
    whole = st.integers(0 if low is None else int(low), 10**6 if high is None else int(high))
    number = st.floats(low or 1e-6, 1e6 if high is None else high)
    names = st.sampled_from(["relu1_1", "relu4_2"])
    return {
        int: whole,
        float: number,
        bool: st.booleans(),
        str: TEXT,
        Path: TEXT.map(Path),
        Fraction: st.integers(1, 10**6).map(lambda n: Fraction(n, 1000)),
        tuple[int, int]: st.tuples(st.integers(1, 9999), st.integers(1, 9999)),
        tuple[int, ...]: st.lists(whole, min_size=1, max_size=3, unique=True).map(
            lambda v: tuple(sorted(v))
        ),
        tuple[float, ...]: st.lists(number, min_size=1, max_size=3).map(tuple),
        tuple[Path, ...]: st.lists(TEXT.map(Path), max_size=2).map(tuple),
        tuple[tuple[str, str], ...]: st.lists(st.tuples(st.just("g"), TEXT), max_size=2).map(tuple),
        dict[str, float]: st.dictionaries(names, number, min_size=1),
    }[hint]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("configs")


@pytest.mark.parametrize("owner", OPTIONED, ids=lambda owner: owner.__name__)
@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_options_become_an_instance_a_file_and_the_instance_again(owner, folder, data):
    names = [f.name for f in fields(owner) if f.name not in NOT_OPTIONS]
    try:
        wanted = owner(
            **{
                name: data.draw(values(owner, name), label=name)
                for name in data.draw(st.lists(st.sampled_from(names), max_size=4, unique=True))
            }
        )
    except UsageError:  # two that do not go together
        return
    hint = Annotated[owner, without("shape")]
    lines, words = [], []
    for name in names:
        kind, value = FieldOption(name, {"": owner}, False).kind, getattr(wanted, name)
        if value is None or value == ():
            continue
        said = value if kind is None else kind.words(value)
        lines.append(f"{name} = {json.dumps(said)}")
        flag = flags(name)[0]
        if kind is None:
            words += [flag if value else f"--no-{name}"] if value != getattr(owner, name) else []
        else:
            words += [
                f"{flag}={word}" if flag.startswith("--") else f"{flag}{word}"
                for word in (said if kind.several else [said])
            ]
    (folder / "it.toml").write_text("\n".join(lines))
    assert run(owner, "--config", folder / "it.toml", hint=hint)[0] == wanted
    assert run(owner, *words, hint=hint)[0] == wanted


def test_lists_and_tables_stand_for_words(folder):
    (folder / "it.toml").write_text(
        "reach = [1, 3]\nstyle_scale = [1, 0.5]\n[style_layers]\nrelu1_1 = 2"
    )
    made, _ = run(VideoConfig, "--config", folder / "it.toml")
    assert made == VideoConfig(reach=(1, 3), style_scale=(1, 0.5), style_layers={"relu1_1": 2.0})
    (folder / "it.toml").write_text(
        'start = "1:30"\nend = 00:02:00\nsize = [1280, -1]\nalpha = "drop"'
    )
    made, _ = run(Reading, "--config", folder / "it.toml")
    assert made == Reading(start=Fraction(90), end=Fraction(120), size=(1280, -1), alpha=False)


def test_run_takes_its_options_from_a_file(base, tmp_path):
    (tmp_path / "run.toml").write_text(
        'style = ["identity"]\nend = 0.2\ncodec = "ffv1"\nquiet = true\n'
    )
    words = ("run", base, "-o", tmp_path / "o.mkv", "--config", tmp_path / "run.toml")
    done = run_command(*words, "--end", "0.1")
    assert (done.returncode, done.stderr) == (0, "")
    (tmp_path / "run.toml").write_text("hdr = 1\n")
    done = run_command(*words, "-s", "identity", "-y")
    assert done.returncode == 2
    assert done.stderr == "vidstyle: expected --hdr refuse or tonemap or passthrough, got 1\n"


COMMANDS = """
import sys
sys.modules["torch"] = sys.modules["openvino"] = None
import typer
from vidstyle.cli.app import app
from vidstyle.cli.reference import page
print(page(), end="")
"""


def test_the_page_of_all_options_is_up_to_date_and_wants_no_torch():
    done = subprocess.run(
        [sys.executable, "-c", COMMANDS], capture_output=True, text=True, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == (ROOT / "docs" / "cli.md").read_text(), "make cli"


@pytest.mark.parametrize(
    ("module", "others"),
    [
        ("vidstyle.cli.app", {"numpy", "vidstyle.cli.run"}),
        (
            "vidstyle.cli.run",
            {"vidstyle.cli.web", "vidstyle.optimize.config", "vidstyle.training.config"},
        ),
    ],
)
def test_a_command_imports_nothing_of_the_others(module, others):
    code = f"import sys, {module}; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True
    )
    assert not others & {*done.stdout.split()}


def commands():
    from vidstyle.cli.app import app

    found = [typer.main.get_command(app)]
    for it in found:
        found += getattr(it, "commands", {}).values()
    return found


def test_messages_call_an_option_as_help_does():
    for it in commands():
        for param in it.params:
            if param.param_type_name == "option":
                assert flags(param.name)[0] in param.opts, f"{it.name}: {param.name}"


@pytest.mark.parametrize(
    ("command_name", "words"),
    [("run", "names|FILE"), ("paint", "names|auto|none|FILE")],
)
def test_help_lists_all_words_of_regions(command_name, words):
    (metavar,) = (
        param.metavar
        for it in commands()
        for param in it.params
        if (it.name, param.name) == (command_name, "regions")
    )
    assert metavar == words


def messages():
    """All strings of the library that are no docstrings."""
    package = Path(vidstyle.__file__).parent
    for path in package.rglob("*.py"):
        name = path.relative_to(package).as_posix()
        if name.startswith("cli/"):
            continue
        tree = ast.parse(path.read_text())
        docs = {id(n.value) for n in ast.walk(tree) if isinstance(n, ast.Expr)}
        for node in ast.walk(tree):
            if (
                isinstance(node, ast.Constant)
                and isinstance(node.value, str)
                and id(node) not in docs
            ):
                yield f"{name}:{node.lineno}", node.value


def test_only_the_command_line_speaks_of_options():
    for place, text in messages():
        ours = text.replace("pip install --no-deps", "")
        assert not re.search(r"(?<![\w-])(--[a-z]|-[oxy]\b)", ours), f"{place}: name the field"


def test_fields_in_messages_are_options():
    known = {param.name for it in commands() for param in it.params}
    for place, text in messages():
        for name in re.findall(r"`([a-z_]+)(?:=False)?`", text):
            assert name in known, f"{place}: {name}"


def test_fields_are_spelled():
    said = "allow `overwrite`, another `output` or `pixel_format`; `preview=False`, not `a.b`"
    assert spelled(said) == "allow -y, another -o or --pix-fmt; --no-preview, not `a.b`"


def test_kinds_read_what_they_show():
    assert KEEP.read("alpha", KEEP.words(False)) is False
    assert TIME.read("end", "0:01:30.5") == Fraction(181, 2)
    for text in ("1:75", "1:60:00"):
        with pytest.raises(UsageError, match=text):
            TIME.read("end", text)


def test_a_config_names_its_method():
    with pytest.raises(TypeError, match="abstract class Config"):
        Config()


def test_the_least_crop_holds_a_window_of_the_deepest_layer():
    from vidstyle.losses.perceptual import WINDOW
    from vidstyle.training.config import MIN_CROP

    assert MIN_CROP == 8 * WINDOW
