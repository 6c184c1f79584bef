"""`vidstyle probe FILE`: what is in a file, and what would become of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from vidstyle.cli.common import Json
from vidstyle.cli.spelling import spelled
from vidstyle.cli.terminal import printable
from vidstyle.media.probe import Probe
from vidstyle.media.probe import probe as probe_file


def probe(
    file: Annotated[str, typer.Argument(metavar="FILE", help="The video, or its address.")],
    output: Annotated[
        Path,
        typer.Option(
            "-o", "--output", metavar="OUT", help="The name of the output for which to show this."
        ),
    ] = Path("out.mp4"),
    as_json: Json = False,
) -> None:
    """Show what is in a file: streams, times, colors, and what vidstyle would do with them."""
    found = probe_file(file, output)
    print(spelled(json.dumps(found.as_dict(), indent=1) if as_json else _text(found)))


def _text(found: Probe) -> str:
    video = found.video
    length = "unknown length" if found.seconds is None else f"{found.seconds:.3f} s"
    rate = "unknown rate" if video.frame_rate is None else f"{video.frame_rate:.6g} fps"
    guessed = " (guessed: the file does not say)" if video.color_is_guessed else ""
    lines = [
        f"{found.file}: {found.container}, {length}, from {found.start:.3f} s",
        f"  video   {video.codec} {video.width}x{video.height} {video.pixel_format}, "
        f"pixel aspect {video.sample_aspect_ratio}",
        f"  times   {rate}, {'even' if video.even else 'uneven'}, in units of {video.time_base} s, "
        f"{video.frames if video.frames is not None else 'unknown number of'} frames",
        f"  colors  {video.matrix} {video.range}, primaries {video.primaries}, "
        f"transfer {video.transfer}{guessed}",
    ]
    if found.tags:
        lines.append(f"  tags    {', '.join(sorted(found.tags))}")
    if found.chapters:
        lines.append(f"  chapters {found.chapters}")
    lines.append(f"in {found.output}:")
    lines += [f"  {route}" for route in found.streams]
    lines += [f"  {note}" for note in found.notes]
    return "\n".join(map(printable, lines))
