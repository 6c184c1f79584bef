"""`vidstyle run IN... --style PICTURE`: a file in, a file out; or many."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from vidstyle.api import METHODS, StyleSource
from vidstyle.batch.plan import Plan, styles_in
from vidstyle.batch.work import Batch
from vidstyle.cli.many import paint_many, told
from vidstyle.cli.options import command, without
from vidstyle.cli.progress import ProgressDisplay
from vidstyle.cli.signals import StopOnSignal
from vidstyle.cli.terminal import say
from vidstyle.comparison import Comparison
from vidstyle.errors import DamagedInputError
from vidstyle.fields import INPUT, OUTPUT, STYLE
from vidstyle.media.codecs import Encoding
from vidstyle.media.oddsize import ODD
from vidstyle.media.reading import Reading
from vidstyle.runtime.compute import Compute
from vidstyle.stylize.look import Look
from vidstyle.stylize.style import StyleOptions


@command
def run(
    *,
    source: Annotated[
        list[str],
        typer.Argument(
            metavar="IN",
            help="The videos or photos to paint, or their addresses; - is standard input. Of a folder those of its files "
            "that are called like videos or pictures.",
        ),
    ],
    recursive: Annotated[
        bool,
        typer.Option(
            "--recursive",
            help="Look into the folders below a folder, too.",
            rich_help_panel=INPUT.text,
        ),
    ] = False,
    style: Annotated[
        list[str] | None,
        typer.Option(
            *("--style", "-s"),
            metavar="PICTURE",
            help="Paint like this picture (JPEG, PNG, WebP, ...); several are mixed, whatever the number of inputs. "
            "Or a name of vidstyle styles, or weights of vidstyle train style; 'identity' changes nothing.",
            rich_help_panel=STYLE.text,
        ),
    ] = None,
    each: Annotated[
        bool,
        typer.Option(
            "--each",
            help="One result for each --style, instead of a mixture.",
            rich_help_panel=STYLE.text,
        ),
    ] = False,
    style_dir: Annotated[
        Path | None,
        typer.Option(
            "--style-dir",
            metavar="DIR",
            help="One result, too, for each picture in this folder, and for each network of one style (.safetensors).",
            rich_help_panel=STYLE.text,
        ),
    ] = None,
    output: Annotated[
        str | None,
        typer.Option(
            *("-o", "--output"),
            metavar="OUT",
            help="The file to make, - for standard output: .mp4 .m4v .mov .mkv .webm .ts .avi .gif .webp, a picture, or "
            "pictures such as frames/%05d.png. By default in.starry.mp4, beside the input, for "
            "in.mp4 and starry.jpg. Of several a pattern, out/{name}.{style}.{ext}, whose folders are made; "
            "{folder} is the input's below the one that was given.",
            rich_help_panel=OUTPUT.text,
        ),
    ] = None,
    overwrite: Annotated[
        bool,
        typer.Option(
            *("-y", "--overwrite"),
            help="Replace an output that exists.",
            rich_help_panel=OUTPUT.text,
        ),
    ] = False,
    report: Annotated[
        Path | None,
        typer.Option(
            "--report",
            metavar="FILE",
            help="Write what was done, skipped and failed, and why, as JSON. Given again, results that are there "
            "already, made of the same input, style and settings, are skipped, with -y too.",
            rich_help_panel=OUTPUT.text,
        ),
    ] = None,
    resume: Annotated[
        bool,
        typer.Option(
            "--resume",
            help="Keep finished pieces in OUT.resume until OUT is whole, and go on after those of a run that was "
            "killed, failed or was stopped. Repeat its options; the result is the same.",
            rich_help_panel=OUTPUT.text,
        ),
    ] = False,
    keep_partial: Annotated[
        bool,
        typer.Option(
            "--keep-partial",
            help="When Ctrl-C or a signal stops it, finish what there is as out.partial.mp4.",
            rich_help_panel=OUTPUT.text,
        ),
    ] = False,
    method: Annotated[
        str,
        typer.Option(
            metavar="|".join(METHODS),
            help="network: a painting. photoreal: the picture's colors alone, and no strokes.",
            rich_help_panel=STYLE.text,
        ),
    ] = "network",
    look: Annotated[Look, without("style")],
    styles: StyleOptions,
    reading: Annotated[Reading, without("precise")],
    encoding: Encoding,
    odd: Annotated[
        str,
        typer.Option(
            metavar="|".join(ODD),
            help="An odd width or height that the encoder cannot hold.",
            rich_help_panel=OUTPUT.text,
        ),
    ] = "pad",
    comparison: Comparison,
    compute: Compute,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="No progress and no summary.")
    ] = False,
) -> None:
    """Paint a video like a picture, or many files, each in every style.

    Sound, subtitles, chapters and tags are copied where the output can hold them, and every frame
    keeps its own time. An output appears under its name only when it is whole.

    Of many, one that fails does not stop the others, and the exit code is the worst: 1, then 4, 2, 3, 0.
    """
    stop = StopOnSignal()
    if reading.is_raw:  # the pixel format says what comes
        encoding = replace(encoding, pixel_format=None)
    batch = Batch(
        Plan.of(
            source,
            [*_mixed(style or [], each=each), *_alone(style_dir)],
            output,
            method=method,
            recursive=recursive,
            report=report,
        ),
        look,
        styles,
        compute,
        method=method,
        reading=reading,
        encoding=encoding,
        odd=odd,
        comparison=comparison,
        overwrite=overwrite,
        resume=resume,
        keep_partial=keep_partial,
    )
    if len(batch.plan.items) == 1 and report is None:
        _paint_only(batch, stop, quiet=quiet)
    else:
        paint_many(batch, stop, quiet=quiet)


def _mixed(styles: list[str], *, each: bool) -> list[tuple[StyleSource, ...]]:
    return [(style,) for style in styles] if each else [tuple(styles)] if styles else []


def _alone(folder: Path | None) -> list[tuple[StyleSource, ...]]:
    return [(picture,) for picture in styles_in(folder)] if folder else []


def _paint_only(batch: Batch, stop: StopOnSignal, *, quiet: bool) -> None:
    (item,) = batch.plan.items
    with ProgressDisplay(quiet=quiet) as display:
        result = batch.paint_only(on_progress=display, stop=stop)
    if not quiet:
        say(told(item, result))
    if damaged := result.summary.damaged:
        raise DamagedInputError(
            f"{result.output} is finished, but {item.source.location} was damaged in {damaged} places"
        )
