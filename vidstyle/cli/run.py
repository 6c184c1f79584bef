"""`vidstyle run IN --style PICTURE`: a file in, a file out."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from vidstyle.cli.progress import ProgressDisplay
from vidstyle.cli.signals import StopOnSignal
from vidstyle.errors import DamagedInputError


def run(
    source: Annotated[Path, typer.Argument(metavar="IN", help="The video to paint.")],
    style: Annotated[
        str,
        typer.Option(
            "--style",
            "-s",
            metavar="PICTURE",
            help="Paint like this picture (JPEG, PNG, WebP, ...). 'identity' changes nothing.",
        ),
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="OUT",
            help="The file to make: .mp4 .m4v .mov .mkv .ts. By default in.starry.mp4, "
            "beside the input, for in.mp4 and starry.jpg.",
        ),
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("-y", "--overwrite", help="Replace an output that exists.")
    ] = False,
    strength: Annotated[
        float,
        typer.Option(metavar="0..1", help="0 is the video itself, 1 is all painting."),
    ] = 1.0,
    codec: Annotated[
        str,
        typer.Option(metavar="NAME", help="Video encoder, by FFmpeg's name: libx264, ffv1, ..."),
    ] = "libx264",
    crf: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=63,
            help="Quality of the encoder, lower is better and larger; 18 if not given.",
        ),
    ] = None,
    preset: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Speed of the encoder; veryfast if not given."),
    ] = None,
    device: Annotated[
        str,
        typer.Option(help="auto, cpu, cuda, cuda:N, mps; torch-cpu is a slow reference."),
    ] = "auto",
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="No progress and no summary.")
    ] = False,
) -> None:
    """Paint a video like a picture.

    Sound is copied bit for bit and every frame keeps its own time. The output appears under its
    name only when it is whole.
    """
    stop = StopOnSignal()
    from vidstyle.api import stylize
    from vidstyle.media.codecs import Encoding

    with ProgressDisplay(quiet=quiet) as display:
        result = stylize(
            source,
            style,
            output,
            strength=strength,
            encoding=Encoding(codec, crf, preset),
            device=device,
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
