"""Inputs for the conformance matrix, made with Debian's ffmpeg: another build than PyAV's."""

from __future__ import annotations

import subprocess
from fractions import Fraction
from pathlib import Path

from tests.clips import make_clip

_SUBTITLES = """1
00:00:00,200 --> 00:00:00,500
Hello <i>world</i>

2
00:00:00,600 --> 00:00:00,900
Second
line
"""

_TAGS = """;FFMETADATA1
title=My Title
artist=Me
[CHAPTER]
TIMEBASE=1/1000
START=0
END=500
title=One
[CHAPTER]
TIMEBASE=1/1000
START=500
END=1000
title=Two
"""

_LAVFI = "testsrc2=s=64x48:r=10:d=1"
_H264 = ("-c:v", "libx264", "-pix_fmt", "yuv420p")
_HDR = (
    "log-level=error:hdr10=1:master-display=G(13250,34500)B(7500,3000)R(34000,16000)"
    "WP(15635,16450)L(10000000,50):max-cll=1000,400"
)


def ffmpeg(*args: str | Path, cwd: Path | None = None) -> None:
    subprocess.run(["ffmpeg", "-v", "error", "-y", *map(str, args)], check=True, cwd=cwd)


def _ramp(*codec: str | Path) -> None:
    alpha = "format=rgba,geq=r='r(X,Y)':g='g(X,Y)':b='b(X,Y)':a='255*X/W'"
    ffmpeg("-f", "lavfi", "-i", _LAVFI, "-vf", alpha, *codec)


def write_texts(folder: Path) -> None:
    """Write what is not picture or sound: s.srt, tags.txt with chapters, and font.ttf."""
    (folder / "s.srt").write_text(_SUBTITLES)
    (folder / "tags.txt").write_text(_TAGS)
    (folder / "font.ttf").write_bytes(bytes(range(256)) * 8)


def make_media(folder: Path) -> dict[str, Path]:
    """Make every input; one second of 64x48 at 10 frames a second each."""
    made = {}

    def new(name: str) -> Path:
        made[name.split(".", maxsplit=1)[0]] = folder / name
        return folder / name

    base = new("base.mp4")
    tone = ("-f", "lavfi", "-i", "sine=440:d=1")
    ffmpeg("-f", "lavfi", "-i", _LAVFI, *tone, *_H264, "-bf", "3", "-c:a", "aac", base)
    make_clip(
        new("vfr.mkv"),
        times=[0, 100, 150, 310, 420, 500, 640, 700, 810, 1000],
        rate=10,
        time_base=Fraction(1, 1000),
        size=(64, 48),
        sound=False,
    )
    ffmpeg("-i", base, "-c", "copy", new("late.ts"))
    ffmpeg("-i", base, "-an", *_H264, "-vf", "setsar=64/45", new("sar.mp4"))
    for name, levels in (("c709", "tv"), ("full709", "pc")):
        ffmpeg(
            *("-i", base, "-an", "-vf", f"scale=out_color_matrix=bt709:out_range={levels}"),
            *(*_H264, "-colorspace", "bt709", "-color_primaries", "bt709"),
            *("-color_trc", "bt709", "-color_range", levels, new(f"{name}.mkv")),
        )
    ffmpeg(
        *("-i", base, "-an", "-c:v", "libx264", "-pix_fmt", "yuv420p10le"),
        *("-colorspace", "bt709", new("ten.mkv")),
    )
    _ramp("-c:v", "prores_ks", "-pix_fmt", "yuva444p10le", new("alpha.mov"))
    _ramp("-c:v", "png", new("alpha8.mov"))
    _ramp(
        "-c:v", "libvpx-vp9", "-pix_fmt", "yuva420p", "-deadline", "realtime", new("alphavp9.webm")
    )
    make_clip(
        new("odd.mkv"),
        times=range(10),
        rate=10,
        size=(65, 49),
        codec="ffv1",
        pixel_format="yuv444p",
        sound=False,
    )
    make_clip(new("rot.mp4"), times=range(10), rate=10, size=(64, 48), rotation=90, sound=False)
    ffmpeg(
        *("-f", "lavfi", "-i", "testsrc2=s=64x48:r=20:d=1", "-vf", "interlace=scan=tff"),
        *("-c:v", "libx264", "-flags", "+ilme+ildct", "-x264-params", "tff=1", new("ilace.mkv")),
    )
    ffmpeg(
        *("-i", base, "-an", "-c:v", "libx265", "-pix_fmt", "yuv420p10le"),
        *("-x265-params", _HDR, "-color_primaries", "bt2020", "-color_trc", "smpte2084"),
        *("-colorspace", "bt2020nc", new("hdr.mp4")),
    )
    write_texts(folder)
    ffmpeg(
        *("-i", base, "-f", "lavfi", "-i", "sine=880:d=1", "-i", "s.srt", "-i", "tags.txt"),
        *("-map", "0:v", "-map", "0:a", "-map", "1:a", "-map", "2"),
        *("-map_metadata", "3", "-map_chapters", "3", "-c", "copy", "-c:a:1", "ac3", "-c:s", "srt"),
        *("-metadata:s:a:0", "language=eng", "-metadata:s:a:1", "language=fra"),
        *("-metadata:s:s:0", "language=ita", "-disposition:s:0", "forced"),
        *("-attach", "font.ttf", "-metadata:s:t:0", "mimetype=application/x-truetype-font"),
        new("full.mkv"),
        cwd=folder,
    )
    ffmpeg(
        *("-f", "lavfi", "-i", "testsrc2=s=64x48:r=25:d=0.4", *_H264),
        *("-timecode", "01:00:00:00", new("timecode.mov")),
    )
    ffmpeg("-f", "lavfi", "-i", "testsrc2=s=40x40:d=1", "-frames:v", "1", folder / "cover.png")
    ffmpeg(
        *("-i", base, "-i", folder / "cover.png", "-map", "0", "-map", "1", "-c", "copy"),
        *("-disposition:v:1", "attached_pic", new("cover.mp4")),
    )
    return made
