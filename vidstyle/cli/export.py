"""`vidstyle export ...`: networks for other programs, and for a page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from vidstyle.cli.common import Overwrite, Quiet
from vidstyle.cli.mistakes import Commands
from vidstyle.cli.options import Command, command, only, without
from vidstyle.cli.signals import StopOnSignal
from vidstyle.cli.terminal import say
from vidstyle.errors import UsageError
from vidstyle.export.api import OnnxOptions, write_onnx
from vidstyle.export.web import WebOptions, folder_size, write_web
from vidstyle.media.reading import Reading
from vidstyle.stylize.style import StyleOptions

app = typer.Typer(
    name="export",
    cls=Commands,
    help="Write networks for other programs (needs torch and onnx: pip install 'vidstyle[onnx]').",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.callback()
def _group() -> None:
    """Write networks for other programs (needs torch and onnx: pip install 'vidstyle[onnx]')."""


@app.command("onnx", cls=Command)
@command
def onnx(
    *,
    style: Annotated[
        list[str] | None,
        typer.Option("--style", "-s", metavar="PICTURE", help="The style, as for run; repeatable."),
    ] = None,
    style_input: Annotated[
        bool, typer.Option("--style-input", help="Let the style be an input of the graph instead.")
    ] = False,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            metavar="OUT",
            help="A .onnx; starry.onnx for the style starry.jpg if not given.",
        ),
    ] = None,
    overwrite: Overwrite = False,
    how: Annotated[StyleOptions, without("patch_size", "patch_stride", "regions")],
    options: OnnxOptions,
    reading: Annotated[Reading, only("start", "end")],
    quiet: Quiet = False,
) -> None:
    """Write a network as ONNX, for ONNX Runtime, OpenVINO, VapourSynth and other programs.

    The graph takes one frame, planes of floats (1, 3, H, W), RGB from 0 to 1, and returns it painted in the same format: it pads, crops and clamps
    by itself, and depends on no other frames. --start and --end are of the clip of --statistics.
    """
    if bool(style) == style_input:
        raise UsageError("expected a `style` or `style_input`, one of them")
    if not options.statistics and (reading.start is not None or reading.end is not None):
        raise UsageError("`start` and `end` are of the clip of `statistics`; give one")
    target = output or Path("+".join(Path(s).stem for s in style or ["arbitrary"]) + ".onnx")
    stop = StopOnSignal()
    write_onnx(style, target, options, how, reading, overwrite=overwrite, stop=stop)
    if not quiet:
        size = "x".join(map(str, options.size)) if options.size else "any size"
        inputs = "frame and style" if style_input else "frame"
        kib = -(-target.stat().st_size // 1024)
        say(
            f"{target}: opset {options.opset}, {inputs} -> painted, RGB from 0 to 1, {size}, {kib} KiB"
        )


@app.command("web", cls=Command)
@command
def web(
    *,
    style: Annotated[
        list[str],
        typer.Option(
            "--style",
            "-s",
            metavar="PICTURE",
            help="A style, as for run; repeatable, with a button for each.",
        ),
    ],
    output: Annotated[
        Path,
        typer.Option("-o", "--output", metavar="FOLDER", help="The folder to write."),
    ] = Path("page"),
    overwrite: Annotated[
        bool, typer.Option("-y", "--overwrite", help="Replace a page that was written before.")
    ] = False,
    how: Annotated[StyleOptions, only("style_scale")],
    options: WebOptions,
    quiet: Quiet = False,
) -> None:
    """Write a folder with a page that paints a camera, a clip or a photo in the visitor's own browser.

    Any web server can serve it, for example python -m http.server. The page contacts no other server.
    """
    write_web(style, output, options, how, overwrite=overwrite)
    if not quiet:
        styles = f"{len(style)} styles" if len(style) > 1 else "1 style"
        say(
            f"{output}: {styles}, {folder_size(output) / 1e6:.1f} MB; "
            f"python -m http.server -d {output} serves it on this computer"
        )
