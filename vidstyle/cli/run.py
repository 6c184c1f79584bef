"""`vidstyle run IN... --style PICTURE`: a file in, a file out; or many."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from vidstyle import api
from vidstyle.batch.plan import Plan, Source, styles_in
from vidstyle.batch.work import Batch
from vidstyle.cli.fitting import FitDisplay
from vidstyle.cli.many import paint_many, told
from vidstyle.cli.mistakes import check_method
from vidstyle.cli.options import checked, command, without
from vidstyle.cli.progress import ProgressDisplay
from vidstyle.cli.signals import StopOnSignal
from vidstyle.cli.terminal import say
from vidstyle.cluster.options import Spreading
from vidstyle.comparison import Comparison
from vidstyle.errors import DamagedInputError, UsageError
from vidstyle.fields import INPUT, MACHINE, OUTPUT, STYLE
from vidstyle.files import Result
from vidstyle.keyframes.painted import KeyframeOptions
from vidstyle.masks import Masks
from vidstyle.media.address import located
from vidstyle.media.codecs import Encoding
from vidstyle.media.inputs import input_files
from vidstyle.media.oddsize import ODD
from vidstyle.media.reading import Reading
from vidstyle.runtime.compute import Compute
from vidstyle.selection import METHODS, StyleSource
from vidstyle.stylize.look import Look
from vidstyle.stylize.style import StyleOptions
from vidstyle.stylize.timeline import Timeline, TimelineOptions
from vidstyle.training.fitting import Fitting


@checked(check_method)
@command
def run(
    *,
    source: Annotated[
        list[str],
        typer.Argument(
            metavar="IN",
            help="The videos or photos to paint, or their addresses; - is standard input. In a folder, the "
            "files with extensions of videos or pictures.",
        ),
    ],
    recursive: Annotated[
        bool,
        typer.Option(
            "--recursive",
            help="Include subfolders.",
            rich_help_panel=INPUT.text,
        ),
    ] = False,
    style: Annotated[
        list[str] | None,
        typer.Option(
            *("--style", "-s"),
            metavar="PICTURE",
            help="Paint like this picture (JPEG, PNG, WebP, ...); several are mixed, for any number of "
            "inputs. Or a name of vidstyle styles, or weights of vidstyle train style; 'identity' changes "
            "nothing.",
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
            help="Also one result for each picture in this folder, and for each network of one style "
            "(.safetensors).",
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
            "in.mp4 and starry.jpg. For several a pattern, out/{name}.{style}.{ext}, whose folders are "
            "created; {folder} is the input's folder, relative to the given one.",
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
            help="Write what was done, skipped and failed, and why, as JSON. The same command then skips "
            "existing results from the same input, style and settings, also with -y.",
            rich_help_panel=OUTPUT.text,
        ),
    ] = None,
    jobs: Annotated[
        int,
        typer.Option(
            "--jobs",
            metavar="N",
            min=1,
            max=64,
            help="Number of results that are made at once: useful for short or small ones, which leave "
            "cores idle.",
            rich_help_panel=MACHINE.text,
        ),
    ] = 1,
    resume: Annotated[
        bool,
        typer.Option(
            "--resume",
            help="Keep finished pieces in OUT.resume until OUT is complete, and continue after those of an "
            "interrupted run. Repeat its options; the result is the same.",
            rich_help_panel=OUTPUT.text,
        ),
    ] = False,
    keep_partial: Annotated[
        bool,
        typer.Option(
            "--keep-partial",
            help="When Ctrl-C or a signal stops the run, keep the finished part as out.partial.mp4.",
            rich_help_panel=OUTPUT.text,
        ),
    ] = False,
    method: Annotated[
        str,
        typer.Option(
            metavar="|".join(METHODS),
            help="network: a painting. swap: patches of the video replaced by the picture's nearest. "
            "photoreal: only its colors, without strokes.",
            rich_help_panel=STYLE.text,
        ),
    ] = "network",
    look: Annotated[Look, without("style")],
    styles: StyleOptions,
    times: TimelineOptions,
    preview: Annotated[
        Path | None,
        typer.Option(
            rich_help_panel=OUTPUT.text,
            metavar="PICTURE",
            help="Write sample frames of the timeline to this .png or .jpg, in the looks of their times, "
            "and paint nothing else.",
        ),
    ] = None,
    fitting: Fitting,
    masks: Masks,
    keyframes: KeyframeOptions,
    reading: Annotated[Reading, without("precise")],
    encoding: Encoding,
    odd: Annotated[
        str,
        typer.Option(
            metavar="|".join(ODD),
            help="Treatment of an odd width or height that the encoder does not support.",
            rich_help_panel=OUTPUT.text,
        ),
    ] = "pad",
    comparison: Comparison,
    compute: Compute,
    spreading: Spreading,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="No progress and no summary.")
    ] = False,
) -> None:
    """Paint a video like a picture, or many files, each in every style.

    Sound, subtitles, chapters and tags are copied where the output can hold them, and every frame
    keeps its own time. An output appears under its name only when it is complete.

    If one of many fails, the others continue, and the exit code is the worst: 1, then 4, 2, 3, 0.
    """
    stop = StopOnSignal()
    timeline = times.read()
    if reading.is_raw:  # the pixel format says what comes
        encoding = replace(encoding, pixel_format=None)
    how: dict[str, Any] = {
        "method": method,
        "reading": reading,
        "encoding": encoding,
        "odd": odd,
        "comparison": comparison,
        "masks": masks,
        "overwrite": overwrite,
        "resume": resume,
        "keep_partial": keep_partial,
    }
    one = keyframes.given or fitting.fit is not None or styles.regions is not None
    if timeline or preview or len(masks.mask) > 1 or one:
        if spreading.on:
            raise UsageError(
                "a timeline, keyframes, a `fit`, `regions`, and a `mask` for each style, are painted on one machine: leave `on` out"
            )
        if len(source) > 1 or each or style_dir or report or recursive:
            raise UsageError(
                "a timeline, keyframes, a `fit`, `regions`, and a `mask` for each style, are those of one input: leave others, `each`, `style_dir`, "
                "`recursive` and `report` out"
            )
        if preview and fitting.fit is not None:
            raise UsageError("`preview` shows a timeline, and no `fit`")
        if preview:
            _preview(
                *(preview, source[0], style, look, timeline),
                overwrite=overwrite,
                styles=styles,
                compute=compute,
                method=method,
                reading=reading,
                stop=stop,
            )
            return
        with ExitStack() as opened:
            learned = None
            if keyframes.given:
                from vidstyle.cli.keyframes import check_keyframes, learned_network

                rest = styles, masks, fitting, method, output
                check_keyframes(keyframes, source[0], style or [], *rest, resume=resume)
                network = learned_network(
                    *(keyframes, source[0], style or [], reading, compute.device, stop),
                    overwrite=overwrite,
                    quiet=quiet,
                )
                learned = partial(opened.enter_context, network)
                style = style or [str(keyframes.painted[0].picture)]
            fit_display = FitDisplay(quiet=quiet)
            with ProgressDisplay(quiet=quiet) as display:
                result = api.run(
                    source[0],
                    style,
                    output,
                    look,
                    timeline=timeline,
                    styles=styles,
                    compute=compute,
                    fitting=fitting,
                    on_progress=display,
                    on_fit_report=fit_display.report,
                    on_fit=fit_display.made,
                    learned=learned,
                    stop=stop,
                    **how,
                )
        _tell(Source(located(source[0], stored=True)), result, quiet=quiet)
        return
    plan = Plan.of(
        source,
        [*_mixed(style or [], each=each), *_alone(style_dir)],
        output,
        method=method,
        recursive=recursive,
        report=report,
    )
    batch = Batch(plan, look, styles, compute, jobs=jobs, **how)
    if len(plan.items) == 1 and report is None:
        with ProgressDisplay(quiet=quiet) as display:
            result = _paint_only(batch, spreading, display, stop)
        _tell(plan.items[0].source, result, quiet=quiet)
    else:
        paint_many(batch, spreading, stop, quiet=quiet)


def _paint_only(
    batch: Batch, spreading: Spreading, display: ProgressDisplay, stop: StopOnSignal
) -> Result:
    if spreading.on:
        from vidstyle.cluster import spread

        return spread.paint_one(batch, spreading, on_progress=display, stop=stop)
    return batch.paint_only(on_progress=display, stop=stop)


def _mixed(styles: list[str], *, each: bool) -> list[tuple[StyleSource, ...]]:
    return [(style,) for style in styles] if each else [tuple(styles)] if styles else []


def _alone(folder: Path | None) -> list[tuple[StyleSource, ...]]:
    return [(picture,) for picture in styles_in(folder)] if folder else []


def _tell(source: Source, result: Result, *, quiet: bool) -> None:
    if not quiet:
        say(told(source, result))
    if damaged := result.summary.damaged:
        raise DamagedInputError(
            f"{result.output} is finished, but {source.location} was damaged in {damaged} places"
        )


def _preview(
    picture: Path,
    source: str,
    style: list[str] | None,
    look: Look,
    timeline: Timeline | None,
    *,
    overwrite: bool,
    **options: Any,
) -> None:
    """Write a strip of a timeline."""
    from vidstyle.cli.pictures import check_picture, write_picture

    if timeline is None:
        raise UsageError("`preview` shows a timeline; give a `timeline` or `at`")
    inputs = [*input_files(located(source)), *api.style_files(style or [], timeline)]
    check_picture(picture, inputs, overwrite=overwrite, named="preview")
    strip = api.preview(source, style, look, timeline=timeline, **options)
    write_picture(picture, strip, overwrite=overwrite)
    say(str(picture))
