"""`vidstyle metrics IN OUT`: how good a painted clip is, in numbers."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from vidstyle.cli.common import Json
from vidstyle.cli.signals import StopOnSignal
from vidstyle.evaluation.report import Metrics, find_likeness, measure
from vidstyle.media.overwriting import check_apart

_ROWS = (
    ("warp1", "warp1_input", "warping error, 1 frame", "100 x RMSE"),
    ("warp5", "warp5_input", "warping error, 5 frames", "100 x RMSE"),
    ("excess1", None, "excess of the first", "less the input's, over the contrast"),
    ("excess5", None, "excess of the second", "likewise"),
    ("flicker", "flicker_input", "flicker where still", "levels of 255"),
    ("contrast", None, "contrast", "of the input's"),
    ("sharpness", None, "sharpness", "of the input's"),
    ("style", None, "style distance", "1 = the input, 0 = the style"),
    ("content", None, "content distance", "0 = the input"),
)


def metrics(
    source: Annotated[Path, typer.Argument(metavar="IN", help="The video.")],
    painted: Annotated[
        Path, typer.Argument(metavar="OUT", help="The painted video, with the same frames.")
    ],
    style: Annotated[
        Path | None,
        typer.Option("--style", "-s", metavar="PICTURE", help="For style and content distance."),
    ] = None,
    features: Annotated[
        str,
        typer.Option(
            metavar="NAME|FILE",
            help="The perceptual network for these distances: own, vgg19 (torchvision's), or safetensors "
            "with VGG-19's "
            "layer names.",
        ),
    ] = "own",
    heatmap: Annotated[
        Path | None,
        typer.Option(metavar="VIDEO", help="Write the warping error of every frame as this video."),
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("-y", "--overwrite", help="Replace a heatmap that exists.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Compare a painted video with its input: steadiness, distance to the style, contrast and sharpness."""
    stop = StopOnSignal()
    if heatmap and style:
        check_apart(heatmap, [style], named="heatmap")
    likeness = find_likeness(style, features) if style else None
    found = measure(
        source, painted, style=likeness, heatmap=heatmap, overwrite=overwrite, stop=stop
    )
    if as_json:
        derived = {"excess1": found.excess1, "excess5": found.excess5}
        print(json.dumps(asdict(found) | derived, indent=1))
    else:
        print(_text(found))


def _text(found: Metrics) -> str:
    lines = [f"{found.frames} frames"]
    for name, of_input, title, unit in _ROWS:
        value = getattr(found, name)
        if value is None:
            continue
        floor = getattr(found, of_input) if of_input else None
        beside = "" if floor is None else f"  (input {floor:.3f})"
        lines.append(f"{title:24} {value:8.3f}{beside:16}  {unit}")
    return "\n".join(lines)
