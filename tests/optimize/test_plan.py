"""A clip that is painted by optimization, by a timeline and at a strength."""

from __future__ import annotations

import itertools
from fractions import Fraction

import numpy as np
import pytest

from tests.clips import make_clip
from tests.conftest import ROOT
from vidstyle import Cue, Encoding, Look, Masks, Reading, Style, Timeline, UsageError
from vidstyle.errors import InputError, VidstyleError
from vidstyle.images.files import read_picture
from vidstyle.media.source import FileSource
from vidstyle.optimize.clip import paint_video
from vidstyle.optimize.plan import Plan
from vidstyle.optimize.video import VideoConfig
from vidstyle.zoo.features import load_features

RED, BLUE = (np.full((60, 60, 3), color, np.uint8) for color in ((230, 60, 40), (40, 60, 230)))
RATE = 10


def planned(cues, styles=(RED,), look=None):
    """What the frames of a second are painted like."""
    plan = Plan.of(styles, None, look or Look(), Timeline(cues))
    return [plan.at(Fraction(n, RATE)) for n in range(RATE)]


def test_styles_fade_as_shares_of_pictures():
    moments = planned([Cue(0.2, BLUE, fade=0.4, curve="linear"), Cue(0.8, RED)])
    blue = [round(m.shares[1], 2) for m in moments]
    assert blue == [0, 0, 0, 0.25, 0.5, 0.75, 1, 1, 0, 0]
    assert all(sum(m.shares) == pytest.approx(1) and m.own == 0 for m in moments)
    # A change at once begins anew, and the picture that comes back is the same one.
    assert [m.goes_on(b) for b, m in itertools.pairwise(moments)] == [True] * 7 + [
        False,
        True,
    ]


def test_a_strength_leaves_the_rest_to_the_frame():
    moments = planned([Cue(0.2, strength=0, fade=0.4, curve="linear"), Cue(0.8, strength=1)])
    assert [round(m.own, 2) for m in moments] == [0, 0, 0, 0.25, 0.5, 0.75, 1, 1, 0, 0]
    assert [bool(m.pictures) for m in moments] == [True] * 6 + [False] * 2 + [True] * 2
    assert not moments[8].goes_on(moments[7])


def test_identity_is_no_picture():
    moments = planned([Cue(0, "identity"), Cue(0.3, BLUE, fade=0.2)], styles=())
    assert [m.shown for m in moments[:3]] == [0, 0, 0]
    assert moments[3].shown == 0
    assert moments[4].own == pytest.approx(0.5, abs=0.01)
    assert moments[5].shares == (1,)


def read(path):
    with FileSource(path, Reading()) as source:
        return [f.pixels.astype(float) for f in source]


def away(one, other):
    """Mean difference, levels."""
    return float(np.abs(one - other).mean())


@pytest.fixture
def clip(tmp_path):
    return make_clip(tmp_path / "in.mkv", times=range(8), rate=RATE, size=(72, 48), codec="ffv1")


def painted(clip, perceptual, styles, **words):
    out = clip.with_name("out.mkv")
    lossless = Encoding("ffv1", pixel_format="yuv444p")
    config = VideoConfig(size=72, steps=6)
    paint_video(
        *(clip, styles, perceptual, out, config), encoding=lossless, overwrite=True, **words
    )
    return read(out)


def test_a_clip_is_painted_by_its_timeline(perceptual, clip):
    """It begins as it is, then is painted like one picture, which comes slowly, then at once like the other."""
    cues = [Cue(0, "identity"), Cue(0.2, RED, fade=0.3), Cue(0.6, BLUE)]
    found = painted(clip, perceptual, [], timeline=Timeline(cues))
    rest = painted(clip, perceptual, [BLUE], reading=Reading(start=Fraction(6, 10)))
    plain = painted(clip, perceptual, [RED], look=Look(strength=0))
    assert all(np.array_equal(a, b) for a, b in zip(found[:3], plain, strict=False))
    rising = [away(a, b) for a, b in zip(found[2:6], plain[2:6], strict=True)]
    assert rising == sorted(rising)
    assert rising[-1] > 3
    assert all(np.array_equal(a, b) for a, b in zip(found[6:], rest, strict=True))


@pytest.mark.slow
def test_a_lower_strength_is_nearer_to_the_frame(clip):
    """From its first frame on, and after a cue that lowers it."""
    net, style = load_features("own"), read_picture(ROOT / "samples" / "styles" / "ink.jpg")
    whole, half = (
        painted(clip, net, [style], look=Look(strength=strength)) for strength in (1, 0.5)
    )
    lowered = painted(clip, net, [style], timeline=Timeline([Cue(0.3, strength=0.5, fade=0.2)]))
    plain = read(clip)
    for n in range(8):
        assert away(half[n], plain[n]) < 0.8 * away(whole[n], plain[n])
    for n in range(4):
        assert np.array_equal(lowered[n], whole[n])
    assert away(lowered[5], plain[5]) < 0.8 * away(whole[5], plain[5])


def test_a_blend_shows_the_frame_through(perceptual, clip):
    whole, half, plain = (
        painted(clip, perceptual, [RED], look=Look(blend=blend)) for blend in (1, 0.5, 0)
    )
    for a, b, c in zip(whole, half, plain, strict=True):
        assert away(b, (a + c) / 2) < 1


def test_a_run_by_a_timeline_goes_on(perceptual, clip):
    """And is another run with another timeline."""

    def stop(step):
        if step.number == 4:
            raise KeyboardInterrupt

    out, styles = clip.with_name("out.mkv"), [RED]
    timeline = Timeline([Cue(0.2, BLUE, fade=0.3)])
    whole = painted(clip, perceptual, styles, timeline=timeline)
    out.unlink()
    with pytest.raises(KeyboardInterrupt):
        painted(clip, perceptual, styles, timeline=timeline, resume=True, on_step=stop)
    other = Timeline([Cue(0.2, BLUE, fade=0.4)])
    with pytest.raises(UsageError, match="`timeline` was"):
        painted(clip, perceptual, styles, timeline=other, resume=True)
    again = painted(clip, perceptual, styles, timeline=timeline, resume=True)
    assert all(np.array_equal(a, b) for a, b in zip(whole, again, strict=True))


@pytest.mark.parametrize(
    ("cues", "words", "said"),
    [
        ([Cue(0.1, stroke=2)], {}, "expected a style or strength, blend in a cue of a clip"),
        ([Cue(0.1, colors="linear")], {}, "got colors at 0.1 s"),
        ([Cue(0.1, "great_wave")], {}, "great_wave is a network"),
        ([Cue(0.1, Style(np.zeros(3, np.float32), "a"))], {}, "got what a network has read"),
        ([Cue(0.1, ["identity", BLUE])], {}, "identity does not mix"),
        ([Cue(0.1, "none.jpg")], {}, "cannot read the picture none.jpg"),
        ([Cue(5, BLUE)], {}, "the cue at 5 s is beyond the end of the input at 0.80 s"),
        (
            [Cue("shot:2", BLUE)],
            {},
            "expected a shot of the input, which has 1, got shot 2",
        ),
        ([Cue(0.1, BLUE)], {"styles": []}, "nothing says what it looks like before 0.1 s"),
        ([Cue(0, BLUE)], {"styles": [], "shares": (1, 2)}, "expected a style, got none"),
        (
            [Cue(0.1, BLUE)],
            {"styles": [RED, RED], "masks": Masks(["a.png", "b.png"])},
            "a timeline changes one style; with it give one `mask`",
        ),
    ],
)
def test_what_cannot_change_is_refused_before_the_work(perceptual, clip, cues, words, said):
    words = {"styles": [RED], **words}
    with pytest.raises(VidstyleError, match=said) as error:
        painted(
            clip,
            perceptual,
            words.pop("styles"),
            timeline=Timeline(cues),
            on_step=lambda step: pytest.fail("it had begun"),
            **words,
        )
    assert isinstance(error.value, UsageError | InputError)
    assert not clip.with_name("out.mkv").exists()


def test_strength_follows_the_sound(perceptual, tmp_path):
    clip = make_clip(tmp_path / "in.mkv", times=range(4), rate=RATE, size=(64, 48))
    found = []
    painted(
        *(clip, perceptual, [RED]),
        timeline=Timeline([Cue(0, strength="audio:0.2..0.6")]),
        on_step=found.append,
    )
    assert {step.number for step in found} == {0, 1, 2, 3}
