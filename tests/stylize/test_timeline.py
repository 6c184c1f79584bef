"""A look over time: what cues say, what they lead to, and how frames are painted by it."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from tests.stylize.test_packing import through_a_file
from tests.stylize.test_shots import AT_ONCE, scene
from vidstyle import Cue, InputError, Look, Style, Timeline, UsageError, stylize
from vidstyle.frame import Frame
from vidstyle.stylize.crossfade import TimelineStylizer, own_style
from vidstyle.stylize.cues import EXAMPLE, KEYS, Level
from vidstyle.stylize.stylizer import Stylizer
from vidstyle.stylize.timeline import Levels
from vidstyle.testing import BT709, MADE_BY, TinyEngine

ONE, OTHER = (Style(np.full(3, v, np.float32), MADE_BY) for v in (0, 10))


def test_a_cue_is_read_from_a_text():
    cue = Cue.parse(EXAMPLE)
    assert (cue.at, cue.shot, cue.sources, cue.fade) == (9, None, ("starry.jpg",), Fraction(3, 2))
    assert cue.values == {"strength": 0.4}
    cue = Cue.parse("0:01:30.5=a.jpg+b.jpg,weights:2+1,curve:linear")
    assert (cue.at, cue.sources, cue.weights) == (Fraction("90.5"), ("a.jpg", "b.jpg"), (2, 1))
    cue = Cue.parse("shot:3=strength=audio:level,stability:audio:0.25..0.5")
    assert (cue.at, cue.shot, cue.sources) == (None, 3, ())
    assert cue.values == {"strength": Level(), "stability": Level(0.25, 0.5)}


def test_a_picture_may_be_called_as_it_likes(tmp_path):
    name = str(tmp_path / "a+b,fade:2.jpg")
    Path(name).touch()
    assert Cue.parse(f"3={name}").sources == (name,)


def test_a_synonym_is_its_word():
    assert Cue.parse("0=colors:keep").values["colors"] == Look(colors="keep").colors == "luminance"


def test_every_field_of_a_look_can_be_changed():
    assert {"strength", "stability", "flow"} < set(KEYS)
    assert "style" in KEYS


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("5", "expected a cue such as"),
        ("5=", "expected a cue such as"),
        ("x=a.jpg", "expected a time such as"),
        ("-1=a.jpg", "expected a time such as"),
        ("shot:0=a.jpg", "shots from 1 on"),
        ("5=strength:2", "`strength` from 0 to 1, got 2"),
        ("5=strength:audio:0..7", "`strength` from 0 to 1, got 7"),
        ("5=strength:loud", "`strength` as a number, audio or"),
        ("5=strenght:1", "in a cue, got strenght"),
        ("5=a.jpg,b.jpg", "in a cue, got 'b.jpg'"),
        ("5=a.jpg,fade:x", "expected a fade such as"),
        ("5=a.jpg,curve:x", "expected a curve of ease or linear"),
        ("5=a.jpg,weights:1+2", "expected 1 style weights"),
        ("5=a.jpg,weights:a", "expected weights such as"),
        ("5=fade:1", "expected a style or a number"),
        ("5=flow:up", "`flow` auto or dis or raft"),
    ],
)
def test_a_cue_that_says_nothing_is_refused(text, message):
    with pytest.raises(UsageError, match=message):
        Cue.parse(text)


def test_a_file_of_cues(tmp_path):
    (tmp_path / "wave.jpg").touch()
    path = tmp_path / "plan.toml"
    path.write_text(
        '[[cue]]\nat = 0\nstyle = "starry_night"\n'
        '[[cue]]\nat = "0:05"\nstyle = ["wave.jpg", "b.jpg"]\nweights = [2, 1]\nfade = 1.5\n'
        '[[cue]]\nat = 00:00:08.5\nstrength = "audio:0.3..1"\ncurve = "linear"\n'
    )
    first, second, third = Timeline.load(path).cues
    assert (first.at, first.sources) == (0, ("starry_night",))
    assert second.sources == (str(tmp_path / "wave.jpg"), "b.jpg")
    assert (third.at, third.values) == (Fraction("8.5"), {"strength": Level(0.3, 1)})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("at = 0:05", "is no TOML"),
        ("cue = 3", "expected tables"),
        ("[[cues]]\nat = 1", "nothing else, got cues"),
        ("[[cue]]\nstyle = 'a.jpg'", "cue 1: it lacks a time"),
        ("[[cue]]\nat = 0\nstyle = 'a.jpg'\n[[cue]]\nat = 1\nstyl = 'a.jpg'", "cue 2: .* got styl"),
        ("[[cue]]\nat = true\nstyle = 'a.jpg'", "cue 1: expected a time"),
        ("[[cue]]\nat = 1\nstyle = 3", "cue 1: expected a style as a text"),
        ("[[cue]]\nat = 1\nstrength = [1]", "cue 1: expected `strength`"),
        ("[[cue]]\nat = 1\nstyle = 'a.jpg'\nweights = {}", "cue 1: expected"),
        ("[[cue]]\nat = 1\nstyle = []", "cue 1: expected a style"),
    ],
)
def test_a_file_that_says_nothing_is_refused(tmp_path, text, message):
    path = tmp_path / "plan.toml"
    path.write_text(text)
    with pytest.raises(InputError, match=message):
        Timeline.load(path)


def test_cues_are_in_order_and_fades_apart():
    with pytest.raises(UsageError, match=r"order of their times, got 1 s after 2 s"):
        Timeline([Cue(2, "a"), Cue(1, "b")])
    with pytest.raises(UsageError, match="got 2 s after 2 s"):
        Timeline([Cue(2, "a"), Cue(2, "b")])
    with pytest.raises(UsageError, match=r"lasts until 2\.5 s, beyond the next cue at 2 s"):
        Timeline([Cue(1, "a", fade=1.5), Cue(2, "b")])
    with pytest.raises(UsageError, match="got shot 2 after shot 3"):
        Timeline([Cue("shot:3", "a"), Cue("shot:2", "b")])
    with pytest.raises(UsageError, match="one cue at least"):
        Timeline([])
    timeline = Timeline([Cue(2, strength=0.5), Cue("shot:2", strength=0.7)])
    with pytest.raises(UsageError, match="order of their times"):
        timeline.placed([Fraction(0), Fraction(1)])
    with pytest.raises(UsageError, match="a shot of the input, which has 1"):
        timeline.placed([Fraction(0)])


def test_it_says_how_it_begins():
    for cue in (Cue(1, "a"), Cue(0, strength=0.5), Cue("shot:2", "a"), Cue(0, "a", fade=1)):
        with pytest.raises(UsageError, match="nothing"):
            Timeline([cue]).check_beginning(has_style=False)
        Timeline([cue]).check_beginning(has_style=True)
    Timeline([Cue("shot:1", "a")]).check_beginning(has_style=False)


def test_looks_fade_and_what_is_not_named_stays():
    timeline = Timeline(
        [
            Cue(1, OTHER, fade=2, curve="linear"),
            Cue(4, strength=0.5, fade=1),
            Cue(6, stability=0.25),
        ],
        Look(ONE),
    )
    styles = [timeline.look_at(t).style.values[0] for t in (0, 1, 1.5, 2, 3, 9)]
    assert styles == pytest.approx([0, 0, 2.5, 5, 10, 10], abs=0.01)
    strengths = [timeline.look_at(t).strength for t in (3, 4.25, 4.5, 5, 9)]
    assert strengths == pytest.approx([1, 1 - 0.15625 / 2, 0.75, 0.5, 0.5], abs=1e-3)
    assert [timeline.look_at(t).stability for t in (5, 6, 7)] == [0, 0.25, 0.25]
    # Nothing is made anew where nothing changes.
    assert timeline.look_at(7) is timeline.look_at(8)
    assert timeline.look_at(Fraction("5.9995")).stability == 0.25  # times in a file are rounded


def test_a_flow_goes_with_a_stability_alone():
    timeline = Timeline([Cue(1, stability=0.5, flow="raft", fade=1)], Look(ONE))
    assert [timeline.look_at(t).flow for t in (0, 1.5, 3)] == ["auto", "raft", "raft"]


def test_numbers_follow_the_sound():
    levels = Levels(np.array([0, 1, 0.5, 0], np.float32), 2)
    timeline = Timeline([Cue(0, strength="audio:0.25..0.75"), Cue(1, strength="audio", fade=1)])
    assert timeline.by_sound
    with pytest.raises(UsageError, match=r"the sound .* is not known"):
        timeline.look_at(0)
    heard = timeline.heard(levels)
    assert [heard.look_at(t).strength for t in (0, 0.5, 2, 9)] == pytest.approx(
        [0.25, 0.75, 0, 0], abs=0.01
    )
    assert heard.look_at(0.25).strength == pytest.approx(0.5, abs=0.01)
    # In the middle of the fade half of the one, half of the other.
    assert heard.look_at(1.5).strength == pytest.approx(0.5 * 0.25, abs=0.01)


def test_what_is_not_read_is_told():
    for cue in (Cue(0, "a.jpg"), Cue("shot:2", ONE)):
        with pytest.raises(UsageError, match="are not read yet"):
            Timeline([cue]).look_at(0)


def test_its_digest_tells_what_it_says():
    cues = [Cue(0, ONE), Cue(2, OTHER, fade=1)]
    same = Timeline([Cue(0, ONE), Cue(2, OTHER, fade=1)])
    others = [
        Timeline([Cue(0, ONE), Cue(2, OTHER)]),
        Timeline([Cue(0, ONE), Cue(2, ONE, fade=1)]),
        Timeline([*cues, Cue(4, strength=0.5)]),
        Timeline(cues, Look(strength=0.5)),
    ]
    assert Timeline(cues).digest == same.digest
    assert len({Timeline(cues).digest, *(t.digest for t in others)}) == 5


def timed(pictures, rate=10):
    return [Frame(p, n, Fraction(1, rate), BT709) for n, p in enumerate(pictures)]


def painted(stylizer, frames, batch=3, state=None):
    result = []
    for n in range(0, len(frames), batch):
        finish, state = stylizer.start(frames[n : n + batch], state)
        result += finish()
    return result


CLIP = timed([scene(n // 20) for n in range(40)])
"""Four seconds, a cut in the middle."""


def level(value):
    """An engine that paints all of one level."""
    engine = TinyEngine(lambda f: np.full_like(f, value), following=AT_ONCE, takes_pictures=False)
    return Stylizer(engine, made_by=str(value))


def test_paintings_of_different_networks_fade_and_only_then_are_two_painted():
    one, other = level(50), level(150)
    timeline = Timeline([Cue(1, own_style(other), fade=1, curve="linear")], Look(own_style(one)))
    both = TimelineStylizer({"50": one, "150": other}, timeline)
    levels = [int(p[0, 0, 0]) for p in painted(both, CLIP)]
    assert levels[:11] == [50] * 11
    assert levels[20:] == [150] * 20
    assert levels[10:21] == pytest.approx(range(50, 160, 10), abs=1)
    assert sum(one.engine.calls) == 20
    assert sum(other.engine.calls) == 30


def test_each_shot_and_each_hard_change_begins_with_its_own_statistics():
    """In the looks of their times; a fade goes on with those of its shot."""
    engine = TinyEngine(following=AT_ONCE, size=100)
    tiny = Stylizer(engine, made_by=MADE_BY)
    timeline = Timeline([Cue("0.5", OTHER, fade="0.5"), Cue(3, ONE)], Look(ONE))
    asked = []

    def ahead(index):
        asked.append(index)
        return iter([f.pixels for f in CLIP[index:]])

    stylizer = TimelineStylizer({MADE_BY: tiny}, timeline).ahead(ahead)
    painted(stylizer, CLIP, batch=40)
    assert asked == [0, 20, 30]
    means = [s and s[0] for s in engine.statistics]
    expected = {shot: scene(shot).mean((0, 1)) for shot in (0, 1)}
    known = [(n, m) for n, m in enumerate(means) if m is not None]
    seen = [min(expected, key=lambda s: abs(expected[s] - m).max()) for _, m in known]
    assert seen == sorted(seen)
    assert all(abs(expected[s] - m).max() < 0.1 for s, (_, m) in zip(seen, known, strict=True))


def test_where_nothing_changes_it_paints_as_a_look_does():
    def engine():
        return TinyEngine(following=AT_ONCE, size=4)

    look = Look(ONE, strength=0.5, stability=0.5)
    plain, timed_one = (Stylizer(engine(), made_by=MADE_BY) for _ in range(2))
    timeline = Timeline([Cue(1, strength=0.5)], look)
    expected = painted(plain.bind(look), CLIP)
    found = painted(TimelineStylizer({MADE_BY: timed_one}, timeline), CLIP)
    assert np.array_equal(found, expected)
    assert plain.engine.calls == timed_one.engine.calls


def tiny(made_by):
    engine = TinyEngine(lambda f: f // 2, following=replace(AT_ONCE, lag=3))
    return Stylizer(engine, made_by=made_by)


@pytest.mark.parametrize("at", [4, 8, 14, 20, 26, 32])
def test_a_run_goes_on_from_a_file(at):
    """Within a fade of styles, within one of two networks, at a cut, and between."""
    b = Style(np.ones(3, np.float32), "b")
    timeline = Timeline(
        [Cue("0.5", OTHER, fade=1), Cue("2.5", b, fade="0.5", stability=0), Cue(3.5, strength=0.5)],
        Look(ONE, stability=0.5),
    )

    def runs(resume):
        stylizers = {MADE_BY: tiny(MADE_BY), "b": tiny("b")}
        both = TimelineStylizer(stylizers, timeline)
        state, result = None, []
        for n in range(0, len(CLIP), 2):
            if n == at and resume:
                state = both.unpack(through_a_file(both.pack(state)))
            finish, state = both.start(CLIP[n : n + 2], state)
            result += finish()
        known = [s.engine.statistics for s in stylizers.values()]
        return result, [[s and (s[0].tolist(), s[1]) for s in k] for k in known]

    (expected, statistics), (found, again) = runs(False), runs(True)
    assert np.array_equal(found, expected)
    assert again == statistics


def test_a_style_of_another_model_is_refused():
    foreign = Timeline([Cue(0, Style(np.zeros(3, np.float32), "other"))])
    with pytest.raises(UsageError, match="read the picture anew"):
        TimelineStylizer({MADE_BY: tiny(MADE_BY)}, foreign)


def test_shares_of_no_styles_are_refused(tmp_path):
    words = {"timeline": Timeline([Cue(0, "starry_night")]), "style_weights": (1, 2)}
    with pytest.raises(UsageError, match="a cue has its own weights"):
        stylize(tmp_path / "in.mp4", None, tmp_path / "out.mp4", **words)
