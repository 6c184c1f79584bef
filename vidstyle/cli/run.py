"""`vidstyle run IN --style PICTURE`: a file in, a file out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from vidstyle import api
from vidstyle.api import METHODS
from vidstyle.cli.options import command, without
from vidstyle.cli.progress import ProgressDisplay
from vidstyle.cli.signals import StopOnSignal
from vidstyle.cli.terminal import say
from vidstyle.errors import DamagedInputError
from vidstyle.masks import Masks
from vidstyle.media.address import Location, located
from vidstyle.media.codecs import Encoding
from vidstyle.media.inputs import input_files
from vidstyle.media.oddsize import ODD
from vidstyle.media.reading import Reading
from vidstyle.runtime.compute import Compute
from vidstyle.stylize.look import Look
from vidstyle.stylize.style import StyleOptions


@command
def run(
    *,
    source: Annotated[
        str,
        typer.Argument(
            metavar="IN", help="The video to paint, or its address; - is standard input."
        ),
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
            "-o",
            "--output",
            metavar="OUT",
            help="The file to make, - for standard output: .mp4 .m4v .mov .mkv .webm .ts .avi .gif .webp, a picture, or "
            "pictures such as frames/%05d.png. By default in.starry.mp4, beside the input, for "
            "in.mp4 and starry.jpg.",
        ),
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("-y", "--overwrite", help="Replace an output that exists.")
    ] = False,
    resume: Annotated[
        bool,
        typer.Option(
            "--resume",
            help="Keep finished pieces in OUT.resume until OUT is whole, and go on after those of a run that was "
            "killed, failed or was stopped. Repeat its options; the result is the same.",
        ),
    ] = False,
    keep_partial: Annotated[
        bool,
        typer.Option(
            "--keep-partial",
            help="When Ctrl-C or a signal stops it, finish what there is as out.partial.mp4.",
        ),
    ] = False,
    method: Annotated[
        str,
        typer.Option(
            metavar="|".join(METHODS),
            help="network: a painting. photoreal: the picture's colors alone, and no strokes.",
        ),
    ] = "network",
    look: Annotated[Look, without("style")],
    styles: StyleOptions,
    masks: Masks,
    reading: Annotated[Reading, without("precise")],
    encoding: Encoding,
    odd: Annotated[
        str,
        typer.Option(
            metavar="|".join(ODD), help="An odd width or height that the encoder cannot hold."
        ),
    ] = "pad",
    compute: Compute,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="No progress and no summary.")
    ] = False,
) -> None:
    """Paint a video like a picture.

    Sound, subtitles, chapters and tags are copied where the output can hold them, and every frame
    keeps its own time. The output appears under its name only when it is whole.
    """
    stop = StopOnSignal()
    if reading.is_raw:  # the pixel format says what comes
        encoding = replace(encoding, pixel_format=None)
    with ProgressDisplay(quiet=quiet) as display:
        result = api.run(
            source,
            style,
            output,
            look,
            styles=styles,
            masks=masks,
            compute=compute,
            method=method,
            reading=reading,
            encoding=encoding,
            odd=odd,
            overwrite=overwrite,
            resume=resume,
            keep_partial=keep_partial,
            on_progress=display,
            stop=stop,
        )
    summary = result.summary
    if not quiet:
        rate = (summary.frames - summary.resumed) / max(summary.seconds, 1e-6)
        earlier = f" ({summary.resumed} of them before)" if summary.resumed else ""
        say(
            f"{result.output}: {summary.frames} frames{earlier} in {summary.seconds:.1f} s "
            f"({rate:.1f} fps) on {result.engine}{_size(located(source), result.output)}"
        )
    if summary.damaged:
        raise DamagedInputError(
            f"{result.output} is finished, but {located(source)} was damaged in {summary.damaged} places"
        )


def _size(source: Location, output: Path) -> str:
    """Say how large a file has become, beside the input where that is a file."""
    if not output.is_file():
        return ""
    size = output.stat().st_size
    said = f"{size / 1e6:.1f} MB" if size >= 1e6 else f"{size / 1e3:.0f} kB"
    read = sum(file.stat().st_size for file in input_files(source))
    return f", {said}" + (f", {size / read:.2g} times the input's" if read else "")
