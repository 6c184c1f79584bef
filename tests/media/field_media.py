"""Inputs as people have them, for the conformance matrix: recorders, cameras and editors made their like."""

from __future__ import annotations

import struct
from fractions import Fraction
from pathlib import Path

import av

from tests.media.boxes import EQUIRECTANGULAR, dolby_vision, put_boxes, sphere, stereo
from tests.media.calls import SIZES, call
from tests.media.media import ffmpeg
from tests.media.photos import photo

_LAVFI = ("-f", "lavfi", "-i")
_PICTURE = (*_LAVFI, "testsrc2=s=64x48:r=10:d=1")
_TONE = (*_LAVFI, "sine=440:d=1")
_H264 = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p")
_BARS = "nullsrc=s=96x64:r={}:d=0.4,geq=lum='235*lt(mod(X+8*N,32),16)':cb=128:cr=128"
_CODED_FIELDS = ("-c:v", "mpeg2video", "-b:v", "4M", "-bf", "0", "-pix_fmt", "yuv420p")
_COLOR = "color=0x30c060:s=64x48:r=10:d=0.5,format=rgb24"


def _joined(made: Path, parts: list[Path]) -> None:
    made.write_bytes(b"".join(part.read_bytes() for part in parts))


def _telemetry(source: Path, made: Path) -> None:
    """Write a copy with a track of a camera's sensors beside the video."""
    with av.open(str(source)) as opened, av.open(str(made), "w") as output:
        video = output.add_stream_from_template(opened.streams.video[0])
        data = output.add_data_stream("bin_data")
        data.time_base = Fraction(1, 1000)
        for packet in opened.demux(video=0):
            if packet.size:
                packet.stream = video
                output.mux(packet)
        for number in range(5):
            packet = av.Packet(b"DEVC" + bytes(28))
            packet.pts = packet.dts = 200 * number
            packet.duration, packet.time_base, packet.stream = 200, Fraction(1, 1000), data
            output.mux(packet)


def make_field_media(folder: Path) -> dict[str, Path]:
    """Make every input: 64x48 at 10 frames a second, and one second, unless it says otherwise."""
    made: dict[str, Path] = {}

    def new(name: str) -> Path:
        made[name.split(".", maxsplit=1)[0]] = folder / name
        return folder / name

    for number in range(3):
        (folder / f"exif{number}.jpg").write_bytes(photo(".jpg", 6))  # 48x32, shown as 32x48
    made["exif"] = folder / "exif%d.jpg"
    gray = "color=0x2e2e2e:s=64x48:r=10:d=1"
    ffmpeg(*_LAVFI, gray, "-pix_fmt", "gbrpf32le", folder / "light%d.exr")
    made["light"] = folder / "light%d.exr"

    ffmpeg(*_PICTURE, *_TONE, "-c:v", "wmv2", "-c:a", "wmav2", new("wmv.wmv"))
    for bits in (16, 24):
        ffmpeg(
            *_PICTURE, *_TONE, *_H264, "-c:a", f"pcm_s{bits}le", "-ac", "2", new(f"pcm{bits}.mkv")
        )
    ffmpeg(
        *(*_PICTURE, "-itsoffset", "0.3", *_LAVFI, "sine=440:d=0.7"),
        *(*_H264, "-c:a", "flac", new("latesound.mkv")),
    )
    progressive, fields = folder / "p.ts", folder / "i.ts"
    ffmpeg(*_LAVFI, _BARS.format(25), *_CODED_FIELDS, progressive)
    ffmpeg(
        *(*_LAVFI, _BARS.format(50) + ",tinterlace=interleave_top,fieldorder=tff", *_CODED_FIELDS),
        *("-flags", "+ildct+ilme", "-output_ts_offset", "0.4", fields),
    )
    _joined(new("mixed.ts"), [progressive, fields])

    gone = ("-vf", "select='lt(t,0.5)+gt(t,11.5)'", "-fps_mode", "vfr")
    ffmpeg(
        *(*_LAVFI, "testsrc2=s=64x48:r=10:d=12", *_LAVFI, "sine=440:d=12", *gone),
        *(*_H264, "-bf", "0", "-c:a", "aac", new("pause.ts")),
    )
    part = folder / "part.ts"
    ffmpeg(*_PICTURE, *_TONE, *_H264, "-c:a", "aac", "-output_ts_offset", "50", part)
    ahead = folder / "ahead.ts"
    ffmpeg(*_PICTURE, *_TONE, *_H264, "-c:a", "aac", "-output_ts_offset", "900", ahead)
    _joined(new("joined.ts"), [part, ahead])

    call(new("call.webm"), SIZES, "libvpx")
    ffmpeg(*_LAVFI, "testsrc2=s=64x48:r=25:d=1", "-c:v", "mpeg4", "-bf", "2", new("bframes.avi"))
    flat = folder / "flat.mp4"
    ffmpeg(*_PICTURE, *_H264, flat)
    put_boxes(flat, stereo(1) + sphere(EQUIRECTANGULAR), new("sphere.mp4"))
    _telemetry(flat, new("telemetry.mp4"))

    hevc = folder / "hevc.mp4"
    ffmpeg(
        *(*_PICTURE, "-pix_fmt", "yuv420p10le", "-c:v", "libx265", "-tag:v", "hvc1"),
        *("-x265-params", "log-level=none", hevc),
    )
    put_boxes(hevc, dolby_vision(5, 0), new("dolby.mp4"))
    ffmpeg(
        *(*_PICTURE, "-pix_fmt", "yuv444p", "-colorspace", "ycgco", "-c:v", "libx264"),
        new("ycgco.mkv"),
    )
    colors = []
    for matrix, levels, layout in (("smpte170m", "tv", "yuv420p"), ("bt709", "pc", "yuv444p")):
        colors.append(folder / f"{matrix}.ts")
        ffmpeg(
            *(*_LAVFI, _COLOR, "-vf", f"scale=out_color_matrix={matrix}:out_range={levels}"),
            *("-pix_fmt", layout, "-colorspace", matrix, "-color_range", levels),
            *("-c:v", "libx264", "-output_ts_offset", f"{len(colors) / 2}", colors[-1]),
        )
    _joined(new("colors.ts"), colors)

    whole = folder / "whole.mp4"
    ffmpeg(*_PICTURE, *_TONE, *_H264, "-c:a", "aac", whole)
    lost = bytearray(whole.read_bytes())
    struct.pack_into(">I", lost, lost.index(b"stsz") + 12, 6)  # of ten sizes in the index
    new("short.mp4").write_bytes(lost)
    new("script.mp4").write_text("ffconcat version 1.0\nfile flat.mp4\n")
    return made
