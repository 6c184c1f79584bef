"""A network fitted to a style and a clip: made once, then kept. It imports torch when one is to be made."""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vidstyle.errors import InputError, Interrupted, MissingPackageError, UsageError
from vidstyle.frame import Pixels
from vidstyle.images.files import PictureSource, load_picture
from vidstyle.media.address import Location
from vidstyle.media.inputs import check_input, fingerprint
from vidstyle.media.overwriting import check_apart, check_replaceable
from vidstyle.media.pipes import is_pipe
from vidstyle.media.reading import Reading
from vidstyle.stylize.style import StyleOptions
from vidstyle.training.clip import clip_frames
from vidstyle.training.fitting import Fitting
from vidstyle.zoo import catalog, fits

if TYPE_CHECKING:
    from vidstyle.nets.perceptual import Perceptual
    from vidstyle.training.config import FitConfig
    from vidstyle.training.report import Report

log = logging.getLogger(__name__)

RECIPE = 5
"""Raised with every change of what a fit makes of the same options: older ones are not taken then."""


def fit_clip(
    clip: Location,
    style: PictureSource,
    fitting: Fitting,
    *,
    scale: float = 1.0,
    reading: Reading | None = None,
    base: catalog.ModelFiles | None = None,
    config: FitConfig | None = None,
    features: Perceptual | None = None,
    device: str = "auto",
    overwrite: bool = False,
    on_report: Callable[[Report], None] | None = None,
    stop: Callable[[], None] | None = None,
) -> fits.Fit:
    """Return the network that is fitted to a style and a clip; it is made where it is not kept already.

    Args:
        clip: a video, a picture or numbered pictures; it is read beside whoever paints it.
        style: the picture.
        fitting: for how long, and where else to keep it.
        scale: 0.25 to 4, by which the style picture is enlarged: its strokes become larger.
        reading: what is painted of the clip, and how large.
        base: the any-style network to begin with; by default the one that paints.
        config: the knobs.
        features: the perceptual network of the losses; by default our own.
        device: see `vidstyle.train_style`.
        overwrite: `fitting.fit_to` may replace a file.
        on_report: called after every step.
        stop: called often; what it raises ends it, and nothing is kept.

    Raises:
        UsageError: the clip cannot be read twice, or the options do not go together.
        InputError: something cannot be read.
        MissingPackageError: torch is missing.
        OutputError: it cannot be kept.
        TrainingError: 20 steps in a row without a finite loss.
    """
    from vidstyle.training.config import FitConfig  # every run would wait for it

    check_fit(clip, style, fitting, overwrite=overwrite)
    StyleOptions(scale)
    check_input(clip)
    if isinstance(style, str | Path):
        catalog.check_picture(style)
    picture, reading = load_picture(style), reading or Reading()
    base, config = base or catalog.find(), config or FitConfig()
    start = base.known_fit_base
    key = fits.key_of(
        {
            "recipe": RECIPE,
            "style": hashlib.sha256(picture.tobytes()).hexdigest() + str(picture.shape),
            "scale": scale,
            "clip": fingerprint(clip),
            "base": base.digest,
            "start": hashlib.sha256(start.read_bytes()).hexdigest() if start else "",
            "seconds": fitting.fit or 0,
            **{f"reading {name}": value for name, value in asdict(reading).items()},
            **asdict(config),
        }
    )
    found = fits.find(key)
    if found is None:
        facts: dict[str, Any] = {
            "style": str(style) if isinstance(style, str | Path) else "pixels",
            "clip": str(clip),
        }
        try:
            with fits.making(key, facts) as folder:
                log.warning("fitting to %s in %s", facts["style"], facts["clip"])
                facts |= _make(
                    folder,
                    picture,
                    clip_frames(clip, reading, stop=stop),
                    base,
                    scale=scale,
                    seconds=fitting.fit or None,
                    config=config,
                    features=features,
                    device=device,
                    on_report=on_report,
                    stop=stop,
                )
        except (Interrupted, KeyboardInterrupt):
            log.warning("the fit was stopped, and nothing of it is kept")
            raise
        found = fits.find(key)
        if found is None:
            raise InputError("the fit that was just made is gone; run it again")
        found = replace(found, is_new=True)
    if fitting.fit_to:
        found.copy_to(fitting.fit_to, overwrite=overwrite)
    return found


def check_fit(clip: Location, style: PictureSource, fitting: Fitting, *, overwrite: bool) -> None:
    """Refuse what cannot be fitted, or not kept, as far as nothing is opened.

    Raises:
        UsageError: the clip cannot be read twice, or `fitting.fit_to` is there already, or cannot be written.
    """
    if is_pipe(clip):
        raise UsageError(
            "standard input can be read once, and a fit reads it before: give a file, or leave `fit` out"
        )
    if not fitting.fit_to:
        return
    pictures = [Path(style)] if isinstance(style, str | Path) else []
    for file in (fitting.fit_to, fits.strip_of(fitting.fit_to)):
        check_replaceable(file, overwrite=overwrite, named="fit_to")
        check_apart(file, [clip, *pictures], named="fit_to")


def _make(
    folder: Path,
    picture: Pixels,
    frames: list[Pixels],
    base: catalog.ModelFiles,
    *,
    scale: float,
    seconds: float | None,
    config: FitConfig,
    features: Perceptual | None,
    device: str,
    on_report: Callable[[Report], None] | None,
    stop: Callable[[], None] | None,
) -> dict[str, Any]:
    """Write the network, what is converted of it and the strip into a folder; return what is told of them."""
    try:
        from vidstyle.nets.devices import choose_device
        from vidstyle.nets.weights import load_weights
        from vidstyle.training.export import export_openvino
        from vidstyle.training.fit import begin, fit, strip, stroke_picture
        from vidstyle.training.pace import Seconds
        from vidstyle.training.sheet import write_picture
        from vidstyle.zoo.features import load_features
    except ImportError as error:
        raise MissingPackageError(
            "a fit needs torch: pip install 'vidstyle[torch]'; or leave `fit` out"
        ) from error
    device = choose_device(device.removeprefix("torch-"))
    weights = load_weights(base.verified(base.weights))
    start = load_weights(base.known_fit_base) if base.known_fit_base else {}
    reports: list[Report] = []

    def report(step: Report) -> None:
        reports.append(step)
        if on_report:
            on_report(step)

    began = time.monotonic()
    run = fit(
        begin(weights | start, picture, scale),
        stroke_picture(picture, frames, config, scale=scale),
        frames,
        features or load_features(),
        pace=Seconds(seconds),
        config=config,
        device=device,
        on_report=report,
        stop=stop,
    )
    took = time.monotonic() - began
    files = catalog.ModelFiles.of(folder / fits.WEIGHTS, takes_pictures=False, shipped=False)
    run.ship(files.weights)
    export_openvino(files, frames=frames)
    files.note_networks()
    shown = strip(picture, frames, begin(weights, picture, scale), run.averaged().cpu())
    write_picture(folder / fits.STRIP, shown)
    return {
        "seconds": round(took, 1),
        "steps": reports[-1].step if reports else 0,
        "before": _rounded(reports[:3]),
        "after": _rounded(reports[-10:]),
    }


def _rounded(reports: list[Report]) -> dict[str, float]:
    """Return the mean losses of some steps."""
    names = reports[0].losses if reports else {}
    return {n: round(sum(r.losses[n] for r in reports) / len(reports), 4) for n in names}
