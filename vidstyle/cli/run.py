"""`vidstyle run IN --style PICTURE`: a file in, a file out."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from vidstyle.cli.parsing import (
    MAX_PIXELS,
    parse_alpha,
    parse_numbers,
    parse_options,
    parse_rate,
    parse_size,
    parse_time,
)
from vidstyle.cli.progress import ProgressDisplay
from vidstyle.cli.signals import StopOnSignal
from vidstyle.errors import DamagedInputError


def run(
    source: Annotated[
        Path, typer.Argument(metavar="IN", help="The video to paint; - is standard input.")
    ],
    style: Annotated[
        list[str],
        typer.Option(
            "--style",
            "-s",
            metavar="PICTURE",
            help="Paint like this picture (JPEG, PNG, WebP, ...); several are mixed. Or a name of "
            "vidstyle styles, or weights of vidstyle train style; 'identity' changes nothing.",
        ),
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="OUT",
            help="The file to make, - for standard output: .mp4 .m4v .mov .mkv .webm .ts .avi .gif .webp, a picture, or "
            "pictures such as frames/%05d.png. By default in.starry.mp4, beside the input, for "
            "in.mp4 and starry.jpg.",
        ),
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("-y", "--overwrite", help="Replace an output that exists.")
    ] = False,
    method: Annotated[
        str,
        typer.Option(
            help="network: a painting. photoreal: the picture's colors alone, and no strokes."
        ),
    ] = "network",
    strength: Annotated[
        float,
        typer.Option(metavar="0..1", help="0 is the video itself, 1 is all painting."),
    ] = 1.0,
    style_scale: Annotated[
        float,
        typer.Option(
            metavar="0.25..4", help="Enlarge the style picture: coarser strokes, a little."
        ),
    ] = 1.0,
    style_weights: Annotated[
        str | None,
        typer.Option(metavar="N,N,...", help="Shares of several styles; equal if not given."),
    ] = None,
    stability: Annotated[
        float,
        typer.Option(
            metavar="0..1",
            help="Above 0 strokes follow what moves, and change less otherwise; takes time.",
        ),
    ] = 0.0,
    flow: Annotated[
        str,
        typer.Option(
            help="For --stability: dis, or raft (torchvision's; slow without a GPU); auto is raft "
            "on a GPU where its weights have been downloaded."
        ),
    ] = "auto",
    start: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="Begin there: seconds, or [hours:]minutes:seconds."),
    ] = None,
    end: Annotated[
        str | None, typer.Option(metavar="TIME", help="End there, in time of the input.")
    ] = None,
    size: Annotated[
        str | None,
        typer.Option(
            metavar="WxH", help="Scale first, to 1280x720 or 1280x-1 (keeps the proportions)."
        ),
    ] = None,
    fps: Annotated[
        str | None,
        typer.Option(
            metavar="RATE", help="Even frames a second, 25 or 30000/1001; else each keeps its time."
        ),
    ] = None,
    from_format: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="FORMAT",
            help="The input's format, by FFmpeg's name, where it cannot be found by looking; "
            "rawvideo needs --size, --pix-fmt and --fps.",
        ),
    ] = None,
    to_format: Annotated[
        str | None,
        typer.Option(
            "--to",
            metavar="FORMAT",
            help="The output's, where no file name tells it: nut, matroska, mpegts, mp4 "
            "(fragmented), yuv4mpegpipe, rawvideo.",
        ),
    ] = None,
    low_latency: Annotated[
        bool,
        typer.Option(
            "--low-latency", help="Hand every frame on at once; slower, and the output is larger."
        ),
    ] = False,
    codec: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Video encoder, by FFmpeg's name: libx264, libx265, ffv1, ...; "
            "what suits the output if not given.",
        ),
    ] = None,
    crf: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=63,
            help="Quality of the encoder, lower is better and larger; 18, or 24 for VP9 and "
            "AV1, if not given.",
        ),
    ] = None,
    preset: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Speed of the encoder; veryfast if not given."),
    ] = None,
    pix_fmt: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="Pixel format, by FFmpeg's name: yuv420p, yuv444p10le, ..."
        ),
    ] = None,
    extra: Annotated[
        list[str] | None,
        typer.Option(
            "-x", metavar="KEY=VALUE", help="An option of the encoder's own; may be repeated."
        ),
    ] = None,
    odd: Annotated[
        str,
        typer.Option(
            metavar="HOW",
            help="An odd width or height that the encoder cannot hold: pad, crop, 444.",
        ),
    ] = "pad",
    hdr: Annotated[
        str,
        typer.Option(
            metavar="HOW",
            help="HDR video: refuse, tonemap (to BT.709), passthrough (paint its code values).",
        ),
    ] = "refuse",
    deinterlace: Annotated[
        str,
        typer.Option(
            metavar="HOW",
            help="Interlaced video: auto (a frame for a frame), field (one for a field), off.",
        ),
    ] = "auto",
    alpha: Annotated[
        str, typer.Option(metavar="HOW", help="Transparency: keep, where possible, or drop.")
    ] = "keep",
    keep_rotation: Annotated[
        bool,
        typer.Option("--keep-rotation", help="Paint it as stored; the player turns it as before."),
    ] = False,
    corrupt: Annotated[
        str,
        typer.Option(metavar="HOW", help="Damaged frames: keep, drop, repeat (the last good one)."),
    ] = "keep",
    strict: Annotated[
        bool, typer.Option("--strict", help="Stop at the first damage of the input.")
    ] = False,
    max_pixels: Annotated[
        int, typer.Option(metavar="N", help="Refuse larger frames.")
    ] = MAX_PIXELS,
    hwaccel: Annotated[
        str | None,
        typer.Option(
            metavar="KIND",
            help="Decode on hardware, cuda for one; on the CPU where that cannot be.",
        ),
    ] = None,
    device: Annotated[
        str,
        typer.Option(help="auto, cpu, cuda, cuda:N, mps; torch-cpu is a slow reference."),
    ] = "auto",
    precision: Annotated[
        str,
        typer.Option(
            help="Of the network: int8, bf16, f16, f32; auto takes what suits the device."
        ),
    ] = "auto",
    batch: Annotated[
        int | None,
        typer.Option(
            min=1, max=64, help="Frames per call of the network; what suits if not given."
        ),
    ] = None,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="No progress and no summary.")
    ] = False,
) -> None:
    """Paint a video like a picture.

    Sound, subtitles, chapters and tags are copied where the output can hold them, and every frame
    keeps its own time. The output appears under its name only when it is whole.
    """
    stop = StopOnSignal()
    from vidstyle.api import stylize
    from vidstyle.media.codecs import Encoding
    from vidstyle.media.reading import Reading

    raw = from_format in {"rawvideo", "raw"}  # --pix-fmt, --size and --fps say what comes
    with ProgressDisplay(quiet=quiet) as display:
        result = stylize(
            source,
            style,
            output,
            method=method,
            strength=strength,
            stability=stability,
            flow=flow,
            style_scale=style_scale,
            style_weights=parse_numbers("--style-weights", style_weights),
            reading=Reading(
                start=parse_time("--start", start),
                end=parse_time("--end", end),
                fps=parse_rate(fps),
                size=parse_size(size),
                hdr=hdr,
                deinterlace=deinterlace,
                alpha=parse_alpha(alpha),
                keep_rotation=keep_rotation,
                corrupt=corrupt,
                strict=strict,
                max_pixels=max_pixels,
                hwaccel=hwaccel,
                format=from_format,
                pixel_format=pix_fmt if raw else None,
            ),
            encoding=Encoding(
                codec,
                crf,
                preset,
                None if raw else pix_fmt,
                parse_options(extra or []),
                container=to_format,
            ),
            odd=odd,
            low_latency=low_latency,
            device=device,
            precision=precision,
            batch=batch,
            overwrite=overwrite,
            on_progress=display,
            stop=stop,
        )
    summary = result.summary
    if not quiet:
        rate = summary.frames / max(summary.seconds, 1e-6)
        print(
            f"vidstyle: {result.output}: {summary.frames} frames in {summary.seconds:.1f} s "
            f"({rate:.1f} fps) on {result.engine}",
            file=sys.stderr,
        )
    if summary.damaged:
        raise DamagedInputError(
            f"{result.output} is finished, but {source} was damaged in {summary.damaged} places"
        )
