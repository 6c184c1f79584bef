"""`vidstyle sheet IN --style PICTURE`: moments of a video in many styles, on one sheet."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from vidstyle.cli.common import Overwrite, Quiet
from vidstyle.cli.inline import show as show_inline
from vidstyle.cli.mistakes import check_method
from vidstyle.cli.options import checked, command, only
from vidstyle.cli.pictures import check_picture, write_picture
from vidstyle.cli.signals import StopOnSignal
from vidstyle.cli.terminal import say
from vidstyle.errors import UsageError
from vidstyle.media.address import Address, Location, located
from vidstyle.media.containers import is_sequence
from vidstyle.media.inputs import check_input, input_files
from vidstyle.media.pipes import is_pipe
from vidstyle.media.reading import Reading
from vidstyle.runtime.compute import Compute
from vidstyle.sheet.contact import SheetOptions, draw, inside
from vidstyle.zoo import catalog


@checked(check_method)
@command
def sheet(
    *,
    source: Annotated[
        str,
        typer.Argument(
            metavar="IN", help="The video or photo, or its address; - is standard input."
        ),
    ],
    style: Annotated[
        list[str] | None,
        typer.Option(
            "--style",
            "-s",
            metavar="PICTURE|DIR",
            help="A style, as for run, or a folder of pictures; repeatable. By default all names of vidstyle styles.",
        ),
    ] = None,
    all_styles: Annotated[
        bool, typer.Option("--all", help="All names of vidstyle styles, too.")
    ] = False,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            metavar="OUT",
            help="A .png or .jpg; in.sheet.png, beside the input, for in.mp4 if not given, frames/sheet.png for frames/%05d.png.",
        ),
    ] = None,
    overwrite: Overwrite = False,
    options: SheetOptions,
    reading: Annotated[
        Reading,
        only("start", "end", "size", "hdr", "deinterlace", "alpha", "max_pixels"),
    ],
    compute: Annotated[Compute, only("device", "precision")],
    show: Annotated[
        bool,
        typer.Option(
            "--show/--no-show",
            help="Show it in the terminal, too, if that is kitty, ghostty, iTerm2, WezTerm or mintty.",
        ),
    ] = True,
    quiet: Quiet = False,
) -> None:
    """Show moments of a video in many styles on one sheet, to choose a style.

    The first row shows the original frames, each other row a style. Only the moments are read, so a film of two hours takes no longer than a clip.
    Each is painted with its own statistics, where run uses those of its whole shot.
    """
    stop = StopOnSignal()
    began = time.monotonic()
    place = located(source)
    check_input(place)
    target = output or _beside(place)
    styles = [*(style or []), *(catalog.styles() if all_styles else [])]
    pictures = [picture for name in styles for picture in inside(Path(name))]
    check_picture(target, [*input_files(place), *pictures], overwrite=overwrite)
    picture = draw(place, styles, options, compute=compute, reading=reading, stop=stop)
    write_picture(target, picture, overwrite=overwrite)
    if show:
        show_inline(picture)
    if not quiet:
        height, width, _ = picture.shape
        say(f"{target}: {width}x{height} in {time.monotonic() - began:.1f} s")


def _beside(source: Location) -> Path:
    if is_pipe(source):
        raise UsageError("name the output: `output` FILE")
    path = Path(source.name) if isinstance(source, Address) else source
    if is_sequence(path):
        return path.with_name("sheet.png")
    return path.with_name(f"{path.stem}.sheet.png")
