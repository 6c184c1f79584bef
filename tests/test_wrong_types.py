"""What is given in the place of something else is answered in a line, whatever it is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import vidstyle
from vidstyle import Cue, Look, Timeline, VidstyleError, mix
from vidstyle.model import Model
from vidstyle.testing import MADE_BY, STYLE, TinyEngine

PIXELS = np.zeros((64, 96, 3), np.uint8)


class Tensor:
    """As torch has them: it has no truth value, and many lines."""

    def __bool__(self):
        raise RuntimeError("Boolean value of Tensor with more than one value is ambiguous")

    def __repr__(self):
        return "tensor([[0.],\n        [0.]])"


WRONG = [PIXELS, Tensor(), [PIXELS], Path("x.jpg"), "x.jpg", 5, {}]


@pytest.mark.parametrize("value", WRONG, ids=lambda value: type(value).__name__)
@pytest.mark.parametrize(
    "call",
    {
        "look": lambda value, base: Look(value),
        "mix": lambda value, base: mix(value),
        "mixed": lambda value, base: mix([value]),
        "picture": lambda value, base: painter()(PIXELS, value),
        "step": lambda value, base: painter().step([PIXELS], value),
        "stream": lambda value, base: painter().stream([PIXELS], value),
        "video": lambda value, base: painter().video(base, "out.mp4", value),
        "cues": lambda value, base: Timeline(value),
        "first": lambda value, base: Timeline([Cue(0, "x")], value),
        "curve": lambda value, base: Cue(0, "x", curve=value),
        "weights": lambda value, base: Cue(0, ["x", "y"], weights=value),
        "timeline": lambda value, base: vidstyle.stylize(base, PIXELS, timeline=value),
    }.items(),
    ids=lambda it: it[0],
)
def test_it_is_refused_in_a_line(call, value, base, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(VidstyleError) as caught:
        call[1](value, base)
    assert len(str(caught.value).splitlines()) == 1
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("value", [PIXELS, Tensor(), [PIXELS], {5}], ids=lambda v: str(type(v)))
@pytest.mark.parametrize("name", ["strength", "colors", "flow", "stroke", "stability"])
def test_a_field_of_another_type_is_named(name, value):
    for make in (lambda: Look(**{name: value}), lambda: Cue(0, **{name: value})):
        with pytest.raises(vidstyle.UsageError, match=f"expected `{name}` [^\n]*$"):
            make()


@pytest.mark.parametrize("name", ["strength", "blend", "colors", "flow", "stability"])
def test_none_is_of_a_field_whose_type_has_it(name, base):
    assert Look(stroke=None) == Look()
    for call in (
        lambda: Look(**{name: None}),
        lambda: vidstyle.stylize(base, PIXELS, "out.mp4", **{name: None}),
        lambda: vidstyle.Reading(max_pixels=None),
    ):
        with pytest.raises(vidstyle.UsageError, match=r"^expected `\w+` .*got None$"):
            call()


@pytest.mark.parametrize("value", [PIXELS, Tensor(), [PIXELS], 5, {}], ids=lambda v: str(type(v)))
def test_names_of_files_and_models_and_methods_are_texts(value, base):
    for call in (
        lambda: vidstyle.load(value),
        lambda: vidstyle.stylize(value, PIXELS),
        lambda: vidstyle.stylize(base, PIXELS, value),
        lambda: vidstyle.stylize(base, PIXELS, method=value),
        lambda: vidstyle.stylize(base, PIXELS, mask=value),
        lambda: vidstyle.stylize_frames([PIXELS], PIXELS, method=value),
    ):
        with pytest.raises(VidstyleError) as caught:
            call()
        assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize("method", ["gatys", "mrf", "doodle"])
def test_a_method_by_optimisation_is_of_paint(method, base):
    for call in (
        lambda: vidstyle.stylize(base, PIXELS, method=method),
        lambda: vidstyle.stylize_frames([PIXELS], PIXELS, method=method),
        lambda: vidstyle.stylize_many([base], [PIXELS], method=method),
        lambda: vidstyle.sheet(base, PIXELS, method=method),
    ):
        with pytest.raises(vidstyle.UsageError, match=f"got {method}; vidstyle.paint paints"):
            call()


def test_a_network_is_of_stylize():
    with pytest.raises(vidstyle.UsageError, match=r"got network; vidstyle.stylize paints"):
        vidstyle.paint(PIXELS, PIXELS, method="network")


def test_what_a_model_read_is_taken():
    look = Look(STYLE)
    assert Look(mix([STYLE, STYLE], [2, 1])).style == look.style
    assert painter()(PIXELS, look).shape == PIXELS.shape


def painter() -> Model:
    return Model("tiny", TinyEngine(), made_by=MADE_BY)
