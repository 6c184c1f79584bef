"""The Python API to train a network of one style. It imports torch when it is called."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from vidstyle.errors import InputError, MissingPackageError, UsageError

if TYPE_CHECKING:
    from vidstyle.nets.perceptual import Perceptual
    from vidstyle.training.config import StyleConfig
    from vidstyle.training.report import Report


def train_style(
    picture: str | Path,
    *,
    content: str | Path | None = None,
    out: str | Path | None = None,
    base: str | Path | None = None,
    config: StyleConfig | None = None,
    features: str | Path | Perceptual = "own",
    exclude: Sequence[str] = (),
    manifest: str | Path | None = None,
    device: str = "auto",
    save_every: int = 200,
    on_report: Callable[[Report], None] | None = None,
) -> Path:
    """Train a network for one style, and convert it: what is returned is a style for `vidstyle.stylize`.

    Where torchrun has started several processes that call it alike, each has a part of every batch; the first one writes and reports.

    Args:
        picture: the style, a file.
        content: a folder of photos to learn on, which is best; or a clip, whose frames are taken; None: pictures that
            are made for it.
        out: the folder for checkpoint, contact sheet and result; by default runs/NAME, NAME being the picture's.
            A run that is found there goes on, up to the number of steps of `config`.
        base: safetensors of the network to begin with, of any style or of another one, whose shape the new one
            takes; by default a shipped network of one style.
        config: the knobs; by default 800 steps, some ten minutes on two cores.
        features: the perceptual network of the losses: "own"; "vgg19", torchvision's; a safetensors file; or
            one that `vidstyle.zoo.features.load_features` loaded.
        exclude: beginnings of the names of photos in the folder to leave out.
        manifest: a list of the photos to learn from, each checked, and of those that are held out, on which
            the result is measured; see `vidstyle.training.manifest`.
        device: "auto" takes CUDA, then MPS, then the CPU; or a device of torch, such as "cpu" or "cuda:1".
        save_every: steps between checkpoints, 1 or more.
        on_report: called after every tenth step, and at the end with the losses in what was held out; what it
            raises ends the run, which goes on from its last checkpoint when it is called again.

    Returns:
        The path of the weights, NAME.safetensors in `out`; the network for the CPU engine lies beside it.

    Raises:
        UsageError: no such device, or options out of their range.
        InputError: a picture, folder, manifest or network that cannot be read or does not fit; or a run of
            another style in `out`.
        MissingPackageError: torch is missing.
        TrainingError: 20 steps in a row without a finite loss.
    """
    if not isinstance(picture, str | Path):
        raise InputError(f"expected the path of a picture, got {type(picture).__name__}")
    if isinstance(exclude, str):
        raise UsageError(f"expected a list of beginnings to exclude, got the text {exclude!r}")
    if save_every < 1:
        raise UsageError(f"expected to save every step or more rarely, got {save_every}")
    try:
        from vidstyle.nets import processes
        from vidstyle.nets.devices import choose_device
        from vidstyle.training.export import export_openvino
        from vidstyle.training.report import Recording
        from vidstyle.training.style import train
        from vidstyle.zoo import catalog
        from vidstyle.zoo.features import load_features
    except ImportError as error:
        raise MissingPackageError("training needs torch: pip install 'vidstyle[torch]'") from error

    picture = Path(picture)
    catalog.check_picture(picture)
    with processes.together(choose_device(device)) as own_device:
        weights = train(
            picture,
            None if content is None else Path(content),
            load_features(str(features)) if isinstance(features, str | Path) else features,
            Path(base)
            if base
            else catalog.verify(catalog.shipped_style(catalog.FIRST_STYLE).weights),
            Path(out) if out else Path("runs", picture.stem),
            config=config,
            exclude=tuple(exclude),
            manifest=Path(manifest) if manifest else None,
            device=own_device,
            recording=Recording(on_report, save_every=save_every, sheet_every=save_every),
        )
        if processes.is_first():
            files = catalog.open_file(weights)
            export_openvino(files)
            files.note_networks()
    return weights
