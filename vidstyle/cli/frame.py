"""`vidstyle frame IN --at TIME`: a frame for a painter, as a network sees it."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Annotated

import typer

from vidstyle.cli.common import Overwrite, Quiet
from vidstyle.cli.options import command, only
from vidstyle.cli.pictures import check_picture, write_picture
from vidstyle.cli.signals import StopOnSignal
from vidstyle.cli.terminal import say
from vidstyle.errors import UsageError
from vidstyle.keyframes.clip import frames_at
from vidstyle.media.address import Address, located
from vidstyle.media.containers import is_sequence
from vidstyle.media.inputs import check_input, input_files
from vidstyle.media.pipes import is_pipe
from vidstyle.media.reading import Reading
from vidstyle.text import seconds


@command
def frame(
    *,
    source: Annotated[
        str, typer.Argument(metavar="IN", help="The video, or its address; - is standard input.")
    ],
    at: Annotated[
        str,
        typer.Option(
            "--at", metavar="TIME", help="The time of the input: such as 2.4, 90 or 1:30."
        ),
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            metavar="OUT",
            help="A .png, .tif or .bmp, or with losses a .jpg or .webp; in.2.4.png, beside the input, for in.mp4 and --at 2.4 if not given.",
        ),
    ] = None,
    overwrite: Overwrite = False,
    reading: Annotated[
        Reading,
        only("start", "end", "fps", "size", "hdr", "deinterlace", "keep_rotation", "max_pixels"),
    ],
    quiet: Quiet = False,
) -> None:
    """Write a frame of a video, exactly as a network gets it, as a base for painting.

    Pass the painting to run --keyframe TIME=PICTURE, with the same --size and related options; the printed time is that of the frame itself.
    """
    stop = StopOnSignal()
    try:
        time = seconds(at)
    except ValueError:
        raise UsageError(f"expected a time such as 90, 90.5 or 1:30 for `at`, got {at!r}") from None
    place = located(source)
    check_input(place)
    target = output
    if target is None:
        if is_pipe(place) or isinstance(place, Address):
            raise UsageError("name the output: `output` FILE")
        stem = place.parent.name if is_sequence(place) else place.stem
        target = place.with_name(f"{stem}.{_short(time)}.png")
    check_picture(target, input_files(place), overwrite=overwrite)
    (moment,) = frames_at(place, [time], reading, stop=stop)
    pixels = moment.frame.pixels
    write_picture(target, pixels, overwrite=overwrite)
    if not quiet:
        found = _short(moment.time or Fraction(0))
        height, width, _ = pixels.shape
        say(
            f"{target}: {width}x{height}, the frame at {found} s; paint it, then run --keyframe {found}=PICTURE"
        )


def _short(time: Fraction) -> str:
    """Return seconds, such as 2.4, rounded up to the thousandth so that the frame's own time is reached."""
    thousandths = -(-time.numerator * 1000 // time.denominator)
    return f"{thousandths / 1000:g}"
