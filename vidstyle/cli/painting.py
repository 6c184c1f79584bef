"""How `vidstyle paint` goes about its job: a picture or a clip, with progress."""

from __future__ import annotations

import glob
import hashlib
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from vidstyle.cli.pictures import write_curve, write_picture
from vidstyle.cli.signals import StopOnSignal
from vidstyle.cli.terminal import say
from vidstyle.errors import DamagedInputError, UsageError
from vidstyle.fields import Between
from vidstyle.optimize.config import Config, RegionFiles, VideoConfig

if TYPE_CHECKING:
    from vidstyle.frame import Pixels
    from vidstyle.media.reading import Reading
    from vidstyle.nets.perceptual import Perceptual
    from vidstyle.optimize.descent import StepResult
    from vidstyle.optimize.video import FrameStep

_SECONDS = 5.0
"""Between two lines."""


@dataclass(frozen=True)
class Trace:
    """The files that a run keeps besides its result, and whether it goes on from an earlier run's."""

    save_every: Annotated[int | None, Between(1)] = None
    """Every so many steps write OUT.000050.png and so on, too, and OUT.resume.safetensors."""
    resume: bool = False
    """Go on from OUT.resume.safetensors."""
    curve: tuple[Path, ...] = ()
    """Write the losses of every step there: .csv, .png."""


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
    features: str
    """The name or file that the network was loaded from."""
    lines: Lines
    stop: StopOnSignal


def paint_clip(job: Job, reading: Reading, *, overwrite: bool) -> None:
    """Paint a clip."""
    from vidstyle.optimize.clip import paint_video

    assert isinstance(job.config, VideoConfig)  # noqa: S101 - chosen by the method
    summary = paint_video(
        job.content,
        job.styles,
        job.perceptual,
        job.target,
        job.config,
        shares=job.shares,
        reading=reading,
        overwrite=overwrite,
        device=job.device,
        on_step=job.lines.frame,
        stop=job.stop,
    )
    job.lines.end(job.target)
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

    previews = Previews(job.target, trace.save_every, overwrite=overwrite or trace.resume)
    picture, target = read_picture(job.content), job.target
    regions = load_regions(where, (job.content, job.style), picture, job.styles, job.perceptual)
    digest = hashlib.sha256(b"".join(p.tobytes() for p in (picture, *job.styles))).hexdigest()
    checkpoint = CheckpointFile(
        target, f"{job.config} {job.shares} {where} {job.features} {digest}"
    )
    rows: list[StepResult] = []

    def on_step(step: StepResult) -> None:
        rows.append(step)
        if previews.every and step.step % previews.every == 0:
            pixels = to_pixels(step.picture)
            shown = job.config.finish(pixels, scaled(picture, max(pixels.shape[:2])))
            write_picture(previews.path(step.step), shown, overwrite=previews.overwrite)
            checkpoint.write(step)
        job.lines.step(step)
        job.stop()

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
        resume=checkpoint.read() if trace.resume else None,
        on_step=on_step,
    )
    for file in trace.curve:
        write_curve(file, rows, overwrite=overwrite)
    checkpoint.forget()
    job.lines.end(target)


class Previews:
    """The intermediate pictures that `save_every` asks for."""

    def __init__(self, target: Path, every: int | None, *, overwrite: bool) -> None:
        self._target, self.every, self.overwrite = target, every, overwrite
        others = target.parent.glob(f"{glob.escape(target.stem)}.[0-9]*.png") if every else ()
        there = next(iter(others), None)
        if there and not overwrite:
            raise UsageError(
                f"{there} exists already; allow `overwrite` or choose another `output`"
            )

    def path(self, step: int) -> Path:
        """Return the path of the picture of a step."""
        return self._target.with_name(f"{self._target.stem}.{step:06d}.png")


class Lines:
    """Progress on stderr: a line every few seconds."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet, self._reported = quiet, time.monotonic()

    def step(self, step: StepResult, before: str = "", *, last: bool = True) -> None:
        """Report a step."""
        ends = last and step.step == step.steps
        if self._quiet or not (ends or time.monotonic() - self._reported >= _SECONDS):
            return
        self._reported = time.monotonic()
        energies = ", ".join(f"{name} {value:.4g}" for name, value in step.energies.items())
        height, width = step.size
        say(f"{before}step {step.step}/{step.steps} at {width}x{height}: {energies}")

    def frame(self, step: FrameStep) -> None:
        """Report a step of a frame."""
        prefix = f"pass {step.pass_number}, " if step.pass_number > 1 else ""
        before = f"{prefix}frame {step.number + 1}/{step.frames}, "
        self.step(step.step, before, last=False)

    def end(self, target: Path) -> None:
        """Report the output."""
        if not self._quiet:
            say(str(target))
