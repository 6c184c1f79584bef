"""`vidstyle train ...`: one subcommand per network."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from vidstyle.cli.manifest import NEEDS_TORCH, Content, manifest
from vidstyle.cli.mistakes import Commands
from vidstyle.cli.options import Command, command, only, without
from vidstyle.cli.signals import StopOnSignal
from vidstyle.cli.terminal import say, tell
from vidstyle.cli.timeleft import TimeLeft
from vidstyle.errors import MissingPackageError, UsageError
from vidstyle.nets.shape import Shape
from vidstyle.runtime.compute import Compute
from vidstyle.training.config import (
    ArbitraryConfig,
    BaseConfig,
    InverseConfig,
    PerceptualConfig,
    RegionsConfig,
    StyleConfig,
)
from vidstyle.training.report import Recording, Report

app = typer.Typer(
    name="train",
    cls=Commands,
    help="Train networks (needs torch: pip install 'vidstyle[torch]').",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.callback()
def _group() -> None:
    """Train networks (needs torch: pip install 'vidstyle[torch]')."""


def _reporter() -> Callable[[Report], None]:
    """Return a function that prints a report, and that raises when a signal has asked for the end."""
    stop, left = StopOnSignal(), TimeLeft()

    def report(step: Report) -> None:
        losses = "  ".join(f"{name} {value:.4g}" for name, value in step.losses.items())
        rate = f"  {step.images_per_second:.1f} images/s" if step.images_per_second else ""
        skipped = f"  skipped {step.skipped}" if step.skipped else ""
        line = f"{step.step}/{step.steps}  {losses}{rate}{skipped}"
        if remaining := left(step.step / step.steps):
            line += f"  {remaining}"
        print(line, file=sys.stderr, flush=True)
        stop()

    return report


def _end(result: Path, following: str) -> None:
    """Print the path of a result for programs, and for people the command that it is made for; once, if processes are several."""
    if os.environ.get("RANK", "0") != "0":
        return
    tell(str(result))
    say(f"use it: vidstyle {following} {shlex.quote(str(result))}")


Out = Annotated[
    Path,
    typer.Option(
        metavar="DIR", help="Folder for checkpoints and result; a run found there is resumed."
    ),
]
Exclude = Annotated[
    list[str] | None,
    typer.Option(metavar="PREFIX", help="Exclude files whose names begin with this; repeatable."),
]
Manifest = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Train on the pictures that it lists for training, with their digests checked, and measure at "
        "the end on those that it holds out; see vidstyle train manifest.",
    ),
]
Features = Annotated[
    str,
    typer.Option(
        metavar="NAME|FILE",
        help="The perceptual network of the losses: own, vgg19 (torchvision's), or safetensors with VGG-19's "
        "layer names, of any widths.",
    ),
]
Device = Annotated[Compute, only("device")]


@app.command("arbitrary", cls=Command)
@command
def arbitrary(
    *,
    content: Content,
    style: Annotated[Path, typer.Option(metavar="DIR", help="Folder of style pictures.")],
    features: Features = "own",
    out: Out = Path("runs/arbitrary"),
    exclude: Exclude = None,
    manifest: Manifest = None,
    init: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Start from these weights; smaller ones are grown, blocks beyond --blocks left out.",
        ),
    ] = None,
    widths: Annotated[
        tuple[int, int, int],
        typer.Option(metavar="N N N", help="Channels at 1/2, 1/4 and 1/8 of the resolution."),
    ] = (Shape.half, Shape.quarter, Shape.eighth),
    shape: Annotated[Shape, only("blocks", "kernels", "sixteenth", "coarse_blocks", "rank")],
    config: Annotated[ArbitraryConfig, without("shape", "average")],
    compute: Device,
    sheet_every: Annotated[int, typer.Option(min=1, help="Steps between contact sheets.")] = 500,
) -> None:
    """Train the any-style network from folders of photos and of style pictures.

    On several GPUs: torchrun --nproc-per-node N -m vidstyle train arbitrary ...
    """
    try:
        from vidstyle.nets import processes
        from vidstyle.nets.devices import choose_device
        from vidstyle.training.arbitrary import train
        from vidstyle.training.manifest import Folders
        from vidstyle.zoo.features import load_features
    except ImportError as error:
        raise MissingPackageError(NEEDS_TORCH) from error

    half, quarter, eighth = widths
    shape = replace(shape, half=half, quarter=quarter, eighth=eighth)
    with processes.together(choose_device(compute.device)) as device:
        result = train(
            Folders(content, style, tuple(exclude or ()), manifest),
            load_features(features),
            out,
            encoder_perceptual=load_features(),
            config=replace(config, shape=shape),
            init=init,
            device=device,
            recording=Recording(_reporter(), sheet_every=sheet_every),
        )
    _end(result, "train style PICTURE --content PHOTOS --base")


@app.command("style", cls=Command)
@command
def style(
    *,
    picture: Annotated[Path, typer.Argument(metavar="PICTURE", help="The style.")],
    content: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR|CLIP",
            help="Folder of photos, which is best; or a clip, whose frames are used. By default synthetic "
            "pictures.",
        ),
    ] = None,
    features: Features = "own",
    base: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="The network to begin with, of any style or of another one; by default a shipped network of one style.",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Folder for checkpoint and result; a run found there is resumed. "
            "By default runs/NAME, NAME being the picture's.",
        ),
    ] = None,
    exclude: Exclude = None,
    manifest: Manifest = None,
    config: Annotated[StyleConfig, without("late_style_weight", "late_temporal_weight", "average")],
    compute: Device,
) -> None:
    """Train a network for one style, nearer to it than the any-style network.

    The result is used as `vidstyle run IN --style NAME.safetensors`. On several GPUs: torchrun --nproc-per-node N -m vidstyle train
    style ...
    """
    from vidstyle.training.api import train_style

    # One style is learned with the same weights from the first step to the last.
    config = replace(
        config,
        late_style_weight=config.style_weight,
        late_temporal_weight=config.temporal_weight,
    )
    result = train_style(
        picture,
        content=content,
        out=out,
        base=base,
        config=config,
        features=features,
        exclude=exclude or (),
        manifest=manifest,
        device=compute.device,
        on_report=_reporter(),
    )
    _end(result, "run IN --style")


@app.command("base", cls=Command)
@command
def base(
    *,
    content: Content,
    style: Annotated[Path, typer.Option(metavar="DIR", help="Folder of style pictures.")],
    init: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="The any-style network that the base is of; by default the shipped one.",
        ),
    ] = None,
    features: Features = "own",
    out: Out = Path("runs/base"),
    exclude: Exclude = None,
    manifest: Manifest = None,
    config: Annotated[BaseConfig, without("average")],
    compute: Device,
) -> None:
    """Train the weights that a fit, run --fit, begins with, so that it goes far in few seconds (Reptile)."""
    if os.environ.get("WORLD_SIZE", "1") != "1":
        raise UsageError("the base of fits is trained by one process; leave torchrun out")
    try:
        from vidstyle.nets.devices import choose_device
        from vidstyle.training.base import train
        from vidstyle.training.manifest import Folders
        from vidstyle.zoo import catalog
        from vidstyle.zoo.features import load_features
    except ImportError as error:
        raise MissingPackageError(NEEDS_TORCH) from error

    files = catalog.open_file(init) if init else catalog.find()
    result = train(
        Folders(content, style, tuple(exclude or ()), manifest),
        load_features(features),
        files.weights if init else catalog.verify(files.weights),
        out,
        config=config,
        device=choose_device(compute.device),
        recording=Recording(_reporter(), report_every=1, save_every=20),
    )
    tell(str(result))
    say(
        f"fits begin with it beside {files.weights}; of the shipped network it also needs its digest in SHA256SUMS (make sums)"
    )


@app.command("perceptual", cls=Command)
@command
def perceptual(
    *,
    pictures: Annotated[
        list[Path], typer.Option(metavar="DIR", help="Folder of pictures; repeatable.")
    ],
    teacher: Annotated[
        Path,
        typer.Option(
            metavar="FILE",
            help="Weights of the network to learn from: safetensors with VGG-19's layer names, "
            "any widths.",
        ),
    ],
    out: Out = Path("runs/perceptual"),
    exclude: Exclude = None,
    config: Annotated[PerceptualConfig, without("average")],
    compute: Device,
) -> None:
    """Train the perceptual network of the losses, by distillation from another."""
    if os.environ.get("WORLD_SIZE", "1") != "1":
        raise UsageError("the perceptual network is trained by one process; leave torchrun out")
    try:
        from vidstyle.nets.devices import choose_device
        from vidstyle.training.perceptual import train
    except ImportError as error:
        raise MissingPackageError(NEEDS_TORCH) from error

    result = train(
        pictures,
        teacher,
        out,
        config=config,
        exclude=tuple(exclude or ()),
        device=choose_device(compute.device),
        recording=Recording(_reporter()),
    )
    _end(result, "paint CONTENT --style PICTURE --features")


@app.command("inverse", cls=Command)
@command
def inverse(
    *,
    content: Content,
    style: Annotated[Path, typer.Option(metavar="DIR", help="Folder of style pictures.")],
    out: Out = Path("runs/inverse"),
    exclude: Exclude = None,
    manifest: Manifest = None,
    config: Annotated[InverseConfig, without("average")],
    compute: Device,
    sheet_every: Annotated[int, typer.Option(min=1, help="Steps between contact sheets.")] = 500,
) -> None:
    """Train the network that decodes features into a picture, for run --method swap."""
    if os.environ.get("WORLD_SIZE", "1") != "1":
        raise UsageError("the inverse network is trained by one process; leave torchrun out")
    try:
        from vidstyle.nets.devices import choose_device
        from vidstyle.training.inverse import train
        from vidstyle.training.manifest import Folders
        from vidstyle.zoo.features import load_features
    except ImportError as error:
        raise MissingPackageError(NEEDS_TORCH) from error

    result = train(
        Folders(content, style, tuple(exclude or ()), manifest),
        load_features(),
        out,
        config=config,
        device=choose_device(compute.device),
        recording=Recording(_reporter(), sheet_every=sheet_every),
    )
    tell(str(result))
    say(
        "to paint with it, put it in the place of models/inverse.safetensors, and its digest into SHA256SUMS (make sums)"
    )


@app.command("regions", cls=Command)
@command
def regions(
    *,
    pictures: Annotated[
        Path, typer.Option(metavar="DIR", help="Folder that the names of the labels begin at.")
    ],
    labels: Annotated[
        Path,
        typer.Option(
            metavar="CSV", help="What places of the pictures show; models/regions.csv is one."
        ),
    ],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder for the result.")] = Path(
        "runs/regions"
    ),
    config: RegionsConfig,
) -> None:
    """Train the small network that names regions: sky, person, vegetation, water, building, ground."""
    if os.environ.get("WORLD_SIZE", "1") != "1":
        raise UsageError("the names of regions are learned by one process; leave torchrun out")
    try:
        from vidstyle.training.regions import train
        from vidstyle.zoo.features import load_features
    except ImportError as error:
        raise MissingPackageError(NEEDS_TORCH) from error

    result = train(pictures, labels, load_features(), out, config=config, on_report=_reporter())
    tell(str(result))
    say(
        "to name regions with it, put it in the place of models/regions.safetensors, and its digest into SHA256SUMS (make sums)"
    )


app.command("manifest", cls=Command)(manifest)
