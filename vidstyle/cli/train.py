"""`vidstyle train ...`: one subcommand per network."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vidstyle.cli.signals import StopOnSignal
from vidstyle.errors import MissingPackageError

if TYPE_CHECKING:
    from vidstyle.training.arbitrary import Report

train_app = typer.Typer(
    help="Train networks (needs torch: pip install 'vidstyle[torch]').",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@train_app.callback()
def _group() -> None:
    """Train networks (needs torch: pip install 'vidstyle[torch]')."""


def _show(report: Report) -> None:
    losses = "  ".join(f"{name} {value:.4f}" for name, value in report.losses.items())
    skipped = f"  skipped {report.skipped}" if report.skipped else ""
    print(
        f"{report.step}/{report.steps}  {losses}  {report.images_per_second:.1f} images/s{skipped}",
        file=sys.stderr,
        flush=True,
    )


@train_app.command("arbitrary")
def arbitrary(
    content: Annotated[Path, typer.Option(metavar="DIR", help="Folder of photos.")],
    style: Annotated[Path, typer.Option(metavar="DIR", help="Folder of style pictures.")],
    perceptual: Annotated[
        Path,
        typer.Option(
            metavar="FILE",
            help="Weights of the perceptual network: safetensors with VGG-19's layer names, "
            "any widths.",
        ),
    ],
    out: Annotated[
        Path,
        typer.Option(
            metavar="DIR",
            help="Folder for checkpoint, contact sheets and result; a run found there goes on.",
        ),
    ] = Path("runs/arbitrary"),
    exclude: Annotated[
        list[str] | None,
        typer.Option(metavar="PREFIX", help="Leave out files whose names begin so; repeatable."),
    ] = None,
    init: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Start from these weights; smaller ones are grown."),
    ] = None,
    widths: Annotated[
        tuple[int, int, int],
        typer.Option(metavar="N N N", help="Channels at 1/2, 1/4 and 1/8 of the resolution."),
    ] = (16, 32, 96),
    blocks: Annotated[int, typer.Option(min=1, help="Residual blocks at 1/8.")] = 2,
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
    seed: Annotated[
        int, typer.Option(min=0, help="Of data order, motion and initial weights.")
    ] = 1,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")] = "auto",
    sheet_every: Annotated[int, typer.Option(min=1, help="Steps between contact sheets.")] = 500,
) -> None:
    """Train the any-style network from folders of photos and of style pictures."""
    try:
        from vidstyle.nets.arbitrary import Shape
        from vidstyle.training.arbitrary import Config, choose_device, train
    except ImportError as error:
        raise MissingPackageError("training needs torch: pip install 'vidstyle[torch]'") from error

    config = Config(
        shape=Shape(*widths, blocks),
        steps=steps,
        batch=batch,
        crop=crop,
        learning_rate=learning_rate,
        style_weight=style_weight,
        late_style_weight=late_style_weight,
        temporal_weight=temporal_weight,
        late_temporal_weight=late_temporal_weight,
        seed=seed,
    )
    stop = StopOnSignal()

    def report(step: Report) -> None:
        _show(step)
        stop()

    result = train(
        content,
        style,
        perceptual,
        out,
        config=config,
        exclude=tuple(exclude or ()),
        init=init,
        device=choose_device(device),
        sheet_every=sheet_every,
        on_report=report,
    )
    print(result)
