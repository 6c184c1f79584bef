"""`vidstyle train ...`: one subcommand per network."""

from __future__ import annotations

import csv
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vidstyle.cli.signals import StopOnSignal
from vidstyle.errors import InputError, MissingPackageError

if TYPE_CHECKING:
    from vidstyle.training.report import Report

train_app = typer.Typer(
    help="Train networks (needs torch: pip install 'vidstyle[torch]').",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@train_app.callback()
def _group() -> None:
    """Train networks (needs torch: pip install 'vidstyle[torch]')."""


def _reporter() -> Callable[[Report], None]:
    """Return what shows reports, and stops at a signal."""
    stop = StopOnSignal()

    def report(step: Report) -> None:
        losses = "  ".join(f"{name} {value:.4g}" for name, value in step.losses.items())
        rate = f"  {step.images_per_second:.1f} images/s" if step.images_per_second else ""
        skipped = f"  skipped {step.skipped}" if step.skipped else ""
        print(f"{step.step}/{step.steps}  {losses}{rate}{skipped}", file=sys.stderr, flush=True)
        stop()

    return report


_NEEDS_TORCH = "training needs torch: pip install 'vidstyle[torch]'"

Out = Annotated[
    Path,
    typer.Option(
        metavar="DIR", help="Folder for checkpoints and result; a run found there goes on."
    ),
]
Exclude = Annotated[
    list[str] | None,
    typer.Option(metavar="PREFIX", help="Leave out files whose names begin so; repeatable."),
]
Occluders = Annotated[
    float,
    typer.Option(min=0, max=1, help="Share of moved views with something else moving in front."),
]
Exposure = Annotated[
    float,
    typer.Option(min=0, help="Moved views are brighter or darker, by exp(EXPOSURE) at most."),
]
Manifest = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Learn from just the pictures that it lists for it, each checked, and measure at the end "
        "on those that it holds out; see vidstyle train manifest.",
    ),
]
Seed = Annotated[int, typer.Option(min=0, help="Of data order, crops and initial weights.")]
Features = Annotated[
    str,
    typer.Option(
        metavar="NAME|FILE",
        help="What the losses look through: own, vgg19 (torchvision's), or safetensors with VGG-19's "
        "layer names, of any widths.",
    ),
]
Device = Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")]


def _read_config(context: typer.Context, path: Path | None) -> None:
    """Let a file give what the options are if not given.

    Raises:
        InputError: no such file, or something in it is no option, or not of its kind.
    """
    if path is None:
        return
    try:
        values = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise InputError(f"cannot read the config {path}: {error.strerror}") from error
    except ValueError as error:
        raise InputError(f"{path} is no TOML: {error}") from error
    options = {p.name: p for p in context.command.params if p.name not in ("settings", "help")}
    defaults: dict[str, str | list[str]] = {}
    for name, value in values.items():
        if name not in options:
            known = ", ".join(sorted(n for n in options if n))
            raise InputError(f"{path}: unknown key {name}; expected some of {known}")
        several = options[name].nargs != 1 or getattr(options[name], "multiple", False)
        if isinstance(value, list) != several or isinstance(value, dict):
            raise InputError(
                f"{path}: expected {'a list' if several else 'one value'} for {name}, got {value}"
            )
        # As text, to be read and checked as if it were given on the command line.
        defaults[name] = [str(v) for v in value] if several else str(value)
    context.default_map = defaults


Settings = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="FILE",
        is_eager=True,
        callback=_read_config,
        help="TOML that gives options, by their names with _ for -; those given here count more.",
    ),
]


@train_app.command("arbitrary")
def arbitrary(
    content: Annotated[Path, typer.Option(metavar="DIR", help="Folder of photos.")],
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
        tuple[int, int, int, int],
        typer.Option(
            metavar="N N N N",
            help="Channels at 1/2, 1/4, 1/8 and 1/16 of the resolution; 0 at 1/16: no such branch.",
        ),
    ] = (16, 32, 96, 0),
    coarse_blocks: Annotated[int, typer.Option(min=0, help="Residual blocks at 1/16.")] = 0,
    texture: Annotated[
        bool,
        typer.Option("--texture", help="The encoder describes orientation and scale of strokes."),
    ] = False,
    style_crop: Annotated[int, typer.Option(min=64, help="Side of the style crops, pixels.")] = 256,
    style_zoom: Annotated[
        float, typer.Option(min=1, help="Style pictures are shown so much larger or smaller.")
    ] = 1.0,
    blocks: Annotated[int, typer.Option(min=1, help="Residual blocks at 1/8.")] = 2,
    kernels: Annotated[
        int, typer.Option(min=0, help="Kernels that a style mixes, in each of two convolutions.")
    ] = 32,
    hidden: Annotated[int, typer.Option(min=1, help="Hidden numbers of the style encoder.")] = 512,
    steps: Annotated[int, typer.Option(min=1, help="Optimizer steps.")] = 5000,
    batch: Annotated[int, typer.Option(min=2, help="Photos per step, even.")] = 8,
    crop: Annotated[int, typer.Option(min=64, help="Side of the training frames, pixels.")] = 192,
    learning_rate: Annotated[float, typer.Option(help="Peak learning rate.")] = 1.5e-3,
    style_weight: Annotated[float, typer.Option(help="Weight of the style loss at first.")] = 26.0,
    late_style_weight: Annotated[float, typer.Option(help="The same at the end.")] = 12.0,
    temporal_weight: Annotated[
        float, typer.Option(help="Weight of the temporal loss at first.")
    ] = 15.0,
    late_temporal_weight: Annotated[float, typer.Option(help="The same at the end.")] = 60.0,
    occluders: Occluders = 0.0,
    exposure: Exposure = 0.0,
    content_weight: Annotated[float, typer.Option(help="Weight of the content loss.")] = 1.0,
    fidelity_weight: Annotated[
        float, typer.Option(help="Weight of the content loss on directions, all layers.")
    ] = 0.0,
    gram: Annotated[
        float, typer.Option(help="Share of the Gram matrices in the style loss.")
    ] = 0.5,
    root: Annotated[
        bool, typer.Option("--root", help="The style loss is a distance, not its square.")
    ] = False,
    balanced: Annotated[
        bool,
        typer.Option("--balanced", help="The style loss is relative to the photo's own distance."),
    ] = False,
    nearest_weight: Annotated[
        float, typer.Option(help="Weight of the nearest-neighbour loss.")
    ] = 0.0,
    similarity_weight: Annotated[
        float, typer.Option(help="Weight of the self-similarity loss.")
    ] = 0.0,
    least_scale: Annotated[
        float,
        typer.Option(min=0.25, max=1, help="Losses look at pictures scaled to this at least."),
    ] = 1.0,
    tone_weight: Annotated[float, typer.Option(help="Weight of the tone loss.")] = 4.0,
    variation_weight: Annotated[float, typer.Option(help="Weight of the total variation.")] = 0.5,
    grid_weight: Annotated[
        float, typer.Option(help="Weight of the network's grid in something smooth.")
    ] = 2000.0,
    seed: Seed = 1,
    device: Device = "auto",
    settings: Settings = None,
    sheet_every: Annotated[int, typer.Option(min=1, help="Steps between contact sheets.")] = 500,
) -> None:
    """Train the any-style network from folders of photos and of style pictures."""
    try:
        from vidstyle.nets.arbitrary import Shape
        from vidstyle.nets.devices import choose_device
        from vidstyle.training.arbitrary import Config, train
        from vidstyle.zoo.features import load_features
    except ImportError as error:
        raise MissingPackageError(_NEEDS_TORCH) from error

    config = Config(
        shape=Shape(*widths[:3], blocks, kernels, widths[3], coarse_blocks),
        texture=texture,
        style_crop=style_crop,
        style_zoom=style_zoom,
        balanced=balanced,
        nearest_weight=nearest_weight,
        similarity_weight=similarity_weight,
        least_scale=least_scale,
        steps=steps,
        batch=batch,
        crop=crop,
        learning_rate=learning_rate,
        style_weight=style_weight,
        late_style_weight=late_style_weight,
        temporal_weight=temporal_weight,
        late_temporal_weight=late_temporal_weight,
        occluders=occluders,
        exposure=exposure,
        content_weight=content_weight,
        fidelity_weight=fidelity_weight,
        gram=gram,
        root=root,
        tone_weight=tone_weight,
        variation_weight=variation_weight,
        grid_weight=grid_weight,
        hidden=hidden,
        seed=seed,
    )
    result = train(
        content,
        style,
        load_features(features),
        out,
        encoder_eyes=load_features(),
        config=config,
        exclude=tuple(exclude or ()),
        manifest=manifest,
        init=init,
        device=choose_device(device),
        sheet_every=sheet_every,
        on_report=_reporter(),
    )
    print(result)


@train_app.command("style")
def style(
    picture: Annotated[Path, typer.Argument(metavar="PICTURE", help="The style.")],
    content: Annotated[Path, typer.Option(metavar="DIR", help="Folder of photos.")],
    features: Features = "own",
    base: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="The any-style network to begin with; a small one if not given."
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Folder for checkpoint and result; a run found there goes on. "
            "By default runs/NAME, NAME being the picture's.",
        ),
    ] = None,
    exclude: Exclude = None,
    manifest: Manifest = None,
    steps: Annotated[int, typer.Option(min=1, help="Optimizer steps.")] = 1200,
    batch: Annotated[int, typer.Option(min=2, help="Photos per step, even.")] = 4,
    crop: Annotated[int, typer.Option(min=64, help="Side of the training frames, pixels.")] = 224,
    style_side: Annotated[
        int, typer.Option(min=64, help="Short side of the style, pixels: the size of its strokes.")
    ] = 384,
    learning_rate: Annotated[float, typer.Option(help="Peak learning rate.")] = 1.5e-3,
    style_weight: Annotated[float, typer.Option(help="Weight of the style loss.")] = 40.0,
    content_weight: Annotated[float, typer.Option(help="Weight of the content loss.")] = 0.1,
    fidelity_weight: Annotated[
        float, typer.Option(help="Weight of the content loss on directions, all layers.")
    ] = 10.0,
    temporal_weight: Annotated[float, typer.Option(help="Weight of the temporal loss.")] = 2400.0,
    occluders: Occluders = 0.5,
    exposure: Exposure = 0.05,
    seed: Seed = 1,
    device: Device = "auto",
    settings: Settings = None,
) -> None:
    """Train a network for one style, smaller and nearer to it than the any-style one.

    The result is used as `vidstyle run IN --style NAME.safetensors`.
    """
    try:
        from vidstyle.training.api import train_style
        from vidstyle.training.style import Config
    except ImportError as error:
        raise MissingPackageError(_NEEDS_TORCH) from error

    config = Config(
        steps=steps,
        batch=batch,
        crop=crop,
        style_side=style_side,
        learning_rate=learning_rate,
        style_weight=style_weight,
        late_style_weight=style_weight,
        content_weight=content_weight,
        fidelity_weight=fidelity_weight,
        temporal_weight=temporal_weight,
        late_temporal_weight=temporal_weight,
        occluders=occluders,
        exposure=exposure,
        seed=seed,
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
        device=device,
        on_report=_reporter(),
    )
    print(result)


@train_app.command("perceptual")
def perceptual(
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
    steps: Annotated[int, typer.Option(min=1, help="Optimizer steps.")] = 6000,
    batch: Annotated[int, typer.Option(min=1, help="Crops per step.")] = 12,
    crop: Annotated[int, typer.Option(min=32, help="Side of the crops, pixels.")] = 128,
    learning_rate: Annotated[float, typer.Option(help="Peak learning rate.")] = 2e-3,
    seed: Seed = 1,
    device: Device = "auto",
    settings: Settings = None,
) -> None:
    """Train the network that the losses look through, by distillation from another."""
    try:
        from vidstyle.nets.devices import choose_device
        from vidstyle.training.perceptual import Config, train
    except ImportError as error:
        raise MissingPackageError(_NEEDS_TORCH) from error

    result = train(
        pictures,
        teacher,
        out,
        config=Config(steps, batch, crop, learning_rate, seed=seed),
        exclude=tuple(exclude or ()),
        device=choose_device(device),
        on_report=_reporter(),
    )
    print(result)


@train_app.command("manifest")
def manifest(
    content: Annotated[Path, typer.Option(metavar="DIR", help="Folder of photos.")],
    style: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder of style pictures.")
    ] = None,
    hold: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PREFIX", help="Hold out files whose names begin so, of both; repeatable."
        ),
    ] = None,
) -> None:
    """Print a manifest of pictures, for --manifest of the others: names, digests, what is held out."""
    try:
        from vidstyle.training.manifest import Row, list_rows
    except ImportError as error:
        raise MissingPackageError(_NEEDS_TORCH) from error

    lines = csv.writer(sys.stdout, lineterminator="\n")
    lines.writerow(Row._fields)
    for kind, folder in (("content", content), ("style", style)):
        if folder:
            lines.writerows(list_rows(kind, folder, tuple(hold or ())))
