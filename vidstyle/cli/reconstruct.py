"""`vidstyle reconstruct PICTURE`: what a perceptual network keeps of it, as a sheet."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vidstyle.cli.options import command, only
from vidstyle.cli.pictures import check_picture, write_picture
from vidstyle.cli.signals import StopOnSignal
from vidstyle.cli.steps import StepDisplay
from vidstyle.errors import MissingPackageError, UsageError
from vidstyle.runtime.compute import Compute
from vidstyle.zoo import catalog

if TYPE_CHECKING:
    from vidstyle.optimize.descent import StepResult


@command
def reconstruct(
    *,
    picture: Annotated[Path, typer.Argument(metavar="PICTURE", help="What to reconstruct.")],
    kind: Annotated[
        str,
        typer.Option(
            help="content (from one layer after the other), style (texture, from growing sets of "
            "layers) or grid (PICTURE painted like --style: sets of layers, and ratios)."
        ),
    ] = "content",
    style: Annotated[
        Path | None, typer.Option("--style", "-s", metavar="PICTURE", help="Of a grid.")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o", "--output", metavar="OUT", help="The sheet; PICTURE.content.png if not given."
        ),
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("-y", "--overwrite", help="Replace a sheet that exists.")
    ] = False,
    size: Annotated[int, typer.Option(metavar="N", help="Longest side of each picture.")] = 256,
    steps: Annotated[int, typer.Option(metavar="N", help="Optimizer steps of each.")] = 200,
    features: Annotated[
        str, typer.Option(metavar="NAME|FILE", help="The perceptual network; as for metrics.")
    ] = "own",
    compute: Annotated[Compute, only("device")],
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")] = False,
) -> None:
    """Make the classical figures of what the layers of a perceptual network keep of a picture."""
    stop = StopOnSignal()
    if picture.is_dir():
        raise UsageError(f"expected a picture, got the folder {picture}")
    if style:
        catalog.check_picture(style)
    target = output or picture.with_name(f"{picture.stem}.{kind}.png")
    check_picture(target, [p for p in (picture, style) if p], overwrite=overwrite)
    try:
        from vidstyle.nets.devices import choose_device
        from vidstyle.optimize import reconstructions
        from vidstyle.zoo.features import load_features
    except ImportError as error:
        raise MissingPackageError(
            "reconstruct needs torch: pip install 'vidstyle[torch]'"
        ) from error
    from vidstyle.images.files import read_picture

    if kind not in reconstructions.KINDS:
        raise UsageError(f"expected `kind` {' or '.join(reconstructions.KINDS)}, got {kind}")
    if (kind == "grid") != (style is not None):
        raise UsageError("a grid needs a `style` PICTURE, and nothing else takes one")

    with StepDisplay(quiet=quiet) as display:

        def report(title: str, step: StepResult) -> None:
            stop()
            display.step(step, f"{title}, ", last=False)

        rows = reconstructions.reconstruct(
            read_picture(picture),
            load_features(features),
            kind,
            style=read_picture(style) if style else None,
            size=size,
            steps=steps,
            device=choose_device(compute.device),
            on_step=report,
        )
        write_picture(target, reconstructions.sheet(rows), overwrite=overwrite)
        display.end(target)
