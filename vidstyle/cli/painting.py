"""How `vidstyle paint` goes about its job: a picture or a clip, with progress."""

from __future__ import annotations

import glob
import itertools
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from vidstyle.cli.pictures import write_curve, write_picture
from vidstyle.cli.signals import StopOnSignal
from vidstyle.cli.steps import StepDisplay
from vidstyle.cli.terminal import say
from vidstyle.errors import DamagedInputError, Interrupted, UsageError
from vidstyle.fields import Between
from vidstyle.optimize.config import Config, VideoConfig
from vidstyle.optimize.regionfiles import ClipPlaces, RegionFiles
from vidstyle.optimize.settings import digest

if TYPE_CHECKING:
    from vidstyle.frame import Pixels
    from vidstyle.media.reading import Reading
    from vidstyle.nets.perceptual import Perceptual
    from vidstyle.optimize.descent import StepResult
    from vidstyle.stylize.look import Look
    from vidstyle.stylize.timeline import Timeline


@dataclass(frozen=True)
class Trace:
    """The files that a run keeps besides its result."""

    save_every: Annotated[int | None, Between(1)] = None
    """Write OUT.000050.png and so on, and OUT.resume.safetensors, whenever this number of steps is done."""
    curve: tuple[Path, ...] = ()
    """Write the losses of every step to this file: .csv, .png."""


@dataclass(frozen=True)
class Resumption:
    """Whether a run goes on where an earlier one was cut off."""

    resume: bool = False
    """Continue from OUT.resume.safetensors of `save_every`; for a clip, keep painted frames in OUT.resume until it is finished, and continue after
    them."""


@dataclass(frozen=True)
class Job:
    """One painting to make: its input, styles, output, options and network."""

    content: Path
    style: list[Path]
    target: Path
    config: Config
    shares: tuple[float, ...]
    device: str
    styles: list[Pixels]
    perceptual: Perceptual
    resume: bool
    features: str
    """The name or file that the network was loaded from."""
    display: StepDisplay
    stop: StopOnSignal


def paint_clip(
    job: Job,
    look: Look,
    timeline: Timeline | None,
    places: ClipPlaces,
    reading: Reading,
    *,
    overwrite: bool,
) -> None:
    """Paint a clip."""
    from vidstyle.optimize.clip import paint_video

    assert isinstance(job.config, VideoConfig)  # noqa: S101 - chosen by the method
    summary = paint_video(
        job.content,
        job.styles,
        job.perceptual,
        job.target,
        job.config,
        shares=job.shares or None,
        look=look,
        timeline=timeline,
        masks=places,
        regions=places,
        reading=reading,
        overwrite=overwrite,
        resume=job.resume,
        device=job.device,
        on_step=job.display.frame,
        stop=job.stop,
    )
    job.display.end(job.target)
    if summary.damaged:
        raise DamagedInputError(
            f"{job.target} is finished, but {job.content} was damaged in {summary.damaged} places"
        )


def paint_picture_file(job: Job, where: RegionFiles, trace: Trace, *, overwrite: bool) -> None:
    """Paint a picture."""
    from vidstyle.cli.checkpoints import CheckpointFile
    from vidstyle.images.files import read_picture
    from vidstyle.optimize.api import paint
    from vidstyle.optimize.descent import scaled, to_pixels
    from vidstyle.optimize.regions import load_regions
    from vidstyle.optimize.texture import blank, texture_of

    previews = Previews(job.target, trace.save_every, overwrite=overwrite or job.resume)
    texture = texture_of(job.content)
    picture, target = blank(texture) if texture else read_picture(job.content), job.target
    regions = load_regions(
        *(where, (job.content, job.style), picture, job.styles, job.perceptual),
        overwrite=overwrite or job.resume,
    )
    checkpoint = CheckpointFile(_checkpoint(target), _settings(job, picture, where))
    rows: list[StepResult] = []

    def shown(step: StepResult) -> Pixels:
        pixels = to_pixels(step.picture)
        return job.config.finish(pixels, scaled(picture, max(pixels.shape[:2])))

    def on_step(step: StepResult) -> None:
        rows.append(step)
        if previews.every and step.step % previews.every == 0:
            write_picture(previews.path(step.step), shown(step), overwrite=previews.overwrite)
            checkpoint.write(step)
        job.display.picture(step)
        job.stop()

    try:
        paint(
            picture,
            job.styles,
            target,
            method=job.config,
            style_weights=job.shares,
            regions=regions,
            features=job.perceptual,
            device=job.device,
            overwrite=overwrite,
            resume=checkpoint.read() if job.resume else None,
            on_step=on_step,
        )
    except Interrupted:
        if rows:
            job.display.close()
            kept = _free(target.with_stem(f"{target.stem}.partial"))
            write_picture(kept, shown(rows[-1]), overwrite=False)
            said = f"the picture of step {rows[-1].step} of {rows[-1].steps} is in {kept}"
            if previews.every or job.resume:
                checkpoint.write(rows[-1])
                said += "; `resume` goes on from it"
            say(said)
        raise
    for file in trace.curve:
        write_curve(file, rows, overwrite=overwrite)
    checkpoint.forget()
    job.display.end(target)


def check_resumable(target: Path) -> None:
    """Refuse to resume where nothing was left: before the output is, and after it."""
    if _checkpoint(target).exists():
        return
    if target.exists():
        raise UsageError(
            f"nothing to resume: {target} is finished; `overwrite` without `resume` paints it anew"
        )
    raise UsageError(
        f"nothing to resume: no {_checkpoint(target)}; a run with `save_every` leaves one"
    )


def _checkpoint(target: Path) -> Path:
    return target.with_name(f"{target.stem}.resume.safetensors")


def _settings(job: Job, content: Pixels, where: RegionFiles) -> dict[str, str]:
    """Return all that decides what the picture is, by name."""
    settings = {"method": type(job.config).__name__.removesuffix("Config").lower()}
    for part in (job.config, where):
        settings |= {field.name: str(getattr(part, field.name)) for field in fields(part)}
    return settings | {
        "style_weights": ",".join(f"{share:g}" for share in job.shares),
        "features": job.features,
        "content": digest([content]),
        "style": digest(job.styles),
    }


def _free(path: Path) -> Path:
    """Return a path of that name where nothing is: with a number if need be."""
    numbered = (path.with_stem(f"{path.stem}{n}") for n in itertools.count(2))
    return next(p for p in itertools.chain([path], numbered) if not p.exists())


class Previews:
    """The intermediate pictures that `save_every` asks for."""

    def __init__(self, target: Path, every: int | None, *, overwrite: bool) -> None:
        self._target, self.every, self.overwrite = target, every, overwrite
        others = target.parent.glob(f"{glob.escape(target.stem)}.[0-9]*.png") if every else ()
        there = next(iter(others), None)
        if there and not overwrite:
            raise UsageError(
                f"{there} exists already; pass `overwrite` to replace it, or choose another `output`"
            )

    def path(self, step: int) -> Path:
        """Return the path of the picture of a step."""
        return self._target.with_name(f"{self._target.stem}.{step:06d}.png")
