"""`vidstyle paint CONTENT --style PICTURE`: one picture, by optimisation: slow, and the reference."""

from __future__ import annotations

import csv
import io
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vidstyle.cli.parsing import parse_layers, parse_numbers
from vidstyle.cli.signals import StopOnSignal
from vidstyle.errors import MissingPackageError, OutputError, UsageError
from vidstyle.media.parts import PartFile, check_output

if TYPE_CHECKING:
    from vidstyle.optimize.gatys import Step

_SECONDS = 5.0
"""Between two lines."""


def paint(
    content: Annotated[Path, typer.Argument(metavar="CONTENT", help="The picture to paint.")],
    style: Annotated[
        list[Path],
        typer.Option("--style", "-s", metavar="PICTURE", help="Like this one; several are mixed."),
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="OUT",
            help="A .png or .jpg; photo.starry.png for photo.jpg and starry.jpg if not given.",
        ),
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("-y", "--overwrite", help="Replace a picture that exists.")
    ] = False,
    method: Annotated[str, typer.Option(help="gatys: Gram matrices of a deep network.")] = "gatys",
    size: Annotated[int, typer.Option(metavar="N", help="Longest side of the result.")] = 512,
    steps: Annotated[
        int, typer.Option(metavar="N", help="Of the optimizer: 200 give a good picture.")
    ] = 200,
    ratio: Annotated[
        float, typer.Option(metavar="X", help="Content over style: higher keeps more of it.")
    ] = 1e-3,
    content_layers: Annotated[
        str, typer.Option(metavar="LAYER:X,...", help="Where content is compared, and weights.")
    ] = "relu4_2",
    style_layers: Annotated[
        str, typer.Option(metavar="LAYER:X,...", help="Where style is compared, and weights.")
    ] = "relu1_1:0.2,relu2_1:0.2,relu3_1:0.2,relu4_1:0.2,relu5_1:0.2",
    style_weights: Annotated[
        str | None, typer.Option(metavar="N,N,...", help="Shares of several styles.")
    ] = None,
    style_scale: Annotated[
        float, typer.Option(metavar="X", help="Size of the style over that of the result.")
    ] = 1.0,
    colors: Annotated[
        str,
        typer.Option(
            help="The style's; or kept: luminance (the painted light under the content's hues), "
            "linear (the style picture gets the content's colors first)."
        ),
    ] = "style",
    variation: Annotated[float, typer.Option(metavar="X", help="Weight of smoothness.")] = 0.0,
    init: Annotated[str, typer.Option(help="Begin with content, noise, style or blend.")] = (
        "content"
    ),
    optimizer: Annotated[str, typer.Option(help="lbfgs or adam.")] = "lbfgs",
    learning_rate: Annotated[
        float | None, typer.Option(metavar="X", help="1 for lbfgs, 0.02 for adam if not given.")
    ] = None,
    pooling: Annotated[str, typer.Option(help="max or average.")] = "max",
    features: Annotated[
        str, typer.Option(metavar="NAME|FILE", help="What it looks through; as for metrics.")
    ] = "own",
    save_every: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Write OUT.000050.png and so on, too.")
    ] = None,
    curve: Annotated[
        Path | None, typer.Option(metavar="CSV", help="Write the losses of every step there.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of noise.")] = 1,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")] = "auto",
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")] = False,
) -> None:
    """Paint one picture by optimisation: minutes instead of milliseconds, and the reference.

    Neural style transfer as published by Gatys, Ecker and Bethge (2016).
    """
    stop = StopOnSignal()
    if method != "gatys":
        raise UsageError(f"no method is called {method}; expected gatys")
    target = output or content.with_name(f"{content.stem}.{'+'.join(s.stem for s in style)}.png")
    check_picture(target, [content, *style], overwrite=overwrite)
    if curve and (
        not curve.parent.is_dir() or curve.is_dir() or (curve.exists() and not overwrite)
    ):
        raise UsageError(f"cannot write {curve}: no such folder, or it exists already (-y)")
    try:
        from vidstyle.features import load_features
        from vidstyle.optimize.gatys import Config, paint_picture
        from vidstyle.training.devices import choose_device
    except ImportError as error:
        raise MissingPackageError("paint needs torch: pip install 'vidstyle[torch]'") from error
    from vidstyle.pictures import read_picture
    from vidstyle.stylize.look import Look

    weights = parse_numbers("--style-weights", style_weights)
    shares = Look(style_weights=tuple(weights) if weights else None).shares(len(style))
    config = Config(
        size=size,
        steps=steps,
        content_layers=parse_layers("--content-layers", content_layers),
        style_layers=parse_layers("--style-layers", style_layers),
        ratio=ratio,
        variation=variation,
        init=init,
        optimizer=optimizer,
        learning_rate=learning_rate,
        pooling=pooling,
        colors=colors,
        style_scale=style_scale,
        seed=seed,
    )
    rows: list[Step] = []
    told = time.monotonic()

    def on_step(step: Step, picture: Callable[[], Any]) -> None:
        nonlocal told
        stop()
        rows.append(step)
        if save_every and step.step % save_every == 0:
            write_picture(target.with_name(f"{target.stem}.{step.step:06d}.png"), picture())
        if not quiet and (time.monotonic() - told >= _SECONDS or step.step == step.steps):
            told = time.monotonic()
            print(
                f"vidstyle: step {step.step}/{step.steps} at {step.width}x{step.height}: "
                f"content {step.content:.4f}, style {step.style:.5f}",
                file=sys.stderr,
                flush=True,
            )

    painted = paint_picture(
        read_picture(content),
        [read_picture(s) for s in style],
        load_features(features),
        config,
        shares=shares,
        device=choose_device(device),
        on_step=on_step,
    )
    write_picture(target, painted)
    if curve:
        text = io.StringIO(newline="")
        lines = csv.writer(text)
        lines.writerow(["step", "width", "height", "content", "style", "loss"])
        lines.writerows([s.step, s.width, s.height, s.content, s.style, s.loss] for s in rows)
        _keep(curve, text.getvalue().encode())
    if not quiet:
        print(f"vidstyle: {target}", file=sys.stderr)


def check_picture(target: Path, inputs: list[Path], *, overwrite: bool) -> None:
    """Refuse an output that is no picture, exists, or is an input, before any work is done."""
    check_output(target, overwrite=overwrite)
    if target.suffix.lower() not in {".png", ".jpg", ".jpeg"}:
        raise UsageError(f"expected an output that ends in .png or .jpg, got {target.name}")
    if any(target.exists() and p.exists() and target.samefile(p) for p in inputs):
        raise UsageError(f"{target} is an input itself; choose another output with -o")


def write_picture(target: Path, pixels: Any) -> None:
    """Write pixels (H, W, 3) RGB to a file that appears under its name when it is whole."""
    import cv2

    done, encoded = cv2.imencode(target.suffix, pixels[..., ::-1])
    if not done:
        raise OutputError(f"cannot write {target}: it could not be encoded")
    _keep(target, encoded.tobytes())


def _keep(target: Path, data: bytes) -> None:
    """Write a file that appears under its name when it is whole."""
    part = PartFile(target)
    try:
        part.file.write_bytes(data)
        part.commit(overwrite=True)
    except OSError as error:
        part.discard()
        raise OutputError(f"cannot write {target}: {error.strerror}") from error
