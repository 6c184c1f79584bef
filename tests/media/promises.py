"""The promises of docs/formats.md as functions: (make, media, column) -> nothing, or an assertion.

`make` runs an input into a container and returns a `Made`; `media` are the inputs by name.
"""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

import vidstyle
from vidstyle import Interrupted, Reading, VidstyleError
from vidstyle.media.source import FileSource

COLUMNS = ["mp4", "mov", "mkv", "webm", "ts", "avi", "gif", "webp", "png"]
"""Kinds of output, by their endings."""
VIDEO = COLUMNS[:6]
KINDS = {"v": "video", "a": "audio", "s": "subtitle", "d": "data", "t": "attachment"}


@dataclass
class Made:
    """One run: its output or its error, and what it warned of."""

    path: Path
    error: VidstyleError | None = None
    warnings: list[str] = field(default_factory=list)
    frames: int = 0
    damaged: int = 0

    def streams(self, kind: str | None = None) -> list[dict]:
        """Return what ffprobe knows of the streams of a kind, such as "a" or "v:0"."""
        found = self._streams
        if kind:
            letter, _, number = kind.partition(":")
            found = [s for s in found if s.get("codec_type") == KINDS[letter]]
            found = [found[int(number)]] if number else found
        return found

    @cached_property
    def _streams(self) -> list[dict]:
        return self.ask("-show_streams")["streams"]

    def video(self) -> dict:
        return self.streams("v:0")[0]

    def ask(self, *what: str) -> dict:
        return json.loads(run("ffprobe", "-v", "error", *what, "-of", "json", self.first))

    @property
    def first(self) -> Path:
        if "%" not in self.path.name:
            return self.path
        return self.path.with_name(self.path.name % 1)

    def times(self) -> list[float]:
        """Return the seconds of every frame."""
        if self.path.suffix == ".webp":  # which Debian's ffprobe does not read
            done, animation = cv2.imreadanimation(str(self.path))
            assert done
            return list(np.cumsum([0, *animation.durations])[:-1] / 1000)
        if self.path.suffix == ".png":
            return [float(i) for i in range(len(list(self.path.parent.glob("*.png"))))]
        frames = self.ask(
            "-select_streams", "v:0", "-show_entries", "frame=best_effort_timestamp_time"
        )
        return [float(f["best_effort_timestamp_time"]) for f in frames["frames"]]


def run(*command: str | Path) -> str:
    return subprocess.run(
        [str(c) for c in command], check=True, capture_output=True, text=True
    ).stdout


def all_frames(make, media, column):
    assert len(make("base", column).times()) == 10


def even_times(make, media, column):
    times = make("base", column).times()
    slack = 0.011 if column == "gif" else 0.002
    assert np.allclose(np.diff(times), 0.1, atol=slack)


def uneven_times(make, media, column):
    slack = 0.006 if column == "gif" else 0.0011
    expected = np.diff(Made(media["vfr"]).times())
    assert len(set(np.round(expected, 3))) > 1
    assert np.allclose(np.diff(make("vfr", column).times()), expected, atol=slack)


def from_zero(make, media, column):
    """MPEG-TS begins at 1.4 s; the offset of sound and video stays."""
    made, source = make("late", column), Made(media["late"])

    def start(made, kind):
        return float(made.streams(kind)[0]["start_time"])

    before = start(source, "v:0") - start(source, "a:0")
    assert start(made, "v:0") - start(made, "a:0") == pytest.approx(before, abs=0.03)
    if column != "ts":  # which always begins there
        assert start(made, "v:0") < 0.1


def upright(make, media, column):
    made = make("rot", column)
    video = made.video()
    if column != "webp":
        assert (video["width"], video["height"]) == (48, 64)
        assert not any("rotation" in d for d in video.get("side_data_list", []))
    with av.open(str(make("rot", "png").first)) as reference, FileSource(made.first) as source:
        expected = next(reference.decode(video=0)).to_ndarray(format="rgb24")
        got = next(iter(source)).pixels
    assert got.shape == expected.shape
    assert np.abs(got.astype(int) - expected).mean() < 12


def pixel_aspect(make, media, column):
    across, down = make("sar", column).video()["sample_aspect_ratio"].split(":")
    assert int(across) / int(down) == pytest.approx(64 / 45, rel=0.01)  # a byte in GIF


def colors(make, media, column):
    for name in ("c709", "full709"):
        video, source = make(name, column).video(), Made(media[name]).video()
        for key in ("color_space", "color_range", "color_primaries", "color_transfer"):
            assert video[key] == source[key], key


def ten_bits(make, media, column):
    assert any(t in make("ten", column).video()["pix_fmt"] for t in ("10", "12", "48"))


def eight_bits(make, media, column):
    assert make("ten", column).frames == 10


def alpha_kept(make, media, column):
    made = make("alpha8", column)
    with FileSource(made.path if column == "png" else made.first) as source:
        frame = next(iter(source))
    assert frame.alpha is not None
    largest = np.iinfo(frame.alpha.dtype).max
    expected = np.arange(64) / 63
    slack = 0.51 if column == "gif" else 0.03
    assert np.abs(frame.alpha.mean(0) / largest - expected).max() < slack


def before_black(make, media, column):
    with FileSource(make("alpha8", column).path) as source:
        frame = next(iter(source))
    assert frame.alpha is None
    assert frame.pixels[:, :3].mean() < 25 < frame.pixels[:, -16:].mean()


def odd_kept(make, media, column):
    video = make("odd", column).video()
    assert (video["width"], video["height"]) == (65, 49)


def odd_padded(make, media, column):
    video = make("odd", column).video()
    assert (video["width"], video["height"]) == (66, 50)


def progressive(make, media, column):
    made = make("ilace", column)
    assert made.frames == 10
    if column != "webp":
        assert made.video().get("field_order", "progressive") in {"progressive", "unknown"}
    with FileSource(made.path) as source:
        combs = [comb(f.pixels) for f in source]
    with FileSource(media["ilace"], Reading(deinterlace="off")) as source:
        before = [comb(f.pixels) for f in source]
    assert np.mean(combs) < 0.75 * np.mean(before)


def comb(pixels: np.ndarray) -> float:
    """How much neighboring rows differ more than rows two apart do."""
    luma = pixels.astype(float).mean(-1) / (257 if pixels.dtype == np.uint16 else 1)
    middle = luma[1:-1] - (luma[:-2] + luma[2:]) / 2
    return float(np.maximum(np.abs(middle) - np.abs(luma[2:] - luma[:-2]) / 2, 0).mean())


def packets(path: Path, kind: str) -> str:
    """Hashes of the packets themselves: a player may be told to skip some of them."""
    what = ["-select_streams", kind, "-show_packets", "-show_data_hash", "md5"]
    return "".join(p["data_hash"] for p in Made(path).ask(*what)["packets"])


def sound_copied(make, media, column):
    made = make("full", column)
    codec = made.streams("a:1")[0]["codec_name"]
    assert codec == "ac3"
    assert packets(made.path, "a:1") == packets(media["full"], "a:1")
    if column != "ts":  # AAC gets other headers there; its content is compared below
        assert packets(made.path, "a:0") == packets(media["full"], "a:0")
    loudness(made.path, media["full"])


def sound_converted(make, media, column):
    made = make("full", column)
    assert len(made.streams("a")) == 2
    loudness(made.path, media["full"])


def loudness(one: Path, other: Path) -> None:
    """The same tone, as loud and nearly as long."""

    def samples(path):
        raw = subprocess.run(
            [
                "ffmpeg",
                "-v",
                "error",
                "-i",
                path,
                *["-map", "0:a:0", "-ac", "1", "-ar", "8000", "-f", "s16le", "-"],
            ],
            check=True,
            capture_output=True,
        ).stdout
        return np.frombuffer(raw, np.int16).astype(float)

    a, b = samples(one), samples(other)
    assert abs(len(a) - len(b)) < 800
    middle = slice(1000, 7000)
    assert a[middle].std() == pytest.approx(b[middle].std(), rel=0.1)
    peak = [np.argmax(np.abs(np.fft.rfft(s[middle]))) for s in (a, b)]
    assert abs(peak[0] - peak[1]) <= 1


def languages(make, media, column):
    tags = [s["tags"].get("language") for s in make("full", column).streams("a")]
    assert tags == ["eng", "fra"]


def dispositions(make, media, column):
    made = make("full", column)
    assert made.streams("s")[0]["disposition"]["forced"] == 1
    assert [s["disposition"]["default"] for s in made.streams("a")] == [1, 0]


def subtitles(make, media, column):
    text = run(
        "ffmpeg", "-v", "error", "-i", make("full", column).path, "-map", "0:s", "-f", "srt", "-"
    )
    lines = text.replace("<i>", "").replace("</i>", "").splitlines()
    assert "Hello world" in lines
    assert lines[lines.index("Second") + 1] == "line"
    start = lines[1].split(" --> ")[0]
    assert start.startswith("00:00:00,2")
    assert make("full", column).streams("s")[0]["tags"]["language"] in {"ita"}


def chapters(make, media, column):
    found = make("full", column).ask("-show_chapters")["chapters"]
    assert [c["tags"]["title"] for c in found] == ["One", "Two"]
    times = [(float(c["start_time"]), float(c["end_time"])) for c in found]
    assert np.allclose(times, [(0, 0.5), (0.5, 1.0)], atol=0.03)


def tags(make, media, column):
    found = make("full", column).ask("-show_format")["format"]["tags"]
    found = {k.lower(): v for k, v in found.items()}
    assert found["title"] == "My Title"
    assert found["artist"] == "Me"


def attachments(make, media, column):
    made = make("full", column)
    (font,) = made.streams("t")
    assert font["tags"]["filename"] == "font.ttf"
    out = made.path.with_name("dumped")
    subprocess.run(
        [
            "ffmpeg",
            "-v",
            "quiet",
            "-y",
            f"-dump_attachment:{font['index']}",
            str(out),
            "-i",
            made.path,
        ]
    )
    assert out.read_bytes() == (media["full"].parent / "font.ttf").read_bytes()


def cover(make, media, column):
    covers = [s for s in make("cover", column).streams("v") if s["disposition"]["attached_pic"]]
    assert [(c["codec_name"], c["width"]) for c in covers] == [("png", 40)]


def timecode(make, media, column):
    made = make("timecode", column)
    found = {k.lower(): v for s in made.streams() for k, v in s.get("tags", {}).items()}
    assert found["timecode"] == "01:00:00:00"


def index_first(make, media, column):
    boxes = make("base", column).path.read_bytes()
    assert boxes.index(b"moov") < boxes.index(b"mdat")


def cut(make, media, column):
    made = make("base", column, Reading(start=Fraction(3, 10), end=Fraction(8, 10)))
    assert len(made.times()) == 5
    with FileSource(made.path) as source, FileSource(media["base"]) as whole:
        first, fourth = next(iter(source)).pixels, list(whole)[3].pixels
    assert np.abs(first.astype(int) - fourth).mean() < (18 if column == "webp" else 12)
    if column in VIDEO:
        (sound,) = made.streams("a")
        assert (
            0.4
            < float(sound.get("duration") or made.ask("-show_format")["format"]["duration"])
            < 0.65
        )


def scaled(make, media, column):
    video = make("sar", column, Reading(size=(32, -1))).video()
    assert (video["width"], video["height"]) == (32, 24)


def other_rate(make, media, column):
    made = make("vfr", column, Reading(fps=Fraction(20)))
    times = made.times()
    assert made.frames >= 17
    if column == "webp":  # equal pictures become one that is held longer
        assert np.allclose(np.array(times) * 20, np.round(np.array(times) * 20))
    elif column != "png":
        assert np.allclose(np.diff(times), 0.05, atol=0.006)


def whole_or_absent(make, media, column):
    folder = make("base", column).path.parent / "absent"
    folder.mkdir()
    path = folder / ("%05d.png" if column == "png" else f"out.{column}")

    def stop():
        raise Interrupted(2)

    with pytest.raises(Interrupted):
        vidstyle.stylize(media["base"], "identity", path, stop=stop)
    assert not list(folder.iterdir())


def hdr_is_refused(make, media, column):
    assert "`hdr`" in str(make("hdr", column).error)


def hdr_tonemapped(make, media, column):
    made = make("hdr", column, Reading(hdr="tonemap"))
    with FileSource(made.path) as source:
        color = source.info.color
    assert color.transfer in ({1, 2} if column in {"gif", "webp", "png"} else {1})


def hdr_passed(make, media, column):
    video = make("hdr", column, Reading(hdr="passthrough")).video()
    assert video["color_transfer"] == "smpte2084"
    assert video["color_space"] == "bt2020nc"
    assert "10" in video["pix_fmt"]


def nothing_more(make, media, column):
    """Dropped or refused: the warning or the error was checked already."""
