"""What each kind of output keeps of what each input has; docs/formats.md is made from this run.

A cell is one promise in one container: kept, converted or dropped (with a warning that names it), or
refused (with an error that says the way out). ffprobe and ffmpeg of Debian judge.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

import vidstyle
from tests.conftest import ROOT
from tests.media import field_promises as in_field
from tests.media import promises as check
from tests.media.field_media import make_field_media
from tests.media.media import make_media
from tests.media.promises import COLUMNS, VIDEO, Made
from vidstyle import Reading, VidstyleError

DOCS = ROOT / "docs" / "formats.md"


@pytest.fixture(scope="module")
def media(tmp_path_factory, judge) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("conformance")
    return make_media(folder) | make_field_media(folder)


@pytest.fixture(scope="module")
def make(media, tmp_path_factory):
    """Run an input into a container, once for all cells that ask for it."""
    folder = tmp_path_factory.mktemp("made")
    done: dict = {}

    def make(name: str, column: str, reading: Reading | None = None) -> Made:
        key = name, column, reading
        if key not in done:
            place = folder / str(len(done))
            place.mkdir()
            path = place / ("%05d.png" if column == "png" else f"out.{column}")
            made = done[key] = Made(path)
            log = logging.getLogger("vidstyle")
            handler = logging.Handler()
            handler.emit = lambda record: made.warnings.append(record.getMessage())
            log.addHandler(handler)
            try:
                result = vidstyle.stylize(media[name], "identity", path, reading=reading)
                made.frames, made.damaged = result.summary.frames, result.summary.damaged
            except VidstyleError as error:
                made.error = error
                assert not list(place.iterdir()), "something was left behind"
            finally:
                log.removeHandler(handler)
        return done[key]

    return make


@dataclass(frozen=True)
class Promise:
    """A row of the table."""

    title: str
    source: str
    """Input whose run warns or fails where the cell is not kept."""
    word: str
    """What the warning or the error must name."""
    kept: Callable
    kept_in: list[str]
    converted: Callable = check.nothing_more
    converted_in: list[str] = field(default_factory=list)
    dropped_in: list[str] = field(default_factory=list)
    refused_in: list[str] = field(default_factory=list)


PICTURES = ["gif", "webp", "png"]
MOVIES = ["mp4", "mov", "mkv"]
PROMISES = [
    Promise("every frame", "base", "", check.all_frames, COLUMNS),
    Promise("even times", "base", "", check.even_times, COLUMNS[:-1]),
    Promise(
        *("uneven times", "vfr", "`fps`", check.uneven_times),
        [*VIDEO[:5], "gif", "webp"],
        refused_in=["avi"],
    ),
    Promise("time begins at 0", "late", "", check.from_zero, VIDEO),
    Promise("turned upright", "rot", "", check.upright, COLUMNS),
    Promise(
        *("pixel aspect", "sar", "pixel aspect", check.pixel_aspect),
        ["mp4", "mov", "mkv", "ts", "avi", "gif", "png"],
        dropped_in=["webm", "webp"],
    ),
    Promise("color tags and range", "c709", "", check.colors, VIDEO),
    Promise(
        *("10 bits", "ten", "10 bits become 8", check.ten_bits),
        [*VIDEO, "png"],
        check.eight_bits,
        ["gif", "webp"],
    ),
    Promise(
        *("transparency", "alpha8", "black", check.alpha_kept),
        ["mov", "webm", *PICTURES],
        check.before_black,
        ["mp4", "mkv", "ts", "avi"],
    ),
    Promise(
        *("odd size", "odd", "repeated", check.odd_kept),
        ["webm", "gif", "png"],
        check.odd_padded,
        ["mp4", "mov", "mkv", "ts", "avi"],
    ),
    Promise("interlaced becomes progressive", "ilace", "", check.progressive, COLUMNS),
    Promise("HDR refused by default", "hdr", "--hdr", check.hdr_is_refused, COLUMNS),
    Promise(
        "HDR to BT.709, `--hdr tonemap`", "hdr", "", check.hdr_tonemapped, ["mp4", "mkv", "png"]
    ),
    Promise("HDR kept, `--hdr passthrough`", "hdr", "", check.hdr_passed, VIDEO),
    Promise(
        *("sound", "full", "audio stream 1 (", check.sound_copied),
        ["mp4", "mov", "mkv", "ts"],
        check.sound_converted,
        ["webm", "avi"],
        PICTURES,
    ),
    Promise(
        *("language of sound", "full", "language of audio stream 2", check.languages),
        VIDEO[:5],
        dropped_in=["avi"],
    ),
    Promise("dispositions", "full", "", check.dispositions, ["mp4", "mkv", "webm"]),
    Promise(
        *("subtitles", "full", "subtitle stream 3", check.subtitles),
        ["mkv"],
        check.subtitles,
        ["mp4", "mov", "webm"],
        ["ts", "avi", *PICTURES],
    ),
    Promise(
        *("chapters", "full", "2 chapters are dropped", check.chapters),
        ["mp4", "mov", "mkv", "webm"],
        dropped_in=["ts", "avi", *PICTURES],
    ),
    Promise(
        *("title, artist", "full", "metadata is dropped", check.tags),
        ["mp4", "mov", "mkv", "webm", "avi"],
        dropped_in=["ts", *PICTURES],
    ),
    Promise(
        *("attached fonts", "full", "font.ttf", check.attachments),
        ["mkv"],
        dropped_in=[c for c in COLUMNS if c != "mkv"],
    ),
    Promise(
        *("cover", "cover", "cover stream 2", check.cover),
        ["mp4", "mkv"],
        dropped_in=[c for c in COLUMNS if c not in {"mp4", "mkv"}],
    ),
    Promise(
        *("timecode", "timecode", "data stream 1", check.timecode),
        [],
        check.timecode,
        MOVIES,
        ["webm", "ts", "avi", *PICTURES],
    ),
    Promise("index before the data", "base", "", check.index_first, ["mp4", "mov"]),
    Promise("`--start`, `--end`", "base", "", check.cut, COLUMNS),
    Promise("`--size`", "sar", "", check.scaled, [c for c in COLUMNS if c != "webp"]),
    Promise("`--fps`", "vfr", "", check.other_rate, COLUMNS),
    Promise("whole or absent", "base", "", check.whole_or_absent, COLUMNS),
    Promise("photos with EXIF come upright", "exif", "", in_field.photo_upright, COLUMNS),
    Promise("linear light (EXR) becomes sRGB", "light", "", in_field.linear_light, COLUMNS),
    Promise("B-frames of AVI in order", "bframes", "", in_field.in_order, [*VIDEO, "gif", "png"]),
    Promise(
        *("fields behind progressive frames", "mixed", "`fps`", in_field.fields_become_frames),
        [c for c in COLUMNS if c not in {"avi", "webp"}],
        refused_in=["avi"],
    ),
    Promise("pause of the picture in TS", "pause", "", in_field.pause, COLUMNS[:-1]),
    Promise(
        *("joined recordings run on", "joined", "`fps`", in_field.runs_on),
        [*VIDEO[:5], "gif", "webp"],
        refused_in=["avi"],
    ),
    Promise("a size that changes", "call", "", in_field.one_size, COLUMNS),
    Promise("colors that change", "colors", "", in_field.true_colors, COLUMNS),
    Promise(
        *("360 degree and 3D tags", "sphere", "360 degree", in_field.sphere_kept),
        ["mp4", "mov", "mkv", "webm"],
        dropped_in=["ts", "avi", *PICTURES],
    ),
    Promise(
        *("sound of WMV", "wmv", "(wmav2)", in_field.sound_as_long("wmv")),
        [],
        in_field.sound_as_long("wmv"),
        VIDEO,
        PICTURES,
    ),
    Promise(
        *("PCM of 16 bits", "pcm16", "(pcm_s16le)", in_field.sound_as_long("pcm16")),
        ["mov", "mkv", "avi"],
        in_field.sound_as_long("pcm16"),
        ["mp4", "webm", "ts"],
        PICTURES,
    ),
    Promise(
        *("PCM of 24 bits", "pcm24", "(pcm_s24le)", in_field.sound_as_long("pcm24")),
        ["mov", "mkv", "avi"],
        in_field.sound_as_long("pcm24"),
        ["mp4", "webm", "ts"],
        PICTURES,
    ),
    Promise("sound that begins late", "latesound", "too early", in_field.late_sound, VIDEO),
    Promise(
        *("telemetry (gpmd)", "telemetry", "data stream 1", in_field.telemetry),
        ["mp4", "mov"],
        dropped_in=["mkv", "webm", "avi", *PICTURES],
    ),
    Promise("lost frames counted", "short", "", in_field.loss_is_counted, COLUMNS),
    Promise(
        "Dolby Vision without a base refused",
        *("dolby", "", in_field.refused("dolby", "Dolby Vision")),
        COLUMNS,
    ),
    Promise("YCgCo refused", "ycgco", "", in_field.refused("ycgco", "matrix"), COLUMNS),
    Promise(
        "what names other files refused",
        *("script", "", in_field.refused("script", "a concat script")),
        COLUMNS,
    ),
]
CELLS = [
    pytest.param(promise, column, fate, id=f"{promise.title}-{column}")
    for promise in PROMISES
    for column in COLUMNS
    for fate in ("kept", "converted", "dropped", "refused")
    if column in getattr(promise, f"{fate}_in")
]
green: dict[tuple[str, str], str] = {}


@pytest.mark.parametrize(("promise", "column", "fate"), CELLS)
def test_cell(promise, column, fate, make, media):
    made = make(promise.source, column)
    warned = [w for w in made.warnings if promise.word and promise.word in w]
    if fate == "refused":
        assert made.error is not None
        assert promise.word in str(made.error)
    elif fate == "kept":
        assert not warned
        promise.kept(make, media, column)
    else:
        assert made.error is None
        assert len(warned) == 1, made.warnings
        (promise.converted if fate == "converted" else check.nothing_more)(make, media, column)
    green[promise.title, column] = fate


def table() -> str:
    """Return the table of docs/formats.md."""
    lines = ["| | " + " | ".join(COLUMNS) + " |", "|---" * (len(COLUMNS) + 1) + "|"]
    for promise in PROMISES:
        cells = [green.get((promise.title, c), "") for c in COLUMNS]
        lines.append(f"| {promise.title} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def test_the_docs_hold_the_table_of_this_run(request):
    if len(green) < len(CELLS):
        pytest.skip("not every cell was run, or not every one is green")
    begin, end = "<!-- table -->\n", "\n<!-- end of table -->"
    text = DOCS.read_text()
    before, rest = text.split(begin)
    old, after = rest.split(end)
    count = f"{len(CELLS)} cells"
    if request.config.getoption("--write-formats"):
        DOCS.write_text(before + begin + table() + end + after)
    else:
        assert old == table(), "run `make formats`"
    assert len(CELLS) >= 100
    assert count in text, f"docs/formats.md should say {count}"
