"""Video by optimisation (Ruder, Dosovitskiy and Brox 2016, "Artistic Style Transfer for Videos").

Each frame begins with the painted frame before it, moved along the optical flow, and pays for what differs from
it where the flow is certain. What was hidden for a while is compared with frames from before (long-term
consistency). More passes go back and forth, so that what comes later reaches what came before.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import cv2
import numpy as np
import torch
from torch import Tensor

from vidstyle import pipeline
from vidstyle.errors import InputError, OutputError, UsageError
from vidstyle.flow.finder import flow_finder
from vidstyle.flow.types import Floats
from vidstyle.flow.warp import carry, certain
from vidstyle.frame import Pixels
from vidstyle.losses.energies import temporal_energy
from vidstyle.media.codecs import Encoding
from vidstyle.media.parts import check_output
from vidstyle.media.pipes import is_pipe
from vidstyle.media.reading import Reading
from vidstyle.media.sink import FileSink
from vidstyle.media.source import FileSource
from vidstyle.nets.perceptual import Perceptual
from vidstyle.optimize.config import LEAST, VideoConfig
from vidstyle.optimize.descent import (
    Objective,
    Step,
    descend,
    scaled,
    to_pixels,
    to_tensor,
)
from vidstyle.optimize.painting import (
    Region,
    Scene,
    check_shares,
    paint_picture,
    recolored,
    style_sides,
)
from vidstyle.pipeline import Summary
from vidstyle.stylize.shots import Shot, thumbnail

_SHARE = 0.5
"""Of a neighbour in what a frame begins a further pass with (delta of the multi-pass algorithm)."""


@dataclass(frozen=True)
class FrameStep:
    """What one step of the optimizer found."""

    number: int
    """Of the frame, from 0."""
    frames: int
    turn: int
    """The pass, from 1."""
    step: Step


class Album:
    """Numbered pictures (H, W, 3) uint8 in a folder: a clip is not held in memory."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._folder.mkdir()

    def __len__(self) -> int:
        return sum(1 for _ in self._folder.iterdir())

    def _path(self, number: int) -> Path:
        return self._folder / f"{number:06d}.png"

    def __getitem__(self, number: int) -> Pixels:
        encoded = np.frombuffer(self._path(number).read_bytes(), np.uint8)
        return cast(Pixels, cv2.imdecode(encoded, cv2.IMREAD_COLOR_RGB))

    def __setitem__(self, number: int, pixels: Pixels) -> None:
        _, encoded = cv2.imencode(".png", pixels[..., ::-1], [cv2.IMWRITE_PNG_COMPRESSION, 1])
        try:
            self._path(number).write_bytes(encoded.tobytes())
        except OSError as error:
            raise OutputError(f"cannot keep frames in {self._folder}: {error.strerror}") from error


class TemporalObjective:
    """An objective, and what a frame is to have in common with others that are painted already."""

    def __init__(
        self, inner: Objective, wanted: Sequence[tuple[Tensor, Tensor]], weight: float
    ) -> None:
        """Take pictures (1, 3, H, W), moved to the frame, and where (1, 1, H, W) that is certain."""
        self._inner, self._wanted, self._weight = inner, wanted, weight

    def __call__(self, picture: Tensor) -> tuple[Tensor, dict[str, float]]:
        """Return the loss of a picture (1, 3, H, W), and its energies."""
        loss, energies = self._inner(picture)
        if not self._wanted:
            return loss, energies
        moved = torch.stack([temporal_energy(picture, *w) for w in self._wanted]).sum()
        return loss + self._weight * moved, {**energies, "temporal": moved.item()}

    def renew(self, picture: Tensor, step: int) -> bool:
        """Ask the inner one."""
        return self._inner.renew(picture, step)


def long_term(certainties: Sequence[Floats]) -> list[Floats]:
    """Return what each certainty (H, W) adds to those of nearer frames, nearest first (c_long)."""
    taken = np.zeros_like(certainties[0])
    found = []
    for certainty in certainties:
        found.append(cast(Floats, np.maximum(certainty - taken, 0)))
        taken = taken + certainty
    return found


def find_shots(frames: Iterable[Pixels]) -> Iterator[bool]:
    """Tell of each frame whether it begins a shot."""
    shot: Shot | None = None
    for frame in frames:
        now = thumbnail(frame)
        if shot is None:
            shot, same = Shot.begin(now), False
        else:
            shot, same = shot.go_on(now)
        yield not same


class _Clip:
    """A run over the frames of one clip."""

    def __init__(
        self,
        frames: Album,
        painted: Album,
        styles: Sequence[Pixels],
        eyes: Perceptual,
        config: VideoConfig,
        shares: Sequence[float],
        device: torch.device | str,
    ) -> None:
        self.frames, self.painted, self.styles = frames, painted, styles
        self.eyes, self.config, self.shares, self.device = eyes.to(device), config, shares, device
        self.flow = flow_finder(config.flow, device)
        self.count = len(frames)
        self.likes: tuple[int, list[Pixels]] = -1, []
        self.shots: list[int] = []
        for number, begins in enumerate(find_shots(frames[n] for n in range(self.count))):
            self.shots.append(number if begins else self.shots[-1])

    def moved(self, number: int, other: int) -> tuple[Pixels, Floats]:
        """Return another frame's painting, moved to a frame, and where (H, W) that is certain."""
        now, then = self.frames[number], self.frames[other]
        flow, back = self.flow(now, then), self.flow(then, now)
        return carry(self.painted[other], flow), certain(flow, back).astype(np.float32)

    def shown(self, number: int) -> tuple[Pixels, list[Pixels]]:
        """Return a frame and the styles in the colors that they are compared in: those of a shot's first."""
        first = self.frames[self.shots[number]]
        if self.likes[0] != self.shots[number]:
            sides = style_sides(self.config, max(first.shape[:2]), len(self.styles))
            small = [scaled(style, n) for style, n in zip(self.styles, sides, strict=True)]
            self.likes = self.shots[number], recolored(first, small, self.config.colors)[1]
        return recolored(self.frames[number], [], self.config.colors)[0], self.likes[1]

    def objective(self, number: int) -> tuple[Tensor, Objective]:
        """Return a frame (1, 3, H, W), and the loss it has by itself."""
        shown, likes = self.shown(number)
        content = to_tensor(shown, self.device)
        scene = Scene(
            content,
            [to_tensor(like, self.device) for like in likes],
            [Region(n, share) for n, share in enumerate(self.shares)],
        )
        return content, self.config.objective(self.eyes, scene)

    def compared(
        self, number: int, others: Sequence[int]
    ) -> tuple[Tensor | None, list[tuple[Tensor, Tensor]]]:
        """Return the nearest other, moved to a frame; and all, with what they tell of it."""
        if not others:
            return None, []
        moved = [self.moved(number, other) for other in others]
        weights = long_term([certainty for _, certainty in moved])
        wanted = [
            (to_tensor(picture, self.device), torch.from_numpy(w).to(self.device)[None, None])
            for (picture, _), w in zip(moved, weights, strict=True)
        ]
        return wanted[0][0], wanted

    def paint(self, number: int, turn: int, told: Callable[[FrameStep], None]) -> None:
        """Paint a frame in a pass, from 1: the first forward, the next backward."""
        config, first = self.config, self.shots[number]

        def on_step(step: Step) -> None:
            told(FrameStep(number, self.count, turn, step))

        if turn == 1 and number == first:
            shown, likes = self.shown(number)
            self.painted[number] = paint_picture(
                shown,
                likes,
                self.eyes,
                replace(config, size=max(shown.shape[:2]), colors="style"),
                shares=self.shares,
                device=self.device,
                on_step=on_step,
            )
            return
        direction = 1 if turn % 2 else -1
        others = [
            n
            for n in (number - direction * j for j in config.reach)
            if 0 <= n < self.count and self.shots[n] == first
        ]
        nearest, wanted = self.compared(number, others)
        if turn > 1 and nearest is None:
            return  # nothing comes from this side
        content, own = self.objective(number)
        if turn == 1:
            begin = content
            if nearest is not None:  # what comes into sight begins as what it is
                begin = wanted[0][1] * nearest + (1 - wanted[0][1]) * content
            steps = config.steps
        else:
            assert nearest is not None  # noqa: S101 - returned above
            share = _SHARE * wanted[0][1]
            begin = share * nearest + (1 - share) * to_tensor(self.painted[number], self.device)
            steps = max(1, config.steps // 2)

        def step_told(step: int, loss: float, energies: dict[str, float], now: Tensor) -> None:
            size = now.shape[2], now.shape[3]
            on_step(Step(step, steps, loss, energies, size, now))

        objective = TemporalObjective(own, wanted, config.temporal)
        made = descend(objective, begin, replace(config, steps=steps), step_told)
        self.painted[number] = to_pixels(made)


class _Stored:
    """A stylizer that gives what was painted before, in the colors that are asked for."""

    def __init__(self, config: VideoConfig) -> None:
        self._config = config

    depth = 0

    def batch(self, height: int, width: int) -> int:
        """Return 1: nothing is gained by waiting for more."""
        return 1

    def start(
        self, frames: Sequence[Pixels], prepared: Album, state: int | None
    ) -> tuple[Callable[[], Sequence[Pixels]], int]:
        """Return what returns the next pictures of an album."""
        first = state or 0

        def finish() -> list[Pixels]:
            shown = []
            for number, frame in enumerate(frames, first):
                painted = self._config.finish(prepared[number], _bytes(frame))
                shown.append(
                    painted if frame.dtype == np.uint8 else painted.astype(frame.dtype) * 257
                )
            return shown

        return finish, first + len(frames)


def paint_video(
    source: Path,
    styles: Sequence[Pixels],
    eyes: Perceptual,
    output: Path,
    config: VideoConfig | None = None,
    *,
    shares: Sequence[float] | None = None,
    reading: Reading | None = None,
    encoding: Encoding | None = None,
    overwrite: bool = False,
    device: torch.device | str = "cpu",
    on_step: Callable[[FrameStep], None] | None = None,
    stop: Callable[[], None] | None = None,
) -> Summary:
    """Paint a video in the style of pictures, each frame by optimisation; sound and time stay as they are.

    Args:
        source: the video.
        styles: (H, W, 3) uint8 RGB, of any size.
        eyes: the perceptual network; see `vidstyle.zoo.features`.
        output: the file to make.
        config: the knobs.
        shares: of the styles, of any sum; None: equal ones.
        reading: what to read of the video; its size is `config.size`.
        encoding: codec and quality.
        overwrite: replace an output that exists.
        device: a torch device.
        on_step: told of every step.
        stop: called often; what it raises stops the run, and nothing is left behind.

    Returns:
        Counts and time.

    Raises:
        VidstyleError: see `vidstyle.errors`. No output file is left then.
    """
    config = config or VideoConfig()
    weights = check_shares(styles, shares)
    if is_pipe(source):
        raise UsageError("a clip that is painted by optimisation is read more than once: no pipe")
    check_output(output, overwrite=overwrite)
    reading = _sized(source, reading or Reading(), config.size)
    with tempfile.TemporaryDirectory(prefix="vidstyle-") as folder:
        frames, painted = Album(Path(folder) / "frames"), Album(Path(folder) / "painted")
        with FileSource(source, reading, stop=stop) as clip:
            for number, frame in enumerate(clip):
                if stop:
                    stop()
                frames[number] = _bytes(frame.pixels)
        run = _Clip(frames, painted, styles, eyes, config, weights, device)

        def told(step: FrameStep) -> None:
            if stop:
                stop()
            if on_step:
                on_step(step)

        for turn in range(1, config.passes + 1):
            order = range(run.count) if turn % 2 else reversed(range(run.count))
            for number in order:
                run.paint(number, turn, told)
        with (
            FileSource(source, reading, stop=stop) as clip,
            FileSink(
                output,
                clip.info,
                encoding=encoding or Encoding(),
                passthrough=clip.passthrough,
                overwrite=overwrite,
                odd="pad",
            ) as sink,
        ):
            return pipeline.run(clip, _Stored(config), painted, sink, stop=stop)


def _sized(source: Path, reading: Reading, longest: int) -> Reading:
    with FileSource(source, reading) as clip:
        width, height = clip.info.width, clip.info.height
    factor = min(1.0, longest / max(width, height))
    size = round(width * factor), round(height * factor)
    if min(size) < LEAST:
        raise InputError(
            f"expected sides of {LEAST} pixels at least, got {size[0]}x{size[1]}; take a larger `size`"
        )
    return reading if factor == 1 else replace(reading, size=size)


def _bytes(pixels: Pixels) -> Pixels:
    return pixels if pixels.dtype == np.uint8 else (pixels >> 8).astype(np.uint8)
