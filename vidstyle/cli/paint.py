"""`vidstyle paint CONTENT --style PICTURE`: by optimization: slow, and the reference."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import Annotated

import typer

from vidstyle.cli.common import Overwrite
from vidstyle.cli.options import by_method, checked, command, only, when_method
from vidstyle.cli.painting import (
    Job,
    Resumption,
    Trace,
    check_resumable,
    paint_clip,
    paint_picture_file,
)
from vidstyle.cli.pictures import check_curve, check_picture
from vidstyle.cli.signals import StopOnSignal
from vidstyle.cli.steps import StepDisplay
from vidstyle.errors import InputError, MissingPackageError, UsageError, VidstyleError
from vidstyle.images.files import read_encoded
from vidstyle.media.atomic_output import check_output
from vidstyle.media.containers import is_sequence
from vidstyle.media.inputs import check_input
from vidstyle.media.overwriting import check_apart
from vidstyle.media.reading import Reading
from vidstyle.optimize import api
from vidstyle.optimize.config import Config, VideoConfig
from vidstyle.optimize.pictures import ENDINGS
from vidstyle.optimize.plan import CHANGED, check_timeline
from vidstyle.optimize.regionfiles import ClipPlaces, RegionFiles
from vidstyle.optimize.texture import for_texture, texture_of
from vidstyle.runtime.compute import Compute
from vidstyle.stylize.look import Look
from vidstyle.stylize.style import StyleOptions
from vidstyle.stylize.timeline import TimelineOptions
from vidstyle.zoo import catalog

METHODS: dict[str, type] = {**api.METHODS, "video": VideoConfig}
PLACES: dict[str, type] = {**dict.fromkeys(api.METHODS, RegionFiles), "video": ClipPlaces}
PICTURES = when_method(*api.METHODS)


def _check(content: Path, output: Path | None, method: str) -> None:
    """Refuse a folder, and a video in the place of a picture, whatever the options are: those of a video do not go with the others."""
    if content.is_dir():
        raise UsageError(f"{content} is a folder: vidstyle run paints the files in it")
    if method == "video" or not (content.is_file() or is_sequence(content)):
        return
    try:
        read_encoded(content)
    except InputError:
        pass
    else:
        # An animation is painted as its first picture, unless it is to become a video.
        if output is None or output.suffix.lower() in ENDINGS:
            return
    if _is_video(content):
        raise UsageError(
            f"{content} is a video: vidstyle run paints it, or `method` video by optimization"
        )


def _is_video(path: Path) -> bool:
    from vidstyle.media.source import FileSource

    try:
        with FileSource(path) as source:
            return sum(1 for _ in islice(source, 2)) > 1
    except VidstyleError:
        return False


@checked(_check)
@command
def paint(
    *,
    content: Annotated[
        Path,
        typer.Argument(
            metavar="CONTENT",
            help="The picture to paint; a clip for video, a map for doodle; 640x360: only the style's texture.",
        ),
    ],
    style: Annotated[
        list[Path] | None,
        typer.Option(
            "--style", "-s", metavar="PICTURE", help="The style picture; several are mixed."
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            metavar="OUT",
            help="A .png, .jpg, .webp or .tif; photo.starry.png for photo.jpg and starry.jpg if not given.",
        ),
    ] = None,
    overwrite: Overwrite = False,
    method: Annotated[
        str,
        typer.Option(
            metavar="|".join(METHODS),
            help="gatys: Gram matrices of a deep network. mrf: its patches. swap: its patches, swapped "
            "once. doodle: from a map. photoreal: only light and colors. video: a clip, steady in time.",
        ),
    ] = "gatys",
    config: Annotated[Config, by_method(METHODS)],
    styles: Annotated[StyleOptions, only("style_weights")],
    look: Annotated[Look, only(*CHANGED), when_method("video")],
    times: Annotated[TimelineOptions, when_method("video")],
    where: Annotated[RegionFiles | ClipPlaces, by_method(PLACES)],
    reading: Annotated[Reading, only("start", "end"), when_method("video")],
    trace: Annotated[Trace, PICTURES],
    resumption: Resumption,
    features: Annotated[
        str, typer.Option(metavar="NAME|FILE", help="The perceptual network; as for metrics.")
    ] = "own",
    compute: Annotated[Compute, only("device")],
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")] = False,
) -> None:
    """Paint by optimization: slow, and a reference for the fast networks.

    Gatys, Ecker and Bethge (2016), Li and Wand (2016), Chen and Schmidt (2016), Champandard (2016), Luan et al. (2017),
    Ruder et al. (2016).
    """
    stop = StopOnSignal()
    timeline = times.read()
    style = style or []
    if not (style or timeline):
        raise UsageError("give at least one `style` PICTURE")
    shares = styles.shares(len(style)) if style or styles.style_weights else ()
    for picture in style:
        catalog.check_picture(picture)
    regions = where if isinstance(where, RegionFiles) else RegionFiles()
    places = where if isinstance(where, ClipPlaces) else ClipPlaces()
    texture = None if method == "video" else texture_of(content)
    if texture:
        config = for_texture(config, texture)
    if method != "video":
        regions = regions.resolved(config, None if texture else content, style)
    of_cues = [Path(str(s)) for cue in (timeline.cues if timeline else ()) for s in cue.sources]
    inputs = [content, *style, *of_cues, *regions.files, *places.files, *config.files]
    target = output or _default_output(content, style, is_video=method == "video")
    if resumption.resume and method != "video":
        check_resumable(target)
    if method == "video":
        check_input(content)
        check_output(target, overwrite=overwrite)
        places.check_count(len(style) or 1, weighted=bool(styles.style_weights))
        if timeline:
            check_timeline(timeline, has_style=bool(style))
    else:
        check_picture(target, inputs, overwrite=overwrite)
        regions.check_saved(target, inputs, overwrite=overwrite)
    check_apart(target, inputs)
    for file in trace.curve:
        check_curve(file, target, inputs, overwrite=overwrite)
    try:
        from vidstyle.nets.devices import choose_device
        from vidstyle.zoo.features import load_features
    except ImportError as error:
        raise MissingPackageError("paint needs torch: pip install 'vidstyle[torch]'") from error
    from vidstyle.images.files import read_picture

    with StepDisplay(quiet=quiet) as display:
        job = Job(
            content,
            style,
            target,
            config,
            shares,
            choose_device(compute.device),
            [read_picture(s) for s in style],
            load_features(features),
            resumption.resume,
            features,
            display,
            stop,
        )
        if method == "video":
            paint_clip(job, look, timeline, places, reading, overwrite=overwrite)
        else:
            paint_picture_file(job, regions, trace, overwrite=overwrite)


def _default_output(content: Path, style: list[Path], *, is_video: bool) -> Path:
    if is_video:
        from vidstyle.naming import default_output

        return default_output(content, [str(s) for s in style] or "timeline")
    return content.with_name(f"{content.stem}.{'+'.join(s.stem for s in style)}.png")
