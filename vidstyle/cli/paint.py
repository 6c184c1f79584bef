"""`vidstyle paint CONTENT --style PICTURE`: by optimisation: slow, and the reference."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vidstyle.cli.painting import Job, Lines, Looks, paint_clip, paint_picture_file
from vidstyle.cli.parsing import parse_layers, parse_numbers, parse_time
from vidstyle.cli.pictures import (
    check_curve,
    check_other,
    check_picture,
)
from vidstyle.cli.signals import StopOnSignal
from vidstyle.errors import MissingPackageError, UsageError

if TYPE_CHECKING:
    from vidstyle.optimize.painting import Config

METHODS = ("gatys", "mrf", "photoreal", "video")


def paint(
    content: Annotated[
        Path, typer.Argument(metavar="CONTENT", help="The picture to paint; a clip for video.")
    ],
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
        bool, typer.Option("-y", "--overwrite", help="Replace an output that exists.")
    ] = False,
    method: Annotated[
        str,
        typer.Option(
            help="gatys: Gram matrices of a deep network. mrf: its patches. photoreal: light and "
            "colors alone. video: a clip, steady in time."
        ),
    ] = "gatys",
    size: Annotated[
        int | None,
        typer.Option(metavar="N", help="Longest side of the result; 512, for mrf and video 384."),
    ] = None,
    steps: Annotated[
        int | None,
        typer.Option(
            metavar="N", help="Of the optimizer, at each size; 200, for mrf and video 100."
        ),
    ] = None,
    ratio: Annotated[
        float | None,
        typer.Option(
            metavar="X", help="Content over style; 0.001, for mrf 0.03, for photoreal 0.01."
        ),
    ] = None,
    content_layers: Annotated[
        str | None,
        typer.Option(metavar="LAYER:X,...", help="Where content is compared; relu4_2."),
    ] = None,
    style_layers: Annotated[
        str | None,
        typer.Option(
            metavar="LAYER:X,...", help="Where style is compared; relu1_1 to relu5_1, a fifth each."
        ),
    ] = None,
    style_weights: Annotated[
        str | None, typer.Option(metavar="N,N,...", help="Shares of several styles.")
    ] = None,
    style_scale: Annotated[
        str | None,
        typer.Option(
            metavar="X,X,...", help="Size of the styles over the result's, one for all or each; 1."
        ),
    ] = None,
    mask: Annotated[
        list[Path] | None,
        typer.Option(metavar="PICTURE", help="One for each style: where it is painted is white."),
    ] = None,
    style_mask: Annotated[
        list[Path] | None,
        typer.Option(metavar="PICTURE", help="One for each style: what is meant of it is white."),
    ] = None,
    regions: Annotated[
        str | None,
        typer.Option(
            metavar="PICTURE|auto|none",
            help="A color for each region of CONTENT; auto finds some, for photoreal by itself.",
        ),
    ] = None,
    style_regions: Annotated[
        Path | None,
        typer.Option(metavar="PICTURE", help="The regions of the style, in the same colors."),
    ] = None,
    colors: Annotated[
        str | None,
        typer.Option(
            help="style; or the content's: luminance, yuv, luv, lab (the painted light under the content's "
            "hues), linear, histogram (the style gets its colors first)."
        ),
    ] = None,
    variation: Annotated[
        float | None, typer.Option(metavar="X", help="Weight of smoothness; 0, for mrf 3.")
    ] = None,
    patch_layers: Annotated[
        str | None,
        typer.Option(
            metavar="LAYER:X,...", help="mrf: of the patches; relu1_1 to relu4_1, 1 each."
        ),
    ] = None,
    rotations: Annotated[
        int | None,
        typer.Option(metavar="N", help="mrf: turns of the style to either side, 15 degrees each."),
    ] = None,
    scales: Annotated[
        int | None,
        typer.Option(metavar="N", help="mrf: scales of the style to either side, 15 % each."),
    ] = None,
    realism: Annotated[
        float | None,
        typer.Option(metavar="X", help="photoreal: weight of the matting Laplacian."),
    ] = None,
    smoothing: Annotated[
        int | None,
        typer.Option(
            metavar="N", help="photoreal: half the windows of the last smoothing, pixels."
        ),
    ] = None,
    temporal: Annotated[
        float | None, typer.Option(metavar="X", help="video: weight of steadiness.")
    ] = None,
    reach: Annotated[
        str | None,
        typer.Option(metavar="N,N,...", help="video: frames back that are compared; 1,2,4."),
    ] = None,
    passes: Annotated[
        int | None, typer.Option(metavar="N", help="video: over the clip, forth and back.")
    ] = None,
    flow: Annotated[
        str | None, typer.Option(help="video: auto, dis, or raft (torchvision's); as for run.")
    ] = None,
    start: Annotated[
        str | None, typer.Option(metavar="TIME", help="video: begin there, as for run.")
    ] = None,
    end: Annotated[str | None, typer.Option(metavar="TIME", help="video: end there.")] = None,
    init: Annotated[
        str | None,
        typer.Option(help="Begin with content, noise, style or blend; photoreal: recolored."),
    ] = None,
    optimizer: Annotated[str | None, typer.Option(help="lbfgs or adam.")] = None,
    learning_rate: Annotated[
        float | None, typer.Option(metavar="X", help="1 for lbfgs, 0.02 for adam if not given.")
    ] = None,
    pooling: Annotated[str | None, typer.Option(help="max or average.")] = None,
    features: Annotated[
        str, typer.Option(metavar="NAME|FILE", help="What it looks through; as for metrics.")
    ] = "own",
    save_every: Annotated[
        int | None,
        typer.Option(
            min=1,
            metavar="N",
            help="Write OUT.000050.png and so on, too, and OUT.resume.safetensors.",
        ),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on from OUT.resume.safetensors.")
    ] = False,
    curve: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", help="Write the losses of every step there: .csv, .png."),
    ] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Of noise.")] = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")] = "auto",
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")] = False,
) -> None:
    """Paint by optimisation: minutes instead of milliseconds, and the reference.

    Gatys, Ecker and Bethge (2016), Li and Wand (2016), Luan et al. (2017), Ruder et al. (2016).
    """
    stop = StopOnSignal()
    if method not in METHODS:
        raise UsageError(f"no method is called {method}; expected {', '.join(METHODS)}")
    is_video = method == "video"
    curves = curve or []
    target = _target(content, style, output, is_video=is_video, overwrite=overwrite)
    for file in curves:
        check_curve(file, target, [content, *style], overwrite=overwrite)
    try:
        from vidstyle.nets.devices import choose_device
        from vidstyle.zoo.features import load_features
    except ImportError as error:
        raise MissingPackageError("paint needs torch: pip install 'vidstyle[torch]'") from error
    from vidstyle.images.files import read_picture
    from vidstyle.stylize.style import shares

    own_scales = parse_numbers("--style-scale", style_scale)
    config = _config(
        method,
        size=size,
        steps=steps,
        ratio=ratio,
        content_layers=_layers("--content-layers", content_layers),
        style_layers=_layers("--style-layers", style_layers),
        style_scale=tuple(own_scales) if own_scales else None,
        colors=colors,
        variation=variation,
        patch_layers=_layers("--patch-layers", patch_layers),
        rotations=rotations,
        scales=scales,
        realism=realism,
        smoothing=smoothing,
        temporal=temporal,
        reach=None if reach is None else _whole("--reach", reach),
        passes=passes,
        flow=flow,
        init=init,
        optimizer=optimizer,
        learning_rate=learning_rate,
        pooling=pooling,
        seed=seed,
    )
    _check_method(
        method,
        {"start": start, "end": end},
        {"save-every": save_every, "resume": resume or None, "curve": curve},
        {
            "mask": mask,
            "style-mask": style_mask,
            "regions": regions,
            "style-regions": style_regions,
        },
    )
    weights = parse_numbers("--style-weights", style_weights)
    job = Job(
        content,
        style,
        target,
        config,
        shares(weights, len(style)),
        choose_device(device),
        [read_picture(s) for s in style],
        load_features(features),
        Lines(quiet=quiet),
        stop,
    )
    if is_video:
        paint_clip(
            job, (parse_time("--start", start), parse_time("--end", end)), overwrite=overwrite
        )
        return
    from vidstyle.optimize.areas import AUTO, NONE, AreaFiles

    asked = AUTO if method == "photoreal" and not (mask or style_mask or style_regions) else NONE
    where = AreaFiles(tuple(mask or ()), tuple(style_mask or ()), regions or asked, style_regions)
    looks = Looks(target, save_every, overwrite=overwrite or resume)
    paint_picture_file(job, where, looks, curves, features, resume=resume)


def _check_method(
    method: str, of_clips: dict[str, Any], of_pictures: dict[str, Any], areas: dict[str, Any]
) -> None:
    """Refuse options that do not go with a method; see `_config` for its own."""
    others = of_pictures if method == "video" else of_clips
    if method not in ("gatys", "photoreal"):
        others = others | areas
    for name, value in others.items():
        if value is not None:
            raise UsageError(f"--{name} does not go with --method {method}")


def _target(
    content: Path, style: list[Path], output: Path | None, *, is_video: bool, overwrite: bool
) -> Path:
    if is_video:
        from vidstyle.api import default_output
        from vidstyle.media.inputs import check_input
        from vidstyle.media.parts import check_output

        check_input(content)
        target = output or default_output(content, [str(s) for s in style])
        check_output(target, overwrite=overwrite)
        check_other(target, [content, *style])
        return target
    target = output or content.with_name(f"{content.stem}.{'+'.join(s.stem for s in style)}.png")
    check_picture(target, [content, *style], overwrite=overwrite)
    return target


def _config(method: str, **given: Any) -> Config:
    from vidstyle.optimize.gatys import GatysConfig
    from vidstyle.optimize.mrf import MrfConfig
    from vidstyle.optimize.photoreal import PhotorealConfig
    from vidstyle.optimize.video import VideoConfig

    kinds: dict[str, type[Config]] = dict(
        zip(METHODS, (GatysConfig, MrfConfig, PhotorealConfig, VideoConfig), strict=True)
    )
    kind = kinds[method]
    known = {f.name for f in fields(kind)}
    chosen = {name: value for name, value in given.items() if value is not None}
    for name in chosen:
        if name not in known:
            raise UsageError(f"--{name.replace('_', '-')} does not go with --method {method}")
    return kind(**chosen)


def _layers(option: str, text: str | None) -> dict[str, float] | None:
    return None if text is None else parse_layers(option, text)


def _whole(option: str, text: str) -> tuple[int, ...]:
    numbers = parse_numbers(option, text) or []
    if not all(n.is_integer() for n in numbers):
        raise UsageError(f"expected whole numbers such as 1,2,4 for {option}, got {text!r}")
    return tuple(int(n) for n in numbers)
