"""Small files of the kinds that the walkers know, made by Debian's ffmpeg, the same bytes each time."""

from __future__ import annotations

import struct
from pathlib import Path

from tests.media.media import ffmpeg, write_texts

_SOUND = ("-f", "lavfi", "-i", "sine=440:d=1.4")
_PICTURE = ("-f", "lavfi", "-i", "testsrc2=s=64x48:r=10:d=1.4")
_SAME = ("-threads", "1", "-flags", "+bitexact", "-fflags", "+bitexact")
_H264 = ("-c:v", "libx264", "-pix_fmt", "yuv420p", "-bf", "3")
_HEVC = ("-c:v", "libx265", "-pix_fmt", "yuv420p", "-x265-params", "log-level=error:pools=1")


def make_seeds(folder: Path) -> list[Path]:
    """Make the seeds, in a fixed order."""
    write_texts(folder)
    (folder / "s.sup").write_bytes(_pictured_subtitles())
    subtitles = ("-i", "s.srt", "-map", "0", "-map", "1", "-map", "2")
    kinds: dict[str, tuple[str, ...]] = {
        "h264.mp4": (
            *("-i", "s.srt", "-i", "tags.txt", "-map", "0", "-map", "1", "-map", "2"),
            *("-map_chapters", "3", *_H264, "-c:a", "aac", "-c:s", "mov_text"),
        ),
        "fragments.mp4": (
            *(*_H264, "-g", "5", "-c:a", "aac"),
            *("-movflags", "frag_keyframe+empty_moov+default_base_moof"),
        ),
        "hevc.mp4": (*_HEVC, "-c:a", "aac"),
        "texts.mkv": (
            *("-i", "s.srt", "-i", "s.sup", "-i", "tags.txt", "-map", "0", "-map", "1"),
            *("-map", "2", "-map", "2", "-map", "3", "-map_chapters", "4", *_H264, "-c:a", "aac"),
            *("-c:s:0", "srt", "-c:s:1", "ass", "-c:s:2", "copy", "-attach", "font.ttf"),
            *("-metadata:s:t:0", "mimetype=application/x-truetype-font"),
        ),
        "vp9.webm": ("-c:v", "libvpx-vp9", "-deadline", "realtime", "-c:a", "libopus"),
        "h264.ts": (*_H264, "-c:a", "aac"),
        "dvb.ts": (
            *("-i", "s.sup", "-map", "0", "-map", "1", "-map", "2"),
            *(*_HEVC, "-c:a", "mp2", "-c:s", "dvbsub"),
        ),
        "mpeg2.ts": ("-c:v", "mpeg2video", "-c:a", "mp2"),
        "a.avi": ("-c:v", "mpeg4", "-bf", "2", "-c:a", "libmp3lame"),
        "a.nut": (*subtitles, *_H264, "-c:a", "mp2", "-c:s", "text"),
        "a.gif": ("-an",),
        "a.webp": ("-an", "-c:v", "libwebp_anim"),
        "a.apng": ("-an", "-c:v", "apng"),
        "still.png": ("-an", "-frames:v", "1", "-update", "1"),
    }
    for name, options in kinds.items():
        ffmpeg(*_PICTURE, *_SOUND, *options, *_SAME, name, cwd=folder)
    return [folder / name for name in kinds]


def _pictured_subtitles() -> bytes:
    """Return a Blu-ray subtitle file, which ffmpeg can turn into DVB: two bars that come and go."""

    def segment(kind: int, body: bytes, pts: int) -> bytes:
        return b"PG" + struct.pack(">IIBH", pts, 0, kind, len(body)) + body

    def shown(pts: int, number: int) -> bytes:
        drawn = (b"\1" * 16 + b"\0\0") * 8
        place = struct.pack(">HBBHH", 0, 0, 0, 8, 16)
        picture = struct.pack(">HBB", 0, 0, 0xC0) + (len(drawn) + 4).to_bytes(3, "big")
        return b"".join(
            (
                segment(0x16, struct.pack(">HHBHBHB", 64, 48, 16, number, 128, 0, 1) + place, pts),
                segment(0x17, window, pts),
                segment(0x14, bytes((0, 0, 1, 200, 128, 128, 255)), pts),
                segment(0x15, picture + struct.pack(">HH", 16, 8) + drawn, pts),
                segment(0x80, b"", pts),
            )
        )

    def gone(pts: int, number: int) -> bytes:
        body = struct.pack(">HHBHBHB", 64, 48, 16, number, 0, 0, 0)
        return segment(0x16, body, pts) + segment(0x17, window, pts) + segment(0x80, b"", pts)

    window = struct.pack(">BBHHHH", 1, 0, 8, 16, 16, 8)
    return shown(18000, 0) + gone(45000, 1) + shown(54000, 2) + gone(81000, 3)
