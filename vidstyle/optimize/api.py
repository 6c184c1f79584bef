"""The Python API to paint one picture by optimization. It imports torch when it is called."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from vidstyle.errors import MissingPackageError, UsageError
from vidstyle.frame import Pixels
from vidstyle.images.files import PictureSource, load_picture
from vidstyle.optimize.config import (
    Config,
    DoodleConfig,
    GatysConfig,
    MrfConfig,
    PhotorealConfig,
    SwapConfig,
)
from vidstyle.optimize.pictures import check_picture, write_picture
from vidstyle.optimize.regionfiles import RegionFiles
from vidstyle.optimize.texture import blank, for_texture, texture_of
from vidstyle.stylize.style import normalized
from vidstyle.zoo import catalog

if TYPE_CHECKING:
    from vidstyle.nets.perceptual import Perceptual
    from vidstyle.optimize.descent import Checkpoint, StepResult
    from vidstyle.optimize.painting import Region

METHODS: dict[str, type[Config]] = {
    "gatys": GatysConfig,
    "mrf": MrfConfig,
    "swap": SwapConfig,
    "doodle": DoodleConfig,
    "photoreal": PhotorealConfig,
}
"""How a picture is painted: by the Gram matrices of a deep network's features; by its patches; by patches that are swapped
once; after a map, by patches; or as a photo that stays one, with other light and colors."""


def paint(
    photo: PictureSource,
    styles: PictureSource | Sequence[PictureSource],
    output: str | Path | None = None,
    *,
    method: str | Config = "gatys",
    style_weights: Sequence[float] | None = None,
    regions: RegionFiles | Sequence[Region] | None = None,
    features: str | Path | Perceptual = "own",
    device: str = "auto",
    overwrite: bool = False,
    resume: Checkpoint | None = None,
    on_step: Callable[[StepResult], None] | None = None,
) -> Pixels:
    """Paint one picture in the style of others, by optimization: it takes minutes, and trains no network.

    Args:
        photo: the picture to paint: a file, or pixels (H, W, 3), uint8 RGB; "640x360" paints the style's texture alone, in
            that size; for doodle a map, in a file.
        styles: the picture whose style it gets, likewise; or several, which are mixed.
        output: a file to write the result to, .png, .jpg, .webp or .tif; None writes none.
        method: one of `METHODS`, with its defaults; or its options, a `GatysConfig`, `MrfConfig`,
            `SwapConfig`, `DoodleConfig` or `PhotorealConfig`, with the size of the result, the number of steps and the
            weights of the losses.
        style_weights: shares of the styles, each 0 or more, of any sum above 0; None shares equally.
        regions: where each style is painted: `RegionFiles`, or each a `Region` whose masks are (H, W), 0 to 1.
            None is `RegionFiles()`: everywhere, but maps that are found by name are taken, and photoreal finds regions.
        features: the perceptual network of the losses: "own"; "vgg19", torchvision's; a safetensors file; or
            one that `vidstyle.zoo.features.load_features` loaded, for many pictures.
        device: "auto" takes CUDA, then MPS, then the CPU; or a device of torch, such as "cpu" or "cuda:1".
        overwrite: replace an output that exists.
        resume: goes on where an earlier run with the same pictures and options was left.
        on_step: called after every step of the optimizer; what it raises ends the run, and leaves no output.

    Returns:
        Pixels (h, w, 3), uint8 RGB. The longest side is the method's `size`: by default 512 pixels, for mrf 384.

    Raises:
        UsageError: options that do not go together, no such method or device, or an output that exists.
        InputError: pictures, masks or a perceptual network that cannot be read or do not fit.
        MissingPackageError: torch is missing, or for photoreal PyMatting.
        TrainingError: the loss is not finite.
        OutputError: the output cannot be written.
    """
    several = [styles] if isinstance(styles, str) or not isinstance(styles, Sequence) else styles
    for style in several:
        if isinstance(style, str | Path):
            catalog.check_picture(style)
    config = default_config(method) if isinstance(method, str) else method
    target = None if output is None else Path(output)
    file, *style_files = (_file(p) for p in (photo, *several))
    size = None if file is None else texture_of(file)
    if size:
        config, photo, file = for_texture(config, size), blank(size), None
    inputs = [p for p in (file, *style_files, *config.files) if p is not None]
    if regions is None or isinstance(regions, RegionFiles):
        regions = (regions or RegionFiles()).resolved(config, file, style_files)
        inputs += regions.files
        regions.check_saved(target, inputs, overwrite=overwrite)
    if target is not None:
        check_picture(target, inputs, overwrite=overwrite)
    content, pictures = load_picture(photo), [load_picture(style) for style in several]
    try:
        from vidstyle.nets.devices import choose_device
        from vidstyle.optimize.painting import paint_picture
        from vidstyle.optimize.regions import load_regions
        from vidstyle.zoo.features import load_features
    except ImportError as error:
        raise MissingPackageError("paint needs torch: pip install 'vidstyle[torch]'") from error

    shares = normalized(style_weights, len(pictures))
    chosen = choose_device(device)
    net = load_features(str(features)) if isinstance(features, str | Path) else features
    if isinstance(regions, RegionFiles):
        names = (
            file or Path("photo"),
            [f or Path(f"style {n}") for n, f in enumerate(style_files, 1)],
        )
        regions = load_regions(regions, names, content, pictures, net, overwrite=overwrite)
    painted = paint_picture(
        *(content, pictures, net, config),
        shares=shares,
        regions=regions or (),
        resume=resume,
        device=chosen,
        on_step=on_step,
    )
    if target is not None:
        write_picture(target, painted, overwrite=overwrite)
    return painted


def default_config(method: str) -> Config:
    """Return the options of a method by its name, one of `METHODS`, at their defaults.

    Raises:
        UsageError: no method has that name.
    """
    if method not in METHODS:
        way = "; vidstyle.stylize paints so, by a network" if method == "network" else ""
        raise UsageError(f"expected a `method` {', '.join(METHODS)}, got {method}{way}")
    return METHODS[method]()


def _file(picture: PictureSource) -> Path | None:
    """Return the file that a picture comes from."""
    return Path(picture) if isinstance(picture, str | Path) else None
